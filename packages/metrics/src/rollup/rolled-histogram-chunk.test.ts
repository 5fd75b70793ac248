import { RolledHistograms, rollUpHistograms, type FloatHistogram } from '@sightline/query/promql';
import { describe, expect, test } from 'vitest';
import { encodeChunk } from '../chunk/chunk.ts';
import { appendRolled, isRolled } from './rolled-chunk.ts';
import { appendRolledHistograms, encodeRolledHistograms, isRolledHistograms } from './rolled-histogram-chunk.ts';

const minute = 60_000;
const start = 1_795_219_200_000;
const stale = new Float64Array(new Uint32Array([2, 0x7ff00000]).buffer);

const histogram = (i: number): FloatHistogram => ({
  counterResetHint: 0,
  schema: i % 900 > 600 ? 2 : 3,
  zeroThreshold: 0.001,
  zeroCount: i % 400,
  count: 3 * (i % 400),
  sum: i / 7,
  positiveSpans: [{ offset: 0, length: 2 }],
  negativeSpans: [],
  positiveBuckets: [i % 400, i % 400],
  negativeBuckets: [],
  customValues: [],
});

/** A day at 15 s; every so often a mark of staleness, and once an hour of them. */
function samples(starts: boolean) {
  const count = 5760;
  const marked = (i: number): boolean => i % 1000 === 999 || (i >= 1900 && i < 2200);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) if (marked(i)) values.set(stale, i);
  return {
    count,
    times: Float64Array.from({ length: count }, (_, i) => start + i * 15_000),
    values,
    histograms: Array.from({ length: count }, (_, i) => (marked(i) ? undefined : histogram(i))),
    ...(starts ? { startTimes: new Float64Array(count).fill(start - 77) } : {}),
  };
}

describe.each([false, true])('with start times: %s', (starts) => {
  test.each([5 * minute, 60 * minute])('buckets of %d ms come back from bytes as they were', (resolutionMs) => {
    const rolled = new RolledHistograms();
    rollUpHistograms(samples(starts), resolutionMs, rolled);
    const bytes = encodeRolledHistograms(rolled);
    expect([isRolledHistograms(bytes), isRolled(bytes)]).toEqual([true, false]);
    const back = new RolledHistograms();
    expect(appendRolledHistograms(bytes, back)).toBeUndefined();
    expect(back).toEqual(rolled);
    expect(rolled.counts).toContain(0);
    expect(bytes.length).toBeLessThan(encodeChunk(samples(starts)).length / 2);
  });
});

test('two parts that meet within a bucket become one', () => {
  const all = samples(false);
  const [whole, first, rest] = [new RolledHistograms(), new RolledHistograms(), new RolledHistograms()];
  rollUpHistograms(all, 60 * minute, whole);
  const { times, values, histograms, count } = all;
  rollUpHistograms({ ...all, count: 100 }, 60 * minute, first);
  const later = { times: times.slice(100), values: values.slice(100), histograms: histograms.slice(100) };
  rollUpHistograms({ count: count - 100, ...later }, 60 * minute, rest);
  const joined = new RolledHistograms();
  for (const part of [first, rest]) appendRolledHistograms(encodeRolledHistograms(part), joined);
  expect([joined.ends, joined.counts, joined.stale]).toEqual([whole.ends, whole.counts, whole.stale]);
});

test('damaged bytes are told, and change nothing', () => {
  const rolled = new RolledHistograms();
  rollUpHistograms(samples(false), 60 * minute, rolled);
  const bytes = encodeRolledHistograms(rolled);
  const into = new RolledHistograms();
  for (const length of [0, 1, 3, 40, bytes.length - 1])
    expect(appendRolledHistograms(bytes.subarray(0, length), into), `${length}`).toMatch(/damaged/);
  const other = new RolledHistograms();
  other.add(start, 0, 1);
  other.add(start + minute, 5, 0);
  expect(appendRolledHistograms(encodeRolledHistograms(other), into)).toMatch(/do not fit/);
  expect(into.count).toBe(0);
  expect(appendRolled(bytes, undefined as never)).toMatch(/damaged/);
});
