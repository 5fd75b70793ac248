import { expect, it } from 'vitest';
import { keepsMeasure } from './keeps-measure.ts';
import { parsePromql } from './parse/parse.ts';

it.each<[string, boolean]>([
  ['histogram_quantile(0.95, sum by (le)(rate(d_seconds_bucket[5m])))', true],
  ['histogram_avg(rate(d_seconds[5m]))', true],
  ['max by (site)(histogram_quantile(0.5, d_seconds_bucket))', true],
  ['sum(rate(d_seconds_sum[5m])) / sum(rate(d_seconds_count[5m]))', true],
  ['sum(increase(d_seconds_sum[5m])) / (sum(increase(d_seconds_count[5m])) > 0)', true],
  ['histogram_quantile(0.95, d_seconds_bucket) > 1', true],
  ['max_over_time(queue_depth[5m])', true],
  ['queue_depth', true],
  ['rate(d_seconds_count[5m])', false],
  ['sum(d_seconds_bucket)', false],
  ['count(queue_depth)', false],
  ['histogram_quantile(0.95, d_seconds_bucket) * 1000', false],
  ['histogram_quantile(0.95, d_seconds_bucket) > bool 1', false],
  ['rate(d_seconds_count[5m]) / rate(d_seconds_sum[5m])', false],
  ['1', false],
])('%s: %j', (text, expected) => {
  const parsed = parsePromql(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  expect(keepsMeasure(parsed.value)).toBe(expected);
});
