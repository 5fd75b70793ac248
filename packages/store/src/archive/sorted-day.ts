import { randomBytes } from 'node:crypto';
import type { ParameterValue, TelemetryReader, TelemetryWriter } from '../port/index.ts';

/** Logs as a table, and the condition under which they are those of a day. */
export interface DayOfLogs {
  readonly table: string;
  readonly where: string;
}

const prefix = 'archive_day_';
const columns = `organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, event_name, body, trace_id,
  span_id, flags, correlation_id, scope_name, res, attrs, class`;
const sortTimeoutMs = 60 * 60_000;

/**
 * Copies a day into a table of its own that lies in the order of its files, in one scan; the engine sorts block by block and merges, so that
 * memory is bounded whatever the day's size. The caller drops it.
 */
export async function sortDay(
  store: TelemetryWriter,
  day: DayOfLogs,
  parameters: Readonly<Record<string, ParameterValue>>,
  { bySite, signal }: { readonly bySite: boolean; readonly signal: AbortSignal },
): Promise<DayOfLogs> {
  const table = `${prefix}${randomBytes(8).toString('hex')}`;
  await store.execute(
    `CREATE TABLE ${table} ENGINE = MergeTree ORDER BY ${bySite ? '(class, site, ts)' : '(class, ts)'} EMPTY AS SELECT ${columns} FROM logs`,
  );
  try {
    await store.execute(`INSERT INTO ${table} SELECT ${columns} FROM ${day.table} WHERE ${day.where}`, parameters, {
      timeoutMs: sortTimeoutMs,
      threads: 1,
      signal,
      settings: {
        max_insert_threads: 1,
        min_insert_block_size_rows: 100_000,
        min_insert_block_size_bytes: 64 * 1024 * 1024,
        max_block_size: 16_384,
      },
    });
  } catch (error) {
    await dropSorted(store, table);
    throw error;
  }
  return { table, where: '1' };
}

export async function dropSorted(store: TelemetryWriter, table: string): Promise<void> {
  if (table.startsWith(prefix)) await store.execute(`DROP TABLE IF EXISTS ${table} SYNC`);
}

/** Drops what killed writers left, and what lives ones have where `olderThanS` is 0: they then write their day again. */
export async function dropSortedDays(store: TelemetryReader & TelemetryWriter, olderThanS: number): Promise<void> {
  const left = await store.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})
       AND metadata_modification_time <= now() - {olderThanS:UInt32} LIMIT 1000`,
    { prefix, olderThanS },
  );
  for (const { name } of left) if (/^archive_day_[0-9a-f]{16}$/.test(name)) await dropSorted(store, name);
}
