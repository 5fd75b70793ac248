import { gunzipSync } from 'node:zlib';
import { fail, ManualClock, ok, silentLogger } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { KeyPermission } from '@sightline/record';
import type { Answer, InstantQuery, MetricEngine, QueryFault, RangeQuery, SeriesQuery } from '@sightline/query/promql';
import { snappyBlock, unsnappy } from '@sightline/ingest';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerApi } from '../../register-api.ts';
import type { ApiDeps } from '../../route.ts';
import { ruleFileRoutes } from '../../routes/rule-files.ts';
import { promqlRoutes } from '../../routes/promql.ts';
import { scrapingRoutes } from '../../routes/scraping.ts';
import { QueryGate } from './gate.ts';
import type { RuleGroupState, ScrapeTarget } from './ports.ts';

const nowMs = 1_700_000_000_000;
const vector = (...samples: (readonly [Record<string, string>, number])[]): Answer => ({
  value: { type: 'vector', atMs: nowMs, samples: samples.map(([labels, value]) => ({ labels, value })) },
  warnings: [],
  infos: [],
  samples: samples.length,
});

/** Answers what the test says, and keeps what it was asked. */
class ToldEngine {
  answer: Answer | QueryFault = vector();
  series: readonly Record<string, string>[] = [];
  readonly asked: (InstantQuery | RangeQuery | (SeriesQuery & { label?: string }))[] = [];
  /** Set to keep queries waiting. */
  until: Promise<void> | undefined;

  readonly engine: MetricEngine = {
    instant: (query) => this.evaluate(query),
    range: (query) => this.evaluate(query),
    series: (query) => this.list(query, this.series),
    metricNames: (query) => this.list(query, []),
    labelNames: (query) => this.list(query, ['__name__', 'job']),
    labelValues: (query) => this.list(query, ['a', 'b', 'c']),
    metadata: async ({ metric }) =>
      ok(new Map([[metric || 'up', [{ type: 'gauge', help: 'Whether it is up.', unit: '' }]]])),
    exemplars: async ({ expression }) =>
      ok({
        series: [
          {
            labels: { __name__: expression },
            exemplars: [{ labels: { trace_id: 'abc', span_id: 'def' }, value: 6, atMs: nowMs }],
          },
        ],
        warnings: ['some are left out'],
      }),
    statistics: async () => ({
      series: 3,
      byMetric: [
        ['up', 2],
        ['down', 1],
      ],
      byLabel: [['job', 2]],
      bytesByLabel: [['job', 9]],
      byPair: [['job=a', 2]],
      pairs: 2,
      minTimeMs: 1,
      maxTimeMs: 2,
    }),
  };

  private async evaluate(query: InstantQuery | RangeQuery) {
    this.asked.push(query);
    await this.until;
    const { answer } = this;
    return 'value' in answer ? ok(answer) : fail(answer);
  }

  private async list<T>(query: SeriesQuery & { label?: string }, items: readonly T[]) {
    this.asked.push(query);
    const cut = query.limit > 0 && items.length > query.limit;
    return ok({ items: cut ? items.slice(0, query.limit) : items, cut });
  }
}

const keys: Record<string, { permissions: KeyPermission[]; site?: string }> = {
  reader: { permissions: ['query'] },
  sender: { permissions: ['ingest'] },
  anywhere: { permissions: ['query', 'any-organisation'] },
  store: { permissions: ['query'], site: 'STORE_047' },
  operator: { permissions: ['operate'] },
  storeOperator: { permissions: ['operate'], site: 'STORE_047' },
};
const control = {
  keys: {
    find: async (secret: string) => {
      const key = keys[secret];
      return key && { name: secret, ...key, scope: { organisation: 'org_1', site: key.site ?? '', keyId: 'k' } };
    },
  },
  scrapeConfigurations: { has: async (organisation: string) => organisation === 'org_1' },
  organisations: {
    first: async () => ({ id: 'org_1' }),
    findByName: async (name: string) => (name === 'known' ? { id: 'org_2' } : undefined),
  },
} as unknown as Control;

const group: RuleGroupState = {
  name: 'shop',
  file: 'rules.yml',
  language: 'promql',
  intervalSeconds: 60,
  limit: 0,
  lastEvaluationMs: 0,
  evaluationSeconds: 0.001,
  rules: [
    {
      type: 'recording',
      name: 'job:up:sum',
      expression: 'sum by(job)(up)',
      labels: { team: 'a' },
      health: 'ok',
      lastError: '',
      lastEvaluationMs: nowMs,
      evaluationSeconds: 0.0005,
    },
    {
      type: 'alerting',
      name: 'Down',
      expression: 'up==0',
      labels: { severity: 'page' },
      annotations: { summary: 'It is down' },
      health: 'err',
      lastError: 'no',
      lastEvaluationMs: nowMs,
      evaluationSeconds: 0.0005,
      state: 'firing',
      holdSeconds: 300,
      keepFiringForSeconds: 0,
      alerts: ['STORE_047', 'STORE_001'].map((site) => ({
        labels: { alertname: 'Down', site },
        annotations: {},
        state: 'firing',
        activeAtMs: nowMs,
        value: 0.25,
      })),
    },
  ],
};
const target: ScrapeTarget = {
  agent: '',
  pool: 'node',
  discoveredLabels: { __address__: 'a:9100' },
  labels: { instance: 'a:9100', job: 'node', site: 'STORE_047' },
  url: 'http://a:9100/metrics',
  health: 'up',
  lastError: '',
  lastScrapeMs: nowMs,
  lastScrapeSeconds: 0.02,
  interval: '15s',
  timeout: '10s',
  metadata: [{ metric: 'up', type: 'gauge', help: '', unit: '' }],
};

let reloaded: Awaited<ReturnType<NonNullable<ApiDeps['fileReload']>['reload']>> = [];
let told: ToldEngine;
let app: FastifyInstance;

/** Targets with the same address before the two. */
let alike = 0;

beforeEach(async () => {
  told = new ToldEngine();
  app = fastify();
  await registerApi(
    app,
    {
      store: {
        query: () => Promise.reject(new Error('not asked')),
        stream: () => Promise.reject(new Error('no')),
        metrics: told.engine,
      } as never,
      control,
      ingest: { status: () => ({ lagMs: 0, spoolBytes: 0, spoolLimitBytes: 1, waitingRecords: 0 }) },
      clock: new ManualClock(nowMs),
      logger: silentLogger,
      settings: { publicUrl: 'http://sightline.test', version: '1.2.3', demo: false },
      ruleReader: { groups: async () => [group, { ...group, name: 'second' }] },
      targetReader: {
        pools: async () => ['node', 'b', 'a'],
        active: async () => [
          ...Array.from({ length: alike }, (_, n) => ({ ...target, labels: { job: 'node', site: `STORE_9${n}` } })),
          target,
          { ...target, labels: { job: 'node', site: 'STORE_001' } },
        ],
        dropped: async () => ({ targets: [{ pool: 'node', discoveredLabels: { a: 'b' } }], counts: { node: 1 } }),
        configuration: async () => 'scrape_configs: []\n',
        relabelSteps: async (_, pool, discovered) =>
          pool === 'node' ? [{ rule: { action: 'keep' }, output: discovered, keep: true }] : undefined,
      },
      fileReload: { reload: async () => reloaded, last: () => ({ successful: false, atMs: nowMs }) },
      health: () => Promise.reject(new Error('not asked')),
      metrics: () => '',
    },
    [...ruleFileRoutes, ...scrapingRoutes, ...promqlRoutes],
  );
});
afterEach(() => app.close());

type Params = readonly (readonly [string, string])[];
async function call(path: string, params: Params = [], { key = 'reader', post = false, headers = {} } = {}) {
  const form = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value])).toString();
  const reply = await app.inject({
    method: post ? 'POST' : 'GET',
    url: `/prometheus/api/v1${path}${post || form === '' ? '' : `?${form}`}`,
    headers: {
      authorization: `Bearer ${key}`,
      ...(post ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...headers,
    },
    ...(post ? { payload: form } : {}),
  });
  return { status: reply.statusCode, reply, body: reply.headers['content-encoding'] ? undefined : reply.json() };
}
const fault = async (path: string, params: Params, more = {}): Promise<string> => {
  const { status, body } = await call(path, params, more);
  return `${status} ${body.errorType}: ${body.error}`;
};

describe('query', () => {
  it('answers an instant vector as Prometheus does', async () => {
    told.answer = vector(
      [{ job: 'b', __name__: 'up', 'a.b': '"x"' }, 1],
      [{}, 1e21],
      [{}, 1e-7],
      [{}, 123_456_789.125],
      [{}, Number.NaN],
      [{}, Number.NEGATIVE_INFINITY],
      [{}, -0],
    );
    const { reply } = await call('/query', [
      ['query', 'up'],
      ['time', '1700000000.5'],
    ]);
    expect(reply.headers['content-type']).toContain('application/json');
    const at = (value: string): string => `{"metric":{},"value":[1700000000,"${value}"]}`;
    const first = '{"metric":{"__name__":"up","a.b":"\\"x\\"","job":"b"},"value":[1700000000,"1"]}';
    const rest = ['1e+21', '1e-07', '123456789.125', 'NaN', '-Inf', '-0'].map(at);
    expect(reply.body).toBe(
      `{"status":"success","data":{"resultType":"vector","result":[${[first, ...rest].join(',')}]}}`,
    );
    expect(told.asked[0]).toMatchObject({ organisation: 'org_1', expression: 'up', atMs: 1_700_000_000_500 });
  });

  it('answers scalars, strings, matrices and histograms', async () => {
    const asked = async (value: Answer['value']) => {
      told.answer = { value, warnings: [], infos: [], samples: 1 };
      return (await call('/query', [['query', '1']])).body.data;
    };
    expect(await asked({ type: 'scalar', atMs: 1500, value: 0.1 })).toEqual({
      resultType: 'scalar',
      result: [1.5, '0.1'],
    });
    expect(await asked({ type: 'string', atMs: 1000, value: 'a"b' })).toEqual({
      resultType: 'string',
      result: [1, 'a"b'],
    });
    const histogram = {
      counterResetHint: 0,
      schema: 0,
      zeroThreshold: 0.5,
      zeroCount: 2,
      count: 7,
      sum: 11.5,
      positiveSpans: [{ offset: 0, length: 2 }],
      negativeSpans: [{ offset: 1, length: 1 }],
      positiveBuckets: [3, 0],
      negativeBuckets: [2],
      customValues: [],
    } as const;
    const shown = {
      count: '7',
      sum: '11.5',
      buckets: [
        [1, '-2', '-1', '2'],
        [3, '-0.5', '0.5', '2'],
        [0, '0.5', '1', '3'],
      ],
    };
    expect(await asked({ type: 'vector', atMs: 1000, samples: [{ labels: {}, value: 0, histogram }] })).toEqual({
      resultType: 'vector',
      result: [{ metric: {}, histogram: [1, shown] }],
    });
    const floats = { times: Float64Array.of(1000, 2001), values: Float64Array.of(1, 2) };
    const series = [
      { labels: { a: '1' }, floats, histograms: [{ atMs: 3000, histogram }] },
      { labels: { a: '2' }, floats: { times: new Float64Array(), values: new Float64Array() }, histograms: [] },
    ];
    const matrix = await asked({ type: 'matrix', series });
    expect(matrix).toEqual({
      resultType: 'matrix',
      result: [
        {
          metric: { a: '1' },
          values: [
            [1, '1'],
            [2.001, '2'],
          ],
          histograms: [[3, shown]],
        },
        { metric: { a: '2' } },
      ],
    });
  });

  it('takes forms, GET or POST, and the time as RFC 3339', async () => {
    for (const post of [false, true]) {
      await call(
        '/query_range',
        [
          ['query', 'rate(up[5m])'],
          ['start', '2023-11-14T22:13:20Z'],
          ['end', '2023-11-15T00:13:20.250+01:00'],
          ['step', '1m30s'],
          ['timeout', '10'],
          ['lookback_delta', '1m'],
        ],
        { post },
      );
    }
    expect(told.asked).toHaveLength(2);
    for (const asked of told.asked) {
      expect(asked).toMatchObject({
        startMs: 1_700_000_000_000,
        endMs: 1_700_003_600_250,
        stepMs: 90_000,
        lookbackMs: 60_000,
        bounds: { timeoutMs: 10_000 },
      });
    }
  });

  it('says what is wrong in the words of Prometheus', async () => {
    const range = (start: string, end: string, step: string): Params => [
      ['query', 'up'],
      ['start', start],
      ['end', end],
      ['step', step],
    ];
    expect(await fault('/query', [['query', 'sum(']])).toBe(
      '400 bad_data: invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
    );
    expect(await fault('/query', [])).toBe(
      '400 bad_data: invalid parameter "query": unknown position: parse error: no expression found in input',
    );
    expect(await fault('/query', [['time', 'then']])).toBe(
      `400 bad_data: invalid parameter "time": invalid time value for 'time': cannot parse "then" to a valid timestamp`,
    );
    expect(await fault('/query_range', range('', '2', '1'))).toBe(
      '400 bad_data: invalid parameter "start": cannot parse "" to a valid timestamp',
    );
    expect(await fault('/query_range', range('2', '1', '1'))).toBe(
      '400 bad_data: invalid parameter "end": end timestamp must not be before start time',
    );
    expect(await fault('/query_range', range('1', '2', '0'))).toBe(
      '400 bad_data: invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
    expect(await fault('/query_range', range('1', '2', 'x'))).toBe(
      '400 bad_data: invalid parameter "step": cannot parse "x" to a valid duration',
    );
    expect(await fault('/query_range', range('0', '11001', '1'))).toBe(
      '400 bad_data: exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
    expect((await call('/query_range', range('0', '11000', '1'))).status).toBe(200);
    expect(
      await fault('/query', [
        ['query', 'up'],
        ['timeout', 'long'],
      ]),
    ).toBe('400 bad_data: invalid parameter "timeout": cannot parse "long" to a valid duration');
    expect(
      await fault('/query', [
        ['query', 'up'],
        ['limit', '-1'],
      ]),
    ).toBe('400 bad_data: invalid parameter "limit": limit must be non-negative');
    expect(await fault('/nothing', [])).toBe('404 not_found: there is no call GET /prometheus/api/v1/nothing');
  });

  it.each<[QueryFault, string]>([
    [{ kind: 'execution', message: 'found duplicate series' }, '422 execution: found duplicate series'],
    [{ kind: 'timeout', message: 'query timed out' }, '503 timeout: query timed out'],
    [{ kind: 'unavailable', message: 'not ready' }, '503 unavailable: not ready'],
    [{ kind: 'internal', message: 'odd' }, '500 internal: odd'],
  ])('tells of a failed evaluation: %o', async (failed, wanted) => {
    told.answer = failed;
    expect(await fault('/query', [['query', 'up']])).toBe(wanted);
  });

  it('cuts at the limit and says so, with warnings, infos and statistics', async () => {
    told.answer = {
      ...vector([{ a: '1' }, 1], [{ a: '2' }, 2]),
      warnings: ['w'],
      infos: Array.from({ length: 12 }, () => 'i'),
    };
    const { body } = await call('/query', [
      ['query', 'up'],
      ['limit', '1'],
      ['stats', 'all'],
    ]);
    expect(body.data.result).toHaveLength(1);
    expect(body.warnings).toEqual(['w', 'results truncated due to limit']);
    expect(body.infos).toHaveLength(11);
    expect(body.infos.at(-1)).toBe('2 more info annotations omitted');
    expect(body.data.stats.samples.totalQueryableSamples).toBe(2);
  });

  it('streams what is large, packed where the client takes that', async () => {
    told.answer = vector(...Array.from({ length: 5000 }, (_, at) => [{ at: String(at) }, at / 7] as const));
    const plain = await call('/query', [['query', 'up']]);
    expect(plain.body.data.result).toHaveLength(5000);
    const packed = await call('/query', [['query', 'up']], { headers: { 'accept-encoding': 'deflate, gzip' } });
    expect(packed.reply.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.reply.rawPayload).toString()).toBe(plain.reply.body);
    expect(packed.reply.rawPayload.length).toBeLessThan(plain.reply.rawPayload.length / 3);
  });

  it.each<[string, (i: number) => number]>([
    ['that are all different', (i) => Math.sqrt(i + 2)],
    ['that come again', (i) => (i % 7) / 3],
  ])('streams many points %s, packed like everything else', async (_, valueOf) => {
    const times = Float64Array.from({ length: 3000 }, (__, i) => nowMs + 15_000 * i);
    const series = Array.from({ length: 20 }, (__, at) => ({
      labels: { at: String(at) },
      floats: { times, values: times.map((___, i) => valueOf(i + 3000 * at)) },
      histograms: [],
    }));
    told.answer = { ...vector(), value: { type: 'matrix', series } };
    const asked: [string, string][] = [['query', 'x[1d]']];
    const plain = await call('/query', asked);
    const packed = await call('/query', asked, { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.reply.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.reply.rawPayload).toString()).toBe(plain.reply.body);
    expect(packed.reply.rawPayload.length).toBeLessThan(plain.reply.rawPayload.length / 2);
  });

  it('lets sixteen queries of an organisation run, others wait until they time out', async () => {
    let release = (): void => undefined;
    told.until = new Promise((resolve) => (release = resolve));
    const running = Array.from({ length: 16 }, () => call('/query', [['query', 'up']]));
    const late = await fault('/query', [
      ['query', 'up'],
      ['timeout', '20ms'],
    ]);
    expect(late).toBe('503 timeout: query timed out in query queue');
    expect(told.asked).toHaveLength(16);
    const waiting = call('/query', [['query', 'up']]);
    release();
    const statuses = (await Promise.all([...running, waiting])).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(told.asked).toHaveLength(17);
  });

  it('gives up the place of a client that has gone', async () => {
    const aborted: string[] = [];
    const { engine } = told;
    const gate = new QueryGate();
    const client = new AbortController();
    const hanging = (signal: AbortSignal) =>
      new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve(String(aborted.push('read')))));
    const reads = Array.from({ length: 16 }, () =>
      gate.run('org_1', { gone: client.signal, limitMs: 60_000 }, hanging),
    );
    const waiting = gate.run('org_1', { gone: client.signal, limitMs: 60_000 }, hanging);
    const other = gate.run('org_2', { gone: client.signal, limitMs: 60_000 }, () => engine.statistics('org_2'));
    expect(await other).toMatchObject({ series: 3 });
    client.abort();
    expect(await waiting).toMatchObject({ kind: 'canceled', message: 'query was canceled in query queue' });
    expect((await Promise.all(reads))[0]).toMatchObject({ message: 'query was canceled in expression evaluation' });
    expect(aborted).toHaveLength(16);
    const now = await gate.run('org_1', { gone: new AbortController().signal, limitMs: 60_000 }, async () => 'free');
    expect(now).toBe('free');
  });

  it('formats and parses', async () => {
    expect((await call('/format_query', [['query', 'sum(up)by(job)']])).body.data).toBe('sum by (job) (up)');
    expect((await call('/parse_query', [['query', '-up']], { post: true })).body.data).toMatchObject({
      type: 'unaryExpr',
      expr: { type: 'vectorSelector', name: 'up' },
    });
  });
});

describe('who asks', () => {
  it.each([
    ['nobody', '401 unauthorized'],
    ['sender', '403 forbidden'],
  ])('%s', async (key, wanted) => {
    expect(await fault('/query', [['query', 'up']], { key })).toContain(wanted);
    expect(told.asked).toEqual([]);
  });

  it('may name another organisation with such a key; one that sent nothing has nothing', async () => {
    for (const [name, organisation] of [
      ['known', 'org_2'],
      ['unseen', ''],
    ]) {
      const { status } = await call('/query', [['query', 'up']], {
        key: 'anywhere',
        headers: { 'x-scope-orgid': name },
      });
      expect(status).toBe(200);
      expect(told.asked.at(-1)).toMatchObject({ organisation });
    }
    await call('/query', [['query', 'up']], { headers: { 'x-scope-orgid': 'known' } });
    expect(told.asked.at(-1)).toMatchObject({ organisation: 'org_1' });
  });

  it('sees nothing but its site with a key of a site', async () => {
    const key = 'store';
    const site = { label: 'site', operator: '=', value: 'STORE_047' };
    await call('/query', [['query', 'up']], { key });
    await call('/labels', [], { key });
    await call('/series', [['match[]', 'up{a="b"}']], { key });
    expect(told.asked.map((asked) => ('matchers' in asked ? asked.matchers : asked.enforced))).toEqual([
      [site],
      [[site]],
      [[{ label: 'a', operator: '=', value: 'b' }, { label: '__name__', operator: '=', value: 'up' }, site]],
    ]);
    const exemplars = await call('/query_exemplars', [['query', 'rate(x{site="STORE_001"}[5m])']], { key });
    expect(exemplars.body.data[0].seriesLabels.__name__).toBe('x{site="STORE_001",site="STORE_047"}');
    expect((await call('/alerts', [], { key })).body.data.alerts).toHaveLength(2);
    expect((await call('/targets', [], { key })).body.data.activeTargets).toHaveLength(1);
    expect((await call('/status/tsdb', [], { key })).status).toBe(403);
  });
});

describe('the index', () => {
  it('lists series, labels and values', async () => {
    told.series = [{ b: '2', __name__: 'up' }];
    const series = await call('/series', [['match[]', 'up']], { post: true });
    expect(series.reply.body).toBe('{"status":"success","data":[{"__name__":"up","b":"2"}]}');
    expect((await call('/labels')).body.data).toEqual(['__name__', 'job']);
    const values = await call('/label/U__my_2e_label/values', [['limit', '2']]);
    expect(values.body).toEqual({
      status: 'success',
      data: ['a', 'b'],
      warnings: ['results truncated due to limit'],
    });
    expect(told.asked.at(-1)).toMatchObject({ label: 'my.label' });
    expect(told.asked.at(-1)).toMatchObject({ startMs: 0, matchers: [] });
  });

  it('takes the bounds that Prometheus’ clients send for none', async () => {
    await call('/series', [
      ['match[]', 'up'],
      ['start', '-292273086-05-16T16:47:06Z'],
      ['end', '9223309901257974'],
    ]);
    expect(told.asked.at(-1)).toMatchObject({ startMs: 0, endMs: Date.UTC(9999, 11, 31) });
  });

  it('says what is wrong with selectors', async () => {
    expect(await fault('/series', [])).toBe('400 bad_data: no match[] parameter provided');
    expect(await fault('/series', [['match[]', '{a=~".*"}']])).toBe(
      '400 bad_data: match[] must contain at least one non-empty matcher',
    );
    expect(await fault('/labels', [['match[]', 'up[5m]']])).toContain('unexpected "["');
  });

  it('has metadata, exemplars and statistics', async () => {
    expect((await call('/metadata', [['metric', 'x']])).body.data).toEqual({
      x: [{ type: 'gauge', help: 'Whether it is up.', unit: '' }],
    });
    expect((await call('/metadata', [['limit', '0']])).body.data).toEqual({});
    const exemplars = await call('/query_exemplars', [['query', 'rate(x[5m]) / y']]);
    expect(exemplars.body.data).toEqual([
      {
        seriesLabels: { __name__: 'x or y' },
        exemplars: [{ labels: { trace_id: 'abc', span_id: 'def' }, value: '6', timestamp: nowMs / 1000 }],
      },
    ]);
    const { body } = await call('/status/tsdb', [['limit', '1']]);
    expect(body.data.headStats.numSeries).toBe(3);
    expect(body.data.headStats.numLabelPairs).toBe(2);
    expect(body.data.seriesCountByMetricName).toEqual([{ name: 'up', value: 2 }]);
    expect(body.data.memoryInBytesByLabelName).toEqual([{ name: 'job', value: 9 }]);
    expect(body.data.seriesCountByLabelValuePair).toEqual([{ name: 'job=a', value: 2 }]);
  });
});

describe('rules and targets', () => {
  it('shows rules by group', async () => {
    const { body } = await call('/rules', [['rule_group[]', 'shop']]);
    expect(body.data.groups).toHaveLength(1);
    const [recording, alerting] = body.data.groups[0].rules;
    expect(recording).toMatchObject({ type: 'recording', query: 'sum by (job) (up)', health: 'ok' });
    expect(recording).not.toHaveProperty('lastError');
    expect(alerting).toMatchObject({
      type: 'alerting',
      query: 'up == 0',
      duration: 300,
      lastError: 'no',
      state: 'firing',
    });
    expect(alerting.alerts[0]).toMatchObject({ value: '2.5e-01', activeAt: '2023-11-14T22:13:20.000Z' });
    expect(body.data.groups[0].lastEvaluation).toBe('0001-01-01T00:00:00Z');
  });

  it('filters and pages', async () => {
    const names = async (params: Params) =>
      (await call('/rules', params)).body.data.groups.flatMap((one: { rules: { name: string }[] }) =>
        one.rules.map(({ name }) => name),
      );
    expect(await names([['type', 'alert']])).toEqual(['Down', 'Down']);
    expect(await names([['match[]', '{team=~"a|b"}']])).toEqual(['job:up:sum', 'job:up:sum']);
    expect(await names([['rule_name[]', 'nope']])).toEqual([]);
    const first = (await call('/rules', [['group_limit', '1']])).body.data;
    expect(first.groups).toHaveLength(1);
    const second = await call('/rules', [
      ['group_limit', '1'],
      ['group_next_token', first.groupNextToken],
    ]);
    expect(second.body.data).toMatchObject({ groups: [{ name: 'second' }] });
    expect(second.body.data).not.toHaveProperty('groupNextToken');
    expect(await fault('/rules', [['type', 'x']])).toBe(
      '400 bad_data: invalid parameter "type": not supported value "x"',
    );
  });

  it('shows targets', async () => {
    const { body } = await call('/targets', [['state', 'active']]);
    expect(body.data.activeTargets[0]).toMatchObject({ scrapePool: 'node', health: 'up', scrapeInterval: '15s' });
    expect(body.data.droppedTargets).toEqual([]);
    expect((await call('/scrape_pools')).body.data).toEqual({ scrapePools: ['a', 'b', 'node'] });
    const labels = (text: string): Params => [
      ['scrapePool', 'node'],
      ['labels', text],
    ];
    expect((await call('/targets/relabel_steps', labels('{"a":"b"}'))).body.data).toEqual({
      steps: [{ rule: { action: 'keep' }, output: { a: 'b' }, keep: true }],
    });
    expect(await fault('/targets/relabel_steps', [])).toContain('no scrapePool parameter');
    expect(await fault('/targets/relabel_steps', [['scrapePool', 'node']])).toContain('no labels parameter');
    for (const wrong of ['x', '[]', '{"a":1}', 'null'])
      expect(await fault('/targets/relabel_steps', labels(wrong))).toContain('error parsing labels');
    const unknown: Params = [
      ['scrapePool', 'moon'],
      ['labels', '{}'],
    ];
    expect(await fault('/targets/relabel_steps', unknown)).toContain('unknown scrape pool');
    const live = await app.inject({
      url: '/prometheus/api/v1/notifications/live',
      headers: { authorization: 'Bearer reader' },
    });
    expect(live.statusCode).toBe(204);
    expect((await app.inject({ url: '/prometheus/api/v1/notifications/live' })).statusCode).toBe(401);
    const metadata = await call('/targets/metadata', [['match_target', '{site="STORE_001"}']]);
    expect(metadata.body.data).toMatchObject([{ metric: 'up', type: 'gauge', target: { site: 'STORE_001' } }]);
    expect((await call('/status/config')).body.data.yaml).toContain('scrape_configs');
  });
});

describe('the state of the server', () => {
  it.each(['flags', 'runtimeinfo', 'buildinfo', 'walreplay'])('%s', async (name) => {
    const { status, body } = await call(`/status/${name}`);
    expect([status, body.status]).toEqual([200, 'success']);
  });

  it('is ready for anybody', async () => {
    for (const probe of ['healthy', 'ready']) {
      const { body } = await app.inject(`/prometheus/-/${probe}`);
      expect(body).toMatch(/^Prometheus Server is (Healthy|Ready)\.\n$/);
    }
  });

  it('names its features', async () => {
    const { body } = await call('/features');
    expect(body.data.promql_functions).toMatchObject({ info: true, mad_over_time: true });
    expect(body.data.promql_operators).toMatchObject({ limitk: true, '>=': true });
  });
});

describe('the same for our own pages', () => {
  const read = async (path: string, key = 'reader') => {
    const reply = await app.inject({ url: `/api/v1${path}`, headers: { authorization: `Bearer ${key}` } });
    return { status: reply.statusCode, body: reply.json<Record<string, unknown>>() };
  };

  it.each([
    ['reader', 2, 'firing', ['STORE_047', 'STORE_001']],
    ['store', 1, 'firing', ['STORE_047']],
  ])('rule groups for the key %s', async (key, alertCount, state, sites) => {
    const { status, body } = await read('/rule-groups', key);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      evaluated: true,
      omitted: 0,
      groups: [
        {
          name: group.name,
          rules: expect.arrayContaining([expect.objectContaining({ name: 'Down', state, alertCount })]),
        },
        { name: 'second' },
      ],
    });
    expect(JSON.stringify(body)).toContain(sites.at(-1));
    expect(JSON.stringify(body).includes('STORE_001')).toBe(sites.includes('STORE_001'));
  });

  it('targets, by job, with the configuration', async () => {
    const { body } = await read('/scrape-targets');
    expect(body).toMatchObject({
      scraping: true,
      configured: true,
      jobs: [
        { name: 'node', up: 2, down: 0, unknown: 0, dropped: 1 },
        { name: 'b', up: 0 },
        { name: 'a', up: 0 },
      ],
      targets: [{ job: 'node', url: 'http://a:9100/metrics', health: 'up', lastScrapeMs: 20 }, {}],
      omitted: 0,
      configuration: 'scrape_configs: []\n',
    });
  });

  it('one of many targets with an address is found by its labels', async () => {
    alike = 25;
    const path = `/scrape-target?job=node&url=${encodeURIComponent('http://a:9100/metrics')}`;
    const all = await read(path);
    alike = 0;
    expect(all.body).toMatchObject({ omitted: 7 });
    const of = (labels: string) => read(`${path}&labels=${encodeURIComponent(labels)}`);
    alike = 25;
    const one = await of('{"site":"STORE_001","job":"node"}');
    const none = await of('{"site":"STORE_001"}');
    const wrong = [await of('{'), await of('{"a":1}')];
    alike = 0;
    expect(one.body).toMatchObject({ omitted: 0, targets: [{ labels: { job: 'node', site: 'STORE_001' } }] });
    expect([none.status, ...wrong.map(({ status }) => status)]).toEqual([404, 422, 422]);
  });

  it('a key that is bound to a site sees its own targets and no configuration', async () => {
    const { body } = await read('/scrape-targets', 'store');
    expect(body).toMatchObject({
      jobs: [{ name: 'node', up: 1 }],
      targets: [{ labels: { site: 'STORE_047' } }],
      configuration: '',
    });
    expect(JSON.stringify(body)).not.toContain('STORE_001');
  });

  it.each(['/rule-groups', '/scrape-targets'])('%s is nothing for a key that only sends', async (path) => {
    expect((await read(path, 'sender')).status).toBe(403);
  });

  const exemplarsOf = (expression: string, range = { from: 0, to: nowMs }): string =>
    `/metrics/exemplars?from=${range.from}&to=${range.to}&expression=${encodeURIComponent(expression)}`;

  it('exemplars of the selectors of an expression', async () => {
    expect(await read(exemplarsOf('sum(rate(x{a="b"}[5m]))'))).toEqual({
      status: 200,
      body: {
        exemplars: [
          {
            at: nowMs,
            value: 6,
            traceId: 'abc',
            spanId: 'def',
            labels: { trace_id: 'abc', span_id: 'def' },
            series: { __name__: 'x{a="b"}' },
          },
        ],
        more: 0,
        selector: 'x{a="b"}',
        onAxis: false,
        warnings: ['some are left out'],
      },
    });
  });

  it('exemplars for a key that is bound to a site are those of its site', async () => {
    const { body } = await read(exemplarsOf('x'), 'store');
    expect(JSON.stringify(body)).toContain('site=\\"STORE_047\\"');
  });

  it.each([
    ['1 + 1', { from: 0, to: nowMs }, 200],
    ['sum(', { from: 0, to: nowMs }, 400],
    ['x', { from: 5, to: 5 }, 400],
    [Array(201).fill('x').join(' or '), { from: 0, to: nowMs }, 400],
  ])('exemplars of %.20s', async (expression, range, status) => {
    expect((await read(exemplarsOf(expression, range))).status).toBe(status);
  });
});

describe('reload', () => {
  const reload = async (key: string, method: 'POST' | 'PUT' = 'POST', url = '/-/reload'): Promise<[number, string]> => {
    const reply = await app.inject({ method, url, headers: { authorization: `Bearer ${key}` } });
    return [reply.statusCode, reply.body];
  };
  it('answers 200 with what was loaded, 500 with why the old stays', async () => {
    reloaded = [{ what: 'Rules', ok: true, detail: '2 files' }];
    expect(await reload('operator')).toEqual([200, 'Rules: 2 files\n']);
    expect(await reload('operator', 'PUT', '/prometheus/-/reload')).toEqual([200, 'Rules: 2 files\n']);
    reloaded = [...reloaded, { what: 'Scraping', ok: false, detail: 'In a.yml: no job_name.' }];
    expect(await reload('operator')).toEqual([
      500,
      'failed to reload config: what was in force stays\nRules: 2 files\nScraping: In a.yml: no job_name.\n',
    ]);
    reloaded = [];
    expect(await reload('operator')).toEqual([200, 'There are no files to read.\n']);
    expect((await call('/status/runtimeinfo')).body.data).toMatchObject({ reloadConfigSuccess: false });
  });
  it.each([
    ['reader', 403],
    ['anywhere', 403],
    ['sender', 403],
    ['storeOperator', 403],
    ['nobody', 401],
  ])('is not for %s', async (key, status) => expect((await reload(key))[0]).toBe(status));
});

/** Two series, of which the second has ended. */
function samplesAsked(): void {
  const values = Float64Array.of(1.5, 0);
  new BigUint64Array(values.buffer)[1] = 0x7ff0000000000002n;
  const times = Float64Array.of(nowMs - 20_000, nowMs - 5000);
  told.answer = {
    value: {
      type: 'matrix',
      series: [
        { labels: { __name__: 'up', job: 'a"b' }, floats: { times, values: Float64Array.of(1, 0) }, histograms: [] },
        { labels: { __name__: 'up', job: 'gone' }, floats: { times, values }, histograms: [] },
        {
          labels: { __name__: 'my.metric', instance: 'x' },
          floats: { times, values: Float64Array.of(1, NaN) },
          histograms: [],
        },
      ],
    },
    warnings: [],
    infos: [],
    samples: 6,
  };
}

describe('samples as they are', () => {
  const read = async (payload: Buffer | Promise<Buffer>, key = 'reader') =>
    app.inject({
      method: 'POST',
      url: '/prometheus/api/v1/read',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
      },
      payload: await payload,
    });
  /** `{__name__="up", job=~"a.*"}` from 1 s before now on. */
  const request = snappyBlock(
    Buffer.concat([
      Buffer.from([0x0a, 0x2e, 0x08]),
      varint(nowMs - 1000),
      Buffer.from([0x10]),
      varint(nowMs),
      Buffer.from([0x1a, 0x0e, 0x12, 0x08]),
      Buffer.from('__name__'),
      Buffer.from([0x1a, 0x02]),
      Buffer.from('up'),
      Buffer.from([0x1a, 0x0e, 0x08, 0x02, 0x12, 0x03]),
      Buffer.from('job'),
      Buffer.from([0x1a, 0x05]),
      Buffer.from('a.*bc'),
    ]),
  );

  it('are read by remote read, with the marks of series that ended', async () => {
    samplesAsked();
    const reply = await read(request, 'store');
    expect([reply.statusCode, reply.headers['content-type'], reply.headers['content-encoding']]).toEqual([
      200,
      'application/x-protobuf',
      'snappy',
    ]);
    const bytes = await unsnappy(reply.rawPayload, 10_000);
    for (const text of ['up', 'a"b', 'gone', 'my.metric']) expect(bytes.includes(text), text).toBe(true);
    expect(bytes.includes(Buffer.from([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]))).toBe(true);
    expect(told.asked[0]).toMatchObject({
      organisation: 'org_1',
      expression: '{"__name__"="up","job"=~"a.*bc"}[1001ms]',
      atMs: nowMs,
      staleMarks: true,
      enforced: [{ label: 'site', operator: '=', value: 'STORE_047' }],
    });
  });

  it('are refused with what was expected', async () => {
    const said = async (payload: Buffer | Promise<Buffer>, key?: string) => {
      const reply = await read(payload, key);
      return `${reply.statusCode} ${reply.json().error}`;
    };
    expect(await said(Buffer.from('no snappy'))).toMatch(/^400 expected one snappy block/);
    expect(await said(snappyBlock(Buffer.from('no request')))).toMatch(/^400 the body is no prometheus.ReadRequest/);
    expect(await said(snappyBlock(Buffer.alloc(2_000_000)))).toMatch(
      /^400 expected one snappy block: the body would take 2000000/,
    );
    expect(await said(request, 'sender')).toMatch(/^403 /);
    expect(await said(request, 'nobody')).toMatch(/^401 /);
    told.answer = { kind: 'execution', message: 'query processing would load too many samples into memory' };
    expect(await said(request)).toMatch(/^422 query processing would load too many samples/);
  });

  it('are federated: the newest of each that has not ended, in the text format', async () => {
    samplesAsked();
    const federate = async (query: string, key = 'reader') =>
      app.inject({ url: `/prometheus/federate${query}`, headers: { authorization: `Bearer ${key}` } });
    const reply = await federate('?match[]=up&match[]={job="x"}', 'store');
    expect(reply.headers['content-type']).toContain('text/plain; version=0.0.4');
    expect(reply.body).toBe(
      [
        '# TYPE "my.metric" untyped',
        `{"my.metric",instance="x"} NaN ${nowMs - 5000}`,
        '# TYPE up untyped',
        `up{instance="",job="a\\"b"} 0 ${nowMs - 5000}`,
        '',
      ].join('\n'),
    );
    expect(told.asked).toHaveLength(2);
    expect(told.asked[1]).toMatchObject({
      expression: '{"job"="x"}[300000ms]',
      atMs: nowMs,
      enforced: [{ label: 'site', operator: '=', value: 'STORE_047' }],
    });
    expect((await federate('')).json().error).toContain('no match[] parameter');
    expect((await federate('?match[]={a=""}')).json().error).toContain('at least one non-empty matcher');
    expect((await federate('?match[]=up', 'sender')).statusCode).toBe(403);
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
