import { ok, type Clock, type Result } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { SearchError } from '../search/ast.ts';
import { compileSearch } from '../search/search.ts';
import { scopeCondition, toNs, type ReadScope } from '../search/scope.ts';
import { logColumns, logCursor, toLog, type LogColumns, type LogRecord } from './log-row.ts';

/** One look at what has arrived: the newest of it in order of receipt, and how many more there were. */
export interface TailBatch {
  readonly rows: LogRecord[];
  readonly dropped: number;
}

const pollMs = 1000;
/** More than 5,000 lines a second, also when a look takes its time. */
const batchRows = 6000;
/** Records are loaded in stretches: what was received before the last look may appear after it. */
const lookBackMs = 10_000;
/** As above while so much arrives that looking back far would read the same records again and again. */
const busyLookBackMs = 3_000;
const busyRows = 3 * batchRows;
/** Records of a store that was offline arrive late; those of the last day are shown. */
const reachMs = 86_400_000;

/**
 * Follows what arrives and matches, from `sinceReceivedMs` on, until `signal` aborts: a batch each second at most, none
 * when nothing came. A record is given once. Holds at most `batchRows` records. Throws `StoreError` when the store fails.
 */
export function tailLogs(
  reader: TelemetryReader,
  clock: Clock,
  input: Omit<ReadScope, 'fromMs' | 'toMs'> & { readonly q: string; readonly sinceReceivedMs: number },
  signal: AbortSignal,
  limits: QueryLimits = {},
): Result<AsyncIterable<TailBatch>, SearchError> {
  const search = compileSearch('logs', input.q);
  if (!search.ok) return search;
  const { sql, parameters } = search.value;

  async function* batches(): AsyncGenerator<TailBatch> {
    /** Cursor → when it came, in nanoseconds; entries older than the look-back are forgotten. */
    const given = new Map<string, bigint>();
    let floorNs = toNs(input.sinceReceivedMs);
    while (!signal.aborted) {
      const nowMs = clock.now();
      const sinceNs = latest(floorNs, toNs(nowMs - lookBackMs - pollMs));
      for (const [id, receivedNs] of given) if (receivedNs < sinceNs) given.delete(id);
      const scope = scopeCondition({ ...input, fromMs: nowMs - reachMs, toMs: nowMs + reachMs });
      const where = `FROM logs PREWHERE ${scope.sql} AND received_at >= fromUnixTimestamp64Nano({sinceNs:Int64}) AND ${sql}`;
      const bound = { ...scope.parameters, ...parameters, sinceNs, most: given.size + batchRows };
      const rows = await reader.query<LogColumns>(
        `SELECT ${logColumns} ${where} ORDER BY received_at DESC, ts DESC, id DESC LIMIT {most:UInt32}`,
        bound,
        { timeoutMs: 5000, threads: 1, ...limits, signal },
      );
      const fresh = rows.filter((row) => !given.has(logCursor(row, 0)));
      const taken = fresh.slice(0, batchRows);
      const shown = taken.map(toLog);
      let dropped = 0;
      if (fresh.length > batchRows || rows.length === bound.most) {
        // More came than we show: count it, and go on from the newest.
        const [count] = await reader.query<{ total: string }>(`SELECT toString(count()) AS total ${where}`, bound, {
          timeoutMs: 5000,
          threads: 1,
          ...limits,
          signal,
        });
        dropped = Math.max(0, Number(count?.total ?? 0) - given.size - shown.length);
        floorNs = latest(floorNs, BigInt(taken[0]?.receivedNs ?? 0));
      }
      for (const row of taken) given.set(logCursor(row, 0), BigInt(row.receivedNs));
      if (given.size > busyRows) floorNs = latest(floorNs, toNs(nowMs - busyLookBackMs));
      if (fresh.length > 0 || dropped > 0) yield { rows: shown.toReversed(), dropped };
      await clock.sleep(Math.max(pollMs / 5, pollMs - (clock.now() - nowMs)), signal);
    }
  }
  return ok(batches());
}

const latest = (one: bigint, other: bigint): bigint => (one > other ? one : other);
