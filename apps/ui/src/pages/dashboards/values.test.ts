import { dashboardPanel } from '@sightline/contract';
import { expect, test } from 'vitest';
import { boundText, formatOf, toneOf } from './values.ts';

const panel = (more: object) =>
  dashboardPanel.parse({ id: 'x', type: 'stat', place: { x: 0, y: 0, w: 4, h: 4 }, ...more });

test.each([
  [0.001, 'good'],
  [0.01, 'warn'],
  [0.049, 'warn'],
  [9, 'bad'],
  [null, 'idle'],
])('%s is %s', (value, tone) => {
  const limits = {
    base: 'good',
    steps: [
      { at: 0.05, tone: 'bad' },
      { at: 0.01, tone: 'warn' },
    ],
  };
  expect(toneOf(panel({ thresholds: limits }), value)).toBe(tone);
});

test.each([
  ['share', null, 0.824, '82 %'],
  ['share', 1, 0.824, '82.4 %'],
  ['%', 2, 12.5, '12.50 %'],
  ['s', 1, 0.34, '340 ms'],
  ['By', null, 1500, '1.5 kB'],
  ['{orders}', 0, 12.4, '12 orders'],
  ['/s', 1, 3, '3.0/s'],
  ['USD/h', null, 1240, '$1,240/h'],
  ['', 2, 1, 'open'],
])('in %s with %s decimals, %d is %s', (unit, decimals, value, expected) => {
  const words = expected === 'open' ? [{ value: 1, text: 'open' }] : [];
  expect(formatOf(panel({ unit, options: { decimals, words } }))(value)).toBe(expected);
});

test.each([
  ['0.25', 's', '250 ms'],
  ['+Inf', 's', '∞'],
  ['1e+06', '', '1M'],
])('a bound of %s is %s', (le, unit, expected) => {
  expect(boundText(le, unit)).toBe(expected);
});
