import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, type Clock } from '@sightline/base';
import { afterEach, expect, test } from 'vitest';
import type { LedgerEntry } from '@sightline/record';
import type { Ledger } from './ledger.ts';
import { LogsRequestBuilder } from './otlp/build-logs.ts';
import type { Protocol } from './protocol.ts';
import { otlp } from './protocols/otlp/otlp.ts';
import { sentry } from './protocols/sentry/sentry.ts';
import { RecordGate, type SetLimits } from './record-limits.ts';
import { receiveRequest } from './receive.ts';
import { openSpool } from './spool/spool.ts';

const cleaners: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleaners.splice(0).toReversed()) await clean();
});

const now = 1_800_000_000_000;

/** A door whose time is told, and what it enters into the ledger for refusals. */
async function open(limits: SetLimits, defaults = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-limits-'));
  let atMs = now;
  const clock: Clock = { ...systemClock, now: () => atMs };
  const logger = silentLogger;
  const entries: LedgerEntry[] = [];
  const ledger = {
    received: () => undefined,
    count: (entry: LedgerEntry) => void entries.push(entry),
  } as unknown as Ledger;
  const spool = await openSpool({ folder, clock, logger, limits: { freeDiskBytes: 0 } });
  cleaners.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => spool.close(),
  );
  const scope = { organisation: 'own', keyId: 'k', site: '', device: '', service: '', environment: '' };
  const parts = {
    protocols: [otlp, sentry],
    spool,
    keys: {
      find: async (secret: string) => ({
        scope: { ...scope, keyId: secret },
        permissions: ['ingest' as const],
        limits,
      }),
    },
    ledger,
    gate: new RecordGate(defaults),
    clock,
    logger,
  };
  const send = async (protocol: Protocol, path: string, key: string, body: Buffer) => {
    const endpoint = protocol.endpoints.find((one) => one.path === path && one.method === 'POST')!;
    const request = {
      method: 'POST',
      params: { project: '1' },
      query: new URLSearchParams({ sentry_key: key }),
      headers: { authorization: `Bearer ${key}` },
      contentType: 'application/x-protobuf',
      body,
      receivedAtMs: atMs,
    };
    const { ending } = await receiveRequest(parts, protocol, endpoint, request);
    return { ending, reply: endpoint.reply(ending, request) };
  };
  return { send, entries, later: (ms: number) => (atMs += ms) };
}

const envelope = (...items: readonly (readonly [object, string])[]): Buffer =>
  Buffer.from(`{}\n${items.map(([header, body]) => `${JSON.stringify(header)}\n${body}\n`).join('')}`);
const attachment = [{ type: 'attachment', length: 1 }, 'x'] as const;
const event = [{ type: 'event' }, '{"message":"m"}'] as const;
const log = [
  { type: 'log', item_count: 1, content_type: 'application/vnd.sentry.items.log+json' },
  JSON.stringify({ items: [{ timestamp: now / 1000, level: 'info', body: 'line' }] }),
] as const;
const path = '/api/:project/envelope/';

test('more files than a minute may hold: refused, and the client told which to hold back', async () => {
  const door = await open({ organisation: {}, key: {} }, { attachments: 2 });
  const first = await door.send(sentry, path, 'a', envelope(attachment, attachment));
  expect(first.reply.headers).not.toHaveProperty('x-sentry-rate-limits');
  const limits = { 'x-sentry-rate-limits': '60:attachment:organization:quota' };
  const second = await door.send(sentry, path, 'b', envelope(attachment, event));
  expect(second).toMatchObject({
    ending: {
      kind: 'stored',
      frames: [{ signal: 'errors' }],
      refused: [{ signal: 'attachments', reason: 'rate-limited', records: 1 }],
    },
    reply: { status: 200, headers: limits },
  });
  const third = await door.send(sentry, path, 'a', envelope(attachment));
  expect(third.reply).toMatchObject({ status: 429, headers: { ...limits, 'retry-after': '60' } });
  expect(door.entries).toMatchObject([
    { signal: 'attachments', outcome: 'rejected', reason: 'rate-limited', records: 1 },
  ]);
  door.later(60_000);
  expect((await door.send(sentry, path, 'a', envelope(attachment))).reply.status).toBe(200);
});

test('a key has limits of its own, of any kind of record', async () => {
  const door = await open({ organisation: { errors: 3 }, key: { errors: 2, logs: 1 } });
  for (const _ of [1, 2]) expect((await door.send(sentry, path, 'a', envelope(event))).reply.status).toBe(200);
  const over = await door.send(sentry, path, 'a', envelope(event, log));
  expect(over.reply).toMatchObject({
    status: 200,
    headers: { 'x-sentry-rate-limits': '60:error;default;security:key:quota' },
  });
  expect(over.ending).toMatchObject({ frames: [{ signal: 'logs' }] });
  door.later(30_000);
  // Another key has room of its own, until that of all is used up.
  expect((await door.send(sentry, path, 'b', envelope(event))).reply.status).toBe(200);
  expect((await door.send(sentry, path, 'b', envelope(event))).reply.headers).toMatchObject({
    'x-sentry-rate-limits': '30:error;default;security:organization:quota',
  });
});

test('a client that knows no kinds of records is asked to send again later', async () => {
  const door = await open({ organisation: {}, key: { logs: 1 } });
  const two = new LogsRequestBuilder().add({ body: 'one' }).add({ body: 'two' }).build();
  // What comes while there is room passes whole.
  expect((await door.send(otlp, '/v1/logs', 'a', two)).reply.status).toBe(200);
  const refused = await door.send(otlp, '/v1/logs', 'a', two);
  expect(refused.ending).toMatchObject({ kind: 'refused', status: 429, reason: 'rate-limited', retryAfterS: 60 });
  expect(refused.reply.status).toBe(429);
  expect(door.entries).toMatchObject([{ signal: 'logs', reason: 'rate-limited', records: 2 }]);
});
