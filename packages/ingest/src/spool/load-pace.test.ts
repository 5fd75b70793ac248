import { describe, expect, test } from 'vitest';
import { LoadPace } from './load-pace.ts';

/** A pace learned from twenty loads alike. */
function often(records: number, tookMs: number): LoadPace {
  const learned = new LoadPace();
  for (let n = 0; n < 20; n++) learned.learn(records, tookMs);
  return learned;
}

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

  test('a load quicker than planning costs is not taken for less than nothing', () => {
    const learned = often(5000, 10);
    expect(learned.expectedMs(1_000_000)).toBeGreaterThan(0);
    expect(learned.recordsWithin(50)).toBe(0);
  });
});
