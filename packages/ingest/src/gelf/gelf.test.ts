import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { Listener } from '../sockets/listen.ts';
import { scopeNamed, sendTcp, sendUdp, socketBench } from '../test-support/socket-bench.ts';
import { GelfChunks } from './gelf-chunks.ts';
import { startGelf } from './start-gelf.ts';

const gelf = (short_message: string, more: object = {}): string =>
  JSON.stringify({ version: '1.1', host: 'till', short_message, ...more });

/** A message in chunks of `size` bytes. */
function chunked(message: Buffer, size: number, id = '01234567'): Buffer[] {
  const count = Math.ceil(message.length / size);
  return Array.from({ length: count }, (_, n) =>
    Buffer.concat([
      Buffer.from([0x1e, 0x0f]),
      Buffer.from(id),
      Buffer.from([n, count]),
      message.subarray(n * size, (n + 1) * size),
    ]),
  );
}

describe('chunks', () => {
  const message = Buffer.from(gelf('in pieces'));
  test('in any order, twice, and of several senders', () => {
    const chunks = new GelfChunks();
    const pieces = chunked(message, 10).toReversed();
    const found = pieces.flatMap((piece) => [chunks.add(piece, 'a', 0), chunks.add(piece, 'b', 0)]).filter(Boolean);
    expect(found.map(String)).toEqual([String(message), String(message)]);
    expect(chunks.expire(1e9)).toBe(0);
    const doubled = chunked(message, 10).flatMap((piece) => [piece, piece]);
    expect(doubled.map((piece) => chunks.add(piece, 'a', 0)).filter(Boolean)).toHaveLength(1);
  });
  test.each<[string, (piece: Buffer) => Buffer]>([
    ['no bytes', (piece) => piece.subarray(0, 12)],
    ['a number beyond its count', (piece) => (piece.writeUInt8(99, 10), piece)],
    ['a count of nothing', (piece) => (piece.writeUInt8(0, 11), piece)],
    ['a count beyond the bound', (piece) => (piece.writeUInt8(129, 11), piece)],
  ])('with %s are refused', (_, spoil) =>
    expect(new GelfChunks().add(spoil(Buffer.from(chunked(message, 10)[0]!)), 'a', 0)).toMatchObject({
      refused: expect.any(String),
    }),
  );
  test('of which one is missing are given up after five seconds; of too many at a time, at once', () => {
    const chunks = new GelfChunks();
    for (let n = 0; n < 1024; n++)
      expect(chunks.add(chunked(message, 10, String(n).padStart(8))[0]!, 'a', n)).toBeUndefined();
    expect(chunks.add(chunked(message, 10, 'one more')[0]!, 'a', 1024)).toMatchObject({ refused: expect.any(String) });
    expect(chunks.expire(5500)).toBe(501);
    expect(chunks.expire(1e9)).toBe(523);
  });
});

describe('over the network', () => {
  const listeners: Listener[] = [];
  afterEach(async () => {
    for (const listener of listeners.splice(0)) await listener.close();
  });
  async function start() {
    const bench = socketBench();
    const unkeyed = { kind: 'scope', scope: scopeNamed('first') } as const;
    const listener = await startGelf(bench.parts, unkeyed, { host: '127.0.0.1', port: 0, udp: true, tcp: true });
    listeners.push(listener);
    return { bench, listener };
  }

  test('UDP: plain, gzip, zlib and in chunks; poisoned ones cost nobody else', async () => {
    const { bench, listener } = await start();
    await sendUdp(
      listener.port,
      gelf('plain'),
      gzipSync(gelf('gzip')),
      '{broken',
      gzipSync(gelf('cut')).subarray(0, 20),
      gzipSync(Buffer.alloc(4 * 1024 * 1024, 0x20)),
      ...chunked(deflateSync(gelf('zlib in chunks')), 20),
      gelf('keyed', { _key: 'sl_ingest_acme' }),
      gelf('a wrong key', { _key: 'nobody' }),
    );
    await expect
      .poll(() => bench.kept().toSorted())
      .toEqual(['acme: keyed', 'first: gzip', 'first: plain', 'first: zlib in chunks']);
    await expect.poll(() => bench.refused()).toEqual(['malformed 3', 'unauthorised 1']);
  });

  test('TCP: up to a NUL, across pieces, a last one without it; poisoned and endless ones cost themselves', async () => {
    const { bench, listener } = await start();
    const whole = Buffer.from(`${gelf('a')}\0{broken\0\0${'x'.repeat(3_000_000)}\0${gelf('b')}\0${gelf('c')}`);
    await sendTcp(listener.port, whole.subarray(0, 30), whole.subarray(30, 1_000_000), whole.subarray(1_000_000));
    await expect.poll(() => bench.kept()).toEqual(['first: a', 'first: b', 'first: c']);
    expect(bench.refused()).toEqual(['malformed 1', 'too-large 1']);
  });

  test('a message that lacks a chunk is counted when the listener closes', async () => {
    const { bench, listener } = await start();
    await sendUdp(listener.port, chunked(Buffer.from(gelf('x')), 10)[0]!, gelf('after'));
    await expect.poll(() => bench.kept()).toEqual(['first: after']);
    await listeners.splice(0)[0]?.close();
    expect(bench.refused()).toEqual(['malformed 1']);
  });
});
