/* oxlint-disable typescript/no-unsafe-enum-assignment -- the SDK's packages each bring their own copy of these enumerations */
import { ok } from 'node:assert';
import { Metadata } from '@grpc/grpc-js';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPLogExporter as GrpcLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as ProtoMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { OTLPMetricExporter as GrpcMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPTraceExporter as GrpcTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor, type LogRecordExporter } from '@opentelemetry/sdk-logs';
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { TelemetryStore } from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LogsRequestBuilder } from '../../otlp/build-logs.ts';
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import { collectMetrics } from '../../test-support/collecting-metrics.ts';
import { goodKey, openTestStore, startBench, type IngestBench } from '../../test-support/ingest-bench.ts';

let engine: Awaited<ReturnType<typeof openTestStore>>;
let store: TelemetryStore;
let bench: IngestBench;
const metrics = collectMetrics();

beforeAll(async () => {
  engine = await openTestStore();
  store = engine.store;
  bench = await startBench(store, engine.folder, { metrics });
});
afterAll(async () => {
  await bench.close();
  await engine.close();
});

const headers = { authorization: `Bearer ${goodKey}` };
const resource = (service: string) =>
  resourceFromAttributes({
    'service.name': service,
    'service.version': '2.1.0',
    'store.id': 'STORE_047',
    'terminal.id': 'POS_03',
    'deployment.environment.name': 'production',
  });
const grpcOptions = () => {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${goodKey}`);
  return { url: `http://127.0.0.1:${bench.grpc.port}`, metadata };
};

function aLog(body: string, attributes = {}): Buffer {
  const builder = new LogsRequestBuilder();
  builder.resource({ 'service.name': 'hostile' });
  return builder.add({ timeNs: BigInt(Date.now()) * 1_000_000n, body, attributes }).build();
}

function send(path: string, body: Buffer | string, contentType = 'application/x-protobuf') {
  const content = typeof body === 'string' ? body : new Uint8Array(body);
  return fetch(bench.url + path, {
    method: 'POST',
    headers: { ...headers, 'content-type': contentType },
    body: content,
  });
}

describe('stock exporters', () => {
  test.each<[string, () => LogRecordExporter]>([
    ['logs-json', () => new JsonLogExporter({ url: `${bench.url}/v1/logs`, headers })],
    ['logs-proto', () => new ProtoLogExporter({ url: `${bench.url}/v1/logs`, headers })],
    ['logs-grpc', () => new GrpcLogExporter(grpcOptions())],
  ])('%s', async (service, exporter) => {
    const provider = new LoggerProvider({
      resource: resource(service),
      processors: [new SimpleLogRecordProcessor({ exporter: exporter() })],
    });
    provider.getLogger('till').emit({
      severityText: 'WARN',
      body: 'card 4111 1111 1111 1111 refused for ann@example.com',
      attributes: {
        'order.id': 7,
        paid: false,
        'correlation.id': 'c-1',
        cart: { items: ['gin', 'tonic'] },
        ratio: 0.5,
      },
    });
    await provider.forceFlush();
    await provider.shutdown();
    const rows =
      await bench.rows(`SELECT organisation, site, device, environment, service, release, severity, body, correlation_id, scope_name, attrs,
      abs(dateDiff('second', ts, now64(9))) < 60 AS fresh FROM logs WHERE service = '${service}'`);
    expect(rows).toEqual([
      {
        organisation: 'org-1',
        site: 'STORE_047',
        device: 'POS_03',
        environment: 'production',
        service,
        release: '2.1.0',
        severity: 13,
        body: 'card <pan> refused for <email>',
        correlation_id: 'c-1',
        scope_name: 'till',
        attrs: {
          'order.id': '7',
          paid: 'false',
          'correlation.id': 'c-1',
          cart: '{"items":["gin","tonic"]}',
          ratio: '0.5',
        },
        fresh: 1,
      },
    ]);
  });

  test.each<[string, () => SpanExporter]>([
    ['spans-json', () => new JsonTraceExporter({ url: `${bench.url}/v1/traces`, headers })],
    ['spans-proto', () => new ProtoTraceExporter({ url: `${bench.url}/v1/traces`, headers })],
    ['spans-grpc', () => new GrpcTraceExporter(grpcOptions())],
  ])('%s', async (service, exporter) => {
    const provider = new BasicTracerProvider({
      resource: resource(service),
      spanProcessors: [new SimpleSpanProcessor(exporter())],
    });
    const span = provider
      .getTracer('till')
      .startSpan('POST /pay', { kind: SpanKind.SERVER, attributes: { 'correlation.id': 'c-2' } });
    span.addEvent('retry', { host: '10.1.2.3' });
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'Bearer abc.def.ghi refused' });
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    const { traceId, spanId } = span.spanContext();
    const rows =
      await bench.rows(`SELECT site, device, name, kind, status_code, status_message, correlation_id, lower(hex(trace_id)) AS trace,
      lower(hex(span_id)) AS span, events.name AS event_names, events.attrs AS event_attrs, duration_ns > 0 AS lasted FROM spans WHERE service = '${service}'`);
    expect(rows).toEqual([
      {
        site: 'STORE_047',
        device: 'POS_03',
        name: 'POST /pay',
        kind: 2,
        status_code: 2,
        status_message: 'Bearer <token> refused',
        correlation_id: 'c-2',
        trace: traceId,
        span: spanId,
        event_names: ['retry'],
        event_attrs: [{ host: '<ip>' }],
        lasted: 1,
      },
    ]);
  });

  test.each<[string, () => PushMetricExporter]>([
    ['metrics-proto', () => new ProtoMetricExporter({ url: `${bench.url}/v1/metrics`, headers })],
    ['metrics-grpc', () => new GrpcMetricExporter(grpcOptions())],
  ])('%s', async (service, exporter) => {
    const provider = new MeterProvider({
      resource: resource(service),
      readers: [new PeriodicExportingMetricReader({ exporter: exporter(), exportIntervalMillis: 600_000 })],
      views: [{ instrumentName: 'size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
    const meter = provider.getMeter('till');
    meter.createCounter('orders').add(3, { kind: 'gin' });
    meter.createHistogram('latency', { unit: 'ms', advice: { explicitBucketBoundaries: [10, 100] } }).record(50);
    meter.createHistogram('size').record(4);
    await provider.forceFlush();
    await provider.shutdown();
    await bench.loader.drain();
    const samples = metrics.samples.filter(({ labels }) => labels['job'] === service);
    for (const { labels, metric } of samples) {
      const kind = metric === 'orders_total' ? { kind: 'gin' } : {};
      expect(labels).toMatchObject({
        site: 'STORE_047',
        service,
        device: 'POS_03',
        environment: 'production',
        ...kind,
      });
    }
    // A reader exports once when flushed and once when shut down.
    const told = (type: string): string[] => {
      const ofType = samples.filter((sample) => (sample.histogram ? 'native' : sample.type) === type);
      return [...new Set(ofType.map(({ metric, labels, value }) => `${metric} ${labels['le'] ?? ''} ${value}`))].sort();
    };
    expect(told('histogram')).toEqual([
      'latency_milliseconds_bucket +Inf 1',
      'latency_milliseconds_bucket 10 0',
      'latency_milliseconds_bucket 100 1',
      'latency_milliseconds_count  1',
      'latency_milliseconds_sum  50',
    ]);
    expect(told('counter')).toEqual(['orders_total  3']);
    const native = samples.flatMap(({ metric, histogram }) => (histogram ? [{ metric, ...histogram }] : []));
    expect(native.length).toBeGreaterThan(0);
    for (const { metric, count, sum, positiveBuckets } of native)
      expect({ metric, count, sum, positiveBuckets }).toEqual({
        metric: 'size',
        count: 1,
        sum: 4,
        positiveBuckets: [1],
      });
  });
});

describe('hostile input', () => {
  test('one bad record among 10,000 is refused alone', async () => {
    const builder = new LogsRequestBuilder();
    builder.resource({ 'service.name': 'one-bad' });
    const now = BigInt(Date.now()) * 1_000_000n;
    for (let n = 0; n < 10_000; n++)
      builder.add({ timeNs: n === 5000 ? 4_102_444_800_000_000_000n : now, body: `n ${n}` });
    const answer = await send('/v1/logs', builder.build());
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).toString()).toContain('more than a day ahead');
    expect(
      await bench.rows(
        `SELECT toUInt32(count()) AS n, countIf(body = 'n 5000') AS bad FROM logs WHERE service = 'one-bad'`,
      ),
    ).toEqual([{ n: 9999, bad: '0' }]);
    expect(await store.query(`SELECT toUInt32(sum(records)) AS n FROM ledger WHERE reason = 'too-new'`)).toEqual([
      { n: 1 },
    ]);
  });

  test('a malformed record in good company is refused alone', async () => {
    const writer = new ProtobufWriter();
    const group = writer.open(1);
    const scope = writer.open(2);
    for (const body of ['first', 'broken', 'last']) {
      const record = writer.open(2);
      writer.string(3, 'INFO');
      const value = writer.open(5);
      writer.string(1, body);
      if (body === 'broken') writer.raw(Buffer.from([0x0a, 0x7f]));
      writer.close(value);
      writer.close(record);
    }
    writer.close(scope);
    writer.close(group);
    expect((await send('/v1/logs', writer.finish())).status).toBe(200);
    expect(await bench.rows(`SELECT body FROM logs WHERE body IN ('first', 'broken', 'last') ORDER BY body`)).toEqual([
      { body: 'first' },
      { body: 'last' },
    ]);
  });

  test('SQL in every field, blank lines and invalid UTF-8 are only text', async () => {
    const evil = "x'); DROP TABLE logs; --\n\nDROP TABLE logs\n\n\\' {segment}";
    const builder = new LogsRequestBuilder();
    builder.resource(
      { 'service.name': evil, 'store.id': evil, 'device.id': evil, 'service.version': evil, [evil]: evil },
      evil,
    );
    builder.add({
      body: evil,
      severityText: evil,
      eventName: evil,
      attributes: { [evil]: evil, 'correlation.id': evil },
    });
    const bytes = builder.build();
    const at = bytes.indexOf('DROP');
    bytes[at] = 0xff;
    expect((await send('/v1/logs', bytes)).status).toBe(200);
    const rows = await bench.rows<{ body: string; site: string }>(
      `SELECT body, site FROM logs WHERE site LIKE 'x%DROP%'`,
    );
    expect(rows).toEqual([{ body: evil, site: evil }]);
  });

  test.each([
    ['1970', 1n],
    ['2100', 4_102_444_800_000_000_000n],
  ])('a span of %s is refused', async (_, start) => {
    const json = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), name: 'x', startTimeUnixNano: String(start) },
              ],
            },
          ],
        },
      ],
    };
    const answer = await send('/v1/traces', JSON.stringify(json), 'application/json');
    expect(await answer.json()).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
  });

  test('a request refused by JSON rules is answered in JSON', async () => {
    const answer = await send('/v1/logs', '{"resourceLogs": 7', 'application/json');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 3 });
  });

  test('gRPC without a key is UNAUTHENTICATED', async () => {
    const exporter = new GrpcLogExporter({ url: `http://127.0.0.1:${bench.grpc.port}` });
    const result = await new Promise<{ code: number; error?: Error & { code?: number } }>((resolve) => {
      exporter.export([], resolve);
    });
    await exporter.shutdown();
    expect(result.error?.code).toBe(16);
    ok(result.error);
  });
});

describe('exactly once', () => {
  const bodies = async (service: string) =>
    (await store.query<{ body: string }>(`SELECT body FROM logs WHERE service = '${service}' ORDER BY body`)).map(
      (row) => row.body,
    );

  test('a segment replayed after a crash before its removal changes nothing', async () => {
    const frame = { lane: 'otlp-logs', bytes: aLog('once'), records: 1, signal: 'logs' };
    const { loadSegment } = await import('../../load/load-segment.ts');
    const { exactlyOnceSettings } = await import('@sightline/store');
    const { otlp } = await import('./otlp.ts');
    await bench.loader.drain();
    await bench.loader.close();
    const scope = { organisation: 'replay', keyId: 'k', site: 's', device: '', service: '', environment: '' };
    await bench.spool.append([frame], scope, { protocol: 'otlp', project: 0, receivedAtMs: Date.now() });
    const segment = await bench.spool.next('otlp-logs', true);
    ok(segment && otlp.lanes[0]);
    const parts = { target: store, settings: exactlyOnceSettings, ledger: bench.ledger, logger: bench.parts.logger };
    for (let n = 0; n < 3; n++) await loadSegment(parts, otlp.lanes[0], segment);
    const counts = await store.query(`SELECT
      (SELECT toUInt32(count()) FROM logs WHERE organisation = 'replay') AS logs,
      (SELECT toUInt32(sum(records)) FROM volume WHERE organisation = 'replay') AS volume,
      (SELECT toUInt32(sum(records)) FROM ledger WHERE organisation = 'replay') AS ledger`);
    expect(counts).toEqual([{ logs: 1, volume: 1, ledger: 1 }]);
    await bench.spool.remove(segment);
  });

  test.each(['otlp-metrics', 'otlp-metrics-exp'])(
    'a segment of %s that is given twice to the metric store is in the ledger once',
    async (name) => {
      const { loadSegment } = await import('../../load/load-segment.ts');
      const { exactlyOnceSettings } = await import('@sightline/store');
      const { checkOtlp, otlp } = await import('./otlp.ts');
      const receivedAtMs = Date.now();
      const timeUnixNano = `${receivedAtMs}000000`;
      const dataPoints = [1, 2, 3].map((n) => ({
        timeUnixNano,
        asInt: n,
        attributes: [{ key: 'n', value: { intValue: n } }],
      }));
      const exponentialHistogram = {
        dataPoints: [{ timeUnixNano, count: 1, sum: 1, scale: 1, positive: { offset: -2, bucketCounts: ['1'] } }],
      };
      const sent = [
        { name: 'replayed', sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints } },
        { name: 'replayed_spread', exponentialHistogram: { ...exponentialHistogram, aggregationTemporality: 2 } },
      ];
      const body = Buffer.from(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: sent }] }] }));
      const checked = checkOtlp('metrics', { body, contentType: 'application/json', receivedAtMs });
      ok(checked.kind === 'accept' && checked.frames[0]);
      const scope = { organisation: name, keyId: 'k', site: 's', device: '', service: '', environment: '' };
      await bench.spool.append([{ ...checked.frames[0], lane: name }], scope, {
        protocol: 'otlp',
        project: 0,
        receivedAtMs,
      });
      const segment = await bench.spool.next(name, true);
      const lane = otlp.lanes.find((one) => one.name === name);
      ok(segment && lane);
      const parts = {
        target: store,
        settings: exactlyOnceSettings,
        ledger: bench.ledger,
        logger: bench.parts.logger,
        metrics,
      };
      for (let n = 0; n < 3; n++) await loadSegment(parts, lane, segment);
      await bench.spool.remove(segment);
      expect(metrics.segments.filter((given) => given === segment.name)).toHaveLength(3);
      const told = metrics.samples
        .filter(({ scope: { organisation } }) => organisation === name)
        .map(({ metric, labels, value, atMs }) => [metric, labels['n'], value, atMs]);
      expect(told).toEqual([
        ['replayed_total', '1', 1, receivedAtMs],
        ['replayed_total', '2', 2, receivedAtMs],
        ['replayed_total', '3', 3, receivedAtMs],
        ['replayed_spread', undefined, 1, receivedAtMs],
      ]);
      const counts = await store.query(
        `SELECT toString(outcome) AS outcome, toUInt32(sum(records)) AS records FROM ledger WHERE organisation = '${name}' GROUP BY outcome`,
      );
      expect(counts).toEqual([{ outcome: 'accepted', records: 4 }]);
    },
  );

  test('poison is found, put into quarantine, and its neighbours are stored', async () => {
    const { loadSegment } = await import('../../load/load-segment.ts');
    const { exactlyOnceSettings } = await import('@sightline/store');
    const { otlp } = await import('./otlp.ts');
    const scope = { organisation: 'poison', keyId: 'k', site: 's', device: '', service: '', environment: '' };
    const meta = { protocol: 'otlp', project: 0, receivedAtMs: Date.now() };
    for (let n = 0; n < 7; n++) {
      const bytes = n === 3 ? Buffer.from([0x0a, 0xff, 0xff, 0x7f, 1]) : aLog(`neighbour ${n}`);
      await bench.spool.append([{ lane: 'otlp-logs', bytes, records: 1, signal: 'logs' }], scope, meta);
    }
    const segment = await bench.spool.next('otlp-logs', true);
    ok(segment && otlp.lanes[0]);
    const parts = { target: store, settings: exactlyOnceSettings, ledger: bench.ledger, logger: bench.parts.logger };
    for (let n = 0; n < 2; n++) await loadSegment(parts, otlp.lanes[0], segment);
    await bench.spool.remove(segment);
    expect((await bodies('hostile')).filter((body) => body.startsWith('neighbour'))).toEqual(
      [0, 1, 2, 4, 5, 6].map((n) => `neighbour ${n}`),
    );
    expect(
      await store.query(
        `SELECT key_id, protocol, toUInt32(records) AS records, hex(content) AS content FROM quarantine`,
      ),
    ).toEqual([{ key_id: 'k', protocol: 'otlp', records: 1, content: '0AFFFF7F01' }]);
    expect(
      await store.query(
        `SELECT outcome, reason, toUInt32(sum(records)) AS n FROM ledger WHERE organisation = 'poison' GROUP BY outcome, reason ORDER BY outcome`,
      ),
    ).toEqual([
      { outcome: 'accepted', reason: '', n: 6 },
      { outcome: 'rejected', reason: 'quarantined', n: 1 },
    ]);
  });
});
