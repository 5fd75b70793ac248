import { describe, expect, test } from 'vitest';
import { runScript } from '../promqltest/run-script.ts';
import { InMemoryTarget } from '../test-support/in-memory-target.ts';

/** Runs a script both with reductions at the source and without; answers what differs. */
async function differences(script: string): Promise<string[]> {
  const found: string[] = [];
  for (const reduces of [true, false]) {
    const target = new InMemoryTarget();
    target.source.reduces = reduces;
    const run = await runScript(script.replaceAll('\neval', '\n\neval'), target);
    if (!run.ok) throw new Error(run.error);
    expect(run.value.length).toBeGreaterThan(0);
    for (const { line, difference } of run.value) if (difference !== undefined) found.push(`${line}: ${difference}`);
  }
  return found;
}

const till = `
load 1m
  orders_total{store="berlin", lane="1"} 0+60x20
  orders_total{store="berlin", lane="2"} 0+120x20
  orders_total{store="oslo", lane="1"} 0+30x10 0+30x9
  till_temperature{store="berlin"} 20 21 stale 23 24x16
  till_info{store="berlin", manager="ada"} 1x20
  till_info{store="oslo", manager="bo"} 1x20
  latency_bucket{le="0.1", store="berlin"} 0+10x20
  latency_bucket{le="1", store="berlin"} 0+30x20
  latency_bucket{le="+Inf", store="berlin"} 0+40x20
`;

const scripts: Readonly<Record<string, string>> = {
  'rates by group': `${till}
eval instant at 10m sum by (store) (rate(orders_total[5m]))
  {store="berlin"} 3
  {store="oslo"} 0.5
eval range from 9m to 12m step 1m sum without (lane) (increase(orders_total{store="oslo"}[2m]))
  {store="oslo"} 60 60 0 30
eval instant at 10m avg(orders_total)
  expect no_info
  {} 700
`,
  'staleness marks end a series': `${till}
eval range from 0 to 4m step 1m till_temperature
  till_temperature{store="berlin"} 20 21 _ 23 24
`,
  'vector matching': `${till}
eval instant at 10m rate(orders_total[5m]) * on (store) group_left (manager) till_info
  {store="berlin", lane="1", manager="ada"} 1
  {store="berlin", lane="2", manager="ada"} 2
  {store="oslo", lane="1", manager="bo"} 0.5
eval instant at 10m till_info * on (store) orders_total
  expect fail msg:found duplicate series for the match group {store="berlin"} on the right hand-side of the operation: [{__name__="orders_total", lane="1", store="berlin"}, {__name__="orders_total", lane="2", store="berlin"}];many-to-many matching not allowed: matching labels must be unique on one side
eval instant at 10m orders_total * on (store) till_info
  expect fail msg:multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)
eval instant at 10m till_info unless on (store) till_temperature
  till_info{store="oslo", manager="bo"} 1
eval instant at 10m sum by (store) (till_info) + fill(10) sum by (store) (till_temperature)
  {store="berlin"} 25
  {store="oslo"} 11
`,
  'classic histograms': `${till}
eval instant at 10m histogram_quantile(0.5, rate(latency_bucket[5m]))
  {store="berlin"} 0.55
eval instant at 10m histogram_fraction(0, 0.1, latency_bucket)
  {store="berlin"} 0.25
`,
  'selection and order': `${till}
eval instant at 10m topk(1, orders_total)
  orders_total{store="berlin", lane="2"} 1200
eval instant at 10m sort_desc(orders_total)
  expect ordered
  orders_total{store="berlin", lane="2"} 1200
  orders_total{store="berlin", lane="1"} 600
  orders_total{store="oslo", lane="1"} 300
eval instant at 10m count(limit_ratio(0.4, orders_total) or limit_ratio(-0.6, orders_total))
  {} 3
`,
  'scans that differ in a number alone': `${till}
eval instant at 10m quantile_over_time(Inf, till_info[5m]) - ignoring (store) group_left quantile_over_time(-Inf, till_info{store="oslo"}[5m]) > 0 or quantile_over_time(-Inf, till_info[5m])
  {store="berlin", manager="ada"} -Inf
  {store="oslo", manager="bo"} Inf
`,
  'subqueries and shifts': `${till}
eval instant at 10m max_over_time(sum(rate(orders_total[2m]))[4m:1m])
  {} 3.5
eval instant at 10m orders_total{lane="2"} @ 120 offset 1m
  orders_total{store="berlin", lane="2"} 120
eval range from 8m to 10m step 1m predict_linear(orders_total{lane="2"}[5m] offset 2m, 60)
  {store="berlin", lane="2"} 1080 1200 1320
`,
  'names are kept where they still fit': `${till}
eval instant at 10m label_replace(-till_info, "__name__", "$1", "store", "(o.*)")
  {store="berlin", manager="ada"} -1
  oslo{store="oslo", manager="bo"} -1
eval instant at 10m -{store="oslo", lane=""} or -{manager="bo"}
  {store="oslo", manager="bo"} -1
`,
};

describe('scripts over samples in memory', () => {
  test.each(Object.entries(scripts))('%s', async (_name, script) => {
    expect(await differences(script)).toEqual([]);
  });
});
