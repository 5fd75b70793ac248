import { expect, test } from 'vitest';
import { degreeLines } from './degree-lines.ts';

const inside = ({ degrees }: ReturnType<typeof degreeLines>, kind: string, low: number, high: number): string[] =>
  degrees
    .filter((one) => one.kind === kind)
    .filter(
      ({ place: [lon, lat] }) =>
        (kind === 'longitude' ? lon : lat) >= low && (kind === 'longitude' ? lon : lat) <= high,
    )
    .map(({ text }) => text);

test('a chain in Germany has a handful of lines, named', () => {
  const found = degreeLines({ west: 7, east: 13.4, south: 48.1, north: 53.6 });
  expect(inside(found, 'longitude', 7, 13.4)).toEqual(['7° E', '8° E', '9° E', '10° E', '11° E', '12° E', '13° E']);
  expect(inside(found, 'latitude', 48.1, 53.6)).toEqual(['49° N', '50° N', '51° N', '52° N', '53° N']);
});

test('lines are named on both sides of Greenwich, the equator and the date line', () => {
  const found = degreeLines({ west: -10, east: 10, south: -8, north: 4 });
  expect(inside(found, 'longitude', -10, 10)).toEqual(['10° W', '5° W', '0°', '5° E', '10° E']);
  expect(inside(found, 'latitude', -8, 4)).toEqual(['5° S', '0°']);
  const pacific = degreeLines({ west: 170, east: 205, south: -40, north: -10 });
  expect(inside(pacific, 'longitude', 170, 205)).toEqual([
    '170° E',
    '175° E',
    '180°',
    '175° W',
    '170° W',
    '165° W',
    '160° W',
    '155° W',
  ]);
});

test('however wide or narrow, there are lines, and not many', () => {
  for (const [west, east] of [
    [-179, 179],
    [10, 11.5],
    [2, 30],
  ] as const) {
    const { degrees } = degreeLines({ west, east, south: 40, north: 41.5 });
    const count = degrees.filter(
      ({ kind, place }) => kind === 'longitude' && place[0] >= west && place[0] <= east,
    ).length;
    expect(count).toBeGreaterThanOrEqual(3);
    expect(count).toBeLessThanOrEqual(14);
  }
});
