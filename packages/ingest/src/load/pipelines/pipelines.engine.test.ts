import { silentLogger, systemClock } from '@sightline/base';
import { compilePipelines } from '@sightline/query';
import { type Pipeline, type PipelineStep, untouchedScrubRules } from '@sightline/record';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { LogsRequestBuilder, otlpLogsLane, type LogRecordInput } from '../../otlp/build-logs.ts';
import { collectMetrics } from '../../test-support/collecting-metrics.ts';
import { StoreError, type TelemetryStore } from '@sightline/store';
import { openTestStore, startBench, type BenchOptions, type IngestBench } from '../../test-support/ingest-bench.ts';
import { ownScrub } from '../pii/own-scrub.ts';
import { CachedPipelineBook, type PipelineVersion } from './pipeline-book.ts';

let engine: Awaited<ReturnType<typeof openTestStore>>;
let bench: IngestBench | undefined;
let turn = 0;
let metrics = collectMetrics();
let versions: PipelineVersion[] = [];
/** Parts of statements after which the store goes away, once each. */
let awayAfter: string[] = [];

beforeAll(async () => {
  engine = await openTestStore();
});
afterEach(() => bench?.close());
afterAll(() => engine.close());

type Step = PipelineStep extends infer One
  ? One extends PipelineStep
    ? Omit<One, 'when'> & { when?: string }
    : never
  : never;

function pipeline(name: string, filter: string, ...steps: Step[]): Pipeline {
  return { id: name, name, enabled: true, filter, steps: steps.map((step) => ({ when: '', ...step })) };
}

const organisation = (): string => `org-${turn}`;

/** Starts anew, with these pipelines in force since ever. `failing` says which statements the store is away for. */
async function withPipelines(...pipelines: Pipeline[]): Promise<IngestBench> {
  return withPipelinesAnd({}, ...pipelines);
}

async function withPipelinesAnd(more: BenchOptions, ...pipelines: Pipeline[]): Promise<IngestBench> {
  turn++;
  metrics = collectMetrics();
  versions = [{ organisation: organisation(), version: 1, takesEffectAtMs: 0, savedAtMs: 0, pipelines }];
  const book = new CachedPipelineBook(
    {
      savedSince: async () => versions,
      compile: (list) => {
        const compiled = compilePipelines(list);
        if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
        return compiled.value;
      },
    },
    systemClock,
    silentLogger,
  );
  const store: TelemetryStore = {
    query: (...question) => engine.store.query(...question),
    stream: (...question) => engine.store.stream(...question),
    healthy: () => engine.store.healthy(),
    close: () => engine.store.close(),
    execute: async (sql, ...more) => {
      const at = awayAfter.findIndex((part) => sql.includes(part));
      await engine.store.execute(sql, ...more);
      // Done, but nobody heard of it: as a kill right after it.
      if (at >= 0) throw new StoreError('unavailable', `away after ${awayAfter.splice(at, 1).join()}`);
    },
  };
  bench = await startBench(store, `${engine.folder}/${turn}`, { pipelines: book, metrics, ...more });
  return bench;
}

async function send(records: readonly LogRecordInput[], to = organisation()): Promise<void> {
  const builder = new LogsRequestBuilder().resource({ 'service.name': 'shop' });
  for (const record of records) builder.add(record);
  const scope = { organisation: to, keyId: 'k', site: 'S1', device: '', service: '', environment: '' };
  const meta = { protocol: 'otlp', project: 0, receivedAtMs: Date.now() };
  const frame = { lane: otlpLogsLane, bytes: builder.build(), records: records.length, signal: 'logs' };
  const kept = await bench?.spool.append([frame], scope, meta);
  expect(kept?.ok).toBe(true);
}

interface Row {
  body: string;
  attrs: Record<string, string>;
  severity: number;
  service: string;
  site: string;
  ts: string;
}

async function stored(): Promise<Row[]> {
  return (
    (await bench?.rows<Row>(
      `SELECT body, attrs, severity, service, site, ts FROM logs WHERE organisation = '${organisation()}' ORDER BY body, ts`,
    )) ?? []
  );
}

async function ledgerOf(): Promise<Record<string, number>> {
  const rows = await bench?.rows<{ k: string; n: string }>(
    `SELECT concat(outcome, ' ', reason) AS k, sum(records) AS n FROM ledger WHERE organisation = '${organisation()}' AND signal = 'logs' GROUP BY k`,
  );
  return Object.fromEntries((rows ?? []).map(({ k, n }) => [k.trim(), Number(n)]));
}

const nginx =
  '203.0.113.9 - alice@example.com [10/Oct/2000:13:55:36 -0700] "GET /health?q=1 HTTP/1.1" 503 2326 "-" "curl/8.1"';

test('a line of a web server is parsed, its markers too, and what it named is searched by', async () => {
  await withPipelines(
    pipeline('nginx', 'service:shop', {
      kind: 'parse',
      from: '',
      format: 'grok',
      pattern: '%{NGINXACCESS}',
      prefix: '',
    }),
  );
  await send([{ body: nginx }, { body: 'something else' }]);
  const [first, second] = await stored();
  expect(first?.attrs).toEqual({
    'client.address': '<ip>',
    'user.name': '<email>',
    timestamp: '10/Oct/2000:13:55:36 -0700',
    'http.request.method': 'GET',
    'url.path': '/health?q=1',
    'network.protocol.version': '1.1',
    'http.response.status_code': '503',
    'http.response.body.size': '2326',
    'user_agent.original': 'curl/8.1',
  });
  expect(second?.attrs).toEqual({});
});

test('JSON, logfmt and expressions become attributes, with what they hide scrubbed', async () => {
  await withPipelines(
    pipeline('json', 'body:/^[{]/', { kind: 'parse', from: '', format: 'json', pattern: '', prefix: 'j.' }),
    pipeline('logfmt', 'level=*', { kind: 'parse', from: 'body', format: 'logfmt', pattern: '', prefix: '' }),
    pipeline('regex', 'took', {
      kind: 'parse',
      from: 'note',
      format: 'regex',
      pattern: '(a|b) took (?<ms>\\d+)(?P<unit>ms|s)?',
      prefix: 'op.',
    }),
  );
  await send([
    { body: '{"mail":"a\\u0040example.com","n":5,"ok":true,"none":null,"deep":{"er":{"est":{"x":1}}},"password":12}' },
    { body: 'level=warn msg="two words" dur=3ms' },
    { body: 'it took long', attributes: { note: 'b took 17ms' } },
  ]);
  const rows = await stored();
  expect(rows.map(({ attrs }) => attrs)).toEqual([
    { note: 'b took 17ms', 'op.ms': '17', 'op.unit': 'ms' },
    { level: 'warn', msg: 'two words', dur: '3ms' },
    { 'j.mail': '<email>', 'j.n': '5', 'j.ok': 'true', 'j.deep.er.est': '{"x":1}', 'j.password': '<secret>' },
  ]);
});

test('attributes are set, renamed and removed; level, time, site, service and body are taken from them', async () => {
  const at = new Date(Date.now() - 3_600_000).toISOString();
  await withPipelines(
    pipeline(
      'shape',
      '',
      { kind: 'rename', from: 'old', to: 'new' },
      { kind: 'set', attribute: 'team', value: 'tills' },
      { kind: 'remove', attribute: 'noise' },
      { kind: 'take', field: 'level', from: 'lvl' },
      { kind: 'take', field: 'timestamp', from: 'at' },
      { kind: 'take', field: 'site', from: 'shop' },
      { kind: 'take', field: 'service', from: 'app' },
      { kind: 'take', field: 'body', from: 'text' },
      { kind: 'route', retentionClass: 'short', when: 'exists:new' },
    ),
  );
  await send([
    { body: 'x', attributes: { old: '1', noise: '2', lvl: 'WARN', at, shop: 'S9', app: 'tills', text: 'said' } },
    { body: 'y', attributes: { at: '1999-01-01T00:00:00Z', lvl: 'nonsense' } },
  ]);
  const [said, y] = await stored();
  expect(said).toMatchObject({ body: 'said', severity: 13, site: 'S9', service: 'tills' });
  expect(said?.attrs).toMatchObject({ new: '1', team: 'tills', 'retention.class': 'short' });
  expect(Object.keys(said?.attrs ?? {})).not.toContain('noise');
  expect(Object.keys(said?.attrs ?? {})).not.toContain('old');
  expect(said?.ts.slice(0, 19)).toBe(at.slice(0, 19).replace('T', ' '));
  expect(y).toMatchObject({ severity: 0, site: 'S1', service: 'shop' });
  expect(y?.ts.startsWith('1999')).toBe(false);
});

test('every record ends in one counted outcome; errors are never sampled or capped', async () => {
  await withPipelines(
    pipeline('health', 'path:\\/health', { kind: 'drop' }),
    pipeline('thin', 'kind:busy', { kind: 'sample', share: 0.1, by: '' }, { kind: 'cap', perMinute: 5, by: 'path' }),
  );
  const busy = Array.from({ length: 1000 }, (_, i) => ({
    body: `busy ${i}`,
    attributes: { kind: 'busy', path: i % 2 === 0 ? '/a' : '/b' },
  }));
  await send([
    ...busy,
    { body: 'bad', severityNumber: 17, attributes: { kind: 'busy', path: '/a' } },
    { body: 'worse', attributes: { kind: 'busy', path: '/a', 'exception.type': 'TypeError' } },
    { body: 'up', attributes: { path: '/health' } },
    { body: 'other' },
  ]);
  await send(busy.slice(0, 500));
  const rows = await stored();
  const kept = rows.filter(({ body }) => body.startsWith('busy'));
  expect(kept).toHaveLength(10);
  expect(rows.map(({ body }) => body).filter((body) => !body.startsWith('busy'))).toEqual(['bad', 'other', 'worse']);
  const ledger = await ledgerOf();
  expect(ledger['accepted']).toBe(rows.length);
  expect(ledger['dropped pipeline-drop']).toBe(1);
  expect(ledger['dropped pipeline-sample']).toBeGreaterThan(1200);
  expect(Object.values(ledger).reduce((sum, n) => sum + n, 0)).toBe(1504);
  const counts = await bench?.rows<{ pipeline: string; step: number; did: string; n: string }>(
    `SELECT pipeline, step, did, sum(records) AS n FROM pipeline_counts WHERE organisation = '${organisation()}' GROUP BY ALL ORDER BY ALL`,
  );
  expect(counts).toEqual([
    { pipeline: 'health', step: 0, did: 'taken', n: '1' },
    { pipeline: 'health', step: 1, did: 'drop', n: '1' },
    { pipeline: 'thin', step: 0, did: 'taken', n: '1502' },
    { pipeline: 'thin', step: 1, did: 'sample', n: String(ledger['dropped pipeline-sample']) },
    { pipeline: 'thin', step: 2, did: 'cap', n: String(ledger['dropped pipeline-cap']) },
  ]);
});

test('records of one trace are kept or let go together, those of none each by itself', async () => {
  await withPipelines(pipeline('thin', '', { kind: 'sample', share: 0.5, by: 'trace' }));
  const traces = Array.from({ length: 40 }, (_, n) => n.toString(16).padStart(32, 'a'));
  const alone = Array.from({ length: 200 }, (_, n) => ({ body: `alone ${n}` }));
  await send([...traces.flatMap((traceId) => [1, 2, 3].map(() => ({ body: traceId, traceId }))), ...alone]);
  const bodies = (await stored()).map(({ body }) => body);
  for (const trace of traces) expect([0, 3]).toContain(bodies.filter((body) => body === trace).length);
  const kept = bodies.filter((body) => body.startsWith('alone')).length;
  expect(kept).toBeGreaterThan(50);
  expect(kept).toBeLessThan(150);
});

test('records become metrics, whole numbers exact, also those that are let go afterwards', async () => {
  await withPipelines(
    pipeline(
      'orders',
      'paid',
      { kind: 'metric', metric: 'orders', measure: 'count', of: '', labels: ['shop', 'site'] },
      { kind: 'metric', metric: 'cents', measure: 'sum', of: 'cents', labels: [] },
      { kind: 'metric', metric: 'wait', measure: 'distribution', of: 'ms', labels: [] },
      { kind: 'drop' },
    ),
  );
  await send([
    { body: 'paid', attributes: { shop: 'a', cents: '9007199254740990', ms: 0 } },
    { body: 'paid', attributes: { shop: 'a', cents: 1, ms: 8 } },
    { body: 'paid', attributes: { shop: 'b', cents: 'no number', ms: 8.1 } },
    { body: 'paid', attributes: { shop: 'b', cents: -4, ms: 'Infinity' } },
  ]);
  expect(await stored()).toEqual([]);
  const ours = { job: 'log-pipelines', service: 'log-pipelines' };
  const counters = metrics.samples
    .filter(({ histogram }) => !histogram)
    .map(({ metric, labels, value, type, scope }) => ({ metric, labels, value, type, to: scope.organisation }));
  expect(counters).toEqual([
    { metric: 'cents_total', labels: { ...ours }, value: 9007199254740991, type: 'counter', to: organisation() },
    {
      metric: 'orders_total',
      labels: { ...ours, shop: 'a', site: 'S1' },
      value: 2,
      type: 'counter',
      to: organisation(),
    },
    {
      metric: 'orders_total',
      labels: { ...ours, shop: 'b', site: 'S1' },
      value: 2,
      type: 'counter',
      to: organisation(),
    },
  ]);
  const histogram = metrics.samples.find(({ metric }) => metric === 'wait')?.histogram;
  // (7.34, 8] and (8, 8.72], by Prometheus' numbers of schema 3.
  expect(histogram).toMatchObject({ schema: 3, count: 3, zeroCount: 1, positiveBuckets: [1, 1] });
  expect(histogram?.positiveSpans).toEqual([{ offset: 24, length: 2 }]);
  expect(histogram?.sum).toBeCloseTo(16.1, 9);
});

test('loaded again after each failure: rows, counts, samples and the ledger once, by the version of then', async () => {
  await withPipelines(
    pipeline(
      'all',
      '',
      { kind: 'metric', metric: 'lines', measure: 'count', of: '', labels: [] },
      { kind: 'sample', share: 0.5, by: '' },
      { kind: 'cap', perMinute: 30, by: '' },
    ),
  );
  await send(Array.from({ length: 200 }, () => ({ body: 'same' })));
  versions = [
    ...versions,
    { organisation: organisation(), version: 2, takesEffectAtMs: Date.now() + 60_000, savedAtMs: 0, pipelines: [] },
  ];
  const parts = ['INSERT INTO logs', 'INSERT INTO pipeline_counts', 'INSERT INTO ledger'];
  awayAfter = [...parts];
  for (const part of parts) await expect(bench?.loader.drain()).rejects.toThrow(part);
  const rows = await stored();
  expect(rows).toHaveLength(30);
  const ledger = await ledgerOf();
  expect(ledger['accepted']).toBe(30);
  expect(Object.values(ledger).reduce((sum, n) => sum + n, 0)).toBe(200);
  expect(metrics.samples.map(({ value }) => value)).toEqual([200]);
  // One name each time: the metric store takes it once.
  expect(new Set(metrics.segments).size).toBe(1);
  const counts = await bench?.rows<{ did: string; n: string }>(
    `SELECT did, sum(records) AS n FROM pipeline_counts WHERE organisation = '${organisation()}' GROUP BY did ORDER BY did`,
  );
  expect(Object.fromEntries((counts ?? []).map(({ did, n }) => [did, Number(n)]))).toEqual({
    cap: ledger['dropped pipeline-cap'],
    sample: ledger['dropped pipeline-sample'],
    taken: 200,
  });
});

test('others in the same segment are loaded as ever', async () => {
  await withPipelines(pipeline('all', '', { kind: 'drop' }));
  await send([{ body: 'mine' }]);
  await send([{ body: 'theirs' }], `other-${turn}`);
  expect(await stored()).toEqual([]);
  const others = await bench?.rows(`SELECT body FROM logs WHERE organisation = 'other-${turn}'`);
  expect(others).toEqual([{ body: 'theirs' }]);
});

test('what is parsed is scrubbed by the organisation’s own rules, and the retention class is that of the result', async () => {
  const rules = {
    ...untouchedScrubRules,
    custom: [{ name: 'till', pattern: 'TILL-\\d+', fields: [], replacement: 'mask' as const }],
  };
  const own = ownScrub(rules, 'salt');
  const sql = `if(attrs['retention.class'] = 'short', 'short', 'default')`;
  await withPipelinesAnd(
    {
      scrubbing: { ready: async () => undefined, of: () => own },
      classes: { of: async () => ({ sql, parameters: {} }) },
    },
    pipeline(
      'json',
      '',
      { kind: 'parse', from: '', format: 'json', pattern: '', prefix: '' },
      { kind: 'route', retentionClass: 'short', when: 'exists:till' },
    ),
  );
  await send([{ body: '{"till":"TILL\\u002d47 of a\\u0040b.com"}' }, { body: 'plain TILL-9' }]);
  const rows = await bench?.rows(
    `SELECT body, attrs, class FROM logs WHERE organisation = '${organisation()}' ORDER BY body`,
  );
  expect(rows).toMatchObject([
    { body: 'plain <rule:till>', attrs: {}, class: 'default' },
    { attrs: { till: '<rule:till> of <email>', 'retention.class': 'short' }, class: 'short' },
  ]);
});
