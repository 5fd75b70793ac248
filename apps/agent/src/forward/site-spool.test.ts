import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { decodeSpooled, type Frame, type SpooledRecord } from '@sightline/ingest/site';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountLane, siteLanes } from './site-lanes.ts';
import { SiteSpool, type SiteSpoolLimits } from './site-spool.ts';

let folder: string;
let clock: ManualClock;
const opened: SiteSpool[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sightline-site-'));
  clock = new ManualClock(1_800_000_000_000);
});
afterEach(async () => {
  for (const spool of opened.splice(0)) await spool.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(limits: Partial<SiteSpoolLimits> = {}, where = folder): Promise<SiteSpool> {
  const spool = await SiteSpool.open(where, { freeDiskBytes: 0, ...limits }, clock, silentLogger);
  opened.push(spool);
  return spool;
}

const frame = (lane: string, sizeBytes = 1000, records = 1): Frame => ({
  lane,
  bytes: Buffer.alloc(sizeBytes, 'x'),
  records,
  signal: siteLanes.find(({ name }) => name === lane)?.signal ?? 'logs',
});

/** Keeps one frame in a segment of its own. */
async function keep(spool: SiteSpool, lane: string, sizeBytes?: number, records?: number): Promise<boolean> {
  const kept = await spool.append([frame(lane, sizeBytes, records)], clock.now());
  clock.advance(2000);
  await spool.segments(lane);
  return kept.ok;
}

const held = async (spool: SiteSpool): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { name } of siteLanes) {
    const segments = await spool.segments(name, 'any');
    if (segments.length > 0) counts[name] = segments.length;
  }
  return counts;
};

/** What the server's ledger will be told. */
async function account(spool: SiteSpool): Promise<{ signal: string; reason: string; records: number }[]> {
  const told: SpooledRecord[] = [];
  for (const lane of [accountLane, ...siteLanes.map(({ name }) => name)]) {
    for (const segment of await spool.segments(lane, 'any')) {
      const content = readFileSync(segment.path);
      for (let at = 0; at < content.length;) {
        const read = decodeSpooled(content, at);
        if (!read) break;
        told.push(read);
        at += read.frame.length;
      }
    }
  }
  return told.flatMap(({ refused }) => refused.map(({ signal, reason, records }) => ({ signal, reason, records })));
}

describe('when the spool is full', () => {
  const limits = { totalBytes: 8000 };

  test('debug goes first, then the oldest of what is worth more, errors last; each loss is counted and told', async () => {
    const spool = await open(limits);
    for (const lane of ['logs-error', 'logs', 'spans', 'logs-debug', 'metrics']) await keep(spool, lane, 1000, 10);
    expect(await held(spool)).toEqual({ 'logs-error': 1, logs: 1, spans: 1, 'logs-debug': 1, metrics: 1 });
    await keep(spool, 'logs', 3000, 7);
    expect(await held(spool)).toEqual({ 'logs-error': 1, logs: 2, spans: 1, metrics: 1 });
    await keep(spool, 'metrics', 3000, 7);
    expect(await held(spool)).toEqual({ 'logs-error': 1, logs: 1, metrics: 1 });
    expect(spool.status().dropped).toEqual({
      'spool-full logs-debug': 10,
      'spool-full logs': 10,
      'spool-full spans': 10,
      'spool-full metrics': 10,
    });
    await keep(spool, 'logs-error', 6000, 3);
    expect(await held(spool)).toEqual({ 'logs-error': 2 });
    const total = Object.values(spool.status().dropped).reduce((sum, count) => sum + count, 0);
    expect((await account(spool)).reduce((sum, { records }) => sum + records, 0)).toBe(total);
    expect((await account(spool)).every(({ reason }) => reason === 'site-spool-full')).toBe(true);
    expect(spool.status()).toMatchObject({ waitingRecords: 13, limitBytes: 8000 });
  });

  test('what is worth less never pushes out what is worth more', async () => {
    const spool = await open(limits);
    for (let n = 0; n < 5; n++) await keep(spool, 'logs-error', 1000);
    expect(await keep(spool, 'logs-debug', 3000)).toBe(false);
    expect(await keep(spool, 'logs', 3000)).toBe(false);
    expect(await held(spool)).toEqual({ 'logs-error': 5 });
  });

  test('of one request the errors are kept and the rest is counted', async () => {
    const spool = await open(limits);
    for (let n = 0; n < 4; n++) await keep(spool, 'logs-error', 1000);
    const request = [frame('logs-debug', 3000, 5), frame('logs-error', 1000, 2)];
    expect((await spool.append(request, clock.now())).ok).toBe(true);
    expect(spool.status()).toMatchObject({ waitingRecords: 6, dropped: { 'spool-full logs-debug': 5 } });
    expect(await account(spool)).toEqual([{ signal: 'logs', reason: 'site-spool-full', records: 5 }]);
  });

  test('a segment that is being sent is not taken from under the request', async () => {
    const spool = await open(limits);
    await keep(spool, 'logs-debug', 5000);
    const sending = await spool.segments('logs-debug');
    spool.hold(sending);
    expect(await keep(spool, 'logs', 4000)).toBe(false);
    spool.release(sending);
    expect(await keep(spool, 'logs', 4000)).toBe(true);
  });

  test('only what was not delivered yet is lost', async () => {
    const spool = await open(limits);
    await keep(spool, 'logs-debug', 5000, 10);
    const [segment] = await spool.segments('logs-debug');
    if (segment) spool.delivered(segment, 4);
    expect(spool.status().waitingRecords).toBe(6);
    await keep(spool, 'logs', 4000);
    expect(spool.status().dropped).toEqual({ 'spool-full logs-debug': 6 });
  });
});

test('a disk that others fill bounds the spool, and that is the reason given', async () => {
  const spool = await open({ freeDiskBytes: Number.MAX_SAFE_INTEGER });
  const kept = await spool.append([frame('logs')], clock.now());
  expect(kept).toMatchObject({ ok: false, error: { kind: 'disk-full' } });
});

describe('age', () => {
  const limits = { ageMs: 3_600_000 };

  test('is no reason while nothing could be delivered since the start', async () => {
    const spool = await open(limits);
    await keep(spool, 'logs');
    clock.advance(30 * 60_000);
    await spool.expire();
    clock.advance(40 * 60_000);
    await spool.expire();
    expect(await held(spool)).toEqual({ logs: 1 });
  });
});

describe('after a crash', () => {
  test('counts and records are there again', async () => {
    const spool = await open({ totalBytes: 8000 });
    await keep(spool, 'logs-debug', 5000, 9);
    await keep(spool, 'logs-error', 4000, 2);
    await spool.close();
    opened.length = 0;
    const again = await open({ totalBytes: 8000 });
    expect(again.status()).toMatchObject({ waitingRecords: 2, dropped: { 'spool-full logs-debug': 9 } });
  });

  test('a drop that was written down but not done is done', async () => {
    const spool = await open({ totalBytes: 8000 });
    await keep(spool, 'logs-debug', 5000, 9);
    const copy = path.join(folder, 'copy');
    cpSync(path.join(folder, 'spool', 'logs-debug'), path.join(copy, 'spool', 'logs-debug'), { recursive: true });
    await keep(spool, 'logs', 4000);
    // The note is on disk, the segment is still there: as if the power had gone between the two.
    cpSync(path.join(folder, 'spool', accountLane), path.join(copy, 'spool', accountLane), { recursive: true });
    const again = await open({}, copy);
    expect(await held(again)).toEqual({});
    expect(await account(again)).toEqual([{ signal: 'logs', reason: 'site-spool-full', records: 9 }]);
  });
});
