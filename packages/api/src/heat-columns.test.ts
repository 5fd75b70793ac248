import { type Answer, allBuckets, type FloatHistogram, type MatrixSeries } from '@sightline/query/promql';
import { describe, expect, test } from 'vitest';
import { heatColumns } from './heat-columns.ts';

/** A histogram of the schema with counts from bucket `first` on. */
function histogram(
  schema: number,
  first: number,
  counts: readonly number[],
  more: Partial<FloatHistogram> = {},
): FloatHistogram {
  return {
    counterResetHint: 0,
    schema,
    zeroThreshold: 0,
    zeroCount: 0,
    count: counts.reduce((sum, one) => sum + one, 0),
    sum: 1,
    positiveSpans: counts.length > 0 ? [{ offset: first, length: counts.length }] : [],
    negativeSpans: [],
    positiveBuckets: [...counts],
    negativeBuckets: [],
    customValues: [],
    ...more,
  };
}
const series = (...points: (readonly [atMs: number, histogram: FloatHistogram])[]): MatrixSeries => ({
  labels: { a: String(points.length) },
  floats: { times: new Float64Array(), values: new Float64Array() },
  histograms: points.map(([atMs, one]) => ({ atMs, histogram: one })),
});
const answer = (...all: MatrixSeries[]): Answer => ({
  value: { type: 'matrix', series: all },
  warnings: ['w'],
  infos: ['i'],
  samples: 7,
});
/** `le` and its values, one a row. */
function rows(of: Answer, times: readonly number[]): Record<string, (number | null)[]> {
  const found = heatColumns(of, times, 1000);
  if (!found) throw new Error('nothing was drawn');
  return Object.fromEntries(found.series.map(({ labels, values }) => [labels['le'] ?? '', values]));
}

test('buckets become cumulative rows, with the empty ones between them, and a gap where nothing was measured', () => {
  // Schema 0, bucket 0 is (0.5, 1], 3 is (4, 8].
  const found = rows(answer(series([1000, histogram(0, 0, [1])], [3000, histogram(0, 3, [5])])), [1000, 2000, 3000]);
  expect(found).toEqual({
    '0.5': [0, null, 0],
    '1': [1, null, 0],
    '2': [1, null, 0],
    '4': [1, null, 0],
    '8': [1, null, 5],
  });
});

test('series are added up, and the coarser resolution of two is that of all', () => {
  const fine = histogram(1, 1, [2, 3]);
  const coarse = histogram(0, 1, [10]);
  // Of the fine one, bucket 1 is (1, 1.41…] and bucket 2 (1.41…, 2]: both lie in (1, 2].
  expect(rows(answer(series([1000, fine]), series([1000, coarse])), [1000])).toEqual({ '1': [0], '2': [15] });
  expect(rows(answer(series([1000, fine]), series([2000, coarse])), [1000, 2000])).toEqual({
    '1': [0, 0],
    '2': [5, 10],
  });
});

test('fine buckets are joined until a chart has room for them; no observation is lost', () => {
  const wide = histogram(
    5,
    -200,
    Array.from({ length: 600 }, (_, n) => n % 7),
  );
  const found = rows(answer(series([1000, wide])), [1000]);
  expect(Object.keys(found).length).toBeGreaterThan(20);
  expect(Object.keys(found).length).toBeLessThanOrEqual(61);
  expect(Object.values(found).at(-1)).toEqual([wide.count]);
});

test('zero, negative and own buckets', () => {
  const both = histogram(0, 1, [4], {
    zeroCount: 2,
    zeroThreshold: 0.25,
    negativeSpans: [{ offset: 1, length: 1 }],
    negativeBuckets: [3],
  });
  const found = rows(answer(series([1000, both])), [1000]);
  const bounds = Object.keys(found)
    .map(Number)
    .toSorted((a, b) => a - b);
  expect(bounds).toEqual(expect.arrayContaining([-2, -1, -0.25, 0.25, 1, 2]));
  expect([found['-1'], found['0.25'], found['2']]).toEqual([[3], [5], [9]]);
  const own = histogram(-53, 0, [1, 2, 3], { customValues: [5, 10] });
  expect(rows(answer(series([1000, own])), [1000])).toEqual({ '5': [1], '10': [3], '+Inf': [6] });
});

test('what cannot be added up is left out, and it is said', () => {
  const own = histogram(-53, 0, [1], { customValues: [5] });
  const found = heatColumns(answer(series([1000, histogram(0, 0, [1])]), series([1000, own])), [1000], 1000);
  expect(found?.warnings[1]).toContain('cannot be drawn together');
  expect(found?.series.at(-1)?.values).toEqual([1]);
});

describe('nothing to draw', () => {
  test('an answer of floats is left to others', () => {
    const floats = { labels: {}, floats: { times: Float64Array.of(1), values: Float64Array.of(1) }, histograms: [] };
    expect(heatColumns(answer(floats), [1], 1)).toBeUndefined();
    expect(heatColumns({ ...answer(), value: { type: 'scalar', atMs: 1, value: 1 } }, [1], 1)).toBeUndefined();
  });
  test('empty histograms make no rows', () =>
    expect(rows(answer(series([1000, histogram(0, 0, [])])), [1000])).toEqual({}));
});

test('rows end where the buckets end that Prometheus shows', () => {
  const one = histogram(
    3,
    -20,
    Array.from({ length: 40 }, () => 1),
  );
  const uppers = allBuckets(one).map(({ upper }) => String(upper));
  expect(Object.keys(rows(answer(series([1000, one])), [1000]))).toEqual(expect.arrayContaining(uppers));
});
