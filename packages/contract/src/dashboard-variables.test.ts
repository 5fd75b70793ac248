import { expect, test } from 'vitest';
import { builtInVariables, fillVariables, promDuration, stepFor, type FillContext } from './dashboard-variables.ts';

const variables = {
  site: { values: ['STORE_001'], multi: false },
  sites: { values: ['STORE_001', 'a.b'], multi: true },
  one: { values: ['a.b'], multi: true },
  odd: { values: ['say "hi" \\'], multi: false },
  every: { values: ['.*'], multi: true, asIs: true },
};

test.each<[context: FillContext, text: string, expected: string]>([
  ['promql', 'up{site="$site"}', 'up{site="STORE_001"}'],
  ['promql', 'up{site=~"$sites"}', 'up{site=~"(STORE_001|a\\\\.b)"}'],
  ['promql', 'up{site=~"${one}"}', 'up{site=~"a\\\\.b"}'],
  ['promql', 'up{site=~"[[one]]"}', 'up{site=~"a\\\\.b"}'],
  ['promql', 'up{site=~"$every"}', 'up{site=~".*"}'],
  ['promql', 'up{a="$odd"}', 'up{a="say \\"hi\\" \\\\"}'],
  ['promql', 'label_replace(up, "a", "$1", "b", "(.*)")', 'label_replace(up, "a", "$1", "b", "(.*)")'],
  ['promql', 'up{site=~"${sites:pipe}"}', 'up{site=~"STORE_001|a.b"}'],
  ['promql', 'x{y="$unknown"}', 'x{y="$unknown"}'],
  ['promql', 'x{y="$constructor"}', 'x{y="$constructor"}'],
  ['text', 'Orders of $sites', 'Orders of STORE_001 + a.b'],
  ['address', '/logs?q=$odd', `/logs?q=${encodeURIComponent('say "hi" \\')}`],
  ['logs', 'site:$site', 'site:STORE_001'],
  ['logs', 'site:$sites', 'site:(STORE_001 OR a.b)'],
])('in %s, %s becomes %s', (context, text, expected) => {
  expect(fillVariables(text, variables, context)).toBe(expected);
});

test.each([
  [3_600_000, 240, 15_000],
  [3_600_000, 60, 60_000],
  [1000, 300, 1000],
  [400 * 86_400_000, 100, 4 * 86_400_000],
])('a range of %d ms in %d values has a step of %d ms', (rangeMs, points, expected) => {
  expect(stepFor(rangeMs, points)).toBe(expected);
});

test('durations as PromQL reads them', () => {
  expect([1500, 90_000, 300_000, 7_200_000, 172_800_000].map(promDuration)).toEqual([
    '1500ms',
    '90s',
    '5m',
    '2h',
    '2d',
  ]);
});

test('what every query may refer to', () => {
  const filled = fillVariables(
    'rate(x[$__rate_interval]) $__interval $__range_s',
    builtInVariables(0, 3_600_000, 300_000),
    'promql',
  );
  expect(filled).toBe('rate(x[330s]) 5m 3600');
});
