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
