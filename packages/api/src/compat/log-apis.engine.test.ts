import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import { silentLogger, systemClock } from '@sightline/base';
import { type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ApiDeps } from '../route.ts';
import { registerElasticsearch } from './elasticsearch/register-elasticsearch.ts';
import { registerLoki } from './loki/register-loki.ts';

const minuteMs = 60_000;
const endMs = Math.floor(Date.now() / minuteMs) * minuteMs;
const fromMs = endMs - 60 * minuteMs;
let folder: string;
let store: TelemetryStore;
let app: FastifyInstance;
let address: string;

/** Keys are their organisation's name; `blind` may only send, `bound` sees the site STORE_2 alone. */
const control = {
  keys: {
    find: (secret: string) =>
      Promise.resolve(
        ['acme', 'rival', 'blind', 'bound'].includes(secret)
          ? {
              name: secret,
              permissions: secret === 'blind' ? ['ingest'] : ['query'],
              scope: {
                organisation: secret === 'rival' ? 'rival' : 'acme',
                site: secret === 'bound' ? 'STORE_2' : '',
                keyId: secret,
              },
            }
          : undefined,
      ),
  },
};

let inserted = 0;
async function insert(rows: string): Promise<void> {
  await store.execute(
    `INSERT INTO logs (organisation, site, environment, service, ts, received_at, severity, body, scope_name, res, attrs) ${rows}`,
    {},
    { settings: { insert_deduplication_token: `log-apis-${inserted++}` } },
  );
}

/** 240 records in an hour, one each 15 s: two thirds pushed by Loki's clients, of two sites; a few of another organisation. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-logs-'));
  store = await openMigratedStore(folder);
  const rows = (
    organisation: string,
    count: number,
  ): string => `SELECT '${organisation}', ['STORE_1', 'STORE_2'][1 + number % 2], 'production', ['till', 'till', 'payment'][1 + number % 3],
     fromUnixTimestamp64Milli(${fromMs} + number * 15000 + 100), fromUnixTimestamp64Milli(${fromMs}), [9, 9, 17, 13][1 + number % 4],
     multiIf(number % 3 = 2, concat('Payment ', toString(1000 + number), ' declined after ', toString(number % 7), ' s'), concat('{"status":', toString(200 + 300 * (number % 4 = 2)), ',"took":', toString(number), ',"user":{"id":"u', toString(number % 5), '"}}')),
     if(number % 3 = 2, 'app', 'loki'),
     if(number % 3 = 2, map('host.name', 'nuc-1'), map('app', 'till', 'store_id', toString(1 + number % 2), 'service.name', 'till')),
     if(number % 3 = 2, map('order.id', concat('ORD-', toString(number)), 'amount', toString(number / 2)), map())
     FROM numbers(${count})`;
  await insert(rows('acme', 240));
  await insert(rows('rival', 12));
  app = Fastify({ forceCloseConnections: true });
  await app.register(cookie);
  const deps = {
    store,
    control,
    clock: systemClock,
    logger: silentLogger,
    settings: { version: 'test', publicUrl: '', demo: false },
  } as unknown as ApiDeps;
  await registerLoki(app, deps);
  await registerElasticsearch(app, deps);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const bound = app.server.address();
  address = `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
});
afterAll(async () => {
  await app.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const range = `start=${fromMs}000000&end=${endMs}000000`;
async function loki(
  path: string,
  { key = 'acme', body, flags = '' }: { key?: string; body?: string; flags?: string } = {},
) {
  const reply = await app.inject({
    url: `/loki/api/v1${path}`,
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(key === '' ? {} : { authorization: `Basic ${Buffer.from(`x:${key}`).toString('base64')}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(flags === '' ? {} : { 'x-loki-response-encoding-flags': flags }),
    },
    ...(body === undefined ? {} : { payload: body }),
  });
  return { status: reply.statusCode, text: reply.body, json: () => reply.json() };
}
const query = (text: string, more = ''): string => `query=${encodeURIComponent(text)}&${range}${more}`;

describe('Loki', () => {
  test('entries of pushed labels, newest first, in their streams', async () => {
    const reply = (await loki(`/query_range?${query('{app="till", store_id="2"}', '&limit=3')}`)).json();
    expect(reply).toMatchObject({
      status: 'success',
      data: { resultType: 'streams', stats: { summary: { totalEntriesReturned: 3 } } },
    });
    const values = reply.data.result.flatMap((stream: { values: [string, string][] }) => stream.values);
    expect(values).toHaveLength(3);
    expect(reply.data.result[0].stream).toMatchObject({
      app: 'till',
      store_id: '2',
      service_name: 'till',
      site: 'STORE_2',
      environment: 'production',
    });
    expect(values.every(([ns]: [string]) => /^\d{19}$/.test(ns))).toBe(true);
    const forward = (await loki(`/query_range?${query('{app="till"}', '&limit=1&direction=forward')}`)).json();
    expect(forward.data.result[0].values[0][0]).toBe(`${fromMs + 100}000000`);
  });
  test('labels by where they come from', async () => {
    const asked = query('{service_name="payment"} | order_id="ORD-5" | pattern "Payment <number> <_>"');
    const { data } = (await loki(`/query_range?${asked}`, { flags: 'categorize-labels' })).json();
    expect(data.encodingFlags).toEqual(['categorize-labels']);
    expect(data.result).toHaveLength(1);
    const [{ stream, values }] = data.result;
    expect(stream).toEqual({ service_name: 'payment', site: 'STORE_2', environment: 'production', level: 'info' });
    expect(values[0][1]).toBe('Payment 1005 declined after 5 s');
    expect(values[0][2]).toMatchObject({
      structuredMetadata: { order_id: 'ORD-5', host_name: 'nuc-1', detected_level: 'info' },
      parsed: { number: '1005' },
    });
  });
  test('a metric query over time, as a form', async () => {
    const { data } = (
      await loki('/query_range', {
        body: query('sum by (level) (count_over_time({service_name=~".+"}[10m]))', '&step=600'),
      })
    ).json();
    expect(data.resultType).toBe('matrix');
    const total = data.result
      .flatMap(({ values }: { values: [number, string][] }) => values)
      .reduce((sum: number, [, value]: [number, string]) => sum + Number(value), 0);
    expect([total, data.result.map(({ metric }: { metric: object }) => metric)]).toEqual([
      240,
      [{ level: 'error' }, { level: 'info' }, { level: 'warn' }],
    ]);
  });
  test('an instant query', async () => {
    const at = `&time=${endMs / 1000}`;
    const vector = (
      await loki(
        `/query?query=${encodeURIComponent('sum(count_over_time({app="till"} | json | status=500 [1h]))')}${at}`,
      )
    ).json();
    expect(vector.data).toMatchObject({ resultType: 'vector', result: [{ metric: {}, value: [endMs / 1000, '40'] }] });
    expect((await loki(`/query?query=1%2B1${at}`)).json().data).toMatchObject({
      resultType: 'scalar',
      result: [endMs / 1000, '2'],
    });
  });
  test.each<[string, unknown]>([
    [`/labels?${range}`, ['app', 'environment', 'level', 'service_name', 'site', 'store_id']],
    [`/label?${range}`, ['app', 'environment', 'level', 'service_name', 'site', 'store_id']],
    [`/label/service_name/values?${range}`, ['payment', 'till']],
    [`/label/level/values?${range}`, ['info', 'warn', 'error']],
    [`/label/store_id/values?${range}`, ['1', '2']],
    [`/label/site/values?${query('{store_id="2"}')}`, ['STORE_2']],
    ['/label/site/values?start=1&end=2', []],
  ])('%s', async (url, data) => expect((await loki(url)).json()).toEqual({ status: 'success', data }));
  test('series of several selectors', async () => {
    const matches = ['{app="till", level="error"}', '{service_name="payment"}'].map(
      (text) => `match[]=${encodeURIComponent(text)}`,
    );
    const { data } = (await loki(`/series?${range}&${matches.join('&')}`)).json();
    expect(data).toContainEqual({
      app: 'till',
      store_id: '1',
      service_name: 'till',
      site: 'STORE_1',
      environment: 'production',
      level: 'error',
    });
    expect(
      data.every(
        (labels: Record<string, string>) => labels['service_name'] === 'payment' || labels['level'] === 'error',
      ),
    ).toBe(true);
  });
  test('how much there is', async () => {
    expect((await loki(`/index/stats?${query('{app="till"}')}`)).json()).toMatchObject({ entries: 160 });
    const { data } = (
      await loki(`/index/volume?${query('{service_name=~".+"}', '&targetLabels=service_name')}`)
    ).json();
    expect(data.result.map(({ metric }: { metric: object }) => metric)).toEqual([
      { service_name: 'till' },
      { service_name: 'payment' },
    ]);
    const over = (await loki(`/index/volume_range?${query('{app="till"}', '&step=1800')}`)).json();
    expect(over.data.result).toMatchObject([
      {
        metric: { app: 'till' },
        values: [
          [fromMs / 1000, expect.any(String)],
          [fromMs / 1000 + 1800, expect.any(String)],
        ],
      },
    ]);
  });
  test('what can be asked about', async () => {
    const { detectedLabels } = (await loki(`/detected_labels?${query('{app="till"}')}`)).json();
    expect(detectedLabels).toContainEqual({ label: 'store_id', cardinality: 2 });
    const { fields } = (await loki(`/detected_fields?${query('{service_name=~".+"}')}`)).json();
    expect(fields).toContainEqual({ label: 'status', type: 'int', cardinality: 2, parsers: ['json'] });
    expect(fields).toContainEqual({ label: 'order_id', type: 'string', cardinality: 80, parsers: null });
    expect((await loki(`/detected_field/user_id/values?${query('{app="till"}')}`)).json().values).toEqual([
      'u0',
      'u1',
      'u2',
      'u3',
      'u4',
    ]);
  });
  test('patterns with their counts by step', async () => {
    const { data } = (await loki(`/patterns?${query('{service_name="payment"}', '&step=1800')}`)).json();
    expect(data).toEqual([
      {
        pattern: 'Payment <_> declined after <_> s',
        level: 'error',
        samples: [
          [fromMs / 1000, 40],
          [fromMs / 1000 + 1800, 40],
        ],
      },
    ]);
    const json = (await loki(`/patterns?${query('{app="till"} |= "status"')}`)).json();
    expect(json.data.map(({ pattern }: { pattern: string }) => pattern)).toEqual([
      '{"status":<_>,"took":<_>,"user":{"id":<_>}}',
    ]);
  });
  test('a query in its tidy form', async () =>
    expect(
      (await loki(`/format_query?query=${encodeURIComponent('sum(rate({app="x"}|="a"[5m]))by(b)')}`)).json(),
    ).toEqual({
      status: 'success',
      data: 'sum by (b) (rate({app="x"} |= "a" [5m]))',
    }));
  test('who it is for', async () => {
    expect((await loki('/status/buildinfo', { key: '' })).json()).toMatchObject({ version: '3.5.0' });
    expect((await app.inject('/ready')).body).toBe('ready\n');
    expect((await loki(`/labels?${range}`, { key: '' })).status).toBe(401);
    expect((await loki(`/labels?${range}`, { key: 'blind' })).status).toBe(403);
    const count = async (key: string): Promise<unknown> =>
      (
        await loki(
          `/query?query=${encodeURIComponent('sum(count_over_time({service_name=~".+"}[1h]))')}&time=${endMs / 1000}`,
          { key },
        )
      ).json().data.result[0].value[1];
    expect([await count('acme'), await count('rival'), await count('bound')]).toEqual(['240', '12', '120']);
  });
  test.each([
    [
      `/query_range?${range}&query=%7Bapp%3D`,
      'parse error at line 1, col 6: syntax error: unexpected $end, expecting STRING',
    ],
    [`/query_range?${query('{app="x"}', '&limit=0')}`, 'limit must be a positive value'],
    [
      `/query_range?${query('{app="x"}', '&limit=6000')}`,
      'max entries limit per query exceeded, limit > max_entries_limit_per_query (6000 > 5000)',
    ],
    [`/query_range?${query('{app="x"}', '&direction=up')}`, "invalid direction 'up'"],
    [
      '/query_range?query=%7Bapp%3D%22x%22%7D&start=5000000000000000000&end=1',
      'end timestamp must not be before or equal to start time',
    ],
    [`/query_range?query=%7Bapp%3D%22x%22%7D&start=soon`, 'could not parse \'start\' parameter: "soon"'],
    [
      `/query?query=%7Bapp%3D%22x%22%7D`,
      'log queries are not supported as an instant query type, please change your query to a range query type',
    ],
    [`/series?${range}&match[]=rate(`, 'parse error at line 1, col 6: syntax error: unexpected $end, expecting {'],
    [
      `/query_range?${query('rate({app="x"}[1m])', '&step=0')}`,
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
  ])('%s is refused', async (url, message) => expect(await loki(url)).toMatchObject({ status: 400, text: message }));

  test('a tail gives what arrives', async () => {
    const url = `ws://${address}/loki/api/v1/tail?query=${encodeURIComponent('{app="tailed"} |= "drawer" | json')}`;
    const refused = new WebSocket(url, { headers: { authorization: 'Bearer wrong' } });
    const status = await new Promise((resolve) =>
      refused.on('unexpected-response', (_, reply) => resolve(reply.statusCode)),
    );
    expect(status).toBe(401);
    const socket = new WebSocket(url, { headers: { authorization: 'Bearer acme' } });
    const message = new Promise<string>((resolve) =>
      socket.on('message', (data: Buffer) => resolve(data.toString('utf8'))),
    );
    await new Promise((resolve) => socket.on('open', resolve));
    const now = Date.now();
    const row = (body: string): string =>
      `SELECT 'acme', '', '', 'till', fromUnixTimestamp64Milli(${now}), fromUnixTimestamp64Milli(${now + 1000}), 9, '${body}', 'loki', map('app', 'tailed'), map()`;
    await insert(`${row('{"n":7,"text":"drawer opened"}')} UNION ALL ${row('something else')}`);
    expect(JSON.parse(await message)).toEqual({
      streams: [
        {
          stream: {
            app: 'tailed',
            service_name: 'till',
            level: 'info',
            detected_level: 'info',
            n: '7',
            text: 'drawer opened',
          },
          values: [[`${now}000000`, '{"n":7,"text":"drawer opened"}']],
        },
      ],
    });
    socket.close();
    await new Promise((resolve) => socket.on('close', resolve));
  });
});

describe('Elasticsearch', () => {
  async function elastic(path: string, body?: unknown, key = 'acme') {
    const reply = await app.inject({
      url: `/elasticsearch${path}`,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `ApiKey ${Buffer.from(`id:${key}`).toString('base64')}`,
        accept: 'application/vnd.elasticsearch+json; compatible-with=9',
        ...(body === undefined ? {} : { 'content-type': 'application/vnd.elasticsearch+json; compatible-with=9' }),
      },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: reply.statusCode, headers: reply.headers, text: reply.body, json: () => reply.json() };
  }
  const inRange = { range: { '@timestamp': { gte: fromMs, lt: endMs, format: 'epoch_millis' } } };
  const count = async (query: unknown): Promise<unknown> => {
    const reply = await elastic('/_count', { query: { bool: { filter: [inRange, query] } } });
    return reply.status === 200 ? reply.json().count : reply.json().error.reason;
  };

  test.each<[string, unknown, number]>([
    ['everything', { match_all: {} }, 240],
    ['a term', { term: { 'service.name': 'payment' } }, 80],
    [
      'a term with its value apart, ignoring case',
      { term: { 'service.name': { value: 'PAYMENT', case_insensitive: true } } },
      80,
    ],
    ['terms', { terms: { 'service.name.keyword': ['payment', 'till'] } }, 240],
    ['a level in another spelling', { term: { 'log.level': 'WARNING' } }, 60],
    ['any word', { match: { message: 'payment nowhere' } }, 80],
    ['all words', { match: { message: { query: 'payment nowhere', operator: 'and' } } }, 0],
    ['a phrase', { match_phrase: { message: 'Payment 1005 declined' } }, 1],
    ['the beginning of a phrase', { match_phrase_prefix: { message: '1005 decl' } }, 1],
    ['several fields', { multi_match: { query: 'payment', fields: ['message^2', 'service.name'] } }, 80],
    ['a number', { range: { amount: { gt: 100, lte: '110' } } }, 6],
    ['existence', { exists: { field: 'order.id' } }, 80],
    ['a prefix', { prefix: { 'order.id': 'ORD-10' } }, 3],
    ['a wildcard', { wildcard: { 'order.id': { value: 'ord-?', case_insensitive: true } } }, 3],
    ['an expression', { regexp: { 'order.id': 'ORD-[25]' } }, 2],
    [
      'bool',
      {
        bool: {
          must: { match: { message: 'declined' } },
          must_not: [{ term: { 'site.id': 'STORE_1' } }],
          should: [{ match_all: {} }],
        },
      },
      40,
    ],
    ['alternatives', { bool: { should: [{ term: { 'order.id': 'ORD-2' } }, { term: { 'order.id': 'ORD-5' } }] } }, 2],
    [
      'at least two',
      {
        bool: {
          minimum_should_match: 2,
          should: [{ term: { 'order.id': 'ORD-2' } }, { term: { 'site.id': 'STORE_1' } }, { term: { app: 'till' } }],
        },
      },
      81,
    ],
    ['a query string', { query_string: { query: 'service.name:payment AND (order.id:ORD-2 OR order.id:ORD-5)' } }, 2],
    ['words side by side', { query_string: { query: 'declined 1005' } }, 80],
    ['words that all must stand', { query_string: { query: 'declined 1005', default_operator: 'AND' } }, 1],
    ['signs', { query_string: { query: '+declined -message:"1005"' } }, 79],
    [
      'ranges and wildcards in a query string',
      { query_string: { query: 'amount:[100 TO 110} && order.id:ORD-2* && NOT site.id:STORE_9' } },
      7,
    ],
    ['_exists_', { query_string: { query: '_exists_:order.id' } }, 80],
    ['what a lenient query takes', { simple_query_string: { query: 'declined ) AND', fields: ['message'] } }, 80],
    ['no document', { match_none: {} }, 0],
    ['date math', { range: { '@timestamp': { gte: 'now-2h', lte: 'now+1d/d' } } }, 240],
  ])('%s', async (_, query, expected) => expect(await count(query)).toBe(expected));

  test.each<[unknown, string, string]>([
    [{ query: { shout: {} } }, 'parsing_exception', 'unknown query [shout]'],
    [
      { query: { term: { a: 'b', c: 'd' } } },
      'parsing_exception',
      "[term] query doesn't support multiple fields, found [a] and [c]",
    ],
    [{ query: { query_string: { query: 'a AND (' } } }, 'query_shard_exception', 'Failed to parse query [a AND (]'],
    [{ from: 9999, size: 10 }, 'illegal_argument_exception', 'Result window is too large'],
    [{ query: { range: { '@timestamp': { gte: 'soon' } } } }, 'parsing_exception', 'failed to parse date field [soon]'],
    [{ aggs: { a: { shout: {} } } }, 'parsing_exception', 'Unknown aggregation type [shout]'],
    [{ sort: ['message'] }, 'illegal_argument_exception', 'Fielddata is disabled on [message]'],
    ['{', 'parsing_exception', 'request body is not a JSON object'],
    [
      { aggs: { a: { date_histogram: { field: '@timestamp', fixed_interval: 'often' } } } },
      'illegal_argument_exception',
      'The supplied interval [often]',
    ],
  ])('%j is refused', async (body, type, reason) => {
    const reply = await elastic('/_search', body);
    expect([reply.status, reply.json()]).toMatchObject([
      400,
      { status: 400, error: { type, reason: expect.stringContaining(reason), root_cause: [{ type }] } },
    ]);
  });

  test('hits, a page behind the other, with their fields', async () => {
    const body = {
      query: { bool: { filter: [inRange, { term: { 'service.name': 'payment' } }] } },
      sort: [{ '@timestamp': { order: 'asc' } }, '_doc'],
      size: 2,
      fields: ['order.*'],
    };
    const reply = await elastic('/logs*/_search', body);
    expect(reply.headers).toMatchObject({
      'x-elastic-product': 'Elasticsearch',
      'content-type': 'application/vnd.elasticsearch+json;compatible-with=9',
    });
    const { hits } = reply.json();
    expect(hits).toMatchObject({
      total: { value: 80, relation: 'eq' },
      hits: [
        {
          _index: 'logs',
          _score: null,
          _source: {
            '@timestamp': new Date(fromMs + 30_100).toISOString(),
            message: 'Payment 1002 declined after 2 s',
            log: { level: 'error', logger: 'app' },
            service: { name: 'payment', environment: 'production' },
            site: { id: 'STORE_1' },
            order: { id: 'ORD-2' },
            host: { name: 'nuc-1' },
          },
          fields: { 'order.id': ['ORD-2'] },
          sort: [fromMs + 30_100, expect.any(Number)],
        },
        { _source: { order: { id: 'ORD-5' } } },
      ],
    });
    const more = (
      await elastic('/_search', {
        ...body,
        search_after: hits.hits[1].sort,
        _source: ['order.id'],
        track_total_hits: false,
      })
    ).json();
    expect(more.hits.total).toBeUndefined();
    expect(more.hits.hits.map(({ _source }: { _source: unknown }) => _source)).toEqual([
      { order: { id: 'ORD-8' } },
      { order: { id: 'ORD-11' } },
    ]);
    const byId = (await elastic('/_search', { query: { ids: { values: [hits.hits[0]._id] } } })).json();
    expect(byId.hits.hits).toHaveLength(1);
    const bounded = (await elastic('/_search?size=1&track_total_hits=10&q=declined&_source=false')).json();
    expect(bounded.hits).toMatchObject({ total: { value: 10, relation: 'gte' }, hits: [{ _score: 1 }] });
    expect(bounded.hits.hits[0]._source).toBeUndefined();
  });

  test('aggregations within each other', async () => {
    const body = {
      size: 0,
      query: { bool: { filter: [inRange] } },
      aggs: {
        services: {
          terms: { field: 'service.name', size: 1, order: { _count: 'desc' } },
          aggs: {
            over: {
              date_histogram: { field: '@timestamp', fixed_interval: '30m' },
              aggs: { sites: { terms: { field: 'site.id' } } },
            },
            took: { max: { field: '@timestamp' } },
          },
        },
        amounts: { stats: { field: 'amount' } },
        spread: { percentiles: { field: 'amount', percents: [50] } },
        orders: { cardinality: { field: 'order.id' } },
        given: { value_count: { field: 'order.id' } },
        levels: {
          filters: {
            filters: {
              bad: { term: { 'log.level': 'error' } },
              early: { range: { '@timestamp': { lt: fromMs + 600_000 } } },
            },
          },
          aggs: { mean: { avg: { field: 'amount' } } },
        },
        steps: { histogram: { field: 'amount', interval: 50 } },
        bands: { range: { field: 'amount', ranges: [{ to: 50 }, { from: 50, key: 'high' }] } },
        lacking: { missing: { field: 'order.id' } },
        newest: { top_hits: { size: 1, sort: [{ '@timestamp': 'desc' }], _source: ['service.name'] } },
        dearest: {
          terms: { field: 'order.id', size: 2, order: { most: 'desc' } },
          aggs: { most: { max: { field: 'amount' } } },
        },
      },
    };
    const reply = await elastic('/_search', body);
    expect(reply.status, reply.text).toBe(200);
    const { aggregations, hits } = reply.json();
    expect(hits.hits).toEqual([]);
    const half = (from: number, key: number): object => ({
      key: from,
      key_as_string: new Date(from).toISOString(),
      doc_count: 80,
      sites: {
        doc_count_error_upper_bound: 0,
        sum_other_doc_count: 0,
        buckets: [
          { key: 'STORE_1', doc_count: key },
          { key: 'STORE_2', doc_count: 80 - key },
        ],
      },
    });
    expect(aggregations).toMatchObject({
      services: {
        sum_other_doc_count: 80,
        buckets: [{ key: 'till', doc_count: 160, took: { value: fromMs + 238 * 15_000 + 100 } }],
      },
      amounts: { count: 80, min: 1, max: 119.5, sum: 4820 },
      orders: { value: 80 },
      given: { value: 80 },
      levels: { buckets: { bad: { doc_count: 60, mean: { value: expect.any(Number) } }, early: { doc_count: 40 } } },
      steps: {
        buckets: [
          { key: 0, doc_count: 33 },
          { key: 50, doc_count: 33 },
          { key: 100, doc_count: 14 },
        ],
      },
      bands: {
        buckets: [
          { key: '*-50.0', to: 50, doc_count: 33 },
          { key: 'high', from: 50, doc_count: 47 },
        ],
      },
      lacking: { doc_count: 160 },
      newest: { hits: { total: { value: 240 }, hits: [{ _source: { service: { name: 'payment' } } }] } },
      dearest: {
        buckets: [
          { key: 'ORD-239', most: { value: 119.5 } },
          { key: 'ORD-236', most: { value: 118 } },
        ],
      },
    });
    expect(Math.abs(aggregations.spread.values['50.0'] - 60.25)).toBeLessThan(2);
    // Half hours begin at full ones: the range may begin between them.
    const over = aggregations.services.buckets[0].over.buckets;
    expect(over.reduce((sum: number, { doc_count }: { doc_count: number }) => sum + doc_count, 0)).toBe(160);
    if (fromMs % 1_800_000 === 0) expect(over).toEqual([half(fromMs, 40), half(fromMs + 1_800_000, 40)]);
    for (const { doc_count, sites } of over)
      expect(sites.buckets.reduce((sum: number, one: { doc_count: number }) => sum + one.doc_count, 0)).toBe(doc_count);
  });

  test('composite buckets, a page behind the other', async () => {
    const sources = [
      { service: { terms: { field: 'service.name', order: 'desc' } } },
      { half: { date_histogram: { field: '@timestamp', fixed_interval: '30m' } } },
      { step: { histogram: { field: 'amount', interval: 50, missing_bucket: true } } },
    ];
    const page = async (after?: object): Promise<any> => {
      const composite = { size: 4, sources, ...(after ? { after } : {}) };
      const aggs = { all: { composite, aggs: { most: { max: { field: 'amount' } } } } };
      const reply = await elastic('/_search', { size: 0, query: inRange, aggs });
      expect(reply.status, reply.text).toBe(200);
      return reply.json().aggregations.all;
    };
    type Bucket = {
      key: { service: string; half: number; step: number | null };
      doc_count: number;
      most: { value: number };
    };
    const buckets: Bucket[] = [];
    let after: object | undefined;
    for (let pages = 0; pages < 20; pages++) {
      const { after_key, buckets: found } = await page(after);
      buckets.push(...found);
      if (after_key === undefined) break;
      expect(after_key).toEqual(found.at(-1).key);
      after = after_key;
    }
    expect(buckets.reduce((sum, { doc_count }) => sum + doc_count, 0)).toBe(240);
    const keys = buckets.map(({ key }) => JSON.stringify(key));
    expect(new Set(keys).size).toBe(keys.length);
    expect(buckets.map(({ key }) => key.service)).toEqual(
      buckets.map(({ key }) => key.service).toSorted((a, b) => (a < b ? 1 : -1)),
    );
    expect(new Set(buckets.map(({ key }) => key.step))).toEqual(new Set([null, 0, 50, 100]));
    for (const { key, most } of buckets.filter(({ key: { step } }) => step !== null))
      expect([key.step! <= most.value, most.value < key.step! + 50]).toEqual([true, true]);
  });

  test('aggregations over the answers of others', async () => {
    const aggs = {
      over: {
        date_histogram: { field: '@timestamp', fixed_interval: '10m' },
        aggs: {
          paid: { sum: { field: 'amount' } },
          total: { cumulative_sum: { buckets_path: 'paid' } },
          mean: { bucket_script: { buckets_path: { sum: 'paid', n: '_count' }, script: 'params.sum / params.n' } },
          busy: { bucket_selector: { buckets_path: { n: '_count' }, script: 'params.n > 1' } },
        },
      },
      most: { max_bucket: { buckets_path: 'over>paid' } },
      all: { sum_bucket: { buckets_path: 'over._count' } },
    };
    const { aggregations } = (await elastic('/_search', { size: 0, query: inRange, aggs })).json();
    const { buckets } = aggregations.over;
    expect(buckets.at(-1).total.value).toBe(4820);
    for (const { mean, paid, doc_count } of buckets) expect(mean.value).toBeCloseTo(paid.value / doc_count);
    expect(aggregations.most.value).toBe(Math.max(...buckets.map((one: any) => one.paid.value)));
    const lost = await elastic('/_search', { aggs: { a: { max_bucket: { buckets_path: 'nothing>here' } } } });
    expect([lost.status, lost.json().error.type]).toEqual([400, 'action_request_validation_exception']);
  });

  test('days of a zone, empty ones too', async () => {
    const day = 86_400_000;
    const interval = { field: '@timestamp', calendar_interval: 'day', time_zone: 'America/New_York' };
    const body = {
      size: 0,
      query: inRange,
      aggs: {
        days: { date_histogram: { ...interval, extended_bounds: { min: endMs - 3 * day, max: endMs - 60_000 } } },
      },
    };
    const { buckets } = (await elastic('/_search', body)).json().aggregations.days;
    expect(buckets.length).toBeGreaterThanOrEqual(4);
    expect(buckets.reduce((sum: number, { doc_count }: { doc_count: number }) => sum + doc_count, 0)).toBe(240);
    const hours = buckets.map(({ key }: { key: number }) =>
      new Intl.DateTimeFormat('en-GB', { timeZone: 'America/New_York', hour: '2-digit', hourCycle: 'h23' }).format(key),
    );
    expect(new Set(hours)).toEqual(new Set(['00']));
  });

  test('hard bounds leave out the buckets that do not touch them', async () => {
    const asked = async (more: object): Promise<{ key: number; doc_count: number }[]> => {
      const histogram = { field: '@timestamp', fixed_interval: '10m', ...more };
      const body = { size: 0, query: inRange, aggs: { h: { date_histogram: histogram } } };
      return (await elastic('/_search', body)).json().aggregations.h.buckets;
    };
    const all = await asked({});
    const [second, third] = [all[1]!, all[2]!];
    const bounds = { min: second.key + 60_000, max: third.key + 60_000 };
    expect(await asked({ hard_bounds: bounds })).toEqual([second, third]);
  });

  /** Thirty lines within three milliseconds, their ids in no order of time. */
  const burst = { term: { 'service.name': 'burst' } };
  async function lines(from: number, count: number): Promise<void> {
    await insert(
      `SELECT 'rival', '', '', 'burst', fromUnixTimestamp64Nano(${fromMs - 7_200_000}000000 + number * 100000), fromUnixTimestamp64Milli(${fromMs} + ${from}), 9, concat('burst line ', toString(number)), 'app', map(), map() FROM numbers(${from}, ${count})`,
    );
  }
  const messages = (hits: { _source: { message: string } }[]): string[] => hits.map(({ _source }) => _source.message);
  const burstOf = (count: number): string[] => Array.from({ length: count }, (_, number) => `burst line ${number}`);

  test('pages behind each other, a point in time and a scroll tell each document once', async () => {
    await lines(0, 30);
    const found: string[] = [];
    let after: unknown[] | undefined;
    for (let pages = 0; pages < 8; pages++) {
      const body = { size: 7, query: burst, sort: [{ '@timestamp': 'desc' }, '_shard_doc'] };
      const { hits } = (await elastic('/_search', { ...body, ...(after && { search_after: after }) }, 'rival')).json();
      found.push(...messages(hits.hits));
      after = hits.hits.at(-1)?.sort ?? after;
    }
    expect(found.toSorted()).toEqual(burstOf(30).toSorted());

    const { id } = (await elastic('/logs*/_pit?keep_alive=1m', {}, 'rival')).json();
    const first = await elastic(
      '/_search?scroll=1m&size=12',
      { query: burst, sort: ['_doc'], aggs: { n: { value_count: { field: 'service.name' } } } },
      'rival',
    );
    expect(first.json()).toMatchObject({
      hits: { total: { value: 30, relation: 'eq' } },
      aggregations: { n: { value: 30 } },
    });
    // What comes while somebody reads is not part of it.
    await store.execute(
      "INSERT INTO logs (organisation, service, ts, received_at, severity, body) SELECT 'rival', 'burst', fromUnixTimestamp64Milli(" +
        String(fromMs - 7_200_000) +
        "), now64(3) + INTERVAL 1 HOUR, 9, 'burst line late'",
      {},
      {},
    );

    const scrolled = messages(first.json().hits.hits);
    let scrollId: string = first.json()._scroll_id;
    for (let pages = 0; pages < 3; pages++) {
      const reply = (await elastic('/_search/scroll', { scroll: '1m', scroll_id: scrollId }, 'rival')).json();
      expect(reply.hits.total).toEqual({ value: 30, relation: 'eq' });
      scrolled.push(...messages(reply.hits.hits));
      scrollId = reply._scroll_id;
    }
    expect(scrolled.toSorted()).toEqual(burstOf(30).toSorted());

    const pit = { id, keep_alive: '1m' };
    const asked = { size: 20, query: burst, pit, sort: [{ '@timestamp': { order: 'asc' } }] };
    const one = (await elastic('/_search', asked, 'rival')).json();
    expect(one).toMatchObject({ pit_id: id, hits: { total: { value: 30 } } });
    const two = (await elastic('/_search', { ...asked, search_after: one.hits.hits.at(-1).sort }, 'rival')).json();
    expect([...messages(one.hits.hits), ...messages(two.hits.hits)].toSorted()).toEqual(burstOf(30).toSorted());
    // An id says what is read, the key whose.
    expect((await elastic('/_search', asked, 'acme')).json().hits.total.value).toBe(0);
    for (const path of ['/_pit', '/_search/scroll'])
      expect(
        (
          await app.inject({
            url: `/elasticsearch${path}`,
            method: 'DELETE',
            headers: { authorization: 'Bearer rival' },
          })
        ).json(),
      ).toEqual({ succeeded: true, num_freed: 1 });
  });

  test.each([
    ['/_search/scroll', { scroll_id: 'AAAA' }, 404, 'search_context_missing_exception'],
    ['/_search', { pit: { id: 'no id' } }, 404, 'search_context_missing_exception'],
    ['/_search?scroll=1m', { from: 5 }, 400, 'action_request_validation_exception'],
    ['/_search', { collapse: { field: 'service.name' } }, 400, 'parsing_exception'],
    ['/_ml/info', {}, 400, 'illegal_argument_exception'],
  ])('%s %j is refused in Elasticsearch’s form', async (path, body, status, type) => {
    const reply = await elastic(path, body);
    expect([reply.status, reply.headers['x-elastic-product'], reply.json()]).toMatchObject([
      status,
      'Elasticsearch',
      { status, error: { type } },
    ]);
  });

  test('one document by its id', async () => {
    const { hits } = (
      await elastic('/_search?size=1', {
        query: { bool: { filter: [inRange, { term: { 'service.name': 'payment' } }] } },
      })
    ).json();
    const [hit] = hits.hits;
    expect((await elastic(`/logs/_doc/${hit._id}`)).json()).toMatchObject({
      _id: hit._id,
      found: true,
      _source: hit._source,
    });
    expect((await elastic(`/logs/_source/${hit._id}?_source_includes=message`)).json()).toEqual({
      message: hit._source.message,
    });
    expect((await elastic(`/logs/_doc/${hit._id}`, undefined, 'rival')).json()).toEqual({
      _index: 'logs',
      _id: hit._id,
      found: false,
    });
    expect((await elastic('/logs/_doc/mine')).status).toBe(404);
  });

  test('many documents by their ids, in the order asked, each found or not', async () => {
    const { hits } = (
      await elastic('/_search?size=2', {
        query: { bool: { filter: [inRange, { term: { 'service.name': 'payment' } }] } },
      })
    ).json();
    const [one, other] = hits.hits;
    const { docs } = (await elastic('/logs/_mget', { ids: [other._id, 'nobody', one._id] })).json();
    expect(docs).toMatchObject([
      { _index: 'logs', _id: other._id, found: true, _source: other._source },
      { _index: 'logs', _id: 'nobody', found: false },
      { _index: 'logs', _id: one._id, found: true, _source: one._source },
    ]);
    const own = await elastic('/_mget', {
      docs: [
        { _index: 'logs', _id: one._id, _source: ['message'] },
        { _index: 'other', _id: one._id },
      ],
    });
    expect(own.json().docs).toMatchObject([
      { found: true, _source: { message: one._source.message } },
      { _index: 'other', _id: one._id, found: false },
    ]);
    expect(own.json().docs[0]._source).toEqual({ message: one._source.message });
    expect((await elastic('/logs/_mget', { ids: [one._id] }, 'rival')).json().docs).toEqual([
      { _index: 'logs', _id: one._id, found: false },
    ]);
  });

  test.each([
    ['none', '/logs/_mget', {}],
    ['an empty list', '/logs/_mget', { ids: [] }],
    ['more than 100', '/logs/_mget', { ids: Array.from({ length: 101 }, (_, at) => String(at)) }],
    ['no index', '/_mget', { ids: ['a'] }],
    ['no id', '/logs/_mget', { docs: [{ _index: 'logs' }] }],
    ['an id that is too long', '/logs/_mget', { ids: ['x'.repeat(513)] }],
  ])('many documents: %s is refused', async (_, path, body) => {
    expect((await elastic(path, body)).status).toBe(400);
  });

  test('a document by the id that its client gave it: of several the one that came last', async () => {
    const row = (organisation: string, text: string, receivedMs: number): string =>
      `SELECT '${organisation}', '', '', 'named', fromUnixTimestamp64Milli(${fromMs}), fromUnixTimestamp64Milli(${receivedMs}), 9, '${text}', 'elasticsearch', map(), map('elasticsearch.id', 'order-7')`;
    await insert(row('acme', 'first', fromMs));
    await insert(row('acme', 'second', fromMs + 60_000));
    expect((await elastic('/logs/_doc/order-7')).json()).toMatchObject({
      _index: 'logs',
      _id: 'order-7',
      found: true,
      _source: { message: 'second' },
    });
    expect((await elastic('/logs/_source/order-7')).json()).not.toHaveProperty('elasticsearch');
    expect((await elastic('/other/_doc/order-7')).status).toBe(404);
    expect((await elastic('/logs/_doc/order-7', undefined, 'rival')).status).toBe(404);
    expect((await elastic('/logs/_doc/order-8')).status).toBe(404);
    const ids = async (query: object): Promise<string[]> =>
      (await elastic('/logs/_search', { query, sort: ['event.ingested'] }))
        .json()
        .hits.hits.map(({ _source }: { _source: { message: string } }) => _source.message);
    expect(await ids({ ids: { values: ['order-7', 'order-8'] } })).toEqual(['first', 'second']);
    expect(await ids({ term: { _id: 'order-7' } })).toEqual(['first', 'second']);
  });

  test('values of a field as they are written', async () => {
    const ask = async (body: object): Promise<unknown> =>
      (await elastic('/logs*/_terms_enum', { index_filter: inRange, ...body })).json();
    expect(await ask({ field: 'service.name', string: 'pa' })).toMatchObject({ terms: ['payment'], complete: true });
    expect(await ask({ field: 'site.id', string: 'store_', case_insensitive: true, size: 1 })).toMatchObject({
      terms: ['STORE_1'],
    });
    expect(await ask({ field: 'message', string: 'a' })).toMatchObject({ terms: [] });
  });

  test('what was found is marked', async () => {
    const query = {
      bool: {
        filter: [inRange, { term: { 'service.name': 'payment' } }],
        must: [{ query_string: { query: 'declin* AND message:payment' } }],
        must_not: [{ match: { message: '1000' } }],
      },
    };
    const ask = async (highlight: object): Promise<unknown> =>
      (await elastic('/_search', { size: 1, sort: ['@timestamp'], query, highlight })).json().hits.hits[0].highlight;
    const whole = { number_of_fragments: 0, pre_tags: ['['], post_tags: [']'] };
    expect(await ask({ fields: { message: {} } })).toEqual({
      message: ['<em>Payment</em> 1002 <em>declined</em> after 2 s'],
    });
    expect(await ask({ fields: { '*': {} }, ...whole })).toEqual({
      message: ['[Payment] 1002 [declined] after 2 s'],
      'service.name': ['[payment]'],
    });
    expect(await ask({ fields: { message: { fragment_size: 10, number_of_fragments: 1 } } })).toEqual({
      message: ['<em>Payment</em>'],
    });
    expect(await ask({ fields: { 'order.id': {} } })).toBeUndefined();
  });

  test('several searches, each with its own ending', async () => {
    const lines = [
      { index: 'logs' },
      { query: { term: { 'service.name': 'payment' } }, size: 1 },
      {},
      { query: { shout: {} } },
      { index: 'elsewhere' },
      {},
    ];
    const { responses } = (
      await elastic('/_msearch', `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
    ).json();
    expect(responses).toMatchObject([
      { status: 200, hits: { total: { value: 80 } } },
      { status: 400, error: { type: 'parsing_exception' } },
      { status: 200, hits: { total: { value: 0 } } },
    ]);
  });

  test('what there is to ask about', async () => {
    expect((await elastic('/_cat/indices?format=json')).json()).toMatchObject([
      { index: 'logs', health: 'green', 'docs.count': expect.any(String) },
    ]);
    expect((await elastic('/_cat/indices')).text).toMatch(/^green open logs /);
    expect((await elastic('/_resolve/index/*')).json()).toMatchObject({ indices: [{ name: 'logs' }] });
    expect((await elastic('/logs/_mapping')).json()).toMatchObject({
      logs: {
        mappings: {
          properties: {
            '@timestamp': { type: 'date' },
            message: { type: 'text' },
            order: { properties: { id: { type: 'keyword' } } },
          },
        },
      },
    });
    const { fields } = (await elastic('/logs*/_field_caps?fields=order*,message')).json();
    expect(fields).toEqual({
      message: { text: { type: 'text', metadata_field: false, searchable: true, aggregatable: false } },
      'order.id': { keyword: { type: 'keyword', metadata_field: false, searchable: true, aggregatable: true } },
    });
  });
  test('who it is for', async () => {
    expect((await elastic('/_count', {}, 'nobody')).status).toBe(401);
    expect((await elastic('/_count', {}, 'blind')).status).toBe(403);
    expect((await elastic('/_count', { query: inRange }, 'rival')).json().count).toBe(12);
    expect((await elastic('/_count', { query: inRange }, 'bound')).json().count).toBe(120);
  });
});
