import type { TelemetryStore } from '@sightline/store/port';

const dayMs = 86_400_000;

export interface MetricRetention {
  /** How long samples are kept as they came, milliseconds; Infinity for ever. */
  readonly rawMs: number;
  /** The same of roll-ups of 5 minutes (default a year) and of an hour (default two years). Never shorter than `rawMs`. */
  readonly fiveMinutesMs?: number;
  readonly hourMs?: number;
}

/** Samples stay at least until their day is surely rolled up. */
const untilRolledUpMs = 3 * dayMs;

interface Kept {
  readonly table: string;
  /** Milliseconds since the epoch. */
  readonly column: string;
  readonly ms: number;
}

/** Brings the tables' TTLs to what is wanted. What is gone by an earlier, shorter one does not come back. */
export async function keepMetrics(store: TelemetryStore, retention: MetricRetention): Promise<void> {
  const { rawMs, fiveMinutesMs = 365 * dayMs, hourMs = 731 * dayMs } = retention;
  const all: Kept[] = [
    { table: 'metric_chunks', column: 't', ms: Math.max(rawMs, untilRolledUpMs) },
    { table: 'metric_exemplars', column: 't', ms: rawMs },
    { table: 'metric_rollups_5m', column: 't', ms: Math.max(rawMs, fiveMinutesMs) },
    { table: 'metric_rollups_1h', column: 't', ms: Math.max(rawMs, hourMs) },
    { table: 'metric_series', column: 'last_seen', ms: Math.max(rawMs, fiveMinutesMs, hourMs) },
  ];
  const rows = await store.query<{ name: string; definition: string }>(
    `SELECT name, engine_full AS definition FROM system.tables WHERE database = currentDatabase() AND name IN {names:Array(String)}`,
    { names: all.map(({ table }) => table) },
  );
  const definitions = new Map(rows.map(({ name, definition }) => [name, definition]));
  for (const { table, column, ms } of all) {
    // A block or day is kept whole: the day more is for those who began it earlier.
    const seconds = Math.ceil(ms / 1000);
    const wanted = Number.isFinite(ms) ? `toDateTime(intDiv(${column}, 1000)) + toIntervalSecond(${seconds})` : '';
    const now = /\bTTL (.*?)(?: DELETE)?(?: SETTINGS\b|$)/.exec(definitions.get(table) ?? '')?.[1] ?? '';
    if (sameTtl(now, wanted)) continue;
    const change = wanted === '' ? 'REMOVE TTL' : `MODIFY TTL ${wanted} DELETE`;
    await store.execute(`ALTER TABLE ${table} ${change}`, {}, { settings: { materialize_ttl_after_modify: 0 } });
  }
}

/** The engine writes `INTERVAL 30 DAY` as `toIntervalDay(30)`. */
function sameTtl(now: string, wanted: string): boolean {
  const inSeconds = now.replace(
    /toIntervalDay\((\d+)\)/,
    (_, days: string) => `toIntervalSecond(${Number(days) * 86_400})`,
  );
  return inSeconds === wanted;
}
