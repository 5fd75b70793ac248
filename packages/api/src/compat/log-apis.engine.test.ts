import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import { silentLogger, systemClock } from '@sightline/base';
import { migrate, openEmbeddedStore, type TelemetryStore } from '@sightline/store';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ApiDeps } from '../route.ts';
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
  store = await openEmbeddedStore({ dataFolder: folder, logger: silentLogger, clock: systemClock });
  await migrate(store, silentLogger);
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
