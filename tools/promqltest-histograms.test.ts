import type { FloatHistogram } from '@sightline/query/promql';
import { describe, expect, it } from 'vitest';
import { type ShownHistogram, shownHistograms } from './promqltest-histograms.ts';

const exponential: FloatHistogram = {
  counterResetHint: 0,
  schema: 0,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 9,
  sum: -3.5,
  positiveSpans: [
    { offset: 0, length: 2 },
    { offset: 1, length: 1 },
  ],
  negativeSpans: [{ offset: 1, length: 1 }],
  positiveBuckets: [1, 0, 2],
  negativeBuckets: [4],
  customValues: [],
};
const custom: FloatHistogram = {
  ...exponential,
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [],
  positiveBuckets: [3, 5, 1],
  negativeBuckets: [],
  customValues: [-1, 2.5],
};

/** What Prometheus answers for the two (v3.5, `/api/v1/query`). */
const shown: ShownHistogram = {
  count: '9',
  sum: '-3.5',
  buckets: [
    [1, '-2', '-1', '4'],
    [3, '-0.001', '0.001', '2'],
    [0, '0.5', '1', '1'],
    [0, '4', '8', '2'],
  ],
};
const shownCustom: ShownHistogram = {
  count: '9',
  sum: '-3.5',
  buckets: [
    [3, '-Inf', '-1', '3'],
    [0, '-1', '2.5', '5'],
    [0, '2.5', '+Inf', '1'],
  ],
};
const same = (expected: FloatHistogram, found: ShownHistogram): boolean => shownHistograms.same(expected, found, true);

describe('a histogram of the API', () => {
  it('is the expected one where all that Prometheus would write is there', () => {
    expect(same(exponential, shown)).toBe(true);
    expect(same(custom, shownCustom)).toBe(true);
    expect(same({ ...exponential, counterResetHint: 3 }, shown)).toBe(true);
    const empty = { ...custom, count: 0, sum: Number.NaN, positiveBuckets: [0, 0, 0] };
    expect(same(empty, { count: '0', sum: 'NaN' })).toBe(true);
  });

  it('may differ by a millionth, no more', () => {
    expect(same(exponential, { ...shown, sum: '-3.500001' })).toBe(true);
    expect(same(exponential, { ...shown, sum: '-3.50001' })).toBe(false);
  });

  it.each<[string, Partial<ShownHistogram>]>([
    ['count', { count: '8' }],
    ['sum', { sum: '3.5' }],
    ['sum that is no number', { sum: '' }],
    ['one bucket less', { buckets: shown.buckets?.slice(1) ?? [] }],
    ['one bucket more', { buckets: [...(shown.buckets ?? []), [0, '8', '16', '1']] }],
    ['an empty bucket', { buckets: [...(shown.buckets ?? []), [0, '8', '16', '0']] }],
    ['no buckets', { buckets: [] }],
    ...[0, 1, 2, 3].map((at): [string, Partial<ShownHistogram>] => [
      `part ${at} of a bucket`,
      {
        buckets: (shown.buckets ?? []).map((bucket, i) => {
          const [rule, ...numbers] = bucket;
          if (i !== 1) return bucket;
          if (at === 0) return [rule - 1, ...numbers];
          return [rule, ...numbers.map((number, n) => (n === at - 1 ? `${number}9` : number))] as never;
        }),
      },
    ]),
  ])('is another by %s', (_, change) => {
    expect(same(exponential, { ...shown, ...change })).toBe(false);
  });

  it('is shown in mathematical notation', () => {
    expect(shownHistograms.show(shown)).toBe(shownHistograms.showExpected(exponential));
    expect(shownHistograms.show(shownCustom)).toBe('count 9, sum -3.5, [-Inf, -1]: 3, (-1, 2.5]: 5, (2.5, +Inf]: 1');
  });
});
