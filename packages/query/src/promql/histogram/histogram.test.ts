import { describe, expect, it } from 'vitest';
import { parseTestHistogram } from '../promqltest/histogram-notation.ts';
import { allBuckets } from './buckets.ts';
import { exponentialBound, indexAtSchema } from './bounds.ts';
import { convertClassicHistogram } from './classic.ts';
import type { FloatHistogram } from './float-histogram.ts';
import {
  addHistograms,
  compactHistogram,
  detectReset,
  divideHistogram,
  equalCompacted,
  equalHistograms,
  formatHistogram,
  formatTestHistogram,
  hasOverflow,
  histogramAverage,
  histogramDeviation,
  histogramFraction,
  HistogramMean,
  histogramQuantile,
  HistogramSum,
  histogramVariance,
  multiplyHistogram,
  negateHistogram,
  reduceResolution,
  subtractHistograms,
  trimHistogram,
} from './histogram.ts';

/** A histogram from its notation. */
function h(text: string): FloatHistogram {
  const parsed = parseTestHistogram(`{{${text}}}`);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value.histogram;
}
const shown = (histogram: FloatHistogram | undefined) => histogram && formatTestHistogram(histogram).slice(2, -2);

describe('bounds', () => {
  it.each([
    [0, 0, 1],
    [1, 0, 2],
    [-3, 0, 0.125],
    [1, 1, Math.SQRT2],
    [8, 3, 2],
    [-8, 3, 0.5],
    [1, -2, 16],
    [1024, 0, Number.MAX_VALUE],
    [1025, 0, Infinity],
    [-1073, 0, 2 ** -1073],
    [64, -4, Number.MAX_VALUE],
  ])('bucket %d of schema %d ends at %d', (index, schema, bound) => {
    expect(exponentialBound(index, schema)).toBeCloseTo(bound, 12);
    expect(Math.abs(exponentialBound(index, schema) / bound - 1)).not.toBeGreaterThan(1e-15);
  });

  it.each([
    [1, 1, 0, 1],
    [2, 1, 0, 1],
    [3, 1, 0, 2],
    [0, 1, 0, 0],
    [-1, 1, 0, 0],
    [-2, 1, 0, -1],
    [5, 3, -1, 1],
  ])('bucket %d of schema %d at schema %d is %d', (index, schema, target, expected) => {
    expect(indexAtSchema(index, schema, target)).toBe(expected);
  });
});

describe('adding', () => {
  it.each([
    ['like buckets', 'count:3 sum:4 buckets:[1 2]', 'count:5 sum:1 buckets:[2 3]', 'count:8 sum:5 buckets:[3 5]'],
    ['a gap between', 'count:1 buckets:[1]', 'count:1 offset:2 buckets:[1]', 'count:2 buckets:[1 0 1]'],
    [
      'a coarser schema',
      'schema:1 count:2 offset:1 buckets:[1 1]',
      'count:3 offset:1 buckets:[3]',
      'count:5 offset:1 buckets:[5]',
    ],
    ['below zero', 'count:1 n_buckets:[1]', 'count:2 n_offset:-1 n_buckets:[2]', 'count:3 n_offset:-1 n_buckets:[2 1]'],
    [
      'a wider zero bucket',
      'count:6 z_bucket:1 z_bucket_w:0.25 offset:-1 buckets:[2 3]',
      'count:1 z_bucket:1 z_bucket_w:0.5',
      'count:7 z_bucket:4 z_bucket_w:0.5 buckets:[3]',
    ],
    [
      'a zero threshold within a populated bucket',
      'count:5 z_bucket:1 z_bucket_w:0.25 buckets:[4 7]',
      'count:1 z_bucket:1 z_bucket_w:0.75',
      'count:6 z_bucket:6 z_bucket_w:1 offset:1 buckets:[7]',
    ],
    [
      'custom buckets',
      'schema:-53 count:3 custom_values:[5 10] buckets:[1 2]',
      'schema:-53 count:4 custom_values:[5 10] buckets:[1 2 1]',
      'schema:-53 count:7 custom_values:[5 10] buckets:[2 4 1]',
    ],
    [
      'other bounds',
      'schema:-53 count:6 custom_values:[1 5 10] buckets:[1 2 3]',
      'schema:-53 count:4 custom_values:[5 20] buckets:[1 2 1]',
      'schema:-53 count:10 custom_values:[5] buckets:[4 6]',
    ],
  ])('%s', (_, a, b, sum) => {
    const added = addHistograms(h(a), h(b));
    expect(shown(added?.histogram)).toBe(sum);
    expect(shown(addHistograms(h(b), h(a))?.histogram)).toBe(sum);
    const difference = added && subtractHistograms(added.histogram, h(b));
    expect(difference?.histogram.count).toBe(h(a).count);
  });

  it('says when bounds were reconciled, and refuses exponential with custom buckets', () => {
    const custom = h('schema:-53 count:1 custom_values:[5] buckets:[1]');
    expect(addHistograms(custom, h('schema:-53 count:1 custom_values:[6] buckets:[1]'))?.boundsReconciled).toBe(true);
    expect(addHistograms(custom, custom)?.boundsReconciled).toBe(false);
    expect(addHistograms(custom, h('count:1 buckets:[1]'))).toBeUndefined();
  });

  it.each([
    ['reset', 'not_reset', 0, true],
    ['reset', 'reset', 1, false],
    ['gauge', 'reset', 3, false],
    ['not_reset', 'gauge', 3, false],
    ['unknown', 'reset', 0, false],
    ['not_reset', 'unknown', 0, false],
  ])('hints %s and %s', (a, b, hint, collide) => {
    for (const buckets of ['buckets:[1]', 'buckets:[1 1]']) {
      const sum = addHistograms(h(`counter_reset_hint:${a} buckets:[1]`), h(`counter_reset_hint:${b} ${buckets}`));
      expect([sum?.histogram.counterResetHint, sum?.hintsCollide]).toEqual([hint, collide]);
    }
  });

  it('loses nothing to rounding when many are added up', () => {
    const sum = new HistogramSum(h('sum:1e100 count:1 buckets:[1]'));
    sum.add(h('sum:1 count:1 offset:1 buckets:[1]'));
    sum.add(h('sum:-1e100 count:1 buckets:[1]'));
    expect(shown(sum.value())).toBe('count:3 sum:1 buckets:[2 1]');
    expect(sum.add(h('schema:-53 custom_values:[1]'))).toBeUndefined();
    expect(sum.value().count).toBe(3);
  });

  it('takes the mean, also of what overflows when added', () => {
    const mean = new HistogramMean(h('sum:1e308 count:2 buckets:[2]'));
    mean.add(h('sum:1e308 count:4 buckets:[4]'));
    mean.add(h('sum:1e308 count:6 buckets:[6]'));
    expect(mean.value().sum / 1e308).toBeCloseTo(1, 12);
    expect(mean.value().positiveBuckets[0]).toBeCloseTo(4, 12);
    const small = new HistogramMean(h('sum:1 count:2 buckets:[2]'));
    small.add(h('sum:3 count:4 buckets:[4]'));
    expect(shown(small.value())).toBe('count:3 sum:2 buckets:[3]');
  });
});

describe('scaling', () => {
  it.each([
    [
      'times 3',
      multiplyHistogram(h('count:3 sum:4 z_bucket:1 buckets:[1 1]'), 3),
      'count:9 sum:12 z_bucket:3 buckets:[3 3]',
    ],
    ['times -1', negateHistogram(h('count:1 buckets:[1]')), 'count:-1 counter_reset_hint:gauge buckets:[-1]'],
    ['through 2', divideHistogram(h('count:3 sum:4 buckets:[3]'), 2), 'count:1.5 sum:2 buckets:[1.5]'],
    ['through 0', divideHistogram(h('count:3 sum:4 z_bucket:1 buckets:[2]'), 0), 'count:+Inf sum:+Inf z_bucket:+Inf'],
    ['coarser', reduceResolution(h('schema:2 count:8 buckets:[1 1 1 1 1 1 1 1]'), 0), 'count:8 buckets:[1 4 3]'],
    ['no empty buckets', compactHistogram(h('offset:-1 buckets:[0 1 0 0]')), 'buckets:[1]'],
  ])('%s', (_, result, expected) => {
    expect(shown(result)).toBe(expected);
  });

  it('tells overflow', () => {
    expect(hasOverflow(h('count:1 buckets:[1]'))).toBe(false);
    expect(hasOverflow(h('count:1 buckets:[inf]'))).toBe(true);
  });
});

describe('resets', () => {
  it.each([
    ['growth', 'count:3 buckets:[1 2]', 'count:4 buckets:[1 3]', false],
    ['a new bucket', 'count:3 buckets:[3]', 'count:4 buckets:[3 1]', false],
    ['a smaller count', 'count:3 buckets:[3]', 'count:2 buckets:[2]', true],
    ['a bucket that fell', 'count:3 buckets:[2 1]', 'count:4 buckets:[1 3]', true],
    ['a bucket that went', 'count:3 buckets:[2 1]', 'count:3 buckets:[3]', true],
    ['an empty bucket that went', 'count:3 buckets:[3 0]', 'count:3 buckets:[3]', false],
    ['a coarser schema', 'schema:1 count:2 offset:1 buckets:[1 1]', 'count:2 offset:1 buckets:[2]', false],
    ['a finer schema', 'count:2 offset:1 buckets:[2]', 'schema:1 count:2 offset:1 buckets:[1 1]', true],
    ['a narrower zero bucket', 'count:1 z_bucket:1 z_bucket_w:1', 'count:1 z_bucket:1 z_bucket_w:0.5', true],
    ['a wider zero bucket', 'count:2 z_bucket:1 z_bucket_w:0.5 buckets:[1]', 'count:2 z_bucket:2 z_bucket_w:1', false],
    ['a hint', 'count:3 buckets:[3]', 'counter_reset_hint:not_reset count:2 buckets:[2]', false],
    [
      'custom bounds that went, counts kept',
      'schema:-53 count:3 custom_values:[1 2] buckets:[1 2]',
      'schema:-53 count:3 custom_values:[2] buckets:[3]',
      false,
    ],
    [
      'custom bounds that went, a count fell',
      'schema:-53 count:3 custom_values:[1 2] buckets:[1 2]',
      'schema:-53 count:4 custom_values:[2] buckets:[2 2]',
      true,
    ],
    ['custom after exponential', 'count:1 buckets:[1]', 'schema:-53 count:1 custom_values:[2] buckets:[1]', true],
  ])('%s', (_, before, now, reset) => {
    expect(detectReset(h(now), h(before))).toBe(reset);
  });
});

describe('quantiles and fractions', () => {
  it.each([
    ['count:4 offset:1 buckets:[4]', 0.5, Math.SQRT2],
    ['count:4 n_offset:1 n_buckets:[4]', 0.5, -Math.SQRT2],
    ['count:4 z_bucket:4 z_bucket_w:2', 0.5, 0],
    ['count:8 z_bucket:4 z_bucket_w:1 offset:1 buckets:[4]', 0.25, 0.5],
    ['schema:-53 count:4 custom_values:[10 20] buckets:[2 2]', 0.75, 15],
    ['schema:-53 count:4 custom_values:[10 20] buckets:[2 1 1]', 1, 20],
    ['schema:-53 count:4 custom_values:[10] buckets:[4]', 0.5, 5],
    ['schema:-53 count:4 custom_values:[-10] buckets:[4]', 0.5, -10],
    ['count:4 offset:1 buckets:[4]', 1.1, Infinity],
    ['count:4 offset:1 buckets:[4]', -0.1, -Infinity],
    ['count:0', 0.5, Number.NaN],
    ['count:4 sum:NaN offset:1 buckets:[2]', 0.9, Number.NaN],
  ])('%s at %d', (histogram, q, value) => {
    if (Number.isFinite(value)) expect(histogramQuantile(q, h(histogram)).value).toBeCloseTo(value, 12);
    else expect(histogramQuantile(q, h(histogram)).value).toBe(value);
  });

  it('notes observations that are no numbers', () => {
    const histogram = h('count:4 sum:NaN offset:1 buckets:[2 1]');
    expect(histogramQuantile(0.9, histogram).note).toBe('nan-result');
    expect(histogramQuantile(0.5, histogram).note).toBe('nan-skew');
    expect(histogramFraction(-Infinity, Infinity, histogram)).toEqual({ value: 0.75, note: 'nan-skew' });
  });

  it.each([
    ['count:4 offset:1 buckets:[4]', -Infinity, Math.SQRT2, 0.5],
    ['count:4 offset:1 buckets:[2 2]', 2, Infinity, 0.5],
    ['count:4 n_offset:1 n_buckets:[4]', -Math.SQRT2, 0, 0.5],
    ['schema:-53 count:4 custom_values:[10 20] buckets:[2 2]', 10, 15, 0.25],
    ['schema:-53 count:4 custom_values:[10 20] buckets:[2 2]', 15, 10, 0],
    ['count:4 z_bucket:4 z_bucket_w:1', 0, 0.5, 0.25],
  ])('%s between %d and %d', (histogram, lower, upper, value) => {
    expect(histogramFraction(lower, upper, h(histogram)).value).toBeCloseTo(value, 12);
  });
});

it('knows average and spread', () => {
  const histogram = h('count:4 sum:12 offset:2 buckets:[2 2]');
  expect(histogramAverage(histogram)).toBe(3);
  const variance = ((Math.sqrt(8) - 3) ** 2 + (Math.sqrt(32) - 3) ** 2) / 2;
  expect(histogramVariance(histogram)).toBeCloseTo(variance, 12);
  expect(histogramDeviation(histogram)).toBeCloseTo(Math.sqrt(variance), 12);
});

describe('trimming', () => {
  it.each([
    [
      'below a bound',
      'count:4 sum:9 offset:1 buckets:[2 2]',
      2,
      'below',
      'count:2 sum:2.8284271247461903 offset:1 buckets:[2]',
    ],
    ['above all', 'count:4 sum:9 offset:1 buckets:[2 2]', 9, 'below', 'count:4 sum:9 offset:1 buckets:[2 2]'],
    [
      'within custom buckets',
      'schema:-53 count:4 sum:40 custom_values:[10 20] buckets:[0 4]',
      15,
      'above',
      'schema:-53 count:2 sum:35 custom_values:[10 20] offset:1 buckets:[2]',
    ],
    ['within zero', 'count:4 z_bucket:4 z_bucket_w:1', 0, 'above', 'count:2 sum:1 z_bucket:2 z_bucket_w:1'],
    ['everything', 'count:4 sum:9 offset:1 buckets:[2 2]', 100, 'above', ''],
  ] as const)('%s', (_, histogram, limit, keep, expected) => {
    expect(shown(trimHistogram(h(histogram), limit, keep))).toBe(expected);
  });
});

describe('the same', () => {
  it('compares what was counted, spans and hint aside', () => {
    const a = h('count:2 buckets:[1 1]');
    expect(
      equalHistograms(a, {
        ...a,
        counterResetHint: 3,
        positiveSpans: [
          { offset: 0, length: 1 },
          { offset: 0, length: 1 },
        ],
      }),
    ).toBe(true);
    expect(equalHistograms(a, h('count:2 buckets:[1 1 0]'))).toBe(false);
    expect(equalCompacted(a, h('count:2 buckets:[1 1 0]'))).toBe(true);
    expect(equalHistograms(h('sum:NaN'), h('sum:NaN'))).toBe(true);
  });
});

it('prints as Prometheus does', () => {
  expect(
    formatHistogram(h('count:7 sum:1e6 z_bucket:1 z_bucket_w:0.5 offset:1 buckets:[2 0 1] n_offset:1 n_buckets:[3]')),
  ).toBe('{count:7, sum:1e+06, [-2,-1):3, [-0.5,0.5]:1, (1,2]:2, (4,8]:1}');
  expect(formatHistogram(h('schema:-53 count:2 sum:1 custom_values:[5] buckets:[1 1]'))).toBe(
    '{count:2, sum:1, [-Inf,5]:1, (5,+Inf]:1}',
  );
  expect(
    allBuckets(h('z_bucket:1 z_bucket_w:1.5 offset:1 buckets:[2]')).map(({ lower, upper }) => [lower, upper]),
  ).toEqual([
    [-1.5, 1.5],
    [1.5, 2],
  ]);
});

describe('classic buckets', () => {
  const le = (upperBound: number, count: number) => ({ upperBound, count });
  it('become custom ones', () => {
    const converted = convertClassicHistogram({ buckets: [le(Infinity, 6), le(1, 2), le(5, 2)], count: 6, sum: 9 });
    expect(converted.ok && shown(converted.value)).toBe('schema:-53 count:6 sum:9 custom_values:[1 5] buckets:[2 0 4]');
    const open = convertClassicHistogram({ buckets: [le(1, 2)], count: 3 });
    expect(open.ok && shown(open.value)).toBe('schema:-53 count:3 custom_values:[1] buckets:[2 1]');
  });
  it.each([
    ['falling', { buckets: [le(1, 2), le(2, 1)] }, 'the count falls from 2 to 1 at le=2'],
    ['negative', { buckets: [le(1, -2)] }, 'the bucket le=1 has the negative count -2'],
    ['another count', { buckets: [le(Infinity, 2)], count: 3 }, 'the count is 3, the bucket le=+Inf says 2'],
  ])('refuses what is %s', (_, classic, error) => {
    expect(convertClassicHistogram(classic)).toEqual({ ok: false, error });
  });
});
