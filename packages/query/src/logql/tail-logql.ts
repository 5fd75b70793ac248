import type { Clock } from '@sightline/base';
import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { scopeCondition, toNs } from '../search/scope.ts';
import type { LogExpression } from './ast.ts';
import type { LogqlScope } from './bounds.ts';
import { compileLog } from './condition-sql.ts';
import { rowColumns, type LogRow } from './labels.ts';
import { rowReader, type FoundEntry } from './run-log-query.ts';

export interface LogqlTailBatch {
  readonly entries: readonly FoundEntry[];
  /** How many of the newest look did not fit. */
  readonly dropped: number;
}

const pollMs = 1000;
const batchRows = 6000;
/** Records are loaded in stretches: what was received before the last look may appear after it. */
const lookBackMs = 10_000;
const reachMs = 86_400_000;

/**
 * Follows what arrives and matches, from `sinceReceivedMs` on, until `signal` aborts: a batch each second at most, in order of time,
 * each record once. Throws `StoreError` when the store fails.
 */
export async function* tailLogql(
  reader: TelemetryReader,
  clock: Clock,
  {
    query,
    organisation,
    site,
    sinceReceivedMs,
  }: LogqlScope & { readonly query: LogExpression; readonly sinceReceivedMs: number },
  signal: AbortSignal,
  limits: QueryLimits = {},
): AsyncGenerator<LogqlTailBatch> {
  const compiled = compileLog(query);
  const take = rowReader(query);
  /** Id → when it was received; entries older than the look-back are forgotten. */
  const given = new Map<string, number>();
  while (!signal.aborted) {
    const nowMs = clock.now();
    const sinceMs = Math.max(sinceReceivedMs, nowMs - lookBackMs - pollMs);
    for (const [id, receivedAt] of given) if (receivedAt < sinceMs) given.delete(id);
    const scope = scopeCondition({
      organisation,
      site,
      fromMs: nowMs - reachMs,
      toMs: nowMs + reachMs,
      environment: '',
      service: '',
    });
    const rows = await reader.query<LogRow & { id: string; receivedMs: string }>(
      `SELECT ${rowColumns}, toString(cityHash64(ts, received_at, id)) AS id, toString(toUnixTimestamp64Milli(received_at)) AS receivedMs
       FROM logs PREWHERE ${scope.sql} AND received_at >= fromUnixTimestamp64Nano({sinceNs:Int64}) AND ${compiled.sql}
       ORDER BY received_at DESC, ts DESC LIMIT {most:UInt32}`,
      { ...scope.parameters, ...compiled.parameters, sinceNs: toNs(sinceMs), most: given.size + batchRows },
      { timeoutMs: 5000, threads: 1, ...limits, signal },
    );
    const fresh = rows.filter((row) => !given.has(row.id));
    const shown = fresh.slice(0, batchRows);
    for (const row of fresh) given.set(row.id, Number(row.receivedMs));
    // What is remembered stays bounded also while very much arrives.
    if (given.size > 5 * batchRows)
      for (const id of [...given.keys()].slice(0, given.size - 5 * batchRows)) given.delete(id);
    const entries = shown
      .toReversed()
      .map(take)
      .filter((entry) => entry !== undefined)
      .toSorted((a, b) => (BigInt(a.tsNs) < BigInt(b.tsNs) ? -1 : 1));
    if (entries.length > 0) yield { entries, dropped: fresh.length - shown.length };
    await clock.sleep(Math.max(pollMs / 5, pollMs - (clock.now() - nowMs)), signal);
  }
}
