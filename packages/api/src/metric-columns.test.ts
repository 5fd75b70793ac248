import type { Answer, QueryValue } from '@sightline/query/promql';
import { expect, test } from 'vitest';
import { faultPosition, metricColumns } from './metric-columns.ts';

const answer = (value: QueryValue): Answer => ({ value, warnings: [], infos: [], samples: 1 });
const series = (name: string, points: Record<number, number>) => ({
  labels: { name },
  floats: { times: Float64Array.from(Object.keys(points), Number), values: Float64Array.from(Object.values(points)) },
  histograms: [],
});

test('a range becomes columns over its grid: what is missing is null, what is no number is named', () => {
  const value = {
    type: 'matrix',
    series: [series('a', { 1000: 1, 3000: NaN }), series('b', { 2000: -Infinity })],
  } as const;
  const found = metricColumns(answer(value), 10, { startMs: 1000, stepMs: 1000, count: 3 });
  expect(found.times).toEqual([1000, 2000, 3000]);
  expect(found.series.map(({ values }) => values)).toEqual([
    [1, null, null],
    [null, null, null],
  ]);
  expect(found.odd).toEqual([
    { series: 0, index: 2, value: 'NaN' },
    { series: 1, index: 1, value: '-Inf' },
  ]);
});

test('series over the limit are counted', () => {
  const value = {
    type: 'matrix',
    series: [series('a', { 1: 1 }), series('b', { 1: 2 }), series('c', { 1: 3 })],
  } as const;
  expect(metricColumns(answer(value), 2, { startMs: 1, stepMs: 1, count: 1 })).toMatchObject({
    more: 1,
    series: [{}, {}],
  });
});

test('raw samples of an instant query stand at the times of all', () => {
  const value = { type: 'matrix', series: [series('a', { 5: 1, 9: 2 }), series('b', { 7: 3 })] } as const;
  expect(metricColumns(answer(value), 10)).toMatchObject({
    times: [5, 7, 9],
    series: [{ values: [1, null, 2] }, { values: [null, 3, null] }],
  });
});

test.each<[QueryValue, object]>([
  [
    { type: 'scalar', atMs: 5, value: 2 },
    { type: 'scalar', times: [5], series: [{ labels: {}, values: [2] }] },
  ],
  [
    { type: 'string', atMs: 5, value: 'x' },
    { type: 'string', text: 'x', series: [] },
  ],
  [
    { type: 'vector', atMs: 5, samples: [{ labels: { a: 'b' }, value: Infinity }] },
    { type: 'vector', odd: [{ series: 0, index: 0, value: '+Inf' }] },
  ],
])('%j', (value, expected) => {
  expect(metricColumns(answer(value), 10)).toMatchObject(expected);
});

test.each([
  ['1:8: parse error: unexpected end of input', 'sum(up){', { from: 7, to: 8 }],
  ['2:3: parse error: unexpected identifier "bad"', 'a +\n  bad word', { from: 6, to: 9 }],
  ['invalid parameter "query": 1:1: parse error: x', 'foo', { from: 0, to: 3 }],
  ['1:99: parse error: past the end', 'up', { from: 2, to: 2 }],
  ['query timed out', 'up', undefined],
])('%s points into the text', (message, expression, expected) => {
  expect(faultPosition(message, expression)).toEqual(expected);
});
