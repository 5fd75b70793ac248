import type { MetricColumns } from '@sightline/contract';

/** The label that says which query a series is of, where several are shown together. */
export const queryLabel = 'query';

/**
 * Answers to several queries over the same times as one: each series says whose it is. One answer stays as it is. Facts are added
 * up, what was said is said once; a text has no series and is left out beside others.
 */
export function joinAnswers(
  parts: readonly { readonly ref: string; readonly data: MetricColumns }[],
): MetricColumns | undefined {
  const [first, ...more] = parts;
  if (first === undefined || more.length === 0) return first?.data;
  const numbers = parts.filter(({ data }) => data.type !== 'string');
  const longest = numbers.reduce((best, one) => (one.data.times.length > best.data.times.length ? one : best), first);
  let before = 0;
  const odd: MetricColumns['odd'] = [];
  const series: MetricColumns['series'] = [];
  for (const { ref, data } of numbers) {
    for (const one of data.series) series.push({ ...one, labels: { [queryLabel]: ref, ...one.labels } });
    for (const one of data.odd) odd.push({ ...one, series: one.series + before });
    before += data.series.length;
  }
  const all = <T>(of: (data: MetricColumns) => readonly T[]): T[] => [
    ...new Set(parts.flatMap(({ data }) => of(data))),
  ];
  const sum = (of: (data: MetricColumns) => number): number => parts.reduce((total, { data }) => total + of(data), 0);
  return {
    ...longest.data,
    series,
    odd,
    more: sum(({ more: cut }) => cut),
    samples: sum(({ samples }) => samples),
    warnings: all(({ warnings }) => warnings),
    infos: all(({ infos }) => infos),
  };
}

/** What is said of queries that gave nothing while others did; `formula` is the one over the others, whose labels may not match. */
export function emptyNotes(
  parts: readonly { readonly ref: string; readonly data: Pick<MetricColumns, 'type' | 'series'> }[],
  formula: string,
): string[] {
  const empty = parts.filter(({ data }) => data.type !== 'string' && data.series.length === 0).map(({ ref }) => ref);
  if (empty.length === parts.length) return [];
  return empty.map((ref) =>
    ref === formula && empty.length === 1
      ? 'The formula has no series: no series of one query has the labels of one of the other. Say which labels they are matched by, A / on (site) B, or that one series goes with all: A / on () group_left () B.'
      : `${ref} has no series in this range.`,
  );
}
