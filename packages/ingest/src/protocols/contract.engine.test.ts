import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { encode } from '@msgpack/msgpack';
import { silentLogger, systemClock } from '@sightline/base';
import { compressSync, uncompressSync } from 'snappy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFixture } from '../../fixtures/read-fixture.ts';
import { CachedGroupingBook } from '../errors/grouping/grouping-book.ts';
import { writeRw2Request } from '../metric-formats/index.ts';
import { LogsRequestBuilder } from '../otlp/build-logs.ts';
import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import { countingMetrics } from '../test-support/counting-metrics.ts';
import { goodKey, openTestStore, queryKey, startBench, type IngestBench } from '../test-support/ingest-bench.ts';
import { postSpans, type SentSpan, thriftBatch } from '../test-support/jaeger-messages.ts';
import { protocolContract, type ContractFixture } from './contract-suite.ts';

let engine: Awaited<ReturnType<typeof openTestStore>>;
let bench: IngestBench;

beforeAll(async () => {
  engine = await openTestStore();
  bench = await startBench(engine.store, engine.folder, { metrics: countingMetrics });
});
afterAll(async () => {
  await bench.close();
  await engine.close();
});

const nowNs = (): string => `${Date.now()}000000`;
const evil = "x'); DROP TABLE logs; --\n\nDROP TABLE logs {segment} \\' ${1}";
const mib = 1_048_576;

/** A WriteRequest of one series of `samples`. */
function series(labels: Record<string, string>, samples: readonly (readonly [value: number, ms: number])[]): Buffer {
  const writer = new ProtobufWriter();
  const opened = writer.open(1);
  for (const [name, text] of Object.entries(labels)) {
    const label = writer.open(1);
    writer.string(1, name);
    writer.string(2, text);
    writer.close(label);
  }
  for (const [value, ms] of samples) {
    const sample = writer.open(2);
    writer.double(1, value);
    writer.integer(2, ms);
    writer.close(sample);
  }
  writer.close(opened);
  return writer.finish();
}

/** The first captured request of a client that `matches`. */
function captured(client: string, matches: (body: string) => boolean = () => true): Buffer {
  const found = readFixture(client).find(({ body }) => matches(body.toString('utf8')));
  if (!found) throw new Error(`no request of ${client} matches`);
  return found.body;
}

const span = (start: string = nowNs()): object => ({
  traceId: 'ab'.repeat(16),
  spanId: 'cd'.repeat(8),
  name: 'contract',
  startTimeUnixNano: start,
  endTimeUnixNano: start,
});
const traces = (...spans: object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const logs = (...logRecords: object[]): string => JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
const point = (ns: string = nowNs()): object => ({ timeUnixNano: ns, asDouble: 1.5 });
const metrics = (...dataPoints: object[]): string =>
  JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }] });
const loki = (...values: unknown[]): string => JSON.stringify({ streams: [{ stream: { job: 'contract' }, values }] });

const bulk = (...documents: string[]): string =>
  documents.map((document) => `{"create":{"_index":"logs"}}\n${document}\n`).join('');
/** One entry, its fields in the binary form. */
const journal = (fields: Record<string, string>): Buffer =>
  Buffer.concat([
    ...Object.entries(fields).flatMap(([name, value]) => {
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(Buffer.byteLength(value)));
      return [Buffer.from(`${name}\n`), size, Buffer.from(`${value}\n`)];
    }),
    Buffer.from('\n'),
  ]);

const zipkin = (...spans: object[]): string =>
  JSON.stringify(
    spans.map((more) => ({
      traceId: 'ab'.repeat(16),
      id: 'cd'.repeat(8),
      name: 'contract',
      timestamp: Date.now() * 1000,
      duration: 5,
      ...more,
    })),
  );
const jaegerSpan = (startMs = Date.now()): SentSpan => ({
  traceId: 'ab'.repeat(16),
  spanId: 'cd'.repeat(8),
  name: 'contract',
  startMs,
  durationUs: 5,
});

/** OTLP traces of one span as protobuf. */
function tracesProtobuf(): Buffer {
  const writer = new ProtobufWriter();
  const [resource, scope, opened] = [writer.open(1), writer.open(2), writer.open(2)];
  writer.bytes(1, Buffer.from('ab'.repeat(16), 'hex'));
  writer.bytes(2, Buffer.from('cd'.repeat(8), 'hex'));
  writer.string(5, 'contract');
  writer.fixed64(7, BigInt(nowNs()));
  writer.fixed64(8, BigInt(nowNs()));
  for (const level of [opened, scope, resource]) writer.close(level);
  return writer.finish();
}

/** OTLP metrics of one gauge point as protobuf. */
function metricsProtobuf(): Buffer {
  const writer = new ProtobufWriter();
  const [resource, scope, metric] = [writer.open(1), writer.open(2), writer.open(2)];
  writer.string(1, 'm');
  const gauge = writer.open(5);
  const data = writer.open(1);
  writer.fixed64(3, BigInt(nowNs()));
  writer.double(4, 1.5);
  for (const level of [data, gauge, metric, scope, resource]) writer.close(level);
  return writer.finish();
}

const sentryKeys = { withKey: (key: string) => ({ query: `sentry_key=${key}&sentry_version=7` }) };
const event = (more: object = {}): string => JSON.stringify({ message: 'contract', platform: 'node', ...more });
const protobuf = 'application/x-protobuf';
const otlp = { protocol: 'otlp', records: 1, empty: [200, 400] } as const;
const lokiProtobuf = (): Buffer => captured('winston-loki-protobuf');
const write = {
  protocol: 'prometheus-remote-write',
  contentType: protobuf,
  body: () => compressSync(series({ __name__: 'm', job: 'j' }, [[1, Date.now()]])),
  unpacked: () => series({ __name__: 'm', job: 'j' }, [[1, Date.now()]]),
  records: 1,
  signal: 'metrics',
} as const;

const request2 = (): Buffer =>
  writeRw2Request([
    {
      labels: ['__name__', 'm', 'job', 'j'],
      type: 'counter',
      unit: '',
      help: 'what it is',
      delta: false,
      times: [Date.now() - 1, Date.now()],
      values: [1, 2],
    },
  ]);
const write2 = {
  protocol: 'prometheus-remote-write',
  contentType: `${protobuf};proto=io.prometheus.write.v2.Request`,
  body: () => compressSync(request2()),
  unpacked: request2,
  records: 2,
  signal: 'metrics',
} as const;

/** Every endpoint of every protocol with a good request of its own. */
const fixtures: readonly (readonly [name: string, fixture: ContractFixture])[] = [
  [
    'OTLP logs, protobuf',
    {
      ...otlp,
      path: '/v1/logs',
      contentType: protobuf,
      body: () => new LogsRequestBuilder().add({ body: 'contract' }).build(),
      signal: 'logs',
    },
  ],
  [
    'OTLP logs, JSON',
    {
      ...otlp,
      path: '/v1/logs',
      contentType: 'application/json',
      body: () => logs({ body: { stringValue: 'contract' } }),
      signal: 'logs',
    },
  ],
  [
    'OTLP traces, protobuf',
    { ...otlp, path: '/v1/traces', contentType: protobuf, body: tracesProtobuf, signal: 'spans' },
  ],
  [
    'OTLP traces, JSON',
    { ...otlp, path: '/v1/traces', contentType: 'application/json', body: () => traces(span()), signal: 'spans' },
  ],
  [
    'OTLP metrics, protobuf',
    { ...otlp, path: '/v1/metrics', contentType: protobuf, body: metricsProtobuf, signal: 'metrics' },
  ],
  [
    'OTLP metrics, JSON',
    { ...otlp, path: '/v1/metrics', contentType: 'application/json', body: () => metrics(point()), signal: 'metrics' },
  ],
  [
    'Sentry envelope, captured from @sentry/node',
    {
      protocol: 'sentry',
      path: '/api/7/envelope/',
      contentType: 'application/x-sentry-envelope',
      body: () => captured('sentry-node', (body) => body.includes('"type":"event"')),
      records: 1,
      signal: 'errors',
      limitBytes: 100 * mib,
      // The last lines of an envelope may be cut without a part of the event being lost.
      cutIsFine: true,
      ...sentryKeys,
    },
  ],
  [
    'Sentry store',
    {
      protocol: 'sentry',
      path: '/api/7/store/',
      contentType: 'application/json',
      body: () => event(),
      records: 1,
      signal: 'errors',
      limitBytes: 4 * mib,
      ...sentryKeys,
    },
  ],
  [
    'Sentry security report',
    {
      protocol: 'sentry',
      path: '/api/7/security/',
      contentType: 'application/csp-report',
      body: () => JSON.stringify({ 'csp-report': { 'effective-directive': 'script-src', 'blocked-uri': 'inline' } }),
      records: 1,
      signal: 'errors',
      limitBytes: mib,
      ...sentryKeys,
    },
  ],
  [
    'Sentry crash report dialog',
    {
      protocol: 'sentry',
      path: '/api/embed/error-page/',
      contentType: 'application/x-www-form-urlencoded',
      body: () => 'name=Ana&email=ana%40shop.example&comments=contract',
      records: 1,
      signal: 'feedback',
      limitBytes: 64 * 1024,
      // A form that was cut is a form with a shorter text.
      cutIsFine: true,
      withKey: (key) => ({
        headers: { origin: 'https://till.shop.example' },
        query: `dsn=${encodeURIComponent(`http://${key}@sight.example/7`)}&eventId=${'ab'.repeat(16)}`,
      }),
    },
  ],
  ...['/loki/api/v1/push', '/api/prom/push'].map(
    (path) =>
      [
        `Loki JSON, ${path}`,
        {
          protocol: 'loki',
          path,
          contentType: 'application/json',
          body: () => loki([nowNs(), 'contract']),
          records: 1,
          signal: 'logs',
        },
      ] as const,
  ),
  [
    'Loki protobuf',
    {
      protocol: 'loki',
      path: '/loki/api/v1/push',
      contentType: protobuf,
      body: lokiProtobuf,
      unpacked: () => uncompressSync(lokiProtobuf()) as Buffer,
      records: 2,
      signal: 'logs',
    },
  ],
  ['remote write', { ...write, path: '/prometheus/api/v1/write' }],
  ['remote write, short path', { ...write, path: '/api/v1/write' }],
  ['remote write 2.0', { ...write2, path: '/prometheus/api/v1/write' }],
  [
    'JSON lines',
    {
      protocol: 'json-lines',
      path: '/api/v1/ingest/json',
      contentType: 'application/x-ndjson',
      body: () => '{"msg":"contract"}\n',
      records: 1,
      signal: 'logs',
      cutIsFine: true,
    },
  ],
  [
    'Elasticsearch, _bulk',
    {
      protocol: 'elasticsearch',
      path: '/elasticsearch/_bulk',
      contentType: 'application/x-ndjson',
      body: () => bulk('{"message":"contract"}'),
      records: 1,
      signal: 'logs',
      withKey: (key) => ({
        headers: { authorization: `ApiKey ${Buffer.from(`anything:${key}`).toString('base64')}` },
      }),
      // A document that is cut is refused by itself.
      cutIsFine: true,
    },
  ],
  [
    "Elasticsearch, _bulk as rsyslog's omelasticsearch sends it",
    {
      protocol: 'elasticsearch',
      path: '/_bulk',
      contentType: 'application/json',
      body: () => bulk('{"message":"contract"}'),
      records: 1,
      signal: 'logs',
      withKey: (key) => ({
        headers: { authorization: `Basic ${Buffer.from(`anything:${key}`).toString('base64')}` },
      }),
      cutIsFine: true,
    },
  ],
  [
    'Elasticsearch, one document',
    {
      protocol: 'elasticsearch',
      path: '/elasticsearch/logs/_doc',
      contentType: 'application/json',
      body: () => '{"message":"contract"}',
      records: 1,
      signal: 'logs',
    },
  ],
  [
    'Better Stack',
    {
      protocol: 'better-stack',
      path: '/',
      contentType: 'application/msgpack',
      body: () => Buffer.from(encode([{ message: 'contract' }, { message: 'contract' }])),
      records: 2,
      signal: 'logs',
      broken: [406],
    },
  ],
  [
    'GELF',
    {
      protocol: 'gelf',
      path: '/gelf',
      contentType: 'application/json',
      body: () => '{"version":"1.1","host":"till","short_message":"contract"}',
      records: 1,
      signal: 'logs',
    },
  ],
  [
    'Firehose',
    {
      protocol: 'firehose',
      path: '/firehose',
      contentType: 'application/json',
      body: () => JSON.stringify({ records: [{ data: Buffer.from('contract').toString('base64') }] }),
      records: 1,
      signal: 'logs',
      withKey: (key) => ({ headers: { 'x-amz-firehose-access-key': key } }),
      limitBytes: 64 * mib,
    },
  ],
  [
    'CloudEvents',
    {
      protocol: 'cloudevents',
      path: '/cloudevents',
      contentType: 'application/cloudevents+json',
      body: () => '{"specversion":"1.0","id":"1","source":"/contract","type":"contract"}',
      records: 1,
      signal: 'logs',
    },
  ],
  [
    'journald',
    {
      protocol: 'journald',
      path: '/journald/upload',
      contentType: 'application/vnd.fdo.journal',
      body: () => 'MESSAGE=contract\n\n',
      records: 1,
      signal: 'logs',
      limitBytes: 64 * mib,
      // Its last field may be cut without a trace.
      cutIsFine: true,
    },
  ],
  ...['/api/v2/spans', '/zipkin/api/v2/spans'].map(
    (path) =>
      [
        `Zipkin, ${path}`,
        {
          protocol: 'zipkin',
          path,
          contentType: 'application/json',
          body: () => zipkin({}),
          records: 1,
          signal: 'spans',
        },
      ] as const,
  ),
  ...['application/x-thrift', 'application/vnd.apache.thrift.binary'].map(
    (contentType) =>
      [
        `Jaeger, ${contentType}`,
        {
          protocol: 'jaeger',
          path: '/api/traces',
          contentType,
          body: () => thriftBatch([jaegerSpan()], {}),
          records: 1,
          signal: 'spans',
        },
      ] as const,
  ),
];

describe.each(fixtures)('%s', (_, fixture) => {
  protocolContract(() => bench, fixture);
});

test('Elasticsearch’s handshake answers whoever has a key, also one that only reads', async () => {
  const ask = async (key: string, method = 'GET'): Promise<[number, string | null]> => {
    const reply = await fetch(`${bench.url}/elasticsearch/_index_template/logs`, {
      method,
      headers: { authorization: `Bearer ${key}` },
    });
    return [reply.status, reply.headers.get('x-elastic-product')];
  };
  expect(await ask(queryKey)).toEqual([200, 'Elasticsearch']);
  expect(await ask(queryKey, 'HEAD')).toEqual([200, 'Elasticsearch']);
  expect(await ask(queryKey, 'PUT')).toEqual([403, 'Elasticsearch']);
  expect(await ask('nobody')).toEqual([401, 'Elasticsearch']);
});

test('Jaeger’s gRPC collector takes a batch on the port of OTLP, and refuses a stranger', async () => {
  const client = new Client(`127.0.0.1:${bench.grpc.port}`, credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  const post = (key: string): Promise<Buffer | number> => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${key}`);
    const sent = postSpans([{ ...jaegerSpan(), name: 'over gRPC', tags: { 'span.kind': 'server' } }], {
      ip: '10.0.0.1',
    });
    return new Promise((resolve) => {
      client.makeUnaryRequest(
        '/jaeger.api_v2.CollectorService/PostSpans',
        same,
        same,
        sent,
        metadata,
        { deadline: Date.now() + 10_000 },
        (error, reply) => resolve(error ? error.code : (reply ?? Buffer.alloc(0))),
      );
    });
  };
  try {
    expect(await post(goodKey)).toEqual(Buffer.alloc(0));
    expect(await post('sl_ingest_nobodyknowsthisone')).toBe(16);
  } finally {
    client.close();
  }
  expect(
    await bench.rows(`SELECT name, service, kind, res['host.ip'] AS ip FROM spans WHERE name = 'over gRPC'`),
  ).toEqual([{ name: 'over gRPC', service: 'orders', kind: 2, ip: '<ip>' }]);
});

/** A protocol's endpoint, one record of it that says `text` at `ms`, and where to find the text afterwards. */
interface Dialect {
  readonly name: string;
  readonly protocol: string;
  readonly path: string;
  readonly contentType: string;
  /** A request of `good` records and, in their middle, one that no store could keep. */
  readonly oneBad: (good: number) => Buffer | string;
  /** A request whose every field is hostile text; `{text}` is told apart from other tests by its end. */
  readonly hostile: (text: string) => Buffer | string;
  /** A request of one record of this time. */
  readonly at: (ms: number) => Buffer | string;
  /** What the protocol does with times of 1970 and of 2100. */
  readonly oldAndNew: 'refused' | 'moved to now';
  readonly table: string;
  readonly text: string;
}

const many = <T>(good: number, make: (n: number) => T, bad: T): T[] =>
  Array.from({ length: good + 1 }, (_, n) => (n === good >> 1 ? bad : make(n)));
const nsOf = (ms: number): string => `${BigInt(ms) * 1_000_000n}`;
const attributes = (text: string): object => ({
  attributes: [
    { key: text, value: { stringValue: text } },
    { key: 'store.id', value: { stringValue: text } },
  ],
});
const inSentry = (type: string, ...payloads: unknown[]): string =>
  ['{}', ...payloads.flatMap((payload) => [`{"type":"${type}"}`, JSON.stringify(payload)])].join('\n');

const dialects: readonly Dialect[] = [
  {
    name: 'OTLP logs',
    protocol: 'otlp',
    path: '/v1/logs',
    contentType: 'application/json',
    oneBad: (good) =>
      logs(
        ...many<object>(good, (n) => ({ body: { stringValue: `n ${n}` } }), { timeUnixNano: nsOf(4_102_444_800_000) }),
      ),
    hostile: (text) => logs({ body: { stringValue: text }, severityText: text, eventName: text, ...attributes(text) }),
    at: (ms) => logs({ timeUnixNano: nsOf(ms), body: { stringValue: 'then' } }),
    oldAndNew: 'refused',
    table: 'logs',
    text: 'body',
  },
  {
    name: 'OTLP traces',
    protocol: 'otlp',
    path: '/v1/traces',
    contentType: 'application/json',
    oneBad: (good) => traces(...many<object>(good, () => span(), { name: 'no ids', startTimeUnixNano: nowNs() })),
    hostile: (text) =>
      traces({ ...span(), name: text, traceState: text, status: { message: text }, ...attributes(text) }),
    at: (ms) => traces(span(nsOf(ms))),
    oldAndNew: 'refused',
    table: 'spans',
    text: 'name',
  },
  {
    name: 'Zipkin',
    protocol: 'zipkin',
    path: '/api/v2/spans',
    contentType: 'application/json',
    oneBad: (good) => zipkin(...many<object>(good, () => ({}), { id: '' })),
    hostile: (text) =>
      zipkin({
        name: text,
        localEndpoint: { serviceName: text },
        remoteEndpoint: { serviceName: text },
        annotations: [{ timestamp: Date.now() * 1000, value: text }],
        tags: { [text]: text, 'store.id': text, error: text },
      }),
    at: (ms) => zipkin({ timestamp: ms * 1000 }),
    oldAndNew: 'refused',
    table: 'spans',
    text: 'name',
  },
  {
    name: 'Loki',
    protocol: 'loki',
    path: '/loki/api/v1/push',
    contentType: 'application/json',
    oneBad: (good) => loki(...many<unknown>(good, (n) => [nowNs(), `n ${n}`], ['no time', 'bad'])),
    hostile: (text) =>
      JSON.stringify({ streams: [{ stream: { job: text, store: text }, values: [[nowNs(), text, { meta: text }]] }] }),
    at: (ms) => loki([nsOf(ms), 'then']),
    oldAndNew: 'refused',
    table: 'logs',
    text: 'body',
  },
  {
    name: 'JSON lines',
    protocol: 'json-lines',
    path: '/api/v1/ingest/json',
    contentType: 'application/x-ndjson',
    oneBad: (good) => many(good, (n) => `{"msg":"n ${n}"}`, '{broken').join('\n'),
    hostile: (text) => JSON.stringify({ msg: text, level: text, service: text, storeId: text, [text]: text }),
    at: (ms) => JSON.stringify({ msg: 'then', time: ms }),
    oldAndNew: 'refused',
    table: 'logs',
    text: 'body',
  },
  {
    name: 'Elasticsearch',
    protocol: 'elasticsearch',
    path: '/elasticsearch/_bulk',
    contentType: 'application/x-ndjson',
    oneBad: (good) => bulk(...many(good, (n) => `{"message":"n ${n}"}`, '{broken')),
    hostile: (text) =>
      bulk(JSON.stringify({ message: text, log: { level: text }, labels: { site: text }, [text]: text })),
    at: (ms) => bulk(JSON.stringify({ message: 'then', '@timestamp': ms })),
    oldAndNew: 'refused',
    table: 'logs',
    text: 'body',
  },
  {
    name: 'journald',
    protocol: 'journald',
    path: '/journald/upload',
    contentType: 'application/vnd.fdo.journal',
    oneBad: (good) => many(good, (n) => `MESSAGE=n ${n}\n\n`, 'broken\n\n').join(''),
    hostile: (text) => journal({ MESSAGE: text, SYSLOG_IDENTIFIER: text, SITE: text, OTHER: text }),
    at: (ms) => `MESSAGE=then\n__REALTIME_TIMESTAMP=${ms * 1000}\n\n`,
    oldAndNew: 'refused',
    table: 'logs',
    text: 'body',
  },
  {
    name: 'Sentry events',
    protocol: 'sentry',
    path: `/api/7/envelope/?sentry_key=${goodKey}`,
    contentType: 'application/x-sentry-envelope',
    // An envelope has at most 10,000 items: the broken one is among them.
    oneBad: (good) => inSentry('event', ...many<unknown>(good, (n) => ({ message: `n ${n}` }), 'no object')),
    hostile: (text) =>
      inSentry('event', {
        message: text,
        release: text,
        environment: text,
        transaction: text,
        platform: text,
        tags: { [text]: text, site: text },
        user: { id: text },
        extra: { [text]: text },
      }),
    at: (ms) => inSentry('event', { message: 'then', timestamp: ms / 1000 }),
    oldAndNew: 'moved to now',
    table: 'errors',
    text: 'message',
  },
];

describe.each(dialects.map((dialect) => [dialect.name, dialect] as const))('hostile %s', (name, dialect) => {
  const send = async (body: Buffer | string): Promise<Response> =>
    fetch(bench.url + dialect.path, {
      method: 'POST',
      headers: { authorization: `Bearer ${goodKey}`, 'content-type': dialect.contentType },
      body: typeof body === 'string' ? body : new Uint8Array(body),
      signal: AbortSignal.timeout(60_000),
    });
  /** Records in the ledger and in the table. */
  const standing = async (): Promise<{ accepted: number; rejected: number; stored: number }> => {
    await bench.loader.drain();
    const sum = async (outcome: string): Promise<number> => {
      const sql =
        'SELECT toUInt32(sum(records)) AS n FROM ledger WHERE protocol = {protocol:String} AND outcome = {outcome:String}';
      const [row] = await bench.store.query<{ n: number }>(sql, { protocol: dialect.protocol, outcome });
      return row?.n ?? 0;
    };
    const [stored] = await bench.store.query<{ n: number }>(`SELECT toUInt32(count()) AS n FROM ${dialect.table}`);
    return { accepted: await sum('accepted'), rejected: await sum('rejected'), stored: stored?.n ?? 0 };
  };
  const change = async (act: () => Promise<unknown>, settled: (found: object) => boolean): Promise<object> => {
    const before = await standing();
    await act();
    let found = {};
    // What was refused without a neighbour is written by a timer of the ledger.
    for (let n = 0; n < 50; n++) {
      const after = await standing();
      found = {
        accepted: after.accepted - before.accepted,
        rejected: after.rejected - before.rejected,
        stored: after.stored - before.stored,
      };
      if (settled(found)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return found;
  };
  const is =
    (expected: object) =>
    (found: object): boolean =>
      JSON.stringify(found) === JSON.stringify(expected);

  test('one bad record among 10,000 is refused alone', async () => {
    const expected = { accepted: 9999, rejected: 1, stored: 9999 };
    expect(await change(() => send(dialect.oneBad(9999)), is(expected))).toEqual(expected);
  });

  test('SQL in every field and bytes that are no UTF-8 are only text', async () => {
    const text = `${evil} of ${name} ~~`;
    const body = Buffer.from(dialect.hostile(text));
    const broken = Buffer.from(body);
    // Of one more copy, the first mark of each text becomes a byte that no UTF-8 begins with.
    for (let at = broken.indexOf('~'); at >= 0; at = broken.indexOf('~', at + 2)) broken[at] = 0xff;
    const send2 = async (): Promise<void> => {
      for (const each of [body, broken]) expect((await send(each)).status).toBeLessThan(300);
    };
    const expected = { accepted: 2, rejected: 0, stored: 2 };
    expect(await change(send2, is(expected))).toEqual(expected);
    const rows = await bench.store.query<{ text: string }>(
      `SELECT DISTINCT ${dialect.text} AS text FROM ${dialect.table} WHERE ${dialect.text} LIKE {like:String} ORDER BY text`,
      { like: `x''); DROP TABLE%of ${name}%`.replace("''", "'") },
    );
    expect(rows.map((row) => row.text)).toContain(text);
    expect(rows).toHaveLength(2);
    expect(await bench.store.query('SELECT count() > 0 AS there FROM quarantine')).toEqual([{ there: 0 }]);
  });

  test.each([
    ['1970', 1000],
    ['2100', 4_102_444_800_000],
  ])('a time of %s is the sender’s fault, never lost without a word', async (_, ms) => {
    const refused = dialect.oldAndNew === 'refused';
    const expected = { accepted: refused ? 0 : 1, rejected: refused ? 1 : 0, stored: refused ? 0 : 1 };
    expect(await change(() => send(dialect.at(ms)), is(expected))).toEqual(expected);
  });
});

test('errors are grouped by what their organisation decided and what it knows from before', async () => {
  const throwAt = async (at: IngestBench, type: string, id: string): Promise<void> => {
    const exception = { values: [{ type, value: 'card reader lost' }] };
    const reply = await fetch(`${at.url}/api/1/store/?sentry_key=${goodKey}`, {
      method: 'POST',
      body: JSON.stringify({ event_id: id.repeat(32), platform: 'node', tags: { story: 'grouping' }, exception }),
    });
    expect(reply.status).toBe(200);
  };
  const grouped = `SELECT event_id, leftPad(lower(hex(issue)), 16, '0') AS issue, leftPad(lower(hex(grouping_hash)), 16, '0') AS hash,
    JSONExtractString(payload, 'grouping', 1) AS first FROM errors WHERE tags['story'] = 'grouping' ORDER BY event_id`;
  interface Grouped {
    readonly issue: string;
    readonly hash: string;
    readonly first: string;
  }
  await throwAt(bench, 'OldError', 'a');
  const [before] = await bench.rows<Grouped>(grouped);
  expect(before?.issue, 'a new issue has the number of its hash').toBe(before?.hash);
  const known = 'f0'.repeat(8);
  const decided = new CachedGroupingBook(
    {
      rules: async () => ({ fingerprint: 'error.type:*Declined -> declined', stack: '' }),
      knownIssues: async () => [{ hash: before?.hash ?? '', issue: known }],
    },
    systemClock,
    silentLogger,
  );
  const other = await startBench(bench.store, join(engine.folder, 'grouped'), { grouping: decided });
  try {
    await throwAt(other, 'OldError', 'b');
    await throwAt(other, 'CardDeclined', 'c');
    await throwAt(other, 'GiftCardDeclined', 'd');
    const [, joined, card, gift] = await other.rows<Grouped>(grouped);
    expect(joined).toMatchObject({ issue: known, hash: before?.hash, first: 'exception type OldError' });
    expect(card).toMatchObject({ issue: gift?.issue, first: 'fingerprint declined' });
    const hashes = await bench.store.query<{ issue: string }>(
      `SELECT lower(hex(issue)) AS issue FROM issue_hashes WHERE lower(hex(hash)) = {hash:String}`,
      { hash: (before?.hash ?? '').replace(/^(?:00)+/, '') },
    );
    expect(hashes, 'the next start knows it too').toEqual([{ issue: known }]);
  } finally {
    await other.close();
  }
});
