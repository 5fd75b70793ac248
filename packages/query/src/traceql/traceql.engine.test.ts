import type { EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { treeOf } from '../traces/analyse/trace-tree.ts';
import { listTagValues } from '../traces/trace-index.ts';
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

/** Spans with events and links, and one without. */
async function fillEvents(): Promise<void> {
  const at = `fromUnixTimestamp64Milli(${endMs - hourMs})`;
  const event = (ms: number): string => `fromUnixTimestamp64Milli(${endMs - hourMs + ms})`;
  const span = (id: number, scope: string, times: string, names: string, attrs: string, links: string): string =>
    `('events', 'shop', 'S1', ${at}, ${at}, 5000000, reinterpretAsFixedString(toUInt128(77)), reinterpretAsFixedString(toUInt64(${id})), 'step ${id}', '${scope}', map('n', '${id}'),
      [${times}], [${names}], CAST([${attrs}] AS Array(Map(String, String))), CAST([${links}] AS Array(FixedString(16))), CAST([${links === '' ? '' : `'ab'`}] AS Array(FixedString(8))), CAST([${links === '' ? '' : `map('why', 'batch')`}] AS Array(Map(String, String))))`;
  await store.execute(
    `INSERT INTO spans (organisation, service, site, ts, received_at, duration_ns, trace_id, span_id, name, scope_name, attrs, events.ts, events.name, events.attrs, links.trace_id, links.span_id, links.attrs) VALUES
     ${span(1, 'pg', `${event(1)}, ${event(3)}`, `'retry', 'exception'`, `map('attempt', '2'), map('exception.type', 'TimeoutError', 'fatal', 'true')`, '')},
     ${span(2, '', event(2), `'retry'`, `map('attempt', '3')`, `'cd'`)},
     ${span(3, 'http', '', '', '', '')}`,
  );
}

/** Spans with lists among their attributes, and such that only look so. */
async function fillLists(): Promise<void> {
  const at = `fromUnixTimestamp64Milli(${endMs - hourMs})`;
  const rows = [
    ['1', `'tags', '["x","y \\\\"q\\\\""]', 'nums', '[1,500,2.5]', 'flags', '[true]'`, `'args', '["node","main.js"]'`],
    ['2', `'tags', 'x', 'nums', '500'`, `'args', 'node'`],
    ['3', `'tags', '["z"]', 'nums', '[]'`, ''],
    ['4', `'tags', '[x] is none', 'nums', '["a",7]'`, ''],
    ['5', `'other', '["x"]'`, ''],
  ].map(
    ([id, attrs, res]) =>
      `('lists', 'shop', ${at}, ${at}, reinterpretAsFixedString(toUInt128(${id})), reinterpretAsFixedString(toUInt64(${id})), '${id}', map(${attrs}), CAST(map(${res}) AS Map(LowCardinality(String), String)))`,
  );
  await store.execute(
    `INSERT INTO spans (organisation, service, ts, received_at, trace_id, span_id, name, attrs, res) VALUES ${rows.join(', ')}`,
  );
}

async function tracesOf(organisation: string): Promise<TraceAtHand[]> {
  const rows = await store.query<FullSpanColumns>(
    `SELECT ${fullSpanColumns} FROM spans WHERE organisation = '${organisation}'`,
  );
  const byTrace = new Map<string, FullSpan[]>();
  for (const row of rows) {
    const span = toFullSpan(row);
    byTrace.set(span.traceId, [...(byTrace.get(span.traceId) ?? []), span]);
  }
  return [...byTrace.values()].map((spans) => atHand(treeOf(spans)));
}

beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  await fillTraces(store, 'acme', count);
  await fillTraces(store, 'rival', 20);
  await fillEvents();
  await fillLists();
  traces = await tracesOf('acme');
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
])('%s: SQL and evaluation agree on every span', async (query) =>
  expect(await agreed('acme', traces, query)).toBe(true),
);

test.each<[string, string]>([
  ['{ span.tags = "x" }', '1 2'],
  ['{ .tags = "x" }', '1 2'],
  ['{ "x" = .tags }', '1 2'],
  ['{ .tags = "y \\"q\\"" }', '1'],
  ['{ .tags != "x" }', '3 4'],
  ['{ .tags =~ "[xz]" }', '1 2 3'],
  ['{ .tags !~ "[xz]" }', '4'],
  ['{ .tags = "[x] is none" }', '4'],
  ['{ .tags != nil }', '1 2 3 4'],
  ['{ span.nums = 500 }', '1 2'],
  ['{ span.nums = 2.5 }', '1'],
  ['{ span.nums > 400 }', '1 2'],
  ['{ 400 < span.nums }', '1 2'],
  ['{ span.nums < 8 }', '1 4'],
  ['{ span.nums != 500 }', ''],
  ['{ span.nums != 1 }', '2'],
  ['{ span.flags = true }', '1'],
  ['{ resource.args = "main.js" }', '1'],
  ['{ resource.args = "node" && .tags = "x" }', '1 2'],
  ['{ .args != "node" }', ''],
])('of a list any element is looked at, for a denial all: %s', async (query, names) => {
  const found = await searchTraceql(store, { ...range, organisation: 'lists', query, limit: 10, spansPerSet: 3 });
  if (!found.ok) throw new Error(found.error.message);
  expect(
    found.value.traces
      .map(({ rootName }) => rootName)
      .toSorted()
      .join(' '),
  ).toBe(names);
  expect(await agreed('lists', await tracesOf('lists'), query)).toBe(true);
});

test('values of a list are its elements, and are scrubbed with it', async () => {
  const scope = { ...range, organisation: 'lists', environment: '', site: '', boundTo: '', service: '' };
  const { found } = await listTagValues(store, scope, { key: 'tags', places: ['span'] }, { most: 10 });
  expect(found.toSorted()).toEqual(['[x] is none', 'x', 'y "q"', 'z']);
  await store.execute(
    `ALTER TABLE spans UPDATE attrs = mapApply((k, v) -> (k, replaceAll(v, 'z', '*')), attrs) WHERE organisation = 'lists'`,
    {},
    { settings: { mutations_sync: 1 } },
  );
  const rows = await store.query<{ elements: string[] }>(
    `SELECT elements FROM spans WHERE organisation = 'lists' AND name = '3'`,
  );
  expect(rows).toEqual([{ elements: ['*'] }]);
});

test.each<[string, string[]]>([
  ['{ event:name = "retry" }', ['step 1', 'step 2']],
  ['{ event:name != "retry" }', ['step 1']],
  ['{ event:name = nil }', ['step 3']],
  ['{ !(event:name =~ "exc.*") }', ['step 2', 'step 3']],
  ['{ event:timeSinceStart > 1500us }', ['step 1', 'step 2']],
  ['{ event:timeSinceStart > 2500us }', ['step 1']],
  ['{ event.attempt = 3 }', ['step 2']],
  ['{ event.attempt >= 2 }', ['step 1', 'step 2']],
  ['{ event.exception.type =~ "Time.*" }', ['step 1']],
  ['{ event.fatal }', ['step 1']],
  ['{ event.fatal = true }', ['step 1']],
  ['{ event.fatal != nil && span.n = "1" }', ['step 1']],
  ['{ event.fatal = nil }', ['step 2', 'step 3']],
  [`{ link:traceID =~ "6364.*" }`, ['step 2']],
  [`{ link:spanID != "00" }`, ['step 2']],
  ['{ link.why = "batch" }', ['step 2']],
  ['{ link.why = nil }', ['step 1', 'step 3']],
  ['{ instrumentation:name = "pg" }', ['step 1']],
  ['{ instrumentation:name = nil }', ['step 2']],
  ['{ instrumentation:version = nil }', ['step 1', 'step 2', 'step 3']],
  ['{ instrumentation.language = "go" }', []],
])('%s: SQL and evaluation agree on events and links: %j', async (query, names) => {
  const ofEvents = await tracesOf('events');
  expect(await agreed('events', ofEvents, query)).toBe(true);
  const [stage] = pipelineOf(query).stages;
  const condition = stage?.kind === 'spanset' && stage.spanset.kind === 'filter' ? stage.spanset.condition : undefined;
  const found = ofEvents.flatMap((trace) =>
    trace.tree.spans.filter((span) => condition && isTrue(condition, span, trace)).map(({ span }) => span.name),
  );
  expect(found.toSorted()).toEqual(names);
});

/** Whether a filter means the same in SQL and evaluated. */
async function agreed(organisation: string, of: readonly TraceAtHand[], query: string): Promise<boolean> {
  const [stage] = pipelineOf(query).stages;
  const condition = stage?.kind === 'spanset' && stage.spanset.kind === 'filter' ? stage.spanset.condition : undefined;
  if (!condition) throw new Error('no condition');
  const compiler = new ConditionSql();
  const compiled = compiler.condition(condition);
  expect(compiled.exact).toBe(true);
  const rows = await store.query<{ id: string }>(
    `SELECT concat(lower(hex(trace_id)), lower(hex(span_id))) AS id FROM spans WHERE organisation = '${organisation}' AND ${compiled.sql} ORDER BY id`,
    compiler.parameters,
  );
  const expected = of.flatMap((trace) =>
    trace.tree.spans.filter((span) => isTrue(condition, span, trace)).map(({ span }) => span.traceId + span.spanId),
  );
  expect(rows.map(({ id }) => id)).toEqual(expected.toSorted());
  return true;
}

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
  test('a comparison keeps samples, a hint says how many exemplars', async () => {
    const all = await ask('{} | count_over_time() by (name)');
    expect(all).toHaveLength(5);
    expect(await ask('{} | count_over_time() by (name) > 1000')).toEqual([]);
    const some = await ask('{ name = "checkout" } | max_over_time(duration) > 1s');
    expect(some).toHaveLength(1);
    expect(await ask('{ name = "checkout" } | max_over_time(duration) > 3s')).toEqual([]);
    const top = await ask('{} | sum_over_time(duration) by (name) | topk(2) > 0 | bottomk(1)');
    expect(top.map(({ labels }) => labels)).toEqual(['name=POST /orders']);
  });
  test('events can be grouped by and measured', async () => {
    const found = await traceqlMetrics(store, {
      ...range,
      organisation: 'events',
      stepMs,
      query: '{ event:name != nil } | max_over_time(event.attempt) by (event:name, instrumentation:name)',
    });
    expect(found.ok && found.value.map(({ labels, samples }) => [labels, samples[0]?.value])).toEqual([
      [
        [
          ['event:name', 'retry'],
          ['instrumentation:name', 'nil'],
        ],
        3,
      ],
      [
        [
          ['event:name', 'retry'],
          ['instrumentation:name', 'pg'],
        ],
        2,
      ],
    ]);
  });

  describe('exemplars', () => {
    const exemplars = async (query: string, more: object = {}) => {
      const found = await traceqlMetrics(store, { ...range, stepMs, exemplars: 40, query, ...more });
      if (!found.ok) throw new Error(found.error.message);
      return found.value.flatMap(({ exemplars: own, labels, samples }) =>
        own.map((one) => ({ ...one, of: labels, samples, labels: Object.fromEntries(one.labels) })),
      );
    };
    test('spans of every step, each trace once, at the value of the sample', async () => {
      const found = await exemplars('{ name = "checkout" } | rate()');
      expect(found.length).toBeGreaterThan(30);
      expect(found.length).toBeLessThanOrEqual(40);
      expect(new Set(found.map(({ labels }) => labels['trace:id'])).size).toBe(found.length);
      for (const one of found) {
        const step = Math.floor(one.atMs / stepMs) * stepMs;
        expect(one.value).toBe(one.samples.find(({ atMs }) => atMs === step)?.value);
        expect(one.labels).toMatchObject({ 'span:name': 'checkout', 'service.name': 'terminal' });
      }
      expect(new Set(found.map(({ atMs }) => Math.floor(atMs / stepMs))).size).toBe(6);
    });
    test('the value is the span’s where the function takes one, the series that of its group', async () => {
      const found = await exemplars('{} | max_over_time(duration) by (name)');
      for (const { of, labels, value } of found) {
        expect(of).toEqual([['name', labels['name']]]);
        const [row] = await store.query<{ ns: string }>(
          `SELECT toString(duration_ns) AS ns FROM spans WHERE organisation = 'acme' AND lower(hex(span_id)) = {id:String}`,
          { id: labels['span:id'] ?? '' },
        );
        expect(value).toBeCloseTo(Number(row?.ns) / 1e9);
      }
      expect(found.length).toBeGreaterThan(20);
    });
    test('of quantiles the nearest, of a histogram the bucket', async () => {
      const quantiles = await exemplars('{ name = "checkout" } | quantile_over_time(duration, 0.1, 0.9)');
      for (const { of, value } of quantiles) {
        if (value < 1.3) expect(of).toEqual([['p', 0.1]]);
        if (value > 2.1) expect(of).toEqual([['p', 0.9]]);
      }
      expect(new Set(quantiles.map(({ of }) => of[0]?.[1])).size).toBe(2);
      for (const { of, value } of await exemplars('{} | histogram_over_time(duration)')) {
        expect(value).toBeLessThanOrEqual(Number(of[0]?.[1]));
        expect(value).toBeGreaterThan(Number(of[0]?.[1]) / 2);
      }
    });
    test.each<[string, object, number]>([
      ['{} | rate() with (exemplars=false)', {}, 0],
      ['{} | rate() with (sample=0.1, exemplars=7)', {}, 7],
      ['{} | rate() with (exemplars=100000)', {}, 100],
      ['{} | rate()', { exemplars: 3 }, 3],
      ['{} | rate()', { exemplars: undefined }, 0],
      ['{} | rate()', { whole: true }, 0],
      ['{} | rate() > 1000', {}, 0],
      ['{} | rate()', { organisation: 'nobody' }, 0],
      ['{} | rate()', { site: 'STORE_999' }, 0],
    ])('%s %j: at most %i', async (query, more, most) => {
      const found = await exemplars(query, more);
      expect(found.length).toBeLessThanOrEqual(most);
      if (most > 0) expect(found.length).toBeGreaterThan(0);
    });
  });

  describe('compare', () => {
    const compare = async (query: string, more: object = {}) => {
      const found = await traceqlMetrics(store, { ...range, stepMs, query, ...more });
      if (!found.ok) throw new Error(found.error.message);
      return new Map(
        found.value.map(({ labels, samples }) => [
          labels.map(([n, v]) => `${n}=${v}`).join(','),
          samples.map(({ value }) => value),
        ]),
      );
    };
    test('tells what is different inside the selection, over time, with totals', async () => {
      const series = await compare('{ name = "authorise card" } | compare({ status = error }, 3)');
      expect(sum(series.get('__meta_type=selection,span.http.status_code=502'))).toBe(75);
      expect(sum(series.get('__meta_type=baseline,span.http.status_code=200'))).toBe(225);
      expect(series.get('__meta_type=baseline,span.http.status_code=200')).toHaveLength(6);
      expect(sum(series.get('__meta_type=selection_total,span.http.status_code=nil'))).toBe(75);
      expect(sum(series.get('__meta_type=baseline_total,resource.service.name=nil'))).toBe(225);
      expect(sum(series.get('__meta_type=selection,statusMessage=Card declined by processor'))).toBe(75);
      expect(series.has('__meta_error=__too_many_values__,span.http.status_code=nil')).toBe(false);
    });
    test('an attribute with more values says so, and shows the most frequent', async () => {
      const series = await compare('{} | compare({ status = error }, 2)');
      expect(series.has('__meta_error=__too_many_values__,name=nil')).toBe(true);
      expect([...series.keys()].filter((key) => key.startsWith('__meta_type=baseline,name='))).toHaveLength(2);
      expect(sum(series.get('__meta_type=baseline_total,name=nil'))).toBe(count * 5 - count / 4);
    });
    test.each([
      ['{} >> { name = "authorise card" } | compare({ status = error }, 3)', 'the selection as it is'],
      ['{ name = "authorise card" } | compare({ rootName != "" && status = error }, 3)', 'whole traces alone'],
      ['{ name = "authorise card" } | by(span:id) | count() = 1 | compare({ status = error }, 3)', 'aggregates'],
    ])('%s looks at whole traces and answers as the engine does', async (query) => {
      const atHand = await compare(query);
      const inSql = await compare('{ name = "authorise card" } | compare({ status = error }, 3)');
      expect([...atHand.keys()].toSorted()).toEqual([...inSql.keys()].toSorted());
      expect(sum(atHand.get('__meta_type=selection,span.http.status_code=502'))).toBe(75);
      for (const [key, values] of inSql) if (!/span\.|nil/.test(key)) expect(atHand.get(key)).toEqual(values);
    });
    test('names spans of whole traces that have the value', async () => {
      const found = await traceqlMetrics(store, {
        ...range,
        stepMs,
        exemplars: 20,
        query: '{} >> { name = "authorise card" } | compare({ status = error }, 3)',
      });
      const named = found.ok ? found.value.filter(({ exemplars }) => exemplars.length > 0) : [];
      expect(named.length).toBeGreaterThan(5);
      expect(named.length).toBeLessThanOrEqual(20);
    });
    test('the selection may end with a stretch of time; events and links are compared', async () => {
      const ns = (ms: number): string => `${ms}000000`;
      const early = await compare(
        `{} | compare({ status = error }, 3, ${ns(range.fromMs)}, ${ns(range.fromMs + 3 * hourMs)})`,
      );
      const selected = sum(early.get('__meta_type=selection,status=error'));
      expect(selected).toBeGreaterThan(30);
      expect(selected).toBeLessThan(45);
      expect(sum(early.get('__meta_type=baseline,status=error'))).toBe(75 - selected);
      const events = await compare('{} | compare({ event:name = "retry" })', { organisation: 'events' });
      expect(events.get('__meta_type=selection,event.attempt=2')).toEqual([1]);
      expect(events.get('__meta_type=selection,event:name=exception')).toEqual([1]);
      expect(events.get('__meta_type=selection,link.why=batch')).toEqual([1]);
      expect(events.get('__meta_type=baseline,instrumentation:name=http')).toEqual([1]);
    });
  });
  describe('arithmetic between queries', () => {
    test('a share, by labels and of the whole', async () => {
      const [share] = await ask('({ status = error } | rate()) / ({ name = "authorise card" } | rate())');
      expect(share?.labels).toBe('');
      expect(share?.samples).toHaveLength(6);
      const [errors] = await ask('{ status = error } | count_over_time()');
      const [calls] = await ask('{ name = "authorise card" } | count_over_time()');
      expect(share?.samples[2]).toBeCloseTo((errors?.samples[2] ?? 0) / (calls?.samples[2] ?? 0));
      const by = await ask('({ status = error } | rate() by (name)) / ({} | rate() by (name))');
      expect(by.map(({ labels }) => labels)).toEqual(['name=authorise card']);
      expect(by[0]?.samples).toEqual(share?.samples);
      const parts = await ask('100 * (({} | rate() by (name)) / ({} | rate()))');
      expect(parts).toHaveLength(5);
      expect(parts.reduce((total, { samples }) => total + (samples[2] ?? 0), 0)).toBeCloseTo(100);
      const turned = await ask('({} | rate()) / ({} | rate() by (name)) | topk(1)');
      expect(turned.every(({ labels }) => labels.startsWith('name='))).toBe(true);
    });
    test('nothing divided by nothing has no sample', async () => {
      expect((await ask('({ name = "no" } | rate()) / ({ name = "no" } | rate())'))[0]?.samples).toEqual([]);
      expect((await ask('({} | count_over_time()) / 0'))[0]?.samples).toEqual([]);
      expect(await ask('({ name = "no" } | max_over_time(duration)) / ({} | max_over_time(duration))')).toEqual([]);
    });
    test('exemplars are those of the first query, at the value of the result', async () => {
      const found = await traceqlMetrics(store, {
        ...range,
        stepMs,
        exemplars: 20,
        query: '({ status = error } | rate()) / ({ name = "authorise card" } | rate())',
      });
      const [one] = found.ok ? found.value : [];
      expect(one?.exemplars.length).toBeGreaterThan(5);
      for (const { atMs, value, labels } of one?.exemplars ?? []) {
        expect(value).toBe(one?.samples.find((sample) => sample.atMs === Math.floor(atMs / stepMs) * stepMs)?.value);
        expect(Object.fromEntries(labels)['span:name']).toBe('authorise card');
      }
    });
  });

  describe('of whole traces', () => {
    test.each([
      ['{ name = "checkout" } >> { status = error } | count_over_time()', '{ status = error } | count_over_time()'],
      [
        '{ status = error } << { name = "checkout" } | quantile_over_time(duration, 0.3, 0.9)',
        '{ name = "checkout" && duration > 0s } | quantile_over_time(duration, 0.3, 0.9)',
      ],
      ['{ kind != nil } | by(name) | count() > 0 | rate() by (name)', '{} | rate() by (name)'],
      ['{ rootName = "checkout" } | sum_over_time(duration) by (name)', '{} | sum_over_time(duration) by (name)'],
      [
        '{ rootName = "checkout" } | avg_over_time(span.http.status_code) by (name)',
        '{} | avg_over_time(span.http.status_code) by (name)',
      ],
      ['{ rootName = "checkout" } | min_over_time(duration)', '{} | min_over_time(duration)'],
      ['{ rootName = "checkout" } | histogram_over_time(duration)', '{} | histogram_over_time(duration)'],
      ['{} !>> {} | rate()', '{ nestedSetParent < 0 } | rate()'],
    ])('%s is as %s', async (query, plain) => {
      const [found, expected] = [await ask(query), await ask(plain)];
      const sorted = (all: typeof found) => all.toSorted((a, b) => (a.labels < b.labels ? -1 : 1));
      // Of the callers of those that failed there are as many as failed.
      if (query.includes('<<')) {
        expect(found.map(({ labels }) => labels)).toEqual(expected.map(({ labels }) => labels));
        expect(found.every(({ samples }) => samples.length === 6)).toBe(true);
        return;
      }
      expect(sorted(found).map(({ labels }) => labels)).toEqual(sorted(expected).map(({ labels }) => labels));
      for (const [i, { samples }] of sorted(found).entries()) {
        const others = sorted(expected)[i]?.samples ?? [];
        expect(samples).toHaveLength(others.length);
        for (const [n, value] of samples.entries()) expect(value).toBeCloseTo(others[n] ?? Number.NaN, 6);
      }
    });
    test('grouped and measured by what the trace tells, with exemplars', async () => {
      const found = await traceqlMetrics(store, {
        ...range,
        stepMs,
        exemplars: 10,
        query: '{ status = error } | max_over_time(traceDuration) by (rootName)',
      });
      if (!found.ok) throw new Error(found.error.message);
      expect(found.value.map(({ labels }) => labels)).toEqual([[['rootName', 'checkout']]]);
      expect(found.value[0]?.samples[0]?.value).toBeGreaterThan(1);
      expect(found.value[0]?.samples[0]?.value).toBeLessThan(100);
      expect(found.value[0]?.exemplars).toHaveLength(10);
      expect(Object.fromEntries(found.value[0]?.exemplars[0]?.labels ?? [])).toMatchObject({ rootName: 'checkout' });
    });
    test('exemplars are of all series', async () => {
      const found = await traceqlMetrics(store, {
        ...range,
        stepMs,
        exemplars: 50,
        query: '{ rootName = "checkout" } | rate() by (name)',
      });
      expect(found.ok && found.value.map(({ exemplars }) => exemplars.length > 3)).toEqual(Array(5).fill(true));
    });
    test('only spans of the range and of the service count', async () => {
      const within = { fromMs: endMs - 3 * hourMs, toMs: endMs - 2 * hourMs, service: 'payment' };
      for (const query of ['{ parent != nil } | rate()', '{ rootName = "checkout" } | rate()']) {
        const found = await traceqlMetrics(store, { ...range, ...within, stepMs, query });
        const plain = await traceqlMetrics(store, { ...range, ...within, stepMs, query: '{} | rate()' });
        expect(found.ok && found.value[0]?.samples).toEqual(plain.ok && plain.value[0]?.samples);
      }
    });
  });

  test('topk looks at all series, of more than a thousand too; an answer of more says how to have fewer', async () => {
    await store.execute(
      `INSERT INTO spans (organisation, service, site, ts, received_at, duration_ns, trace_id, span_id, name, attrs)
       SELECT 'many', 'shop', 'S1', fromUnixTimestamp64Milli(${endMs - hourMs}), fromUnixTimestamp64Milli(${endMs - hourMs}), number, reinterpretAsFixedString(toUInt128(number)),
         reinterpretAsFixedString(number), 'step', map('n', leftPad(toString(number), 5, '0')) FROM numbers(1500)`,
    );
    const of = { ...range, organisation: 'many', stepMs };
    const top = await traceqlMetrics(store, { ...of, query: '{} | max_over_time(duration) by (span.n) | topk(1)' });
    expect(top.ok && top.value.map(({ labels }) => labels)).toEqual([[['span.n', '01499']]]);
    const all = await traceqlMetrics(store, { ...of, query: '{} | max_over_time(duration) by (span.n)' });
    expect(all.ok ? '' : all.error.message).toContain('1500 series, more than 1000');
  });

  test('compare names spans that have the value', async () => {
    const found = await traceqlMetrics(store, {
      ...range,
      stepMs,
      exemplars: 30,
      query: '{ name = "authorise card" } | compare({ status = error }, 3)',
    });
    if (!found.ok) throw new Error(found.error.message);
    const named = found.value.flatMap(({ labels, exemplars, samples }) =>
      exemplars.map((one) => ({ ...one, of: labels, samples, labels: Object.fromEntries(one.labels) })),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.length).toBeLessThanOrEqual(30);
    expect(named.some(({ of }) => of[0]?.[1] === 'selection')).toBe(true);
    for (const { of, labels, atMs, value, samples } of named) {
      expect(value).toBe(samples.find((sample) => sample.atMs === Math.floor(atMs / stepMs) * stepMs)?.value);
      const [span] = traces
        .flatMap(({ tree }) => tree.spans)
        .filter(({ span: one }) => one.spanId === labels['span:id']);
      expect(span?.span.status === 'error').toBe(of[0]?.[1] === 'selection');
      const [name = '', text = ''] = of[1] ?? [];
      if (name.startsWith('span.')) expect(span?.span.attributes[name.slice(5)]).toBe(text);
    }
  });

  test.each([
    ['{}', 'expected a metrics function'],
    ['{} | compare({ status = error } >> {})', 'compare() takes one filter'],
  ])('%s is refused', async (query, message) => {
    const found = await traceqlMetrics(store, { ...range, stepMs, query });
    expect(found.ok ? '' : found.error.message).toContain(message);
  });
  test('too many steps are refused', async () => {
    expect((await traceqlMetrics(store, { ...range, stepMs: 1, query: '{} | rate()' })).ok).toBe(false);
  });
});
