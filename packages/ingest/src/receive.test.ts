import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import type { KeyPermission } from '@sightline/record';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { createLedger, type Ledger } from './ledger.ts';
import type { LoadTarget } from './load/load-target.ts';
import { startLoader } from './load/loader.ts';
import { LogsRequestBuilder } from './otlp/build-logs.ts';
import type { Protocol } from './protocol.ts';
import { otlp } from './protocols/otlp/otlp.ts';
import { registerIngest } from './receive-http.ts';
import type { Keys, ReceiveLimits } from './receive.ts';
import { openSpool, type Spool, type SpoolLimits } from './spool/spool.ts';
import { decodeSpooled } from './spool/spooled.ts';

const cleaners: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleaners.splice(0).toReversed()) await clean();
});

interface Door {
  readonly app: FastifyInstance;
  readonly spool: Spool;
  readonly ledger: Ledger;
  readonly statements: string[];
}

/** A door without a store behind it: what would be written is only noted. */
async function open(
  options: {
    permissions?: readonly KeyPermission[];
    spool?: Partial<SpoolLimits>;
    limits?: Partial<ReceiveLimits>;
    protocol?: Protocol;
    findKey?: Keys['find'];
  } = {},
): Promise<Door> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-receive-'));
  const statements: string[] = [];
  const target: LoadTarget = { execute: async (sql) => void statements.push(sql) };
  const clock = systemClock;
  const logger = silentLogger;
  const ledger = createLedger({ target, settings: {}, clock, logger });
  const spool = await openSpool({ folder, clock, logger, limits: { freeDiskBytes: 0, ...options.spool } });
  const scope = { organisation: 'own', keyId: 'k', site: '', device: '', service: '', environment: '' };
  const known = { scope, permissions: options.permissions ?? ['ingest'] };
  const app = Fastify();
  await registerIngest(app, {
    protocols: [options.protocol ?? otlp],
    spool,
    keys: { find: options.findKey ?? (async (secret) => (secret === 'good' ? known : undefined)) },
    organisations: { ensure: async (name) => (name === 'bad/name' ? undefined : `id-of-${name}`) },
    ledger,
    limits: options.limits ?? {},
    clock,
    logger,
  });
  cleaners.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => spool.close(),
    () => ledger.close(),
    () => app.close(),
  );
  return { app, spool, ledger, statements };
}

function send(door: Door, headers: Record<string, string> = {}, body = aLog()) {
  return door.app.inject({
    method: 'POST',
    url: '/v1/logs',
    headers: { authorization: 'Bearer good', 'content-type': 'application/x-protobuf', ...headers },
    payload: body,
  });
}

function aLog(): Buffer {
  return new LogsRequestBuilder().add({ body: 'hello' }).build();
}

test.each([
  ['bearer', { authorization: 'Bearer good' }, 200],
  ['the password of basic auth', { authorization: `Basic ${Buffer.from('any:good').toString('base64')}` }, 200],
  ['x-api-key', { authorization: '', 'x-api-key': 'good' }, 200],
  ['a wrong key', { authorization: 'Bearer wrong' }, 401],
  ['no key', { authorization: '' }, 401],
  ['a key longer than any', { authorization: `Bearer ${'x'.repeat(5000)}` }, 401],
])('%s', async (_, headers, status) => {
  const door = await open();
  expect((await send(door, headers)).statusCode).toBe(status);
});

test('a key without the permission is forbidden', async () => {
  expect((await send(await open({ permissions: ['query'] }))).statusCode).toBe(403);
});

test.each<[string, readonly KeyPermission[], string, number, string | undefined]>([
  ['a fleet key names another organisation', ['ingest', 'any-organisation'], 'acme', 200, 'id-of-acme'],
  ['a common key cannot', ['ingest'], 'acme', 200, 'own'],
  ['a name that is not acceptable', ['ingest', 'any-organisation'], 'bad/name', 400, undefined],
])('X-Scope-OrgID: %s', async (_, permissions, name, status, organisation) => {
  const door = await open({ permissions });
  expect((await send(door, { 'x-scope-orgid': name })).statusCode).toBe(status);
  const segment = await door.spool.next('otlp-logs', true);
  if (organisation === undefined) return expect(segment).toBeUndefined();
  expect(decodeSpooled(readFileSync(segment?.path ?? ''), 0)?.scope.organisation).toBe(organisation);
});

test('a full spool asks to come again', async () => {
  const door = await open({ spool: { totalBytes: 10 } });
  const answer = await send(door);
  expect(answer.statusCode).toBe(503);
  expect(answer.headers['retry-after']).toBe('10');
});

test('a body beyond the bound is 413, too much at once 429', async () => {
  const large = Buffer.alloc(2000);
  expect((await send(await open({ limits: { wireBytes: 1000 } }), {}, large)).statusCode).toBe(413);
  const answer = await send(await open({ limits: { inFlightBytes: 1000 } }), {}, large);
  expect(answer.statusCode).toBe(429);
  expect(answer.headers['retry-after']).toBe('1');
});

test('an unknown media type is 415', async () => {
  expect((await send(await open(), { 'content-type': 'text/html' })).statusCode).toBe(415);
});

test('an exception is answered as 500 in the protocol’s words, without its text', async () => {
  const throwing = {
    ...otlp,
    endpoints: otlp.endpoints.map((endpoint) => ({
      ...endpoint,
      check: () => {
        throw new Error('hidden detail');
      },
    })),
  };
  const answer = await send(await open({ protocol: throwing }));
  expect(answer.statusCode).toBe(500);
  expect(answer.body).toContain('internal error');
  expect(answer.body).not.toContain('hidden');
});

test('browsers of other origins may ask', async () => {
  const { app } = await open();
  const answer = await app.inject({
    method: 'OPTIONS',
    url: '/v1/logs',
    headers: { 'access-control-request-headers': 'authorization' },
  });
  expect(answer.statusCode).toBe(204);
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'authorization',
  });
});

test('what was received is counted, by outcome', async () => {
  const door = await open();
  await send(door);
  await send(door, { authorization: 'Bearer wrong' });
  const text = door.ledger.metrics();
  expect(text).toContain('sightline_ingest_received_records_total{protocol="otlp",signal="logs"} 2');
  expect(text).toContain('outcome="rejected",reason="unauthorised"} 1');
  expect(text).toContain('sightline_ingest_requests_total{protocol="otlp",status="401"} 1');
});

test('while the store is away records wait, and are loaded when it is back', async () => {
  const door = await open();
  await send(door);
  let away = 3;
  const statements: string[] = [];
  const target: LoadTarget = {
    execute: async (sql) => {
      if (sql.includes('INSERT INTO logs') && away-- > 0)
        throw Object.assign(new Error('away'), { kind: 'unavailable', code: 0 });
      statements.push(sql);
    },
  };
  const { spool, ledger } = door;
  const loader = await startLoader({
    spool,
    target,
    protocols: [otlp],
    ledger,
    settings: {},
    clock: systemClock,
    logger: silentLogger,
  });
  await expect.poll(() => loader.status().waitingRecords, { timeout: 15_000 }).toBe(0);
  await loader.close();
  expect(away).toBe(-1);
  expect(statements.filter((sql) => sql.includes('INSERT INTO logs'))).toHaveLength(1);
  expect(door.statements.some((sql) => sql.startsWith('INSERT INTO ledger'))).toBe(true);
});

test('while keys cannot be looked up, clients are asked to come again, not to throw away', async () => {
  const door = await open({
    findKey: async () => {
      throw new Error('the database is away');
    },
  });
  const answer = await send(door);
  expect(answer.statusCode).toBe(503);
  expect(answer.headers['retry-after']).toBe('5');
  expect(door.spool.status().records).toBe(0);
  expect(door.ledger.metrics()).toContain('outcome="rejected",reason="unavailable"} 1');
});

test('bodies that come at the same time over real connections stay apart in the memory they share', async () => {
  const door = await open();
  const url = await door.app.listen({ port: 0, host: '127.0.0.1' });
  const bodyOf = (n: number): Buffer =>
    new LogsRequestBuilder()
      .add({ body: `${n}-${String.fromCodePoint(97 + (n % 26)).repeat(9000 + n * 500)}` })
      .build();
  const headers = { authorization: 'Bearer good', 'content-type': 'application/x-protobuf' };
  // More at a time than there are pieces of memory; some are cut off in the middle, and their memory goes to others.
  const wave = async (from: number): Promise<void> => {
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const reply = await fetch(`${url}/v1/logs`, {
          method: 'POST',
          headers,
          body: new Uint8Array(bodyOf(from + n)),
        });
        expect(reply.status).toBe(200);
      }).concat(Array.from({ length: 5 }, () => cutOff(url))),
    );
  };
  await wave(0);
  await wave(60);
  const segment = await door.spool.next('otlp-logs', true);
  const content = readFileSync(segment?.path ?? '');
  const found: string[] = [];
  for (let at = 0; at < content.length;) {
    const frame = decodeSpooled(content, at);
    if (!frame) throw new Error(`a broken frame at ${at}`);
    found.push(frame.bytes.toString('base64'));
    at += frame.frame.length;
  }
  const sent = Array.from({ length: 120 }, (_, n) => bodyOf(n).toString('base64'));
  expect(found.toSorted()).toEqual(sent.toSorted());
});

/** Announces a body, sends half of it and goes away. */
async function cutOff(url: string): Promise<void> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head =
    'POST /v1/logs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/x-protobuf\r\n';
  socket.write(`${head}content-length: 20000\r\n\r\n${'z'.repeat(10_000)}`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.destroy();
}
