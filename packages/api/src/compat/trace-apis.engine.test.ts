import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import { silentLogger, systemClock } from '@sightline/base';
import { type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiDeps } from '../route.ts';
import { registerJaeger } from './jaeger/register-jaeger.ts';
import { registerTempo } from './tempo/register-tempo.ts';
import { registerZipkin } from './zipkin/register-zipkin.ts';

const minuteMs = 60_000;
const endMs = Math.floor(Date.now() / minuteMs) * minuteMs;
const trace = 'ab'.repeat(16);
let folder: string;
let store: TelemetryStore;
let app: FastifyInstance;

/** Keys are their organisation's name, with the site that they are bound to; `blind` may only send. */
const control = {
  keys: {
    find: (secret: string) =>
      Promise.resolve(
        ['acme', 'rival', 'blind', 'events', 'events-S1'].includes(secret)
          ? {
              name: secret,
              permissions: secret === 'blind' ? ['ingest'] : ['query'],
              scope: {
                organisation: secret.replace(/-.*/, ''),
                site: secret === 'events-S1' ? 'S1' : '',
                keyId: secret,
              },
            }
          : undefined,
      ),
  },
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-api-'));
  store = await openMigratedStore(folder);
  const at = (ms: number): string => `fromUnixTimestamp64Milli(${endMs - 10 * minuteMs + ms})`;
  const span = (
    id: string,
    parent: string,
    service: string,
    name: string,
    kind: number,
    ms: number,
    status: number,
    attrs: string,
  ): string =>
    `('acme', '${service}', ${at(ms)}, ${at(ms)}, ${ms * 10_000_000 + 5_000_000}, unhex('${trace}'), unhex('${id.repeat(8)}'), unhex('${parent === '' ? '00'.repeat(8) : parent.repeat(8)}'), '${name}', ${kind}, ${status}, '${status === 2 ? 'declined' : ''}', map(${attrs}), map('service.name', '${service}', 'host.name', 'nuc'))`;
  await store.execute(
    `INSERT INTO spans (organisation, service, ts, received_at, duration_ns, trace_id, span_id, parent_id, name, kind, status_code, status_message, attrs, res) VALUES
     ${span('01', '', 'gateway', 'POST /orders', 2, 100, 1, `'http.status_code', '502', 'http.method', 'POST'`)},
     ${span('02', '01', 'payment', 'authorise', 2, 20, 2, `'db.system', 'postgresql', 'error', 'true'`)}`,
  );
  await store.execute(
    `INSERT INTO edges (organisation, minute, caller, callee, message, peer, environment, bucket, calls, errors, duration_ns, lag_ns)
     SELECT 'acme', toDateTime(${(endMs - 10 * minuteMs) / 1000}), 'gateway', 'payment', 0, '', '', 100, 7, 0, 1, 0`,
  );
  await store.execute(
    `INSERT INTO spans (organisation, site, service, ts, received_at, duration_ns, trace_id, span_id, name, scope_name, attrs, events.ts, events.name, events.attrs, links.trace_id, links.span_id, links.attrs)
     SELECT 'events', ['S1', 'S2'][number + 1], 'shop', ${at(0)}, ${at(0)}, 1000, toFixedString(char(number + 1), 16), toFixedString(char(number + 1), 8), concat('step ', toString(number)), 'pg', map('n', toString(number)),
       [${at(1)}], [['retry', 'exception'][number + 1]], [map('attempt', toString(number))], [toFixedString('a', 16)], [toFixedString('a', 8)], [map('why', concat('batch ', toString(number)))]
     FROM numbers(2)`,
  );
  app = Fastify();
  await app.register(cookie);
  const deps = {
    store,
    control,
    clock: systemClock,
    logger: silentLogger,
    settings: { version: 'test', publicUrl: '', demo: false },
  } as unknown as ApiDeps;
  registerJaeger(app, deps);
  registerTempo(app, deps);
  registerZipkin(app, deps);
});
afterAll(async () => {
  await app.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function get(url: string, key = 'acme', accept = 'application/json') {
  const reply = await app.inject({
    url,
    headers: { accept, ...(key === '' ? {} : { authorization: `Bearer ${key}` }) },
  });
  return {
    status: reply.statusCode,
    type: String(reply.headers['content-type']),
    raw: reply.rawPayload,
    text: reply.body,
    json: () => reply.json(),
  };
}

describe('Jaeger', () => {
  test.each<[string, unknown]>([
    ['/services', ['gateway', 'payment']],
    ['/services/gateway/operations', ['POST /orders']],
    ['/operations?service=payment', [{ name: 'authorise', spanKind: 'server' }]],
    ['/operations?service=payment&spanKind=client', []],
    ['/dependencies?lookback=3600000', [{ parent: 'gateway', child: 'payment', callCount: 7 }]],
    ['/metrics/minstep', 60_000],
  ])('%s', async (url, data) => expect((await get(`/jaeger/api${url}`)).json()).toMatchObject({ data, errors: null }));

  test('a trace by its id', async () => {
    const { data } = (await get(`/jaeger/api/traces/${trace}`)).json();
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      traceID: trace,
      processes: { p1: { serviceName: 'payment', tags: [{ key: 'host.name', value: 'nuc' }] } },
    });
    const [child, parent] = data[0].spans;
    expect(child).toMatchObject({
      operationName: 'authorise',
      references: [{ refType: 'CHILD_OF', spanID: '01'.repeat(8) }],
      startTime: (endMs - 10 * minuteMs + 20) * 1000,
      duration: 205_000,
    });
    expect(child.tags).toContainEqual({ key: 'error', type: 'bool', value: true });
    expect(new Set(child.tags.map(({ key }: { key: string }) => key)).size).toBe(child.tags.length);
    expect(parent.tags).toContainEqual({ key: 'http.status_code', type: 'int64', value: 502 });
  });

  test.each([
    ['service=gateway', 1],
    ['service=gateway&operation=POST+%2Forders', 1],
    ['service=gateway&operation=other', 0],
    [`service=gateway&tags=${encodeURIComponent('{"http.status_code":"502"}')}`, 1],
    [`service=gateway&tag=http.method:GET`, 0],
    [`service=payment&tags=${encodeURIComponent('{"error":"true"}')}`, 1],
    ['service=payment&tag=span.kind:server&limit=5', 1],
    ['service=gateway&minDuration=900ms&maxDuration=2s', 1],
    ['service=gateway&minDuration=2s', 0],
    [`service=gateway&start=${(endMs - 5 * minuteMs) * 1000}`, 0],
    ['service=gateway&lookback=1h', 1],
    [`traceID=${trace}`, 1],
  ])('traces?%s finds %i', async (query, count) => {
    const reply = await get(`/jaeger/api/traces?${query}`);
    expect(reply.json().data).toHaveLength(count);
  });

  test.each([
    ['traces', 400, "'service' is required"],
    ['traces?service=a&minDuration=x', 400, 'minDuration'],
    ['traces?service=a&tags=x', 400, 'tags'],
    ['traces?service=a&tag=x', 400, 'key:value'],
    ['traces?service=a&limit=0', 400, 'limit'],
    ['traces?service=a&start=x', 400, 'microseconds'],
    ['traces/xyz', 400, 'hexadecimal'],
    ['traces/ff', 404, 'not found'],
    ['metrics/calls', 400, 'service'],
    ['metrics/latencies?service=a', 400, 'quantile'],
  ])('%s is refused', async (url, status, message) => {
    const reply = await get(`/jaeger/api/${url}`);
    expect(reply.status).toBe(status);
    expect(reply.json().errors[0].msg).toContain(message);
  });

  test('metrics of a service', async () => {
    const ask = async (url: string) =>
      (await get(`/jaeger/api/metrics/${url}&service=payment&lookback=3600000`)).json();
    const latencies = await ask('latencies?quantile=0.95&groupByOperation=true');
    expect(latencies).toMatchObject({
      type: 'GAUGE',
      metrics: [
        {
          labels: [
            { name: 'operation', value: 'authorise' },
            { name: 'service_name', value: 'payment' },
          ],
        },
      ],
    });
    expect(latencies.metrics[0].metricPoints[0].gaugeValue.doubleValue).toBeGreaterThan(195);
    expect((await ask('errors?x=')).metrics[0].metricPoints[0].gaugeValue.doubleValue).toBe(1);
    expect((await ask('calls?spanKind=client')).metrics).toEqual([]);
  });
});

describe('Jaeger, version 3', () => {
  const at = (ms: number): string => encodeURIComponent(new Date(ms).toISOString());
  const range = `query.startTimeMin=${at(endMs - 60 * minuteMs)}&query.startTimeMax=${at(endMs)}`;
  const older = `query.start_time_min=${at(endMs - 60 * minuteMs)}&query.start_time_max=${at(endMs)}`;

  test.each<[string, object]>([
    ['services', { services: ['gateway', 'payment'] }],
    ['operations?service=payment', { operations: [{ name: 'authorise', spanKind: 'server' }] }],
    ['operations?service=payment&spanKind=CLIENT', { operations: [] }],
    [
      `dependencies?startTime=${at(endMs - 60 * minuteMs)}&endTime=${at(endMs)}`,
      { dependencies: [{ parent: 'gateway', child: 'payment', callCount: 7 }] },
    ],
  ])('%s', async (url, expected) => expect((await get(`/jaeger/api/v3/${url}`)).json()).toEqual(expected));

  test('a trace is OTLP: ids in hexadecimal, enums as numbers', async () => {
    const { result } = (await get(`/jaeger/api/v3/traces/${trace}`)).json();
    expect(result.resourceSpans).toHaveLength(2);
    expect(result.resourceSpans[0].resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'payment' },
    });
    expect(result.resourceSpans[0].scopeSpans[0].spans[0]).toMatchObject({
      traceId: trace,
      spanId: '02'.repeat(8),
      parentSpanId: '01'.repeat(8),
      kind: 2,
      startTimeUnixNano: `${endMs - 10 * minuteMs + 20}000000`,
      status: { code: 2, message: 'declined' },
    });
  });

  test.each([
    [`${range}&query.serviceName=gateway`, 200],
    [`${older}&query.service_name=gateway&query.search_depth=3`, 200],
    [range, 200],
    [`${range}&query.serviceName=nobody`, 404],
    [`${range}&query.attributes=${encodeURIComponent('{"http.status_code":"502"}')}`, 200],
    [`${range}&query.attributes=${encodeURIComponent('{"http.status_code":"500"}')}`, 404],
    [`${range}&query.durationMin=900ms&query.operationName=POST+%2Forders`, 200],
    [`${range}&query.duration_min=2s`, 404],
  ])('traces?%s is answered with %i', async (query, status) => {
    const reply = await get(`/jaeger/api/v3/traces?${query}`);
    expect(reply.status).toBe(status);
    if (status === 200) expect(reply.json().result.resourceSpans).toHaveLength(2);
  });

  test.each([
    ['traces', 400, 'query.startTimeMin and query.startTimeMax are required'],
    [`traces?query.startTimeMin=yesterday&query.startTimeMax=${at(endMs)}`, 400, 'query.startTimeMin'],
    [`traces?query.startTimeMin=${at(endMs)}&query.startTimeMax=${at(endMs - 1)}`, 400, 'after'],
    [`traces?${range}&query.durationMin=x`, 400, "'query.durationMin'"],
    [`traces?${range}&query.filter=x`, 400, 'query.filter'],
    [`traces?${range}&query.num_traces=0`, 400, "'query.searchDepth'"],
    ['traces/xyz', 400, 'trace_id'],
    ['traces/ff', 404, 'No traces found'],
    ['operations', 400, 'service'],
    ['dependencies', 400, 'required'],
  ])('%s is refused', async (url, httpCode, message) => {
    const reply = await get(`/jaeger/api/v3/${url}`);
    expect(reply.status).toBe(httpCode);
    expect(reply.json().error).toMatchObject({ httpCode, message: expect.stringContaining(message) as string });
  });
});

describe('Zipkin', () => {
  test.each<[string, unknown]>([
    ['services', ['gateway', 'payment']],
    ['spans?serviceName=payment', ['authorise']],
    ['remoteServices?serviceName=payment', []],
    ['dependencies?lookback=3600000', [{ parent: 'gateway', child: 'payment', callCount: 7 }]],
    ['autocompleteKeys', ['db.system', 'error', 'host.name', 'http.method', 'http.status_code', 'service.name']],
    ['autocompleteValues?key=http.method', ['POST']],
  ])('%s', async (url, expected) => expect((await get(`/zipkin/api/v2/${url}`)).json()).toEqual(expected));

  test('a trace by its id, with tags of its resource and its failure', async () => {
    const spans = (await get(`/zipkin/api/v2/trace/${trace}`)).json();
    expect(spans).toHaveLength(2);
    expect(spans[0]).toEqual({
      traceId: trace,
      id: '02'.repeat(8),
      parentId: '01'.repeat(8),
      kind: 'SERVER',
      name: 'authorise',
      timestamp: (endMs - 10 * minuteMs + 20) * 1000,
      duration: 205_000,
      localEndpoint: { serviceName: 'payment' },
      annotations: [],
      tags: {
        'service.name': 'payment',
        'host.name': 'nuc',
        'db.system': 'postgresql',
        'otel.status_code': 'ERROR',
        error: 'declined',
      },
    });
    const many = await get(`/zipkin/api/v2/traceMany?traceIds=${trace},ff`);
    expect(many.json()).toEqual([spans]);
  });

  test('events are annotations', async () => {
    const [[span]] = (await get('/zipkin/api/v2/traces?serviceName=shop&spanName=step+0', 'events')).json();
    expect(span).toMatchObject({
      traceId: `01${'00'.repeat(15)}`,
      annotations: [{ timestamp: (endMs - 10 * minuteMs + 1) * 1000, value: '{"retry":{"attempt":"0"}}' }],
      tags: { n: '0', 'otel.scope.name': 'pg' },
    });
  });

  test.each([
    ['serviceName=gateway', 1],
    ['serviceName=nobody', 0],
    ['serviceName=all&spanName=all', 1],
    ['annotationQuery=error', 1],
    ['annotationQuery=http.method%3DPOST+and+http.status_code', 1],
    ['annotationQuery=http.method%3DPOST+and+error', 0],
    ['minDuration=900000', 1],
    ['minDuration=1500000', 0],
    ['maxDuration=1000', 0],
    ['remoteServiceName=payment', 0],
    [`endTs=${endMs - 60 * minuteMs}&lookback=1000`, 0],
  ])('traces?%s finds %i', async (query, count) =>
    expect((await get(`/zipkin/api/v2/traces?${query}`)).json()).toHaveLength(count),
  );

  test.each([
    ['trace/xyz', 400, 'hexadecimal'],
    ['trace/ff', 404, 'not found'],
    ['spans', 400, 'serviceName'],
    ['traces?limit=0', 400, 'limit'],
    ['traces?minDuration=5ms', 400, 'minDuration'],
    ['traces?lookback=x', 400, 'lookback'],
    ['traceMany?traceIds=zz', 400, 'traceIds'],
    ['autocompleteValues', 400, 'key'],
  ])('%s is refused', async (url, status, message) => {
    const reply = await get(`/zipkin/api/v2/${url}`);
    expect(reply.status).toBe(status);
    expect(reply.text).toContain(message);
  });
});

describe('Tempo', () => {
  const range = `start=${endMs / 1000 - 3600}&end=${endMs / 1000}`;
  test('echo, build info, a trace in three forms', async () => {
    expect((await get('/tempo/api/echo', '')).text).toBe('echo');
    expect((await get('/tempo/api/status/buildinfo')).json()).toMatchObject({ version: '2.7.0' });
    const protobuf = await get(`/tempo/api/traces/${trace}`, 'acme', 'application/protobuf');
    expect(protobuf.type).toBe('application/protobuf');
    expect(protobuf.raw.includes(Buffer.from(trace, 'hex'))).toBe(true);
    const wrapped = await get(`/tempo/api/v2/traces/${trace}`, 'acme', 'application/protobuf');
    expect(wrapped.raw.subarray(-protobuf.raw.length)).toEqual(protobuf.raw);
    const { batches } = (await get(`/tempo/api/traces/${trace}`)).json();
    expect(batches).toHaveLength(2);
    expect(batches[0].scopeSpans[0].spans[0]).toMatchObject({
      traceId: Buffer.from(trace, 'hex').toString('base64'),
      kind: 'SPAN_KIND_SERVER',
      status: { code: 'STATUS_CODE_ERROR', message: 'declined' },
    });
    expect((await get(`/tempo/api/v2/traces/${trace}`)).json().trace.resourceSpans).toEqual(batches);
  });

  test.each([
    ['q={status=error}', 1],
    ['q={name="POST /orders"} >> {status=error}', 1],
    ['q={status=error} >> {name="POST /orders"}', 0],
    ['q={} | count() = 2', 1],
    ['tags=service.name=payment error=true', 1],
    ['tags=http.method="POST" http.status_code=502', 1],
    ['tags=service.name=nobody', 0],
    ['minDuration=900ms', 1],
    ['maxDuration=1ms', 0],
    ['', 1],
  ])('search %s finds %i', async (query, count) => {
    const { traces } = (await get(`/tempo/api/search?${range}&${encodeURI(query).replaceAll('&&', '%26%26')}`)).json();
    expect(traces).toHaveLength(count);
    if (count > 0)
      expect(traces[0]).toMatchObject({
        traceID: trace,
        rootTraceName: 'POST /orders',
        rootServiceName: 'gateway',
        serviceStats: { payment: { spanCount: 1, errorCount: 1 } },
      });
  });

  test('tags and their values', async () => {
    expect((await get(`/tempo/api/search/tags?${range}`)).json().tagNames).toEqual(
      expect.arrayContaining(['http.method', 'service.name', 'duration']),
    );
    const { scopes } = (await get(`/tempo/api/v2/search/tags?${range}`)).json();
    expect(scopes.map(({ name }: { name: string }) => name)).toEqual(['resource', 'span', 'intrinsic']);
    const values = async (tag: string) =>
      (await get(`/tempo/api/v2/search/tag/${tag}/values?${range}`)).json().tagValues;
    expect(await values('resource.service.name')).toEqual([
      { type: 'string', value: 'gateway' },
      { type: 'string', value: 'payment' },
    ]);
    expect(await values('span.http.method')).toEqual([{ type: 'string', value: 'POST' }]);
    expect(await values('.db.system')).toEqual([{ type: 'string', value: 'postgresql' }]);
    expect(await values('status')).toContainEqual({ type: 'keyword', value: 'error' });
    expect(await values('duration')).toEqual([]);
    expect((await get(`/tempo/api/search/tag/name/values?${range}`)).json().tagValues).toEqual([
      'POST /orders',
      'authorise',
    ]);
  });

  test('tags of events and links, and those of spans that match alone', async () => {
    const names = async (query: string, key = 'events') => {
      const reply = (await get(`/tempo/api/v2/search/tags?${range}&${query}`, key)).json();
      return Object.fromEntries(reply.scopes.map(({ name, tags }: { name: string; tags: string[] }) => [name, tags]));
    };
    expect(await names('')).toMatchObject({ event: ['attempt'], link: ['why'], span: ['n'] });
    expect(await names('scope=event')).toEqual({ event: ['attempt'] });
    expect(await names('scope=instrumentation')).toEqual({});
    expect(await names('scope=event', 'acme')).toEqual({ event: [] });
    const q = (query: string): string => `q=${encodeURIComponent(query)}`;
    expect(await names(`scope=span&${q('{ event:name = "nothing" }')}`)).toEqual({ span: [] });
    const values = async (tag: string, query = '', key = 'events') =>
      (await get(`/tempo/api/v2/search/tag/${tag}/values?${range}&${query}`, key))
        .json()
        .tagValues.map(({ value }: { value: string }) => value);
    expect(await values('event.attempt')).toEqual(['0', '1']);
    expect(await values('event:name')).toEqual(['exception', 'retry']);
    expect(await values('link.why', q('{ event:name = "retry" }'))).toEqual(['batch 0']);
    expect(await values('name', q('{ link.why = "batch 1" && span.n = }'))).toEqual(['step 1']);
    expect(await values('instrumentation:name')).toEqual(['pg']);
    expect(await values('instrumentation.language')).toEqual([]);
    expect(await values('link:traceID')).toEqual([]);
    expect(await values('event.attempt', '', 'events-S1')).toEqual(['0']);
    expect(await values('event.attempt', '', 'acme')).toEqual([]);
    const cut = (await get(`/tempo/api/v2/search/tag/event.attempt/values?${range}&limit=1`, 'events')).json();
    expect(cut).toEqual({ tagValues: [{ type: 'string', value: '0' }], metrics: { completedJobs: 0, totalJobs: 1 } });
    const all = (await get(`/tempo/api/v2/search/tags?${range}`, 'events')).json();
    expect(all.metrics).toEqual({ completedJobs: 1, totalJobs: 1 });
  });

  test('exemplars lead to the trace', async () => {
    const ask = async (more: string, query = '{} | rate()') => {
      const q = encodeURIComponent(query);
      const { series } = (await get(`/tempo/api/metrics/query_range?${range}&step=60s&q=${q}${more}`)).json();
      return series[0].exemplars;
    };
    const [one] = await ask('');
    expect(one).toMatchObject({ labels: [{ key: 'trace:id', value: { stringValue: trace } }, {}, {}, {}] });
    expect(one.value).toBeGreaterThan(0);
    expect(Number(one.timestampMs)).toBeGreaterThan(endMs - 11 * minuteMs);
    expect(await ask('&exemplars=5')).toHaveLength(1);
    expect(await ask('', '{} | rate() with (exemplars=false)')).toEqual([]);
    expect((await get(`/tempo/api/metrics/query_range?${range}&exemplars=x&q={}|rate()`)).status).toBe(400);
  });

  test('metrics over time and at once', async () => {
    const q = encodeURIComponent('{} | count_over_time() by (resource.service.name)');
    const { series } = (await get(`/tempo/api/metrics/query_range?${range}&step=60s&q=${q}`)).json();
    expect(series).toHaveLength(2);
    expect(series[0]).toMatchObject({
      promLabels: '{resource.service.name="gateway"}',
      labels: [{ key: 'resource.service.name', value: { stringValue: 'gateway' } }],
    });
    expect(series[0].samples.filter(({ value }: { value: number }) => value === 1)).toEqual([
      { timestampMs: String(endMs - 10 * minuteMs), value: 1 },
    ]);
    const instant = (await get(`/tempo/api/metrics/query?${range}&q=${q}`)).json();
    expect(instant.series.map(({ value }: { value: number }) => value)).toEqual([1, 1]);
  });

  test.each([
    [`search?${range}&q=${encodeURIComponent('{ name = }')}`, 'parse error at line 1, col 10'],
    [`search?${range}&q=${encodeURIComponent('{} | rate()')}`, 'metrics query'],
    ['v2/search/tags?scope=moon', 'invalid scope'],
    ['v2/search/tag/name/values?limit=x', 'invalid limit'],
    ['search?start=20&end=10', 'start must be before end'],
    [`search?${range}&limit=0`, 'invalid limit'],
    [`search?${range}&minDuration=x`, 'invalid minDuration'],
    [`metrics/query_range?${range}&step=x&q={}`, 'invalid step'],
    [`metrics/query_range?${range}&q={}`, 'expected a metrics function'],
    ['traces/xyz', 'hex characters'],
  ])('%s is refused', async (url, message) => {
    const reply = await get(`/tempo/api/${url}`);
    expect(reply.status).toBe(400);
    expect(reply.text).toContain(message);
  });
});

test.each(['/jaeger/api/traces/', '/jaeger/api/v3/traces/', '/tempo/api/traces/', '/zipkin/api/v2/trace/'])(
  '%s: the organisation is the key’s',
  async (path) => {
    expect((await get(path + trace, 'rival')).status).toBe(404);
    expect((await get(path + trace, '')).status).toBe(401);
    expect((await get(path + trace, 'nobody')).status).toBe(401);
    expect((await get(path + trace, 'blind')).status).toBe(403);
  },
);
