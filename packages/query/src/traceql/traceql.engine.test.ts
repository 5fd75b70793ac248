import type { EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { treeOf } from '../traces/analyse/trace-tree.ts';
import { endMs, fillTraces, hourMs, openSmallStore } from '../test-support/small-store.ts';
import { ConditionSql } from './condition-sql.ts';
import { atHand, isTrue, runPipeline, type TraceAtHand } from './evaluate.ts';
import { fullSpanColumns, toFullSpan, type FullSpan, type FullSpanColumns } from './full-span.ts';
import { traceqlMetrics } from './metrics-traceql.ts';
import { parseTraceql } from './parse.ts';
import { searchTraceql } from './search-traceql.ts';

let store: EmbeddedStore;
let close: () => Promise<void>;
let traces: TraceAtHand[];
const count = 300;
const range = { organisation: 'acme', fromMs: endMs - 6 * hourMs, toMs: endMs };

beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  await fillTraces(store, 'acme', count);
  await fillTraces(store, 'rival', 20);
  const rows = await store.query<FullSpanColumns>(`SELECT ${fullSpanColumns} FROM spans WHERE organisation = 'acme'`);
  const byTrace = new Map<string, FullSpan[]>();
  for (const row of rows) {
    const span = toFullSpan(row);
    byTrace.set(span.traceId, [...(byTrace.get(span.traceId) ?? []), span]);
  }
  traces = [...byTrace.values()].map((spans) => atHand(treeOf(spans)));
});
afterAll(() => close());

function pipelineOf(query: string) {
  const parsed = parseTraceql(query);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value.pipeline;
}

test.each([
  '{}',
  '{ status = error }',
  '{ name = "authorise card" && duration > 1s }',
  '{ .http.status_code = 502 }',
  '{ span.http.status_code != "502" }',
  '{ .http.status_code > 300 }',
  '{ resource.service.name =~ "pay.*|inv.*" }',
  '{ .http.status_code = nil }',
  '{ nestedSetParent < 0 && duration > 1.5s }',
  '{ statusMessage =~ "Card.+" }',
  '{ kind = client }',
  '{ parent.name = "place order" }',
  '{ rootName = "checkout" && name = "reserve stock" }',
  '{ traceDuration > 2s }',
  '{ name = "checkout" } >> { status = error }',
  '{ name = "checkout" } > { status = error }',
  '{ name = "authorise card" } ~ { name = "reserve stock" }',
  '{ status = error } !<< { name = "checkout" }',
  '{ name = "checkout" } !>> { status = error }',
  '{ name = "nothing" } || { status = error }',
  '{ name = "nothing" } && { status = error }',
  '{ kind = server } | count() > 3',
  '{} | avg(duration) > 1.6s',
  '{} | by(resource.service.name) | max(duration) > 1.9s',
])('%s: as if every trace were looked at', async (query) => {
  const pipeline = pipelineOf(query);
  const expected = new Map(
    traces.map((trace) => [trace.tree.spans[0]?.span.traceId ?? '', runPipeline(pipeline, trace)]),
  );
  const matching = [...expected].filter(([, groups]) => groups.length > 0);
  const found = await searchTraceql(store, { ...range, query, limit: 1000, spansPerSet: 3 });
  if (!found.ok) throw new Error(found.error.message);
  expect(found.value.complete).toBe(true);
  expect(found.value.traces).toHaveLength(matching.length);
  for (const { traceId, sets } of found.value.traces) {
    expect(sets.map(({ matched }) => matched)).toEqual(expected.get(traceId)?.map(({ spans }) => spans.length));
  }
  // A page is the beginning of the whole.
  const few = await searchTraceql(store, { ...range, query, limit: 5, spansPerSet: 3 });
  expect(few.ok && few.value.traces.map(({ traceId }) => traceId)).toEqual(
    found.value.traces.slice(0, 5).map(({ traceId }) => traceId),
  );
});

test.each([
  '{ !(.http.status_code = 200) }',
  '{ .http.status_code + 1 = 503 }',
  '{ -duration < -1.9s }',
  '{ name !~ "check.*" && (kind = client || status = error) }',
  '{ span.http.status_code != nil && resource.nothing = nil }',
  '{ parent != nil }',
  '{ nestedSetParent > 0 }',
  '{ "checkout" = name }',
  '{ duration / 2 > 700ms }',
  '{ .correlation.id =~ ".*" }',
])('%s: SQL and evaluation agree on every span', async (query) => {
  const [stage] = pipelineOf(query).stages;
  const condition = stage?.kind === 'spanset' && stage.spanset.kind === 'filter' ? stage.spanset.condition : undefined;
  if (!condition) throw new Error('no condition');
  const compiler = new ConditionSql();
  const compiled = compiler.condition(condition);
  expect(compiled.exact).toBe(true);
  const rows = await store.query<{ id: string }>(
    `SELECT concat(lower(hex(trace_id)), lower(hex(span_id))) AS id FROM spans WHERE organisation = 'acme' AND ${compiled.sql} ORDER BY id`,
    compiler.parameters,
  );
  const expected = traces.flatMap((trace) =>
    trace.tree.spans.filter((span) => isTrue(condition, span, trace)).map(({ span }) => span.traceId + span.spanId),
  );
  expect(rows.map(({ id }) => id)).toEqual(expected.toSorted());
});

test('what select() names and conditions look at comes with the spans; another organisation is not seen', async () => {
  const query = '{ .http.status_code = 502 && name = "checkout" } | select(resource.service.name, duration)';
  const found = await searchTraceql(store, { ...range, query, limit: 1, spansPerSet: 3 });
  expect(found.ok && found.value.traces[0]).toMatchObject({
    rootName: 'checkout',
    rootServiceName: 'terminal',
    services: { terminal: { spans: 1, errors: 0 }, payment: { spans: 1, errors: 1 } },
    sets: [
      {
        matched: 1,
        spans: [{ name: 'checkout', values: { '.http.status_code': '502', 'resource.service.name': 'terminal' } }],
      },
    ],
  });
  const other = await searchTraceql(store, {
    ...range,
    organisation: 'rival',
    query: '{}',
    limit: 100,
    spansPerSet: 1,
  });
  expect(other.ok && other.value.traces).toHaveLength(20);
  const longer = await searchTraceql(store, { ...range, query: '{}', limit: 1000, spansPerSet: 1, minMs: 2000 });
  expect(longer.ok && longer.value.traces.every(({ durationMs }) => durationMs >= 2000)).toBe(true);
});

describe('metrics', () => {
  const stepMs = hourMs;
  const ask = async (query: string) => {
    const found = await traceqlMetrics(store, { ...range, stepMs, query });
    if (!found.ok) throw new Error(found.error.message);
    return found.value.map(({ labels, samples }) => ({
      labels: labels.map(([name, value]) => `${name}=${value}`).join(','),
      samples: samples.map(({ value }) => value),
    }));
  };
  const sum = (values: readonly number[] | undefined): number =>
    (values ?? []).reduce((total, value) => total + value, 0);

  test('counts and rates, whole and by service', async () => {
    const [whole] = await ask('{} | count_over_time()');
    expect(whole?.samples).toHaveLength(6);
    expect(sum(whole?.samples)).toBe(count * 5);
    const [rate] = await ask('{ status = error } | rate()');
    expect(sum(rate?.samples) * 3600).toBeCloseTo(count / 4);
    const by = await ask('{} | count_over_time() by (resource.service.name, span.nothing)');
    expect(by.map(({ labels }) => labels).toSorted()[0]).toBe('resource.service.name=gateway,span.nothing=nil');
    expect(by.map(({ samples }) => sum(samples))).toEqual([count, count, count, count, count]);
  });
  test('numbers over time: durations in seconds', async () => {
    const [most] = await ask('{ name = "checkout" } | max_over_time(duration)');
    expect(Math.max(...(most?.samples ?? []))).toBeGreaterThan(2);
    const quantiles = await ask('{ name = "checkout" } | quantile_over_time(duration, 0.5, 1)');
    expect(quantiles.map(({ labels }) => labels)).toEqual(['p=0.5', 'p=1']);
    const [codes] = await ask('{} | avg_over_time(.http.status_code)');
    // One in four failed; the hour cuts a trace.
    expect(codes?.samples[0]).toBeGreaterThan(265);
    expect(codes?.samples[0]).toBeLessThan(290);
    const buckets = await ask('{ name = "checkout" } | histogram_over_time(duration)');
    expect(sum(buckets.flatMap(({ samples }) => samples))).toBe(count);
    expect(buckets.map(({ labels }) => labels).toSorted()).toEqual(['__bucket=2', '__bucket=4']);
  });
  test('topk keeps the largest of each step', async () => {
    const top = await ask('{} | sum_over_time(duration) by (name) | topk(1)');
    expect(top.map(({ labels }) => labels)).toEqual(['name=checkout']);
    const least = await ask('{} | sum_over_time(duration) by (name) | bottomk(1)');
    expect(least.map(({ labels }) => labels)).toEqual(['name=reserve stock']);
  });
  test('compare tells what is different inside the selection', async () => {
    const found = await traceqlMetrics(store, {
      ...range,
      stepMs,
      query: '{ name = "authorise card" } | compare({ status = error }, 3)',
    });
    if (!found.ok) throw new Error(found.error.message);
    const texts = found.value.map(
      ({ labels, samples }) => `${labels.map(([n, v]) => `${n}=${v}`).join(',')} ${samples[0]?.value}`,
    );
    expect(texts).toContain('__meta_type=selection,span.http.status_code=502 75');
    expect(texts).toContain('__meta_type=baseline,span.http.status_code=200 225');
  });
  test.each([
    ['{}', 'expected a metrics function'],
    ['{} >> {} | rate()', 'an operator between spansets'],
    ['{ parent.name = "x" } | rate()', 'other spans of the trace'],
    ['{} | rate() by (rootName)', 'cannot be answered'],
    ['{} | count() > 1 | rate()', 'an aggregate'],
  ])('%s is refused', async (query, message) => {
    const found = await traceqlMetrics(store, { ...range, stepMs, query });
    expect(found.ok ? '' : found.error.message).toContain(message);
  });
  test('too many steps are refused', async () => {
    expect((await traceqlMetrics(store, { ...range, stepMs: 1, query: '{} | rate()' })).ok).toBe(false);
  });
});
