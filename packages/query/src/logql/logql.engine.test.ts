import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import type { MetricExpression, Query, RangeAggregation } from './ast.ts';
import { labelKey, levelLabels, levelsOf, labelName, matcherTest, rowColumns, type LogRow } from './labels.ts';
import { parseLogql } from './parse.ts';
import { compilePipeline, compileUnwrap, type Entry } from './pipeline.ts';
import { entryOf, runLogQuery } from './run-log-query.ts';
import type { Way } from './metric-query.ts';
import { runMetricQuery } from './run-metric-query.ts';
import { quantileOf } from './range-functions.ts';

const minuteMs = 60_000;
const endMs = Math.floor(Date.now() / (10 * minuteMs)) * 10 * minuteMs;
const startMs = endMs - 60 * minuteMs;
const rowsCount = 1000;
let test0: TestStore;
let rows: LogRow[];

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

/** Lines of all kinds that clients send, from two organisations, spread over an hour. */
function record(n: number): Record<string, unknown> {
  const bodies = [
    `{"status":${pick([200, 404, 500], n)},"took":${(n * 37) % 900},"user":{"name":"ann ${n % 4}"},"path":"/orders/${n % 5}","ok":${n % 2 === 0},"list":[1]}`,
    `level=info status=${pick([200, 503], n)} took=${(n * 13) % 70}ms size=${n % 9}kB msg="paid, thanks" user=u${n % 3}`,
    `10.0.${n % 3}.${n % 250} - - "GET /orders/${n % 5}" ${pick([200, 404], n)} ${(n * 7) % 300}`,
    `Payment FAILED: timeout after ${n % 7} s`,
    `drawer ${n % 3} opened`,
    'über-fällig\n at line two',
    `\u001b[31mred\u001b[0m warning ${n % 5}`,
    '',
  ];
  const loki = n % 3 === 0;
  const body = pick(bodies, ((n * 7919) >> 3) + (n >> 4));
  return {
    organisation: n % 11 === 0 ? 'rival' : 'acme',
    site: pick(['STORE_001', 'STORE_047', ''], n >> 1),
    device: pick(['TERM_01', ''], n >> 2),
    environment: pick(['production', 'staging'], n >> 3),
    service: pick(['payment', 'orders', 'gateway'], n),
    release: pick(['1.2.3', ''], n >> 1),
    // Never on a full minute: the views by minute count such a record in the window that begins there.
    ts: engineTime(startMs + 500 + n * 3600),
    received_at: engineTime(startMs + n * 3600),
    severity: pick([0, 5, 9, 10, 13, 17, 21], n),
    body,
    scope_name: loki ? 'loki' : 'app',
    trace_id: undefined,
    correlation_id: n % 5 === 0 ? `corr-${n % 20}` : '',
    res: loki
      ? { app: pick(['till', 'back'], n >> 1), store_id: String(n % 9), 'service.name': 'payment' }
      : { 'host.name': pick(['nuc-1', 'nuc-2'], n), 'k8s.pod.name': pick(['p1', 'p2'], n >> 1) },
    attrs: n % 2 === 0 ? { 'order.id': `ORD-${n % 13}`, amount: String(n % 40), note: pick(['a%b', 'x y'], n) } : {},
  };
}

beforeAll(async () => {
  test0 = await openTestStore();
  await test0.insert(
    'logs',
    Array.from({ length: rowsCount }, (_, n) => {
      const { trace_id: _trace, ...rest } = record(n);
      return rest;
    }),
  );
  rows = await test0.store.query<LogRow>(
    `SELECT ${rowColumns} FROM logs WHERE organisation = 'acme' ORDER BY toStartOfMinute(ts), ts`,
  );
});
afterAll(() => test0.close());

function parsed(text: string): Query {
  const query = parseLogql(text);
  if (!query.ok) throw new Error(`${text}: ${query.error.message}`);
  return query.value;
}

/** The plain reading: every row through selector and pipeline. */
function plainEntries(query: Query & { kind: 'log' }, from: number, to: number): Entry[] {
  const pipeline = compilePipeline(query.stages);
  return rows.flatMap((row) => {
    const ms = Number(BigInt(row.tsNs) / 1_000_000n);
    if (ms < from || ms >= to) return [];
    const entry = entryOf(row);
    const resource = Object.fromEntries(Object.entries(row.resource).map(([name, value]) => [labelName(name), value]));
    const fits = query.matchers.every((matcher) => {
      const value = entry.stream.get(matcher.label) ?? resource[matcher.label] ?? '';
      return levelLabels.has(matcher.label)
        ? levelsOf(matcher).has(entry.stream.get('level') ?? '')
        : matcherTest(matcher)(value);
    });
    return fits && pipeline(entry) ? [entry] : [];
  });
}

const scope = { organisation: 'acme', site: '' };

async function entries(text: string, direction: 'forward' | 'backward' = 'forward', limit = 5000) {
  const query = parsed(text);
  if (query.kind !== 'log') throw new Error('a log query was expected');
  const range = { fromNs: BigInt(startMs) * 1_000_000n, toNs: BigInt(endMs) * 1_000_000n };
  return runLogQuery(test0.store, { ...scope, query, range, direction, limit });
}

const selectors = [
  '{service_name="payment"}',
  '{service_name=~"pay.*|orders"}',
  '{service_name!="payment"}',
  '{app="till"}',
  '{app="till", store_id="6"}',
  '{app=~".+"}',
  '{app!=""}',
  '{app="", service_name!=""}',
  '{level="warn"}',
  '{level="WARNING"}',
  '{level=~"err|crit.*"}',
  '{detected_level!="info"}',
  '{level="", site=~".*"} ',
  '{host_name="nuc-1"}',
  '{k8s_pod_name!~"p1"}',
  '{site="STORE_047", environment="staging"}',
  '{device="TERM_01", release!="1.2.3"}',
  '{site="nowhere"}',
].filter((text) => parseLogql(text).ok);
const stages = [
  '',
  '|= "timeout"',
  '|= "FAILED: timeout"',
  '|= "Payment" != "after 3"',
  '!= "o"',
  '|~ "(?i)payment|DRAWER"',
  '|~ "opened$" or "thanks"',
  '|~ "fällig.*two"',
  '!~ "[0-9]{3}"',
  '|> "Payment <_> after <_> s"',
  '!> "drawer <_>"',
  '|> "<_>drawer <_>"',
  '|> "<_> <_> opened"',
  '|> "<_>FAILED: timeout<_>" or "über<_>"',
  '!> "<_>GET <_> <_>"',
  '|> "<_>"',
  '!> "<_>"',
  '| logfmt --keep-empty',
  '| json none="nothing", took',
  '|= ip("10.0.1.0/24")',
  '|= "" ',
  '|= "a%b" or "100%" or "ms "',
  '| order_id="ORD-4"',
  '| order_id=~"ORD-1.*" | amount > 20',
  '| amount >= 10 and amount < 30 or note="x y"',
  '| correlation_id="corr-5"',
  '| detected_level="error" or note!=""',
  '| level="warning"',
  '| json',
  '| json | status=500',
  '| json | status="500"',
  '| json | __error__=""',
  '| json | user_name="ann 3" | took > 300',
  '| json | path=~"/orders/[12]" or order_id="ORD-4"',
  '| json name="user.name", first="list[0]" | name="ann 1"',
  '| json | line_format "{{.status}} {{.path | ToUpper}}" |= "/ORDERS/3"',
  '| logfmt | status="503"',
  '| logfmt | took > 30ms',
  '| logfmt | size > 3kB | user="u1"',
  '| logfmt --strict | __error__!=""',
  '| pattern "<ip> - - \\"<method> <path>\\" <status> <bytes>" | method="GET" | bytes > 100',
  '| pattern "<ip> - - <_>" | ip=ip("10.0.2.0-10.0.2.99")',
  '| regexp "after (?P<seconds>\\\\d+) s" | seconds="4"',
  '| decolorize |= "red warning"',
  '| label_format svc=service_name, x="{{.svc}}" | svc="payment"',
  '| drop level, app | keep service_name, site',
  '| json | drop __error__, status="200" | status!=""',
  '| json | label_format status="x{{.status}}" | status="x404"',
];
const show = (line: string, labels: Record<string, string>): string => `${line}\n${labelKey(labels)}`;

describe('a log query finds what the plain reading finds', () => {
  test.each(stages.map((stage, index) => [`${pick(selectors, index)} ${stage}`.trim()]))('%s', async (text) => {
    const query = parsed(text);
    if (query.kind !== 'log') throw new Error(text);
    const found = await entries(text);
    const all = {
      ...found,
      entries: found.entries.map(({ line, stream, metadata, parsed: own }) =>
        show(line, { ...metadata, ...stream, ...own }),
      ),
    };
    expect(all.entries).toEqual(plainEntries(query, startMs, endMs).map((entry) => show(entry.line, entry.all())));
    expect(found.cut).toBe(false);
  });
  test('any selector with any stages', async () => {
    let [seed, hits] = [11, 0];
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 30; round++) {
      const text = [pick(selectors, random(100)), pick(stages, random(1000)), pick(stages, random(1000))].join(' ');
      const query = parsed(text);
      if (query.kind !== 'log') throw new Error(text);
      const found = (await entries(text)).entries.map((entry) => entry.line);
      expect(found, text).toEqual(plainEntries(query, startMs, endMs).map((entry) => entry.line));
      hits += found.length;
    }
    expect(hits).toBeGreaterThan(500);
  });
  test('the newest first, as many as were asked for', async () => {
    const [all, last] = [await entries('{app="till"}'), await entries('{app="till"}', 'backward', 7)];
    expect(last.entries).toEqual(all.entries.slice(-7).toReversed());
  });
  test('a key of one site sees that site', async () => {
    const query = parsed('{service_name=~".+"}');
    if (query.kind !== 'log') throw new Error('log');
    const range = { fromNs: BigInt(startMs) * 1_000_000n, toNs: BigInt(endMs) * 1_000_000n };
    const found = await runLogQuery(test0.store, {
      organisation: 'acme',
      site: 'STORE_047',
      query,
      range,
      direction: 'forward',
      limit: 5000,
    });
    expect(new Set(found.entries.map(({ stream }) => stream['site']))).toEqual(new Set(['STORE_047']));
  });
});

interface Plain {
  readonly labels: Record<string, string>;
  readonly values: Map<number, number>;
}

/** A range aggregation by the book, over all rows. */
function plainRange(leaf: RangeAggregation, steps: readonly number[]): Map<string, Plain> {
  const unwrap = leaf.unwrap && compileUnwrap(leaf.unwrap);
  const samples = new Map<string, { labels: Record<string, string>; points: [number, number][] }>();
  for (const entry of plainEntries(leaf.log, 0, Infinity)) {
    if (entry.get('__error__') === 'LabelFilterErr') continue;
    const sized = leaf.name.startsWith('bytes');
    const value = unwrap ? unwrap(entry) : sized ? Buffer.byteLength(entry.line) : 1;
    if (value === undefined) continue;
    const all = entry.series();
    const { grouping } = leaf;
    const labels = !grouping
      ? all
      : Object.fromEntries(
          grouping.without
            ? Object.entries(all).filter(([name]) => !grouping.labels.includes(name))
            : grouping.labels.map((name) => [name, entry.get(name)]).filter(([, text]) => text !== ''),
        );
    const one = samples.get(labelKey(labels)) ?? { labels, points: [] as [number, number][] };
    one.points.push([Number(entry.tsNs) / 1e6, value]);
    samples.set(labelKey(labels), one);
  }
  const seconds = leaf.rangeMs / 1000;
  const result = new Map<string, Plain>();
  for (const [key, { labels, points }] of samples) {
    const values = new Map<number, number>();
    for (const step of steps) {
      const at = step - leaf.offsetMs;
      const window = points.filter(([ms]) => ms > at - leaf.rangeMs && ms <= at).map(([, value]) => value);
      if (window.length === 0) continue;
      const total = window.reduce((sum, value) => sum + value, 0);
      const mean = total / window.length;
      const variance = window.reduce((sum, value) => sum + (value - mean) ** 2, 0) / window.length;
      const answers: Record<string, number> = {
        rate: total / seconds,
        count_over_time: total,
        bytes_rate: total / seconds,
        bytes_over_time: total,
        sum_over_time: total,
        avg_over_time: mean,
        min_over_time: Math.min(...window),
        max_over_time: Math.max(...window),
        stdvar_over_time: variance,
        stddev_over_time: Math.sqrt(variance),
        first_over_time: window[0]!,
        last_over_time: window.at(-1)!,
        quantile_over_time: quantileOf(
          window.toSorted((a, b) => a - b),
          leaf.parameter ?? 0,
        ),
      };
      values.set(step, answers[leaf.name]!);
    }
    if (values.size > 0) result.set(key, { labels, values });
  }
  return result;
}

async function matrix(
  text: string,
  stepMs: number,
  from = startMs,
): Promise<{ series: Map<string, Map<number, number>>; ways: readonly Way[] }> {
  const query = parsed(text) as MetricExpression;
  const answer = await runMetricQuery(test0.store, { ...scope, query, startMs: from, endMs, stepMs });
  if (!answer.ok) throw new Error(answer.error.message);
  const { value } = answer.value;
  if (value.type !== 'matrix') throw new Error(value.type);
  const series = value.series.map(({ labels, floats }): [string, Map<number, number>] => [
    labelKey(labels),
    new Map([...floats.times].map((time, index) => [time, floats.values[index]!])),
  ]);
  return { series: new Map(series), ways: answer.value.ways };
}

function close(
  found: Map<string, Map<number, number>>,
  expected: Map<string, Map<number, number>>,
  text: string,
): void {
  expect([...found.keys()].toSorted(), text).toEqual([...expected.keys()].toSorted());
  for (const [key, values] of expected) {
    const mine = found.get(key) ?? new Map<number, number>();
    expect([...mine.keys()], `${text} ${key}`).toEqual([...values.keys()]);
    for (const [time, value] of values) expect(mine.get(time), `${text} ${key} ${time}`).toBeCloseTo(value, 8);
  }
}

describe('a range aggregation is what the plain reading makes of it', () => {
  test.each<[string, number, Way]>([
    ['count_over_time({app="till"}[5m])', 60_000, 'engine'],
    ['rate({service_name=~".+"} |= "opened" [7m])', 120_000, 'engine'],
    ['bytes_over_time({host_name="nuc-1"}[10m])', 300_000, 'engine'],
    ['bytes_rate({level="error"} | order_id!="" [10m])', 300_000, 'engine'],
    ['count_over_time({app=~".+"} |~ "(?i)OPENED|thanks" [10m] offset 7m)', 60_000, 'engine'],
    ['count_over_time({app=~".+"} | json [10m])', 300_000, 'lines'],
    ['sum_over_time({service_name=~".+"} | json | unwrap took [10m])', 300_000, 'lines'],
    ['avg_over_time({service_name=~".+"} | json | unwrap took [10m]) by (path)', 300_000, 'engine'],
    [
      'avg_over_time({service_name=~".+"} | json | unwrap took | __error__="" [10m]) by (user_name, ok)',
      90_000,
      'engine',
    ],
    ['min_over_time({app="till"} | unwrap amount [10m]) by (site)', 120_000, 'engine'],
    ['max_over_time({service_name=~".+"} | unwrap amount [10m])', 120_000, 'engine'],
    ['max_over_time({service_name=~".+"} | unwrap amount [10m]) without (site, device)', 120_000, 'lines'],
    ['quantile_over_time(0.9, {service_name=~".+"} | json | unwrap took [10m]) by (status)', 600_000, 'engine'],
    ['quantile_over_time(0.9, {service_name=~".+"} | json | unwrap took [10m]) by (status)', 60_000, 'lines'],
    ['stddev_over_time({service_name=~".+"} | json | unwrap took [10m]) by (status)', 600_000, 'lines'],
    ['stdvar_over_time({app="till"} | unwrap amount [10m]) by (site)', 120_000, 'lines'],
    ['first_over_time({app="till"} | unwrap amount [10m]) by (site)', 120_000, 'lines'],
    ['last_over_time({app="till"} | unwrap amount [10m]) by (site)', 120_000, 'lines'],
    ['avg_over_time({service_name=~".+"} | logfmt | unwrap duration(took) [10m]) by (status)', 600_000, 'lines'],
    ['max_over_time({service_name=~".+"} | logfmt | unwrap bytes(size) [10m]) by (user)', 600_000, 'lines'],
    ['count_over_time({service_name=~".+"} | json | status >= 404 | path=~"/orders/.*" [10m])', 600_000, 'lines'],
    ['bytes_over_time({service_name=~".+"} | line_format "{{.site}}" [10m])', 600_000, 'lines'],
  ])('%s each %d ms by %s', async (text, stepMs, way) => {
    const leaf = parsed(text) as RangeAggregation;
    const steps: number[] = [];
    for (let at = startMs; at <= endMs; at += stepMs) steps.push(at);
    const { series, ways } = await matrix(text, stepMs);
    expect(ways).toEqual([way]);
    const expected = new Map([...plainRange(leaf, steps)].map(([key, { values }]) => [key, values]));
    expect(expected.size).toBeGreaterThan(0);
    close(series, expected, text);
  });
  test.each<[string, Way]>([
    ['sum by (level) (count_over_time({service_name=~".+"}[5m]))', 'volume'],
    ['sum by (site, service_name) (rate({environment="production"}[5m]))', 'volume'],
    ['sum(rate({level=~"warn|error"}[5m]))', 'volume'],
    ['sum by (app) (count_over_time({app=~".+"}[5m]))', 'engine'],
    ['sum by (status) (rate({service_name=~".+"} | json [5m]))', 'engine'],
    ['sum by (status) (rate({service_name=~".+"} | json | took > 100 [5m]))', 'engine'],
    ['sum by (order_id) (count_over_time({service_name="orders"} |~ "o.*" [5m]))', 'engine'],
    ['sum by (site) (count_over_time({service_name=~".+"} |> "<_> <_> opened" [5m]))', 'engine'],
    ['sum by (site) (count_over_time({service_name=~".+"} !> "<_>GET <_>" [5m]))', 'engine'],
    ['sum by (status) (rate({service_name=~".+"} | logfmt [5m]))', 'lines'],
  ])('%s by %s', async (text, way) => {
    const query = parsed(text);
    if (query.kind !== 'vector-aggregation' || query.inner.kind !== 'range') throw new Error(text);
    const grouping = query.grouping ?? { without: false, labels: [] };
    const steps: number[] = [];
    for (let at = startMs; at <= endMs; at += 60_000) steps.push(at);
    const { series, ways } = await matrix(text, 60_000);
    expect(ways).toEqual([way]);
    const expected = new Map(
      [...plainRange({ ...query.inner, grouping }, steps)].map(([key, { values }]) => [key, values]),
    );
    close(series, expected, text);
  });
  test('what stands around is PromQL', async () => {
    const total = await matrix('sum(count_over_time({service_name=~".+"}[10m]))', 600_000);
    const parts = await matrix(
      'sum by (service_name) (count_over_time({service_name=~".+"}[10m])) / on () group_left () sum(count_over_time({service_name=~".+"}[10m])) * 100',
      600_000,
    );
    expect(parts.series.size).toBe(3);
    for (const at of total.series.values().next().value!.keys()) {
      let sum = 0;
      for (const values of parts.series.values()) sum += values.get(at) ?? 0;
      expect(sum).toBeCloseTo(100, 6);
    }
    const top = await matrix(
      'topk(1, sum by (service_name) (count_over_time({service_name=~".+"}[1h])))',
      0 + 3_600_000,
      endMs,
    );
    expect(top.series.size).toBe(1);
    const renamed = await matrix(
      'label_replace(sum by (site) (rate({site="STORE_047"}[1h])), "store", "$1", "site", "STORE_(.*)")',
      3_600_000,
      endMs,
    );
    expect([...renamed.series.keys()]).toEqual([labelKey({ site: 'STORE_047', store: '047' })]);
    const gap = await matrix('absent_over_time({service_name="nobody", level="info"}[5m])', 600_000);
    expect([...gap.series.keys()]).toEqual([labelKey({ service_name: 'nobody', level: 'info' })]);
    expect(
      (await matrix('absent_over_time({service_name="payment"}[10m])', 600_000, startMs + 600_000)).series.size,
    ).toBe(0);
    expect((await matrix('vector(3) > bool 2', 600_000, endMs)).series.get('')).toEqual(new Map([[endMs, 1]]));
  });
  test('more buckets than are folded', async () => {
    const text = 'sum by (order_id) (count_over_time({app="till"} | order_id!="" [2s]))';
    const query = parsed(text) as MetricExpression;
    if (query.kind !== 'vector-aggregation' || query.inner.kind !== 'range') throw new Error(text);
    const steps = Array.from({ length: 3601 }, (_, n) => startMs + n * 1000);
    const by = { without: false, labels: ['order_id'] };
    const plain = plainRange({ ...query.inner, grouping: by }, steps);
    const { series, ways } = await matrix(text, 1000);
    expect(ways).toEqual(['engine']);
    close(series, new Map([...plain].map(([key, { values }]) => [key, values])), text);
  });
  test('more series than may be answered are refused before they are made', async () => {
    await test0.store.execute(
      `INSERT INTO logs (organisation, service, ts, attrs) SELECT 'many', 'till', fromUnixTimestamp64Milli({end:Int64} - 1000), map('order.id', toString(number)) FROM numbers(20000)`,
      { end: endMs },
      { settings: { insert_deduplication_token: 'many-series' } },
    );
    const query = parsed('sum by (order_id) (count_over_time({service_name="till"}[5m]))') as MetricExpression;
    const answer = await runMetricQuery(test0.store, {
      organisation: 'many',
      site: '',
      query,
      startMs,
      endMs,
      stepMs: 60_000,
    });
    expect(answer).toMatchObject({ ok: false, error: { message: expect.stringContaining('maximum of series') } });
  });
  test('bounds are said', async () => {
    const query = parsed('count_over_time({service_name=~".+"}[1s])') as MetricExpression;
    const answer = await runMetricQuery(test0.store, {
      ...scope,
      query,
      startMs: endMs - 86_400_000 * 30,
      endMs,
      stepMs: 1000,
    });
    expect(answer).toMatchObject({
      ok: false,
      error: { kind: 'bad_data', message: expect.stringContaining('exceeded maximum resolution') },
    });
  });
});
