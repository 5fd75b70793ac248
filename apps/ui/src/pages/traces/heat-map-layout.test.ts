import { describe, expect, it, test } from 'vitest';
import { brushed, bucketMs, heatTicks, layoutHeatMap } from './heat-map-layout.ts';

const field = { from: 0, to: 1000, stepMs: 100, width: 500, height: 200, perOctave: 8 };
const cell = (at: number, bucket: number, spans = 1) => ({ at, bucket, spans, errors: 0 });

describe('the heat map', () => {
  it('puts the slowest on top and time from left to right', () => {
    const { rects, low, high } = layoutHeatMap([cell(0, 80), cell(900, 90)], field);
    expect([low, high]).toEqual([79, 92]);
    const [quick, slow] = rects;
    expect(quick?.x).toBe(0);
    expect(slow?.x).toBe(450);
    expect(slow!.y).toBeLessThan(quick!.y);
    expect(quick!.y + quick!.height).toBeLessThanOrEqual(field.height);
  });
  it('shows one beside ten thousand', () => {
    const { rects } = layoutHeatMap([cell(0, 80, 10_000), cell(0, 90, 1)], field);
    expect(rects[0]?.strength).toBe(1);
    expect(rects[1]?.strength).toBeGreaterThan(0.05);
  });
  it('is not stretched by a few spans of no length: they stand in the lowest row, which reaches down to nothing', () => {
    const layout = layoutHeatMap([cell(0, 0, 2), cell(0, 80, 1000), cell(0, 100, 1)], field);
    expect([layout.low, layout.high, layout.clipped]).toEqual([55, 102, true]);
    // Below the lowest row one is left free.
    expect(layout.rects[0]?.y).toBeCloseTo(field.height - 2 * layout.rowHeight, 9);
    expect(brushed({ x0: 0, y0: 0, x1: 500, y1: 199 }, field, layout, 8)?.minMs).toBe(0);
    expect(brushed({ x0: 0, y0: 0, x1: 500, y1: 150 }, field, layout, 8)?.minMs).toBeGreaterThan(0);
  });
  it('leaves out what lies outside, and is empty for nothing', () => {
    expect(layoutHeatMap([cell(-200, 80), cell(1000, 80)], field).rects).toEqual([]);
    expect(layoutHeatMap([], field)).toMatchObject({ rects: [], rowHeight: 0 });
  });
});

test('a bucket begins where it says, and ticks are round', () => {
  expect(bucketMs(Math.log2(1e6) * 8, 8)).toBeCloseTo(1, 9);
  const low = Math.log2(0.5e6) * 8;
  const high = Math.log2(200e6) * 8;
  expect(heatTicks(low, high, 8).map(({ ms }) => ms)).toEqual([1, 10, 100]);
});

test.each([
  [
    { x0: 100, y0: 0, x1: 200, y1: 100 },
    { from: 200, to: 400 },
  ],
  [
    { x0: 200, y0: 100, x1: 100, y1: 0 },
    { from: 200, to: 400 },
  ],
  [{ x0: 10, y0: 10, x1: 12, y1: 100 }, undefined],
])('the rectangle %j is %j', (box, expected) => {
  const range = brushed(box, field, { low: 80, high: 96, clipped: false }, 8);
  if (expected === undefined) return expect(range).toBeUndefined();
  expect(range).toMatchObject(expected);
  expect(range?.maxMs).toBeCloseTo(bucketMs(96, 8), 9);
  expect(range?.minMs).toBeCloseTo(bucketMs(88, 8), 9);
});
