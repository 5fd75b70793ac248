import { showSampleValue } from '@sightline/query/promql';
import { expect, test } from 'vitest';
import { valuePieces } from './write-value.ts';

function textOf(pieces: Iterable<string | Uint8Array>): string {
  return Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))).toString();
}

test('every value of a long series is written as it would be alone', () => {
  const odd = [
    0,
    -0,
    1,
    -1.5,
    1 / 3,
    1e-6,
    1e-7,
    -2.5e-12,
    5e-324,
    1e20,
    1e21,
    -3e300,
    Number.NaN,
    Infinity,
    -Infinity,
  ];
  const values = Float64Array.from({ length: 1500 }, (_, i) => odd[i % odd.length]! * (i % 7 === 0 ? 1.1 : 1));
  const times = Float64Array.from(values, (_, i) => i * 1500);
  const series = [{ labels: { b: 'say "x"', a: '1' }, floats: { times, values }, histograms: [] }];
  const text = textOf(valuePieces({ type: 'matrix', series }, ''));
  expect(JSON.parse(text)).toEqual({
    resultType: 'matrix',
    result: [
      {
        metric: { a: '1', b: 'say "x"' },
        values: Array.from(values, (value, i) => [i * 1.5, showSampleValue(value)]),
      },
    ],
  });
});

test('texts of any length and series of any number of points are pieced together', () => {
  const counts = [0, 1, 511, 20_000, 3];
  const series = counts.map((count, i) => ({
    labels: { text: 'ж"\u2028'.repeat(2000 * i) },
    floats: {
      times: Float64Array.from({ length: count }, (_, k) => 1_764_460_800_000 - (i === 2 ? 250 : 0) + 500 * k),
      values: Float64Array.from({ length: count }, (_, k) => k / 7),
    },
    histograms: [],
  }));
  const pieces = [...valuePieces({ type: 'matrix', series }, ',"more":1')];
  expect(JSON.parse(textOf(pieces))).toEqual({
    resultType: 'matrix',
    result: series.map(({ labels, floats: { times, values } }) => ({
      metric: labels,
      ...(times.length > 0
        ? { values: Array.from(times, (time, k) => [time / 1000, showSampleValue(values[k]!)]) }
        : {}),
    })),
    more: 1,
  });
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(200_000);
});
