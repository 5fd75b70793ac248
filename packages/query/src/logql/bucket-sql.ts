import type { Labels } from './labels.ts';

/** What is computed for each bucket beside the number of its lines: `name` over `of`. */
export interface BucketAggregate {
  readonly name: string;
  /** A number of each line. */
  readonly of: string;
}

/** A row of an answer: the labels of a group, the numbers of its buckets that are not empty, and what they hold. */
export interface BucketRow {
  readonly ks: readonly number[];
  readonly ns: readonly number[];
  readonly vs: readonly (number | null)[];
  readonly [column: string]: unknown;
}

/**
 * More buckets than this are groups of their own: folded ones are held for each group at once, in each of the engine's threads.
 */
export const mostFolded = 2000;

/**
 * `SELECT … FROM … GROUP BY …` that counts, by label columns and by `bucket` (0 to `buckets` - 1), and aggregates. Few buckets are folded into
 * each group: to group by the labels alone takes half of the time that it takes by labels and buckets. Of several sources (few buckets alone) each is
 * grouped for itself, and a column `share` says which one a row is of, by its place in the list. In the first of them parts of the table may have buckets of
 * their own: the n-th of `{fresh:Array(String)}` those from n × `buckets` on.
 */
export function bucketSql(
  parts: {
    /** The label columns as they are selected, and the names under which they are grouped. */
    readonly columns: readonly string[];
    readonly names: readonly string[];
    readonly bucket: string;
    readonly buckets: number;
    /** A column of counts of lines; '' where each row is a line. */
    readonly counts: string;
    readonly aggregate: BucketAggregate | undefined;
    /** How many parts have buckets of their own. */
    readonly fresh: number;
  },
  from: string | readonly string[],
): string {
  const { columns, names, buckets, counts, aggregate, fresh } = parts;
  const bucket = `toUInt32(${parts.bucket})`;
  const groupBy = (keys: readonly string[]): string => (keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`);
  if (buckets > mostFolded) {
    if (typeof from !== 'string') throw new Error('many buckets are counted in one source alone');
    const count = counts === '' ? 'count()' : `sum(${counts})`;
    const value = aggregate ? `${aggregate.name}(${aggregate.of})` : 'n';
    const selected = [`${bucket} AS k`, ...columns, `toFloat64(${count}) AS n`, `${value} AS v`];
    return `SELECT * EXCEPT (k, n, v), [k] AS ks, [n] AS ns, [v] AS vs FROM (SELECT ${selected.join(', ')} ${from}${groupBy(['k', ...names])})`;
  }
  // Numbers of our own: what an aggregate is made with is part of the statement.
  const ofPart = `toUInt32(${parts.bucket} + ${buckets} * transform(_part, {fresh:Array(String)}, range(1, ${fresh + 1}), 0))`;
  const folded = (name: string, of: string, apart: boolean): string => {
    const [plain = '', given] = name.split('(');
    const shape = `(${given === undefined ? '' : `${given.slice(0, -1)}, `}0, ${apart ? buckets * (fresh + 1) : buckets}, 1)`;
    return `${plain}Resample${shape}(${of === '' ? '' : `${of}, `}${apart ? ofPart : bucket})`;
  };
  const values = aggregate ? 'arrayFilter((v, n) -> n > 0, allVs, allNs)' : 'ns';
  const grouped = (share: readonly string[], one: string, apart: boolean): string => {
    const selected = [
      ...share,
      ...columns,
      `${counts === '' ? folded('count', '', apart) : folded('sum', counts, apart)} AS allNs`,
      ...(aggregate ? [`${folded(aggregate.name, aggregate.of, apart)} AS allVs`] : []),
    ];
    return `SELECT ${selected.join(', ')} ${one}${groupBy(names)}`;
  };
  // What is made of the counts stands once, outside: to plan it for each source took longer than to plan the reading.
  const all =
    typeof from === 'string'
      ? grouped([], from, false)
      : from.map((one, place) => grouped([`${place} AS share`], one, place === 0 && fresh > 0)).join(' UNION ALL ');
  return `SELECT * EXCEPT (allNs${aggregate ? ', allVs' : ''}), arrayFilter((k, n) -> n > 0, range(toUInt32(length(allNs))), allNs) AS ks,
    arrayMap(n -> toFloat64(n), arrayFilter(n -> n > 0, allNs)) AS ns, ${values} AS vs FROM (${all})`;
}

/** A row whose parts have buckets of their own, taken apart: of each its number and its buckets, numbered from 0. */
export function byPart(row: BucketRow, buckets: number): { readonly part: number; readonly row: BucketRow }[] {
  const found: { part: number; row: BucketRow }[] = [];
  const { ks, ns, vs } = row;
  for (let from = 0, to = 0; from < ks.length; from = to) {
    const part = Math.floor(ks[from]! / buckets);
    // In order, as the statement makes them.
    while (to < ks.length && ks[to]! < (part + 1) * buckets) to++;
    const own = ks.slice(from, to).map((k) => k - part * buckets);
    found.push({ part, row: { ...row, ks: own, ns: ns.slice(from, to), vs: vs.slice(from, to) } });
  }
  return found;
}

/** Counts and values of one series by bucket. */
export interface Buckets {
  readonly labels: Labels;
  readonly counts: Float64Array;
  readonly values: Float64Array;
}

/** Takes a row into its series. */
export function takeRow({ counts, values }: Buckets, { ks, ns, vs }: BucketRow): void {
  for (const [index, k] of ks.entries()) {
    counts[k] = ns[index]!;
    values[k] = vs[index] ?? Number.NaN;
  }
}

/** Adds a row to its series: numbers of several parts of the lines. `from` is the number of the first bucket in the row's own count. */
export function addRow({ counts, values }: Buckets, { ks, ns, vs }: BucketRow, from: number): void {
  for (const [index, k] of ks.entries()) {
    counts[k - from] = counts[k - from]! + ns[index]!;
    values[k - from] = values[k - from]! + (vs[index] ?? 0);
  }
}
