import { describe, expect, test } from 'vitest';
import { LoadPace } from './load-pace.ts';

const pace = (...loads: readonly [records: number, tookMs: number][]): LoadPace => {
  const learned = new LoadPace();
  for (const [records, tookMs] of loads) learned.learn(records, tookMs);
  return learned;
};
const often = (records: number, tookMs: number): LoadPace =>
  pace(...Array.from({ length: 20 }, (): [number, number] => [records, tookMs]));

describe('the pace of loads', () => {
  test('expects of the next load what the last ones took, in proportion', () => {
    const learned = often(100_000, 2120);
    expect(learned.expectedMs(100_000)).toBeCloseTo(2120, -1);
    expect(learned.expectedMs(50_000)).toBeCloseTo(1120, -1);
    expect(learned.recordsWithin(1120)).toBeCloseTo(50_000, -2);
  });

  test('follows a machine that slows down within a few loads', () => {
    const learned = often(100_000, 1120);
    for (let n = 0; n < 5; n++) learned.learn(100_000, 5120);
    expect(learned.expectedMs(100_000)).toBeGreaterThan(4500);
  });

  test('learns nothing from loads that are nearly all planning', () => {
    const before = pace().expectedMs(10_000);
    expect(pace([100, 5000], [1, 900]).expectedMs(10_000)).toBe(before);
  });

  test('a load quicker than planning costs is not taken for less than nothing', () => {
    const learned = often(5000, 10);
    expect(learned.expectedMs(1_000_000)).toBeGreaterThan(0);
    expect(learned.recordsWithin(50)).toBe(0);
  });
});
