import { expect, test } from 'vitest';
import { describeTimeRange, endsOf, readTimeRange, writeTimeRange } from './time-range.ts';

const hourMs = 3_600_000;
const now = 1_796_000_000_000;

test.each<[string, Record<string, string>, string, number]>([
  ['nothing is the last hour', {}, 'Last hour', 1],
  ['one that is offered', { range: '24h' }, 'Last 24 hours', 24],
  ['one that is not', { range: '3h' }, 'Last 3 hours', 3],
  ['weeks', { range: '2w' }, 'Last 2 weeks', 14 * 24],
  ['a year', { range: '1y' }, 'Last year', 365 * 24],
  ['as Grafana writes it', { from: 'now-6h', to: 'now' }, 'Last 6 hours', 6],
  ['one longer than anything is kept', { range: '9y' }, 'Last hour', 1],
  ['no number', { range: 'h' }, 'Last hour', 1],
  ['zero', { range: '0h' }, 'Last hour', 1],
  ['a unit that there is not', { range: '5q' }, 'Last hour', 1],
  ["Grafana's with another end", { from: 'now-6h', to: 'now-1h' }, 'Last hour', 1],
])('%s', (_what, search, words, hours) => {
  const range = readTimeRange(search);
  expect(describeTimeRange(range)).toBe(words);
  expect(endsOf(range, now)).toEqual({ from: now - hours * hourMs, to: now });
  expect(readTimeRange({ ...search, ...writeTimeRange(range) })).toEqual(range);
});

test('fixed ends go before a length', () => {
  expect(readTimeRange({ from: '1000', to: '2000', range: '6h' })).toEqual({ kind: 'fixed', from: 1000, to: 2000 });
});
