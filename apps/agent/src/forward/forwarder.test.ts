import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { decodeSpooled, type ForwardBatch, type RunOfFrames } from '@sightline/ingest/site';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultPace, Forwarder, type ForwarderPace } from './forwarder.ts';
import type { BatchPoster, PostEnding } from './post-batch.ts';
import { SiteSpool } from './site-spool.ts';

let folder: string;
let spool: SiteSpool;
let forwarder: Forwarder | undefined;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sightline-forwarder-'));
  spool = await SiteSpool.open(folder, { freeDiskBytes: 0 }, systemClock, silentLogger);
});
afterEach(async () => {
  await forwarder?.close();
  await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

const lost: PostEnding = { kind: 'unreachable', message: 'no line' };

/** What a server has of a segment; it answers as ours does. */
class Server implements BatchPoster {
  readonly batches: ForwardBatch[] = [];
  readonly taken: ForwardBatch[] = [];
  readonly #next = new Map<string, number>();
  /** How it answers instead, where it does. */
  instead: (batch: ForwardBatch) => PostEnding | undefined = () => undefined;

  async post(batch: ForwardBatch): Promise<PostEnding> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.batches.push(batch);
    const other = this.instead(batch);
    if (other) return other;
    this.taken.push(batch);
    for (const run of batch.runs) {
      const next = this.#next.get(run.segment) ?? 0;
      this.#next.set(run.segment, Math.max(next, run.first + framesIn(run)));
    }
    const segments = batch.runs.map(({ lane, segment }) => ({ lane, segment, next: this.#next.get(segment) ?? 0 }));
    return { kind: 'accepted', reply: { segments, rejected: [] } };
  }

  close(): void {
    // Nothing is open.
  }
}

function framesIn({ frames }: RunOfFrames): number {
  let count = 0;
  for (let at = 0; at < frames.length; count++) at += decodeSpooled(Buffer.from(frames), at)?.frame.length ?? Infinity;
  return count;
}

/** Frames of records are 1,000 times one letter in these tests. */
const textOf = (frames: Uint8Array): string =>
  [
    ...Buffer.from(frames)
      .toString('latin1')
      .matchAll(/([A-Z])\1{999}/g),
  ]
    .map(([, letter]) => letter)
    .join('');
const textsOf = (batches: readonly ForwardBatch[]): string =>
  batches.flatMap(({ runs }) => runs.map(({ frames }) => textOf(frames))).join('');

const start = (server: BatchPoster, pace: Partial<ForwarderPace> = {}): Forwarder =>
  (forwarder = new Forwarder(spool, server, { ...defaultPace, ...pace }, systemClock, silentLogger));

async function keep(letters: string, lane = 'logs'): Promise<void> {
  for (const letter of letters) {
    const frame = { lane, bytes: Buffer.alloc(1000, letter), records: 1, signal: 'logs' };
    await spool.append([frame], systemClock.now());
  }
  forwarder?.kept();
}

const delivered = () => expect.poll(() => spool.status().waitingBytes, { timeout: 15_000, interval: 20 });

test('all is delivered in order, and what the server has is removed and named as gone', async () => {
  await keep('ABC');
  const server = new Server();
  start(server);
  await delivered().toBe(0);
  await keep('DE');
  await delivered().toBe(0);
  expect(textsOf(server.batches)).toBe('ABCDE');
  const [first, second] = server.batches.flatMap(({ runs }) => runs);
  await keep('F');
  await delivered().toBe(0);
  const gone = server.batches.flatMap((batch) => batch.gone.map(({ segment }) => segment));
  expect(gone).toEqual([first?.segment, second?.segment]);
});

test('what a server had before this start is not counted again: it says where to go on', async () => {
  await keep('AB');
  const server = new Server();
  server.instead = ({ runs }) => ({
    kind: 'accepted',
    reply: { segments: runs.map(({ lane, segment }) => ({ lane, segment, next: 2 })), rejected: [] },
  });
  start(server);
  await delivered().toBe(0);
  expect(server.batches).toHaveLength(1);
});

test('while the line is down it waits longer and longer; what waited goes before what comes', async () => {
  await keep('AB');
  const server = new Server();
  let up = false;
  server.instead = () => (up ? undefined : lost);
  start(server).wake();
  await expect.poll(() => forwarder?.state).toBe('down');
  await keep('CD');
  up = true;
  forwarder?.wake();
  await delivered().toBe(0);
  expect(textsOf(server.batches.filter(({ runs }) => runs.length > 0)).replace(/^(?:AB)+/, 'AB')).toBe('ABCD');
  expect(forwarder?.state).toBe('up');
});

test('a backlog keeps to its rate and live data passes it', async () => {
  const server = new Server();
  // Two segments, so that the second has to wait until the first is paid for.
  for (const letter of 'AB') {
    await keep(letter.repeat(30));
    await spool.segments('logs', 'any');
  }
  server.instead = ({ runs }) =>
    runs.length > 1 ? { kind: 'refused', reason: 'too-large', message: 'half' } : undefined;
  start(server, { backlogBytesPerS: 5000 });
  await expect.poll(() => server.taken.length).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 150));
  await keep('L');
  await expect.poll(() => textsOf(server.taken).includes('L'), { timeout: 5000 }).toBe(true);
  expect(textsOf(server.taken)).toMatch(/^A+L/);
  await delivered().toBe(0);
  expect(textsOf(server.taken).replace('L', '')).toBe('A'.repeat(30) + 'B'.repeat(30));
});

test('a server that is behind holds up the backlog alone', async () => {
  await keep('AB');
  const server = new Server();
  let behind = true;
  server.instead = ({ backlog }) =>
    backlog && behind ? { kind: 'later', afterMs: 200, message: 'behind' } : undefined;
  start(server);
  await expect.poll(() => forwarder?.state).toBe('up');
  // What is there when the line comes up is backlog.
  await new Promise((resolve) => setTimeout(resolve, 150));
  await keep('L');
  await expect.poll(() => textsOf(server.taken), { timeout: 5000 }).toBe('L');
  behind = false;
  await delivered().toBe(0);
  expect(textsOf(server.taken)).toBe('LAB');
});

test('a frame that the server can never take is found, given up and told; its neighbours arrive', async () => {
  await keep('ABCXDEF');
  const server = new Server();
  server.instead = (batch) =>
    textsOf([batch]).includes('X') ? { kind: 'refused', reason: 'malformed', message: 'broken' } : undefined;
  start(server);
  await delivered().toBe(0);
  expect(textsOf(server.taken)).toBe('ABCDEF');
  expect(spool.status().dropped).toEqual({ 'malformed logs': 1 });
});

test('a token that opens nothing loses nothing', async () => {
  await keep('AB');
  const server = new Server();
  server.instead = () => ({ kind: 'unauthorised', message: '403' });
  start(server);
  await expect.poll(() => forwarder?.state).toBe('unauthorised');
  expect(spool.status().waitingRecords).toBe(2);
});
