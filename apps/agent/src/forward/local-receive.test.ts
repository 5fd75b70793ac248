import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { silentLogger, systemClock } from '@sightline/base';
import { LogsRequestBuilder } from '@sightline/ingest/otlp';
import { decodeSpooled, type SpooledRecord } from '@sightline/ingest/site';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ForwarderOptions, type RunningForwarder, startForwarder } from './start-forwarder.ts';

let folder: string;
let agent: RunningForwarder;
const opened: RunningForwarder[] = [];

async function start(options: Partial<ForwarderOptions> = {}): Promise<RunningForwarder> {
  const forwarder = await startForwarder({
    // Nobody listens there: what comes stays.
    server: 'http://127.0.0.1:9',
    token: () => 'token',
    dataFolder: folder,
    receive: { port: 0 },
    limits: { freeDiskBytes: 0 },
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
  opened.push(forwarder);
  return forwarder;
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sightline-receive-'));
  agent = await start();
});
afterEach(async () => {
  for (const forwarder of opened.splice(0)) await forwarder.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Frames on disk, by lane. */
function kept(): Record<string, SpooledRecord[]> {
  const spool = path.join(folder, 'forward', 'spool');
  const lanes: Record<string, SpooledRecord[]> = {};
  for (const lane of readdirSync(spool)) {
    for (const file of readdirSync(path.join(spool, lane))) {
      const content = readFileSync(path.join(spool, lane, file));
      for (let at = 0; at < content.length;) {
        const frame = decodeSpooled(content, at);
        if (!frame) break;
        (lanes[lane] ??= []).push(frame);
        at += frame.frame.length;
      }
    }
  }
  return lanes;
}

const send = (where: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${agent.receivePort}${where}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });

const logs = (...severities: number[]): Buffer => {
  const builder = new LogsRequestBuilder().resource({ 'service.name': 'pos' });
  for (const severityNumber of severities)
    builder.add({ timeNs: BigInt(Date.now()) * 1_000_000n, severityNumber, body: 'x' });
  return builder.build();
};
const json = { 'content-type': 'application/json' };
const jsonLog = JSON.stringify({
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ severityNumber: 9, body: { stringValue: 'x' } }] }] }],
});

describe('OTLP on this machine', () => {
  test.each<[string, () => Promise<Response>]>([
    ['protobuf', () => send('/v1/logs', logs(9))],
    ['zipped protobuf', () => send('/v1/logs', gzipSync(logs(9)), { 'content-encoding': 'gzip' })],
    ['JSON', () => send('/v1/logs', jsonLog, json)],
    ['with a key that means nothing here', () => send('/v1/logs', logs(9), { authorization: 'Bearer whatever' })],
  ])('%s is answered once it is on disk', async (_, request) => {
    expect((await request()).status).toBe(200);
    expect(kept()['logs']).toMatchObject([{ records: 1, signal: 'logs' }]);
    expect(agent.status()).toMatchObject({ waitingRecords: 1, dropped: {} });
  });

  test('records of one request lie apart by what they are worth', async () => {
    expect((await send('/v1/logs', logs(5, 9, 9, 17))).status).toBe(200);
    const lanes = Object.entries(kept()).map(([lane, frames]) => [
      lane,
      frames.reduce((sum, one) => sum + one.records, 0),
    ]);
    expect(Object.fromEntries(lanes)).toEqual({ 'logs-debug': 1, logs: 2, 'logs-error': 1 });
  });

  test.each<[string, number, () => Promise<Response>]>([
    ['nonsense', 400, () => send('/v1/logs', Buffer.from('nonsense!'))],
    ['broken JSON', 400, () => send('/v1/logs', '{', json)],
    ['another type', 415, () => send('/v1/logs', 'x', { 'content-type': 'text/plain' })],
    ['more than a site sends at once', 413, () => send('/v1/logs', Buffer.alloc(9_000_000))],
    ['a bomb', 413, () => send('/v1/logs', gzipSync(Buffer.alloc(9_000_000)), { 'content-encoding': 'gzip' })],
    ['another path', 404, () => send('/v1/dreams', logs(9))],
  ])('%s is answered with %i and leaves nothing behind', async (_, status, request) => {
    expect((await request()).status).toBe(status);
    expect(kept()).toEqual({});
  });

  test('a page at this machine may send: its browser is told so', async () => {
    const where = `http://127.0.0.1:${agent.receivePort}/v1/logs`;
    const headers = { origin: 'http://till.local', 'access-control-request-headers': 'content-type' };
    const asked = await fetch(where, { method: 'OPTIONS', headers });
    expect([asked.status, asked.headers.get('access-control-allow-methods')]).toEqual([204, 'POST, OPTIONS']);
    expect(asked.headers.get('access-control-allow-headers')).toBe('content-type');
    expect((await send('/v1/logs', logs(9))).headers.get('access-control-allow-origin')).toBe('*');
    expect((await fetch(where)).status).toBe(404);
  });

  test('a client that goes away in the middle leaves nothing behind, and the next one is served', async () => {
    const socket = connectTcp(agent.receivePort ?? 0, '127.0.0.1');
    socket.write('POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect((await send('/v1/logs', logs(9))).status).toBe(200);
    expect(kept()['logs']).toHaveLength(1);
  });

  test('what was refused is told to the ledger', async () => {
    await send('/v1/logs', Buffer.from('nonsense!'));
    await send('/v1/traces', Buffer.from('nonsense!'));
    await agent.close();
    opened.length = 0;
    const told = (kept()['account'] ?? []).flatMap(({ refused }) => refused);
    expect(told.map(({ signal, reason, records }) => [signal, reason, records])).toEqual([
      ['logs', 'malformed', 1],
      ['spans', 'malformed', 1],
    ]);
  });
});

test('what the agent itself has to say goes the same way; what is no OTLP is refused in words', async () => {
  expect(await agent.submit('logs', logs(17))).toEqual({ ok: true, value: undefined });
  expect(kept()['logs-error']).toHaveLength(1);
  expect(await agent.submit('metrics', Buffer.from('nonsense!'))).toEqual({
    ok: false,
    error: expect.stringContaining('OTLP') as string,
  });
});

test('a port that is taken is said, and the spool works all the same', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await agent.close();
  opened.length = 0;
  const second = await start({ receive: { port } });
  expect(second.receivePort).toBeUndefined();
  expect(second.receiveFault).toMatch(`port ${port}`);
  expect((await second.submit('logs', logs(9))).ok).toBe(true);
  await new Promise((resolve) => other.close(resolve));
});

test('OTLP over gRPC is taken where it is asked for', async () => {
  await agent.close();
  opened.length = 0;
  const second = await start({ receive: { port: 0, grpcPort: 0 } });
  expect(await exportOverGrpc(second.receiveGrpcPort ?? 0, logs(9))).toBe('0');
  expect(kept()['logs']).toHaveLength(1);
});

/** One unary call (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md); answers `grpc-status`. */
function exportOverGrpc(port: number, message: Buffer): Promise<string> {
  const session = connect(`http://127.0.0.1:${port}`);
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const call = session.request({
      ':method': 'POST',
      ':path': '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    call.on('trailers', (trailers) => resolve(String(trailers['grpc-status'])));
    call.on('error', reject);
    call.on('close', () => session.close());
    call.resume();
    call.end(Buffer.concat([head, message]));
  });
}
