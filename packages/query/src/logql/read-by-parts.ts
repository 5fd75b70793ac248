import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { hotTable } from '../logs/log-table.ts';
import { addRow, byPart, type BucketRow } from './bucket-sql.ts';
import { keptCountsOf } from './kept-counts.ts';
import { stillThere, type LargePart } from './large-parts.ts';
import { nanoseconds } from './line-scope.ts';
import { type GroupLabels, readRows, SeriesRows } from './series-rows.ts';

/** Buckets and parts that are folded into a group at a time: 32 kB of counts. */
const mostFoldedParts = 4000;

/** A question as `readByParts` reads it. */
export interface QuestionByParts {
  /** What is asked, apart from its range. */
  readonly question: string;
  readonly condition: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly parts: readonly LargePart[];
  /** The statement over several `FROM …`, as `bucketSql` has it; in the first one each of so many parts `fresh` has buckets of its own behind those of all other lines. */
  readonly bucketsOf: (from: readonly string[], fresh: number) => string;
  readonly originMs: number;
  readonly bucketMs: number;
  readonly buckets: number;
  /** Whether bytes are added up beside the number of lines. */
  readonly sized: boolean;
}

/**
 * Reads the counts of a question, large parts of the table for themselves: what they held when the same was asked before is not read again.
 * Undefined where one of them was merged away meanwhile: lines might have been read twice, or not at all.
 */
export async function readByParts(
  reader: TelemetryReader,
  { question, condition, parameters, parts, bucketsOf, originMs, bucketMs, buckets, sized }: QuestionByParts,
  ofGroup: GroupLabels,
  limits: QueryLimits,
): Promise<SeriesRows | undefined> {
  const kept = keptCountsOf(reader);
  const first = Math.floor(originMs / bucketMs);
  const phaseMs = originMs - first * bucketMs;
  const span = { first, end: first + buckets };
  const asked = JSON.stringify([question, bucketMs, phaseMs, buckets]);
  const mostFresh = Math.floor(mostFoldedParts / (sized ? 2 : 1) / buckets) - 1;
  const plan = kept.plan(asked, parts, span, (ms) => Math.floor((ms - phaseMs) / bucketMs), Math.max(0, mostFresh));
  const { fresh, known, edges } = plan;
  const bound: Record<string, ParameterValue> = {
    ...parameters,
    fresh: fresh.map(({ name }) => name),
    known: known.map(({ name }) => name),
  };
  // Parts stand outside PREWHERE, so that they are compared in lines that are counted alone. The engine does not open the others all the same.
  const froms = [
    `${hotTable.from(condition)}${known.length > 0 ? ' WHERE NOT has({known:Array(String)}, _part)' : ''}`,
    ...edges.map(({ part, span: own }, n) => {
      bound[`part${n}`] = part.name;
      bound[`from${n}`] = nanoseconds(own.first * bucketMs + phaseMs);
      bound[`to${n}`] = nanoseconds(own.end * bucketMs + phaseMs);
      const [from, to] = [`fromUnixTimestamp64Nano({from${n}:Int64})`, `fromUnixTimestamp64Nano({to${n}:Int64})`];
      const within = `indexHint(toStartOfMinute(ts) >= toStartOfMinute(${from}) AND toStartOfMinute(ts) <= toStartOfMinute(${to})) AND ts > ${from} AND ts <= ${to}`;
      return `${hotTable.from(`${condition} AND ${within}`)} WHERE _part = {part${n}:String}`;
    }),
  ];
  const series = new SeriesRows(ofGroup, buckets);
  const read = new Map<string, BucketRow[]>();
  const take = (part: LargePart | undefined, row: BucketRow): void => {
    if (row.ks.length === 0) return;
    addRow(series.of(row), row, 0);
    if (!part) return;
    const own = { ...row, ks: row.ks.map((k) => k + first) };
    const others = read.get(part.id);
    if (others) others.push(own);
    else read.set(part.id, [own]);
  };
  await readRows(async () => {
    const rows = reader.stream<BucketRow & { share: number }>(bucketsOf(froms, fresh.length), bound, limits);
    for await (const { share, ...row } of rows) {
      if (share > 0) take(edges[share - 1]?.part, row);
      // Numbered from 1: 0 is what is in none of them.
      else for (const own of byPart(row, buckets)) take(fresh[own.part - 1], own.row);
    }
  });
  if (!(await stillThere(reader, [...known, ...fresh], limits))) return undefined;
  for (const rows of plan.kept.values())
    for (const row of rows) if (row.ks.length > 0) addRow(series.of(row), row, first);
  kept.keep(asked, plan, span, read);
  return series;
}
