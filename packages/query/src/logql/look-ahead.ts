import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import type { LogExpression } from './ast.ts';
import { ConditionSql } from './condition-sql.ts';
import { partsWithout, type LargePart } from './large-parts.ts';

/** Shorter ranges are read at once: a look costs a statement of its own, some ten milliseconds. */
const longRangeMs = 3_600_000;
/** Minutes spread over the range that are looked at. */
const minutesSeen = 6;
/** Of fewer minutes with lines nothing is concluded. */
const leastMinutes = 3;
/** Lines of a granule of the table `logs`: what an index can leave out. */
const granuleLines = 2048;
/** With so many hits in each granule hardly one is without any (2 %). */
const hitsPerGranule = 4;

/** Whose logs, from when (excluded) to when, ms. */
export interface LookedAt {
  readonly organisation: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export const isLong = ({ fromMs, toMs }: LookedAt): boolean => toMs - fromMs > longRangeMs;
const minuteOf = (ms: number): number => Math.floor(Math.max(0, ms) / 60_000) * 60;

/**
 * Whether the words of a query stand nearly everywhere, told from some minutes of a long range. To look such words up in the text
 * index costs a third of reading the lines and leaves none of them out. What a query finds does not depend on the answer.
 */
export async function standsEverywhere(
  reader: TelemetryReader,
  { stages }: LogExpression,
  range: LookedAt,
  limits: QueryLimits,
): Promise<boolean> {
  const lines = stages.filter((stage) => stage.kind === 'line');
  if (!isLong(range) || !lines.some(({ op }) => !op.startsWith('!'))) return false;
  const compiler = new ConditionSql(true, false);
  const { sql } = compiler.log({ matchers: [], stages: lines });
  if (sql === '1') return false;
  const parameters: Record<string, ParameterValue> = { ...compiler.parameters, organisation: range.organisation };
  const minutes = Array.from({ length: minutesSeen }, (_, n) => {
    parameters[`minute${n}`] = minuteOf(range.fromMs + ((n + 0.5) / minutesSeen) * (range.toMs - range.fromMs));
    return `toDateTime({minute${n}:UInt32})`;
  });
  const [seen] = await reader.query<{ minutes: number; fewest: number }>(
    `SELECT toUInt32(count()) AS minutes, min(hits / total) AS fewest FROM (SELECT countIf(${sql}) AS hits, count() AS total
     FROM logs PREWHERE organisation = {organisation:String} AND toStartOfMinute(ts) IN (${minutes.join(', ')}) GROUP BY toStartOfMinute(ts))`,
    parameters,
    limits,
  );
  return seen !== undefined && seen.minutes >= leastMinutes && seen.fewest * granuleLines >= hitsPerGranule;
}

/**
 * Whether no resource that a selector finds in a long range has an attribute of one of these names: then it need not be read, which is a third of the price of
 * grouping by an attribute. A resource that comes while the query runs is seen by the next one. Of `parts`, the large ones of the range, the names are
 * remembered, whatever the selector: only those that have one of the names, and all that is not in them, are looked at.
 */
export async function noResourceHas(
  reader: TelemetryReader,
  { matchers }: LogExpression,
  names: readonly string[],
  range: LookedAt,
  limits: QueryLimits,
  parts: readonly LargePart[] = [],
): Promise<boolean> {
  if (!isLong(range) || names.length === 0) return false;
  const without = await partsWithout(reader, names, range.organisation, parts, limits);
  const compiler = new ConditionSql(true);
  const { sql } = compiler.log({ matchers, stages: [] });
  const parameters: Record<string, ParameterValue> = {
    ...compiler.parameters,
    organisation: range.organisation,
    fromS: minuteOf(range.fromMs),
    toS: minuteOf(range.toMs),
    without: without.map(({ name }) => name),
  };
  const elsewhere = without.length === 0 ? '' : 'indexHint(NOT has({without:Array(String)}, _part)) AND ';
  const any = names.map((name, n) => {
    parameters[`name${n}`] = name;
    return `has(res.keys, {name${n}:String})`;
  });
  // Whole minutes by the table's key alone: to compare the time of each line would cost more than to look for the names. The names first: where no line has
  // one, nothing else is read.
  const found = await reader.query(
    `SELECT 1 AS found FROM logs PREWHERE ${elsewhere}(${any.join(' OR ')})
     AND indexHint(toStartOfMinute(ts) >= toDateTime({fromS:UInt32}) AND toStartOfMinute(ts) <= toDateTime({toS:UInt32})) AND organisation = {organisation:String} AND ${sql} LIMIT 1`,
    parameters,
    limits,
  );
  return found.length === 0;
}
