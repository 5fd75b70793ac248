import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { type BlobStore, exactlyOnceSettings, openDiskBlobs, type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import * as Sentry from '@sentry/node';
import fastify, { type FastifyInstance } from 'fastify';
import { compressSync } from 'snappy';
import winston from 'winston';
import LokiTransport from 'winston-loki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLedger, type Ledger } from '../ledger.ts';
import { startLoader, type Loader } from '../load/loader.ts';
import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import { registerIngest } from '../receive-http.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { collectMetrics } from '../test-support/collecting-metrics.ts';
import { protocols } from './all.ts';

const key = 'sl_ingest_test0key';
const scope = { organisation: 'acme', keyId: 'k1', site: 'KEY_SITE', device: '', service: '', environment: '' };

let folder: string;
let store: EmbeddedStore;
let blobs: BlobStore;
let spool: Spool;
let ledger: Ledger;
let loader: Loader;
let app: FastifyInstance;
let address: string;
const metrics = collectMetrics();

/** The whole way from socket to tables, with one known key. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-clients-'));
  store = await openMigratedStore(folder);
  const parts = { clock: systemClock, logger: silentLogger };
  spool = await openSpool({ folder: join(folder, 'spool'), limits: { freeDiskBytes: 0 }, ...parts });
  ledger = createLedger({ target: store, settings: exactlyOnceSettings, ...parts });
  blobs = await openDiskBlobs({ folder: join(folder, 'blobs'), ...parts });
  loader = await startLoader({
    spool,
    target: store,
    protocols,
    ledger,
    settings: exactlyOnceSettings,
    metrics,
    ports: {
      keepBlob: async (organisation, area, bytes) => {
        const kept = await blobs.put(bytes, { organisation, area, limitBytes: 1_000_000 });
        return kept.ok ? kept.value.hash : undefined;
      },
    },
    ...parts,
  });
  app = fastify();
  const keys = {
    find: async (secret: string) => (secret === key ? { scope, permissions: ['ingest'] as const } : undefined),
  };
  await registerIngest(app, { protocols, spool, keys, ledger, ...parts });
  address = await app.listen({ port: 0, host: '127.0.0.1' });
});

afterAll(async () => {
  await app?.close();
  await loader?.close();
  await ledger?.close();
  await spool?.close();
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Row = Record<string, unknown>;

/** Loads all that was accepted, then asks. */
async function rows(sql: string): Promise<Row[]> {
  await loader.drain();
  return store.query<Row>(sql);
}

function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${address}${path}`, { method: 'POST', body, headers: { authorization: `Bearer ${key}`, ...headers } });
}

test('@sentry/node: error, transaction, log, check-in, feedback and attachment arrive with their origin', async () => {
  Sentry.init({
    dsn: `${address.replace('http://', `http://${key}@`)}/7`,
    release: 'payment-service@2.4.1',
    environment: 'production',
    enableLogs: true,
    tracesSampler: ({ name }) => (name === 'charge order' ? 1 : 0),
  });
  Sentry.setTags({ site: 'STORE_047', terminal: 'T-2', correlation_id: 'corr-47' });
  Sentry.setContext('order', { id: 'ORD-1881', amount: 129.95, currency: 'USD' });
  Sentry.setUser({ id: 'cashier-12' });
  Sentry.startSpan({ name: 'charge order', op: 'queue.process' }, () => {
    Sentry.logger.error('payment declined', { site: 'STORE_047' });
    Sentry.captureException(new RangeError('card of ana@example.com declined'));
  });
  Sentry.captureCheckIn({ monitorSlug: 'nightly-sync', status: 'error' });
  Sentry.captureFeedback({ message: 'the printer hangs', name: 'Ana' });
  Sentry.getCurrentScope().addAttachment({ filename: 'till.bin', data: new Uint8Array([0, 255, 10, 13]) });
  Sentry.captureException(new Error('drawer is open'));
  await Sentry.close(10_000);

  const [error] = await rows(
    "SELECT *, hex(trace_id) AS trace, toString(issue) AS issueText FROM errors WHERE type = 'RangeError'",
  );
  expect(error).toMatchObject({
    organisation: 'acme',
    project: 7,
    site: 'STORE_047',
    device: 'T-2',
    service: 'payment-service',
    environment: 'production',
    release: 'payment-service@2.4.1',
    severity: 17,
    message: 'card of <email> declined',
    correlation_id: 'corr-47',
    user_id: 'cashier-12',
    order_id: 'ORD-1881',
    amount: 129.95,
  });
  expect(JSON.parse(String(error?.['payload']))).toMatchObject({
    version: 1,
    exceptions: [{ type: 'RangeError', value: 'card of <email> declined' }],
  });
  const [span] = await rows('SELECT site, name, kind, service, hex(trace_id) AS trace FROM spans');
  expect(span).toEqual({
    site: 'STORE_047',
    name: 'charge order',
    kind: 5,
    service: 'payment-service',
    trace: error?.['trace'],
  });
  expect(
    await rows("SELECT site, service, severity, body, hex(trace_id) AS trace FROM logs WHERE body LIKE 'payment%'"),
  ).toEqual([
    { site: 'STORE_047', service: 'payment-service', severity: 17, body: 'payment declined', trace: error?.['trace'] },
  ]);
  expect(await rows('SELECT monitor, status, kind, site FROM checks')).toEqual([
    { monitor: 'nightly-sync', status: 'error', kind: 'cron', site: 'KEY_SITE' },
  ]);
  expect(await rows('SELECT site, name, message FROM feedback')).toEqual([
    { site: 'STORE_047', name: 'Ana', message: 'the printer hangs' },
  ]);
  const [file] = await rows('SELECT name, blob, toUInt32(size_bytes) AS size FROM attachments');
  expect(file).toMatchObject({ name: 'till.bin', size: 4 });
  const blob = { organisation: 'acme', area: 'attachments', hash: String(file?.['blob']) } as const;
  expect((await blobs.read(blob))?.toString('hex')).toBe('00ff0a0d');
  expect(await rows('SELECT toUInt32(sum(events)) AS events FROM issues')).toEqual([{ events: 2 }]);
});

test('a browser asks first, and an envelope with one broken item keeps the others', async () => {
  const asked = await fetch(`${address}/api/7/envelope/?sentry_key=${key}`, {
    method: 'OPTIONS',
    headers: { origin: 'https://till.example', 'access-control-request-headers': 'x-sentry-auth,content-type' },
  });
  expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  const envelope =
    '{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}\n{"type":"event"}\n{broken\n{"type":"session"}\n{"sid":"9ec79c33-ec99-42ab-8353-589fcb2e04dd","started":"' +
    new Date().toISOString() +
    '","status":"crashed","attrs":{"release":"till@1"}}';
  const reply = await fetch(`${address}/api/7/envelope/?sentry_key=${key}`, { method: 'POST', body: envelope });
  expect([reply.status, await reply.json()]).toEqual([200, { id: '9ec79c33ec9942ab8353589fcb2e04dc' }]);
  expect(await rows("SELECT status, release, service FROM sessions WHERE status = 'crashed'")).toEqual([
    { status: 'crashed', release: 'till@1', service: 'till' },
  ]);
  const wrong = await fetch(`${address}/api/7/envelope/?sentry_key=nobody`, { method: 'POST', body: envelope });
  expect([wrong.status, wrong.headers.get('x-sentry-error')]).toEqual([401, 'the key is not known']);
});

test('winston-loki, JSON and protobuf', async () => {
  for (const json of [true, false]) {
    const loki = new LokiTransport({
      host: address,
      json,
      interval: 1,
      batching: false,
      basicAuth: `any:${key}`,
      labels: { job: 'inventory', site: 'STORE_031' },
    });
    winston.createLogger({ transports: [loki] }).warn(`stock is low ${json ? 'json' : 'protobuf'}`);
    await loki.flush();
  }
  const found = await rows(
    "SELECT site, service, severity, res['job'] AS job FROM logs WHERE body LIKE 'stock is low%' ORDER BY body",
  );
  const row = { site: 'STORE_031', service: 'inventory', severity: 13, job: 'inventory' };
  expect(found).toEqual([row, row]);
});

test('JSON lines, with a bad one among them', async () => {
  const lines = [
    '{"msg":"paid with 4111 1111 1111 1111","level":30,"storeId":"STORE_012","service":"orders","trace_id":"0af7651916cd43dd8448eb211c80319c","requestId":"r-1"}',
    'oops',
    '{"msg":"second","level":"fatal"}',
  ];
  const reply = await post('/api/v1/ingest/json', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
  expect(await reply.json()).toEqual({
    accepted: 2,
    rejected: 1,
    errors: [{ line: 2, message: 'expected a JSON object, got "oops"' }],
  });
  expect(
    await rows(
      "SELECT site, service, severity, body, hex(trace_id) AS trace, correlation_id FROM logs WHERE body LIKE 'paid%' OR body = 'second' ORDER BY body",
    ),
  ).toEqual([
    {
      site: 'STORE_012',
      service: 'orders',
      severity: 9,
      body: 'paid with <pan>',
      trace: '0AF7651916CD43DD8448EB211C80319C',
      correlation_id: 'r-1',
    },
    { site: 'KEY_SITE', service: 'unknown', severity: 21, body: 'second', trace: '0'.repeat(32), correlation_id: '' },
  ]);
});

/** A WriteRequest of one series with one sample. */
function series(labels: Record<string, string>, value: number, timestampMs: number): Buffer {
  const writer = new ProtobufWriter();
  const opened = writer.open(1);
  for (const [name, text] of Object.entries(labels)) {
    const label = writer.open(1);
    writer.string(1, name);
    writer.string(2, text);
    writer.close(label);
  }
  const sample = writer.open(2);
  writer.double(1, value);
  writer.integer(2, timestampMs);
  writer.close(sample);
  writer.close(opened);
  return writer.finish();
}

test('Prometheus remote write', async () => {
  const at = Date.now();
  const body = Buffer.concat([
    series(
      { __name__: 'http_requests_total', job: 'till', instance: '10.0.0.7:9100', store: 'STORE_047' },
      41,
      at - 15_000,
    ),
    series({ instance: '10.0.0.7:9100', __name__: 'http_requests_total', job: 'till', store: 'STORE_047' }, 42.5, at),
    series({ __name__: 'up', job: 'till' }, 1, at),
  ]);
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  };
  const reply = await post('/prometheus/api/v1/write', new Uint8Array(compressSync(body)), headers);
  expect([reply.status, await reply.text()]).toEqual([204, '']);
  await loader.drain();
  const labels = { instance: '10.0.0.7:9100', job: 'till', store: 'STORE_047' };
  expect(metrics.samples).toMatchObject([
    { metric: 'http_requests_total', labels, value: 41, atMs: at - 15_000, scope },
    { metric: 'http_requests_total', labels, value: 42.5, atMs: at, scope },
    { metric: 'up', labels: { job: 'till' }, value: 1, atMs: at, scope },
  ]);
  const broken = await post('/api/v1/write', new Uint8Array(compressSync(Buffer.from('no protobuf'))), headers);
  expect([broken.status, await broken.text()]).toEqual([400, 'the body is no prometheus.WriteRequest\n']);
});

test('the ledger adds up: nothing is in quarantine, every refusal is named', async () => {
  expect(await rows('SELECT protocol, reason FROM quarantine')).toEqual([]);
  const account = (): Promise<Row[]> =>
    rows(
      "SELECT protocol, outcome, reason, toUInt32(sum(records)) AS records FROM ledger WHERE outcome != 'accepted' AND reason NOT IN ('client-report') GROUP BY protocol, outcome, reason ORDER BY protocol, reason",
    );
  await expect.poll(account, { timeout: 10_000 }).toEqual([
    { protocol: 'json-lines', outcome: 'rejected', reason: 'malformed', records: 1 },
    { protocol: 'prometheus-remote-write', outcome: 'rejected', reason: 'malformed', records: 1 },
    { protocol: 'sentry', outcome: 'rejected', reason: 'malformed', records: 1 },
    { protocol: 'sentry', outcome: 'rejected', reason: 'unauthorised', records: 1 },
  ]);
});
