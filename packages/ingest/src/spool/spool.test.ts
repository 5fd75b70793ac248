import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeSpooled } from './spooled.ts';
import type { Frame } from '../protocol.ts';
import { openSpool, type Segment, type Spool, type SpoolLimits } from './spool.ts';

let folder: string;
const clock = new ManualClock(1_800_000_000_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const scope = { organisation: 'o', keyId: 'k', site: 's', device: 'd', service: 'v', environment: 'e' };
const open = (limits: Partial<SpoolLimits> = {}) =>
  openSpool({ folder, clock, logger: silentLogger, limits: { freeDiskBytes: 0, ...limits } });
const frame = (text: string, lane = 'lane') => ({ lane, bytes: Buffer.from(text), records: 1, signal: 'logs' });
const meta = () => ({ protocol: 'p', project: 7, receivedAtMs: clock.now() });

function texts(segment: Segment | undefined): string[] {
  if (!segment) return [];
  const content = readFileSync(segment.path);
  const found: string[] = [];
  for (let at = 0; at < content.length;) {
    const read = decodeSpooled(content, at);
    if (!read) return [...found, '(broken)'];
    found.push(read.bytes.toString());
    at += read.frame.length;
  }
  return found;
}

describe('spool', () => {
  test('what was appended comes back in order, with all that was known of it', async () => {
    const spool = await open();
    const refused = [{ signal: 'logs', reason: 'too-old' as const, records: 3, message: 'x' }];
    expect(await spool.append([frame('a'), frame('b')], scope, meta(), refused)).toEqual({
      ok: true,
      value: undefined,
    });
    const segment = await spool.next('lane', true);
    expect(texts(segment)).toEqual(['a', 'b']);
    const first = decodeSpooled(readFileSync(segment?.path ?? ''), 0);
    expect(first).toMatchObject({
      scope,
      protocol: 'p',
      project: 7,
      records: 1,
      signal: 'logs',
      receivedAtMs: clock.now(),
    });
    expect(first?.refused).toEqual([{ signal: 'logs', reason: 'too-old', records: 3, message: '' }]);
    await spool.close();
  });

  test('many at once are one group, in one segment', async () => {
    const spool = await open();
    const endings = await Promise.all(
      Array.from({ length: 200 }, (_, n) => spool.append([frame(`${n}`)], scope, meta())),
    );
    expect(endings.every((ending) => ending.ok)).toBe(true);
    expect(texts(await spool.next('lane', true)).toSorted()).toEqual(
      Array.from({ length: 200 }, (_, n) => `${n}`).toSorted(),
    );
    await spool.close();
  });

  test('a young segment is left open, an old one closed', async () => {
    const spool = await open({ sealAfterMs: 1000 });
    await spool.append([frame('a')], scope, meta());
    expect(await spool.next('lane')).toBeUndefined();
    clock.advance(1000);
    expect(texts(await spool.next('lane'))).toEqual(['a']);
    await spool.close();
  });

  describe('a lane that is behind', () => {
    const load = 100_000;
    const moment = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const heavy = (records: number): Frame => ({ ...frame('x'), records });

    /** A spool whose lane has learned how long `load` records take. */
    async function slowLane(limits: Partial<SpoolLimits> = {}, loadMs = 2120): Promise<Spool> {
      const spool = await open({ segmentRecords: 1_000_000, ...limits });
      for (let n = 0; n < 20; n++) {
        const answer = spool.append([heavy(load)], scope, meta());
        let segment: Segment | undefined;
        while (!(segment = await spool.next('lane', true))) await moment();
        clock.advance(loadMs);
        await answer;
        await spool.remove(segment);
      }
      return spool;
    }

    /** How long the answer to a request of `records` waits once it is durable, milliseconds; -1 when longer than ten seconds. */
    async function answeredAfter(spool: Spool, records: number): Promise<number> {
      const before = spool.status().records;
      let answered = false;
      void spool.append([heavy(records)], scope, meta()).then(() => (answered = true));
      while (spool.status().records === before) await moment(1);
      for (let waitedMs = 0; waitedMs <= 10_000; waitedMs += 20) {
        await moment();
        if (answered) return waitedMs;
        clock.advance(20);
      }
      return -1;
    }

    test('answers wait until what they are for is findable in time', async () => {
      const spool = await slowLane();
      // 100,000 records take 2.12 s, and 1.4 s are promised.
      const waitedMs = await answeredAfter(spool, load);
      expect(waitedMs).toBeGreaterThanOrEqual(700);
      expect(waitedMs).toBeLessThanOrEqual(740);
      await spool.close();
    });

    test('answers go out at once while the lane keeps up', async () => {
      const spool = await slowLane();
      expect(await answeredAfter(spool, 1000)).toBe(0);
      await spool.close();
    });

    test('answers do not wait for less than a load is worth, however slow the machine', async () => {
      const spool = await slowLane({}, 9000);
      expect(await answeredAfter(spool, 40_000)).toBe(0);
      expect(await answeredAfter(spool, 20_000)).toBeGreaterThan(0);
      await spool.close();
    });

    test('no answer waits longer than the bound', async () => {
      const spool = await slowLane({ holdMs: 500 });
      expect(await answeredAfter(spool, 10 * load)).toBeLessThanOrEqual(520);
      await spool.close();
    });

    test('answers whose requests are larger than what may be held go out at once', async () => {
      const spool = await slowLane({ heldBytes: 10 });
      expect(await answeredAfter(spool, load)).toBe(0);
      await spool.close();
    });

    test('answers do not wait for a store that fails', async () => {
      const spool = await slowLane();
      await spool.append([heavy(1)], scope, meta());
      await spool.next('lane', true);
      await spool.next('lane', true);
      expect(await answeredAfter(spool, load)).toBe(0);
      await spool.close();
    });

    test('answers do not wait for a load that is stuck', async () => {
      const spool = await slowLane();
      await spool.append([heavy(1)], scope, meta());
      await spool.next('lane', true);
      clock.advance(60_000);
      expect(await answeredAfter(spool, load)).toBe(0);
      await spool.close();
    });

    test('a spool that closes answers what it held', async () => {
      const spool = await slowLane();
      const held = spool.append([heavy(load)], scope, meta());
      while (spool.status().records === 0) await moment(1);
      await moment();
      await spool.close();
      expect(await held).toMatchObject({ ok: true });
    });

    test('a segment that takes long to load is closed the sooner', async () => {
      const spool = await slowLane({ sealAfterMs: 1300 });
      await spool.append([heavy(50_000)], scope, meta());
      clock.advance(280);
      expect(await spool.next('lane')).toBeUndefined();
      clock.advance(40);
      expect(await spool.next('lane')).toBeDefined();
      await spool.close();
    });

    test('a segment is closed when its load would take too long', async () => {
      const spool = await slowLane({ sealAfterMs: 3_600_000, holdMs: 0 });
      await spool.append([heavy(60_000)], scope, meta());
      expect(await spool.next('lane')).toBeUndefined();
      await spool.append([heavy(10_000)], scope, meta());
      expect(await spool.next('lane')).toMatchObject({ records: 70_000 });
      await spool.close();
    });

    test('a lane that is far behind is loaded in larger pieces', async () => {
      const spool = await slowLane({ holdMs: 0 });
      for (let n = 0; n < 5; n++) await spool.append([heavy(70_000)], scope, meta());
      const pieces = await spool.segments('lane', 'any');
      expect(pieces.map(({ records }) => records)).toEqual([70_000, 70_000, 210_000]);
      await spool.close();
    });
  });

  test('a segment is closed at its size, and names never repeat', async () => {
    const spool = await open({ segmentBytes: 50 });
    for (let n = 0; n < 5; n++) await spool.append([frame('x'.repeat(60))], scope, meta());
    const names = readdirSync(join(folder, 'lane'));
    expect(new Set(names).size).toBe(5);
    await spool.close();
  });

  test.each([
    ['at its own where it has one', { lane: 1 }, 5],
    ['at the usual one beside a lane with its own', { other: 1 }, 1],
  ])('a lane closes its segments %s', async (_, segmentBytesOf, segments) => {
    const spool = await open({ segmentBytes: 10_000, segmentBytesOf });
    for (let n = 0; n < 5; n++) await spool.append([frame('x')], scope, meta());
    expect(readdirSync(join(folder, 'lane'))).toHaveLength(segments);
    await spool.close();
  });

  test.each([1, 5, 20, 60])('a tail cut by %d bytes was never acknowledged: it goes, the rest stays', async (cut) => {
    const first = await open();
    await first.append([frame('kept')], scope, meta());
    await first.append([frame('y'.repeat(100))], scope, meta());
    await first.close();
    const file = join(folder, 'lane', readdirSync(join(folder, 'lane'))[0] ?? '');
    truncateSync(file, statSync(file).size - cut);
    const second = await open();
    expect(texts(await second.next('lane'))).toEqual(['kept']);
    await second.close();
  });

  test('zeros or garbage behind the last frame go; work files go; the lane is known again', async () => {
    const first = await open();
    await first.append([frame('kept')], scope, meta());
    await first.close();
    const file = join(folder, 'lane', readdirSync(join(folder, 'lane'))[0] ?? '');
    appendFileSync(file, Buffer.alloc(500));
    appendFileSync(`${file}.logs.work`, 'x');
    const second = await open();
    expect(second.lanes()).toEqual(['lane']);
    expect(second.status()).toMatchObject({ records: 1 });
    expect(texts(await second.next('lane'))).toEqual(['kept']);
    expect(readdirSync(join(folder, 'lane')).length).toBe(1);
    await second.close();
  });

  test('beyond its bound it refuses, and takes again once something was loaded', async () => {
    const spool = await open({ totalBytes: 300 });
    expect((await spool.append([frame('x'.repeat(150))], scope, meta())).ok).toBe(true);
    expect(await spool.append([frame('x'.repeat(150))], scope, meta())).toMatchObject({
      ok: false,
      error: { kind: 'spool-full' },
    });
    const segment = await spool.next('lane', true);
    if (segment) await spool.remove(segment);
    expect((await spool.append([frame('x'.repeat(150))], scope, meta())).ok).toBe(true);
    await spool.close();
  });

  test('a disk nearly full is refused, never filled', async () => {
    const spool = await open({ freeDiskBytes: Number.MAX_SAFE_INTEGER });
    expect(await spool.append([frame('x')], scope, meta())).toMatchObject({ ok: false, error: { kind: 'disk-full' } });
    await spool.close();
  });

  test('a lane that cannot be written refuses its own requests, not those of others in the same group', async () => {
    writeFileSync(join(folder, 'bad'), 'a file where the folder should be');
    const spool = await open();
    const endings = await Promise.all([
      spool.append([frame('first')], scope, meta()),
      spool.append([frame('second')], scope, meta()),
      spool.append([frame('third', 'bad')], scope, meta()),
    ]);
    expect(endings.map((ending) => ending.ok)).toEqual([true, true, false]);
    expect(texts(await spool.next('lane', true))).toEqual(['first', 'second']);
  });

  test('nobody else may read what waits', async () => {
    rmSync(folder, { recursive: true });
    await open();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('a closed spool refuses', async () => {
    const spool = await open();
    await spool.close();
    expect((await spool.append([frame('x')], scope, meta())).ok).toBe(false);
  });
});
