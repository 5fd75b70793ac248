import type { MetricColumns } from '@sightline/contract';
import {
  addHistograms,
  allBuckets,
  type Answer,
  customBucketsSchema,
  type FloatHistogram,
  type MatrixSeries,
  reduceResolution,
} from '@sightline/query/promql';

/** Rows of a heat map: finer buckets are joined until there are no more. */
const rowsAtMost = 60;
/** Beyond this no exponential bucket is coarser. */
const coarsestSchema = -4;

/**
 * Native histograms of a range as a heat map draws them: a series with `le` for each bucket, cumulative, as classic histograms have them. All series of the answer are added up.
 * Buckets become coarser, for all times alike, where they would be more than 60. Undefined where the answer holds no histograms.
 */
export function heatColumns(
  { value, ...said }: Answer,
  times: readonly number[],
  stepMs: number,
): MetricColumns | undefined {
  if (value.type !== 'matrix' || value.series.every(({ histograms }) => histograms.length === 0)) return undefined;
  const { sums, mixed } = summed(value.series, times);
  const drawn = coarsened(sums);
  const bounds = boundsOf(drawn);
  const cells = bounds.map(() => Array.from<number | null>({ length: times.length }).fill(null));
  for (const [at, histogram] of drawn.entries()) {
    if (!histogram) continue;
    const buckets = allBuckets(histogram);
    let next = 0;
    let below = 0;
    for (const [row, bound] of bounds.entries()) {
      while (next < buckets.length && (buckets[next]?.upper ?? 0) <= bound) below += buckets[next++]?.count ?? 0;
      cells[row]![at] = Number.isFinite(below) ? below : null;
    }
  }
  return {
    type: 'matrix',
    stepMs,
    times: [...times],
    series: bounds.map((bound, row) => ({
      labels: { le: bound === Infinity ? '+Inf' : String(bound) },
      values: cells[row] ?? [],
    })),
    odd: [],
    text: '',
    more: 0,
    warnings: mixed ? [...said.warnings, mixedLayouts] : [...said.warnings],
    infos: [...said.infos],
    samples: said.samples,
  };
}

const mixedLayouts =
  'Histograms with own and with exponential buckets cannot be drawn together: those of the second kind are left out.';

type Sums = readonly (FloatHistogram | undefined)[];

/** One histogram at each time. */
function summed(
  series: readonly MatrixSeries[],
  times: readonly number[],
): { readonly sums: Sums; readonly mixed: boolean } {
  const sums = Array.from<FloatHistogram | undefined>({ length: times.length });
  const custom =
    series.find(({ histograms }) => histograms.length > 0)?.histograms[0]?.histogram.schema === customBucketsSchema;
  let mixed = false;
  for (const { histograms } of series) {
    let at = 0;
    for (const { atMs, histogram } of histograms) {
      while (at < times.length && (times[at] ?? 0) < atMs) at++;
      if (times[at] !== atMs) continue;
      const before = sums[at];
      const added = before ? addHistograms(before, histogram)?.histogram : histogram;
      if ((histogram.schema === customBucketsSchema) !== custom || !added) mixed = true;
      else sums[at] = added;
    }
  }
  return { sums, mixed };
}

/** All in one resolution, with at most as many rows as are drawn. */
function coarsened(sums: Sums): Sums {
  const known = sums.filter((one) => one !== undefined);
  let schema = Math.min(...known.map((one) => one.schema));
  if (schema === customBucketsSchema) return sums;
  for (;;) {
    const reduced = sums.map((one) => (one && one.schema > schema ? reduceResolution(one, schema) : one));
    if (schema <= coarsestSchema || boundsOf(reduced).length <= rowsAtMost) return reduced;
    schema--;
  }
}

/** Upper ends of all buckets from the lowest up; between those of one exponential scale the empty ones too, so that rows are of equal height. */
function boundsOf(sums: Sums): readonly number[] {
  const bounds = new Set<number>();
  for (const one of sums)
    for (const { upper, lower, count } of one ? allBuckets(one) : []) {
      if (count === 0) continue;
      bounds.add(upper);
      // Where nothing lies below, the lowest row still has to have a lower end.
      if (Number.isFinite(lower)) bounds.add(lower);
    }
  const schema = sums.find((one) => one !== undefined)?.schema ?? 0;
  const found = [...bounds].toSorted((a, b) => a - b);
  if (schema === customBucketsSchema) return found;
  return [
    ...negative(found, schema),
    ...found.filter((bound) => bound === 0),
    ...filled(
      found.filter((bound) => bound > 0),
      schema,
    ),
  ];
}

const negative = (found: readonly number[], schema: number): readonly number[] =>
  filled(
    found
      .filter((bound) => bound < 0)
      .map((bound) => -bound)
      .toSorted((a, b) => a - b),
    schema,
  )
    .map((bound) => -bound)
    .toReversed();

/** With what lies between on the scale of the schema. Bounds that were found stay as they are, to the last digit. */
function filled(found: readonly number[], schema: number): readonly number[] {
  const perDouble = 2 ** schema;
  const placeOf = (bound: number): number => Math.round(Math.log2(bound) * perDouble);
  const all: number[] = [];
  for (const bound of found) {
    const before = all.at(-1);
    if (before !== undefined && Number.isFinite(bound))
      for (let place = placeOf(before) + 1; place < placeOf(bound) && all.length <= rowsAtMost; place++)
        all.push(2 ** (place / perDouble));
    all.push(bound);
  }
  return all;
}
