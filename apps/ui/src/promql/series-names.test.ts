import { expect, test } from 'vitest';
import { seriesNames, seriesText } from './series-names.ts';

const till = (site: string, more: object = {}) => ({ __name__: 'orders', site, ...more });

test('a legend is filled in', () => {
  expect(seriesNames([till('A'), till('B')], 'at {{site}} {{ missing }}!', 'x')).toEqual(['at A !', 'at B !']);
});

test('without a legend the labels tell that differ', () => {
  expect(seriesNames([till('A'), till('B')], '', 'x')).toEqual(['A', 'B']);
  expect(seriesNames([till('A', { le: '1' }), till('B', { le: '2' }), till('B')], '', 'x')).toEqual([
    'site=A, le=1',
    'site=B, le=2',
    'site=B',
  ]);
  expect(seriesNames([{}], '', 'sum(orders)')).toEqual(['sum(orders)']);
  expect(seriesNames([till('A')], '', 'x')).toEqual(['orders{site="A"}']);
  expect(seriesNames([], '', 'x')).toEqual([]);
});

test.each([
  [{}, '{}'],
  [{ __name__: 'up' }, 'up'],
  [{ job: 'a"b' }, '{job="a\\"b"}'],
])('%j is written %s', (labels, text) => {
  expect(seriesText(labels)).toBe(text);
});
