import { createSocket } from 'node:dgram';
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { decode, encode, ExtData } from '@msgpack/msgpack';
import { afterEach, describe, expect, test } from 'vitest';
import type { Listener } from '../sockets/listen.ts';
import type { Unkeyed } from '../sockets/socket-intake.ts';
import { testNow } from '../test-support/decode-logs.ts';
import { scopeNamed, sendTcp, socketBench } from '../test-support/socket-bench.ts';
import { itemsOf, NotMessagePack, ValueScanner } from './msgpack-values.ts';
import { readForward } from './read-forward.ts';
import { startForward } from './start-forward.ts';

const seconds = testNow / 1000;
const packed = (value: unknown): Buffer => Buffer.from(encode(value));
/** Fluentd's EventTime. */
function eventTime(nanoseconds = 0): ExtData {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(seconds);
  bytes.writeUInt32BE(nanoseconds, 4);
  return new ExtData(0, bytes);
}
const entry = (message: string, more: object = {}): unknown[] => [eventTime(), { message, ...more }];
const entries = (...messages: string[]): Buffer => Buffer.concat(messages.map((message) => packed(entry(message))));

const told = (body: unknown): string => (typeof body === 'string' ? body : '');
async function bodies(message: Buffer): Promise<string[]> {
  const { arrivals } = await readForward(message, testNow);
  return arrivals.map(({ read }) => (read.kind === 'log' ? told(read.record.body) : read.reason));
}

describe('MessagePack', () => {
  const values = [
    1,
    -1,
    300,
    70_000,
    1e10,
    1.5,
    true,
    null,
    'a',
    'b'.repeat(40),
    'c'.repeat(70_000),
    new Uint8Array(300),
    [1, [2, [3]]],
    { a: { b: [] } },
    Array.from({ length: 20 }, (_, n) => n),
    eventTime(),
  ];
  test.each(values.map((value, n) => [n, value] as const))(
    'value %i ends where it ends, however it comes',
    (_, value) => {
      const bytes = packed(value);
      expect(new ValueScanner().end(Buffer.concat([bytes, packed('next')]))).toBe(bytes.length);
      const scanner = new ValueScanner();
      const step = Math.max(1, bytes.length >> 4);
      for (let size = 0; size < bytes.length; size += step)
        expect(scanner.end(bytes.subarray(0, size))).toBeUndefined();
      expect(scanner.end(bytes)).toBe(bytes.length);
    },
  );
  test('items of a list, and what is none', () => {
    expect(itemsOf(packed(['a', [1], {}]))?.map((item) => decode(item))).toEqual(['a', [1], {}]);
    expect(itemsOf(packed({ a: 1 }))).toBeUndefined();
    expect(() => new ValueScanner().end(Buffer.from([0xc1]))).toThrow(NotMessagePack);
  });
  test('a list within a list without end takes no memory', () => {
    expect(new ValueScanner().end(Buffer.alloc(1_000_000, 0x91))).toBeUndefined();
    expect(new ValueScanner().end(Buffer.alloc(1_000_000, 0xdd))).toBeUndefined();
  });
});

describe('a message', () => {
  test('a record finds its places; its key is taken out', async () => {
    const record = {
      log: 'card declined',
      level: 'error',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      kubernetes: { labels: { app: 'orders', site: 'S1' }, host: 'n1' },
      sightline_key: 'sl_ingest_secret',
    };
    const { arrivals, chunk } = await readForward(
      packed(['app.log', eventTime(250), record, { chunk: 'c1' }]),
      testNow,
    );
    expect(chunk).toBe('c1');
    expect(arrivals).toMatchObject([
      {
        key: 'sl_ingest_secret',
        read: {
          resource: { 'service.name': 'orders', 'store.id': 'S1', 'device.id': 'n1' },
          record: {
            timeNs: BigInt(testNow) * 1_000_000n + 250n,
            severityNumber: 17,
            body: 'card declined',
            traceId: '0af7651916cd43dd8448eb211c80319c',
            attributes: { 'fluent.tag': 'app.log' },
          },
        },
      },
    ]);
    expect(
      JSON.stringify(arrivals[0]?.read, (_, value: unknown) => (typeof value === 'bigint' ? '' : value)),
    ).not.toContain('secret');
  });
  test.each<[string, unknown, string[]]>([
    ['message mode, seconds', ['t', seconds, { message: 'a' }], ['a']],
    ['message mode, no time', ['t', 0, { message: 'a' }], ['a']],
    ['forward mode', ['t', [entry('a'), entry('b')]], ['a', 'b']],
    ['forward mode with metadata', ['t', [[[eventTime(), {}], { message: 'a' }]]], ['a']],
    ['packed', ['t', entries('a', 'b'), { size: 2 }], ['a', 'b']],
    ['packed, gzip', ['t', gzipSync(entries('a', 'b')), { compressed: 'gzip' }], ['a', 'b']],
    [
      'packed, several gzips',
      ['t', Buffer.concat([gzipSync(entries('a')), gzipSync(entries('b'))]), { compressed: 'gzip' }],
      ['a', 'b'],
    ],
    ['packed, zstd', ['t', zstdCompressSync(entries('a', 'b')), { compressed: 'zstd' }], ['a', 'b']],
    ['JSON within a line', ['t', seconds, { log: '{"level":"warn","msg":"inside"}\n' }], ['inside']],
    ['a heartbeat', null, []],
    ['an entry that is a number', ['t', [entry('a'), 7, entry('b')]], ['a', 'malformed', 'b']],
    ['a record that is a text', ['t', [entry('a'), [eventTime(), 'x'], entry('b')]], ['a', 'malformed', 'b']],
    ['an empty record', ['t', [entry('a'), [eventTime(), {}], entry('b')]], ['a', 'no-value', 'b']],
    ['a time that is none', ['t', [entry('a'), ['soon', { message: 'x' }], entry('b')]], ['a', 'malformed', 'b']],
    ['a time of 2100', ['t', [entry('a'), [4_102_444_800, { message: 'x' }], entry('b')]], ['a', 'too-new', 'b']],
    [
      'packed with one that is broken',
      ['t', Buffer.concat([entries('a'), packed([eventTime(), [1]]), entries('b')])],
      ['a', 'malformed', 'b'],
    ],
    ['packed and cut', ['t', entries('a', 'b').subarray(0, -3)], ['a', 'malformed']],
    ['gzip that is none', ['t', Buffer.from('x'), { compressed: 'gzip' }], ['malformed']],
    ['a bomb', ['t', gzipSync(Buffer.alloc(65 * 1024 * 1024)), { compressed: 'gzip' }], ['malformed']],
    ['no list', { a: 1 }, ['malformed']],
    ['no tag', [null, seconds, { message: 'a' }], ['malformed']],
  ])('%s', async (_, message, expected) => expect(await bodies(packed(message))).toEqual(expected));
  test('a record with a name that is a number, a broken map', async () => {
    const bad = Buffer.concat([Buffer.from([0x92]), packed(seconds), Buffer.from([0x81, 0x91, 0x01, 0x01])]);
    expect(await bodies(packed(['t', Buffer.concat([entries('a'), bad, entries('b')])]))).toEqual([
      'a',
      'malformed',
      'b',
    ]);
  });
});

describe('over the network', () => {
  const listeners: Listener[] = [];
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const listener of listeners.splice(0)) await listener.close();
  });
  async function start(unkeyed: Unkeyed, handshake = false, udp = false) {
    const bench = socketBench();
    const listener = await startForward(bench.parts, unkeyed, {
      host: '127.0.0.1',
      port: 0,
      udp,
      tcp: true,
      handshake,
    });
    listeners.push(listener);
    return { bench, listener };
  }
  const first: Unkeyed = { kind: 'scope', scope: scopeNamed('first') };
  /** A connection that reads one value after the other. */
  function client(port: number) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
    const next = async (): Promise<unknown> => {
      await expect.poll(() => new ValueScanner().end(bytes)).toBeGreaterThan(0);
      const end = new ValueScanner().end(bytes) ?? 0;
      const value = decode(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
      return value;
    };
    return { socket, next };
  }

  test('messages in any pieces; acknowledged once they are kept, and only then', async () => {
    const { bench, listener } = await start(first);
    const { socket, next } = client(listener.port);
    const whole = Buffer.concat([
      packed(['t', seconds, { message: 'a' }, { chunk: 'c-1' }]),
      packed(null),
      packed(['t', [entry('b'), 7], { chunk: 'c-2' }]),
    ]);
    for (let at = 0; at < whole.length; at += 9) socket.write(whole.subarray(at, at + 9));
    expect([await next(), await next()]).toEqual([{ ack: 'c-1' }, { ack: 'c-2' }]);
    expect([bench.kept(), bench.refused()]).toEqual([['first: a', 'first: b'], ['malformed 1']]);
    bench.room = false;
    const asked = bench.asked;
    socket.write(packed(['t', seconds, { message: 'c' }, { chunk: 'c-3' }]));
    await expect.poll(() => bench.asked).toBeGreaterThan(asked);
    await listeners.splice(0)[0]?.close();
    expect([bench.kept(), bench.refused()]).toEqual([
      ['first: a', 'first: b'],
      ['malformed 1', 'spool-full 1'],
    ]);
  });

  test('what is no MessagePack, or was cut, ends the connection and is counted', async () => {
    const { bench, listener } = await start(first);
    await sendTcp(listener.port, packed(['t', seconds, { message: 'a' }]), Buffer.from([0xc1]));
    await sendTcp(listener.port, packed(['t', seconds, { message: 'b' }]).subarray(0, 8));
    await expect.poll(() => bench.refused()).toEqual(['malformed 2']);
    expect(bench.kept()).toEqual(['first: a']);
  });

  test('heartbeats over UDP are answered', async () => {
    const { listener } = await start(first, false, true);
    const socket = createSocket('udp4');
    const answer = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    socket.send(Buffer.from([0]), listener.port, '127.0.0.1');
    expect(await answer).toEqual(Buffer.from([0]));
    socket.close();
  });

  const bound: Unkeyed = { kind: 'key', key: 'sl_ingest_acme' };
  test.each<[string, Unkeyed, string, string, boolean]>([
    ['the key of the listener', bound, 'sl_ingest_acme', '', true],
    ['a key that is the user name too', { kind: 'refused' }, 'sl_ingest_acme', 'sl_ingest_acme', true],
    ['a key that is not', { kind: 'refused' }, 'sl_ingest_acme', '', false],
    ['another key', bound, 'wrong', '', false],
    ['a key of nobody', bound, 'wrong', 'wrong', false],
    ['the right name with a wrong key', bound, 'wrong', 'sl_ingest_acme', false],
  ])('the handshake with %s', async (_, unkeyed, sharedKey, username, expected) => {
    const { bench, listener } = await start(unkeyed, true);
    const { socket, next } = client(listener.port);
    const [helo, { nonce }] = (await next()) as [string, { nonce: Uint8Array }];
    expect(helo).toBe('HELO');
    const digest = (host: string): string =>
      createHash('sha512').update('salt').update(host).update(nonce).update(sharedKey).digest('hex');
    socket.write(packed(['PING', 'client', 'salt', digest('client'), username, '']));
    const pong = (await next()) as unknown[];
    expect(pong.slice(0, 2)).toEqual(['PONG', expected]);
    socket.write(packed(['t', seconds, { message: 'a' }]));
    if (expected) {
      expect(pong[4]).toBe(digest(String(pong[3])));
      await expect.poll(() => bench.kept()).toEqual(['acme: a']);
    } else {
      await expect.poll(() => bench.refused()).toEqual(['unauthorised 1']);
      expect(bench.kept()).toEqual([]);
    }
  });
});
