import { expect, test } from 'vitest';
import type { FloatHistogram } from '@sightline/query/promql';
import { Growth } from './growth.ts';

function histogram(count: number, buckets: readonly number[], offset = 0): FloatHistogram {
  return {
    counterResetHint: 0,
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count,
    sum: count * 2,
    positiveSpans: [{ offset, length: buckets.length }],
    negativeSpans: [],
    positiveBuckets: buckets,
    negativeBuckets: [],
    customValues: [],
  };
}

test('growth adds up, and counts only once it is kept', () => {
  const growth = new Growth();
  growth.begin();
  expect(growth.add(1, 10, 5, undefined).value).toBe(5);
  expect(growth.add(1, 20, 2, undefined).value).toBe(7);
  // The transaction failed: its growth comes again.
  growth.begin();
  expect(growth.add(1, 10, 5, undefined).value).toBe(5);
  growth.keep(growth.staged());
  growth.begin();
  expect(growth.add(1, 30, 1, undefined).value).toBe(6);
  growth.forget(1);
  growth.begin();
  expect(growth.add(1, 40, 1, undefined).value).toBe(1);
});

test('histograms add up bucket by bucket', () => {
  const growth = new Growth();
  growth.begin();
  growth.add(1, 10, 3, histogram(3, [1, 2]));
  expect(growth.add(1, 20, 4, histogram(4, [3, 1], 1))).toMatchObject({
    value: 7,
    histogram: { count: 7, sum: 14, positiveBuckets: [1, 5, 1] },
  });
});
