import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import { timeGrid } from '../metrics/time-grid.ts';
import type { DataRange } from './ingest-health.ts';

export interface ScrubbedSum {
  readonly rule: string;
  readonly service: string;
  readonly site: string;
  readonly signal: string;
  readonly removed: number;
}
export interface ScrubReport {
  /** Greatest first, at most `rowsAtMost`. */
  readonly rows: ScrubbedSum[];
  /** True where there are more. */
  readonly cut: boolean;
  /** Removed per step by rule; steps without any are left out. */
  readonly series: { rule: string; at: number; removed: number }[];
  readonly stepMs: number;
}

const pointsAtMost = 120;

/** What the scrubber removed of what was received in the range: counts, never values. Throws `StoreError`. */
export async function readScrubReport(
  reader: TelemetryReader,
  asked: DataRange & { readonly rowsAtMost: number },
  limits: QueryLimits = {},
): Promise<ScrubReport> {
  const grid = timeGrid(asked, pointsAtMost, 60_000);
  const parameters = {
    organisation: asked.organisation,
    fromS: Math.max(0, Math.floor(asked.fromMs / 60_000) * 60),
    toS: Math.min(Math.ceil(asked.toMs / 1000), 4_294_000_000),
    stepS: grid.stepMs / 1000,
    most: asked.rowsAtMost + 1,
  };
  const where =
    'organisation = {organisation:String} AND minute >= toDateTime({fromS:UInt32}) AND minute < toDateTime({toS:UInt32})';
  // The column `removed` is meant, not the sum of the same name.
  const plain = { ...limits, settings: { prefer_column_name_to_alias: 1, ...limits.settings } };
  const [rows, series] = await Promise.all([
    ask<ScrubbedSum>(
      reader,
      `SELECT toString(s.rule) AS rule, toString(s.service) AS service, toString(s.site) AS site, toString(s.signal) AS signal, toFloat64(sum(s.removed)) AS removed
       FROM scrubbed AS s WHERE ${where} GROUP BY s.rule, s.service, s.site, s.signal
       ORDER BY sum(s.removed) DESC, rule, service, site, signal LIMIT {most:UInt32}`,
      parameters,
      plain,
    ),
    ask<{ rule: string; at: number; removed: number }>(
      reader,
      `SELECT toString(s.rule) AS rule, toFloat64(intDiv(toUnixTimestamp(s.minute), {stepS:UInt32}) * {stepS:UInt32}) * 1000 AS at, toFloat64(sum(s.removed)) AS removed
       FROM scrubbed AS s WHERE ${where} GROUP BY s.rule, at ORDER BY at, rule LIMIT 10000`,
      parameters,
      plain,
    ),
  ]);
  return {
    rows: rows.slice(0, asked.rowsAtMost),
    cut: rows.length > asked.rowsAtMost,
    series,
    stepMs: grid.stepMs,
  };
}
