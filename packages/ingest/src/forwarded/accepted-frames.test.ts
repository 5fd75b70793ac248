import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { costGrowth, nearlyLinear } from '@sightline/base/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSpool } from '../spool/spool.ts';
import { AcceptedFrames } from './accepted-frames.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-accepted-'));
});
const opened: AcceptedFrames[] = [];
afterEach(async () => {
  for (const frames of opened.splice(0)) await frames.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opened anew without closing the one before: as after a crash. */
const open = async () => {
  const frames = await AcceptedFrames.open(folder, silentLogger);
  opened.push(frames);
  return frames;
};
const segment = (n: number) => ({ lane: 'logs', segment: `${String(n).padStart(17, '0')}-0000abcd` });
const origin = (index: number, n = 1) => ({ agent: 'a', ...segment(n), index, keptAtMs: 0, skewMs: 0 });
const keep = (frames: AcceptedFrames, next: number, n = 1) =>
  frames.during(async () => frames.keep('a', segment(n), next));
const journal = () => readFileSync(join(folder, 'accepted.jsonl'), 'utf8');

test('what was kept is known after a start, for its agent and segment only', async () => {
  await keep(await open(), 3);
  const again = await open();
  expect([0, 2, 3].map((index) => again.has('a', segment(1), index))).toEqual([true, true, false]);
  expect(again.has('b', segment(1), 0)).toBe(false);
  expect(again.has('a', segment(2), 0)).toBe(false);
  expect(again.progress('a', segment(1)).next).toBe(3);
});

test('a frame whose line was not written is found by its origin in the spool, and then outlives its segment', async () => {
  await keep(await open(), 2);
  const crashed = await open();
  // 4 came in another lane of ours and was durable; 3 was not.
  for (const index of [2, 4]) crashed.recovered({ origin: origin(index) });
  expect([2, 3, 4].map((index) => crashed.has('a', segment(1), index))).toEqual([true, false, true]);
  await crashed.during(async () => undefined);
  const later = await open();
  expect([2, 3, 4].map((index) => later.has('a', segment(1), index))).toEqual([true, false, true]);
  await keep(later, 5);
  expect(later.progress('a', segment(1)).next).toBe(5);
});

test('a torn last line is cut, the others stand', async () => {
  await keep(await open(), 3);
  appendFileSync(join(folder, 'accepted.jsonl'), '["a","logs","000');
  const again = await open();
  expect(again.progress('a', segment(1)).next).toBe(3);
  await keep(again, 4);
  expect((await open()).progress('a', segment(1)).next).toBe(4);
});

test('segments that are gone, and those before the oldest, are forgotten for good', async () => {
  const frames = await open();
  for (const n of [1, 2, 3, 4]) await keep(frames, 1, n);
  await frames.during(async () => frames.forget('a', [segment(3)], [segment(2)]));
  for (const known of [frames, await open()])
    expect([1, 2, 3, 4].map((n) => known.has('a', segment(n), 0))).toEqual([false, true, false, true]);
});

test('a segment of the spool stays until the line of what is in it is written', async () => {
  const frames = await open();
  const disk = await openSpool({
    folder: join(folder, 'spool'),
    clock: systemClock,
    logger: silentLogger,
    limits: { freeDiskBytes: 0 },
  });
  const spool = frames.guard(disk);
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const scope = { organisation: 'o', keyId: '', site: '', device: '', service: '', environment: '' };
  const frame = { lane: 'otlp-logs', bytes: Buffer.from('x'), records: 1, signal: 'logs', origin: origin(0) };
  const working = frames.during(async () => {
    await spool.append([frame], scope, { protocol: 'otlp', project: 0, receivedAtMs: 1, atOnce: true });
    await finished;
    frames.keep('a', segment(1), 1);
  });
  const loaded = await new Promise<Awaited<ReturnType<typeof spool.next>>>((resolve) => {
    const look = async (): Promise<void> => {
      const found = await spool.next('otlp-logs', true);
      if (found) resolve(found);
      else setTimeout(() => void look(), 5);
    };
    void look();
  });
  let removed = false;
  const removing = loaded && spool.remove(loaded).then(() => (removed = true));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(removed).toBe(false);
  finish();
  await Promise.all([working, removing]);
  expect(journal()).toContain(segment(1).segment);
  expect(spool.status().bytes).toBe(0);
  await spool.close();
});

test('a journal that grew is written anew with what lives', async () => {
  const frames = await open();
  for (let round = 0; round < 60; round++) {
    await frames.during(async () => {
      for (let n = 0; n < 1000; n++) frames.keep('a', segment(n), round * 2 + 1);
    });
  }
  expect(journal().length).toBeLessThan(4_500_000);
  expect((await open()).progress('a', segment(999)).next).toBe(119);
});

test('what an agent says of very many frames and segments costs by their number', async () => {
  const size = 40_000;
  const said = (frames: AcceptedFrames, count: number): void => {
    // Two lanes of ours take turns: all of the first are marked before the second.
    for (const start of [0, 1]) for (let index = start; index < count; index += 2) frames.mark('a', origin(index));
    for (let n = 2; n < count / 4; n++) frames.keep('a', segment(n), 1);
    const lanes = Array.from({ length: count / 20 }, (_, n) => ({
      lane: n % 2 ? 'logs' : `x${n}`,
      segment: segment(count / 8).segment,
    }));
    frames.forget('a', [], lanes);
  };
  const growth = await costGrowth(
    size,
    async (count) => ({ frames: await open(), count }),
    ({ frames, count }) => said(frames, count),
  );
  expect(growth).toBeLessThan(nearlyLinear);
  const frames = await open();
  said(frames, size);
  expect(frames.has('a', segment(4999), 0)).toBe(false);
  expect(frames.has('a', segment(5000), 0)).toBe(true);
});
