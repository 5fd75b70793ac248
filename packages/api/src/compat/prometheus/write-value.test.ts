import { showSampleValue } from '@sightline/query/promql';
import { expect, test } from 'vitest';
import { valuePieces } from './write-value.ts';

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
  const text = [...valuePieces({ type: 'matrix', series }, '')].join('');
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
