import { parsePromql } from '@sightline/query/promql';
import { expect, test } from 'vitest';
import { explainSteps } from './explain-promql.ts';

const steps = (text: string): string[] => {
  const parsed = parsePromql(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return explainSteps(parsed.value).map(({ depth, kind, query }) => `${'  '.repeat(depth)}${kind}: ${query}`);
};

test('each step stands before what it is made of; windows are counted, parentheses are no step', () => {
  expect(steps('topk(3, sum by (site)(rate(a_total{x="y"}[5m])) / (b * 2))')).toEqual([
    'aggregation: topk(3, sum by (site) (rate(a_total{x="y"}[5m])) / (b * 2))',
    '  number: ',
    '  operator: sum by (site) (rate(a_total{x="y"}[5m])) / (b * 2)',
    '    aggregation: sum by (site) (rate(a_total{x="y"}[5m]))',
    '      function: rate(a_total{x="y"}[5m])',
    '        selector over a window: count_over_time(a_total{x="y"}[5m])',
    '    operator: b * 2',
    '      selector: b',
    '      number: ',
  ]);
});

test('what is asked of each step is PromQL', () => {
  for (const text of [
    'max_over_time(rate(a[5m])[1h:1m])',
    '-a offset 5m',
    'label_replace(a, "x", "$1", "y", "(.*)")',
  ]) {
    const parsed = parsePromql(text);
    if (!parsed.ok) throw new Error(parsed.error.message);
    for (const { query } of explainSteps(parsed.value))
      if (query !== '') expect(parsePromql(query).ok, query).toBe(true);
  }
});
