import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import type { LoadedMetrics } from '@sightline/ingest/metric-formats';
import type { Matcher } from '@sightline/query/promql';
import { exactlyOnceSettings, type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HeadReader } from '../query/head-reader.ts';
import { appendChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { labelsAt } from '../selection.ts';
import { writeRequest, writeSegment, type WrittenSeries } from '../test-support/segments.ts';
import { Head } from './head.ts';
import { HeadIndex } from './head-index.ts';
import { defaultHeadSettings, type HeadEngine, type HeadSettings } from './head-settings.ts';
import { FamilyLoader } from './load-families.ts';
import { StoredBlocks } from './stored-blocks.ts';

const now = Date.parse('2026-11-20T12:30:00Z');
let store: EmbeddedStore;
const data = mkdtempSync(path.join(tmpdir(), 'sightline-head-'));
beforeAll(async () => {
  store = await openMigratedStore(data);
});
afterAll(async () => {
  await store.close();
  rmSync(data, { recursive: true, force: true });
});

let runs = 0;
let over = false;
let folder: string;
let organisation: string;
let clock: ManualClock;
let head: Head;
let engine: HeadEngine;
beforeEach(async () => {
  folder = path.join(data, `head-${++runs}`);
  organisation = `org-${runs}`;
  clock = new ManualClock(now);
  engine = {
    execute: async (sql, parameters, token) => {
      if (over) throw new Error('over');
      await store.execute(sql, parameters, {
        settings: token === '' ? {} : { ...exactlyOnceSettings, insert_deduplication_token: token },
      });
    },
  };
  over = false;
  await open();
});
afterEach(async () => {
  // Heads that were killed write nothing any more.
  over = killed.length > 0;
  for (const one of [...killed.splice(0), head]) await one.close();
});

async function open(settings: Partial<HeadSettings> = {}): Promise<void> {
  head = await Head.open({
    settings: { ...defaultHeadSettings, folder, ...settings },
    engine,
    clock,
    logger: silentLogger,
  });
}

const killed: Head[] = [];
/** The process dies: nothing is closed, the folder is opened anew. */
async function kill(settings: Partial<HeadSettings> = {}): Promise<void> {
  killed.push(head);
  await open(settings);
}

let segments = 0;
async function send(...series: WrittenSeries[]): Promise<LoadedMetrics['entries']> {
  const records = series.reduce((sum, { samples }) => sum + samples.length, 0);
  const { entries } = await head.load(
    writeSegment(path.join(folder, 'spool'), `s-${++segments}`, [
      { bytes: writeRequest(series), records, receivedAtMs: now, organisation },
    ]),
  );
  return entries;
}

function index(): HeadIndex {
  const stored = new StoredBlocks({ folder, engine, head });
  return new HeadIndex(head, new FamilyLoader({ folder, engine, catalogue: head.catalogue }), stored);
}

const name = (value: string): Matcher => ({ label: '__name__', operator: '=', value });

/** What the head has of a selector: samples by labels. */
async function held(...matchers: Matcher[]): Promise<Record<string, [number, number][]>> {
  const found = await index().select({ organisation, matchers, startMs: 0, endMs: now + 86_400_000, limit: 1000 });
  if (!found.ok) throw new Error(found.error.message);
  const { labels, head: pieces, fps } = found.value;
  const all = Array.from({ length: fps.length }, () => new SampleBuffer(16));
  const reader = new HeadReader(pieces, fps.length, 0, Infinity);
  for (const [i, series] of pieces.series.entries()) {
    const problem = reader.append(i, all[series]!);
    if (problem) throw new Error(problem);
  }
  return Object.fromEntries(
    all.map((samples, i) => {
      const pairs = Object.entries(labelsAt(labels!, i)).filter(([label]) => label !== '__name__');
      const key = pairs.map(([label, value]) => `${label}=${value}`).join(',');
      return [key, Array.from({ length: samples.count }, (_, at) => [samples.times[at]!, samples.values[at]!])];
    }),
  );
}

/** What the engine has: samples of all chunks of the organisation, in order of time. */
async function stored(metric: string): Promise<[number, number][]> {
  return (await storedInTurn(metric)).sort(([a], [b]) => a - b);
}

/** The same as queries read it. */
async function storedInTurn(metric: string): Promise<[number, number][]> {
  const rows = await store.query<{ chunk: string }>(
    'SELECT base64Encode(chunk) AS chunk FROM metric_chunks WHERE organisation = {organisation:String} AND metric = {metric:String} ORDER BY fp, t',
    { organisation, metric },
  );
  return rows.flatMap(({ chunk }) => {
    const samples = new SampleBuffer(16);
    expect(appendChunk(Buffer.from(chunk, 'base64'), samples)).toBeUndefined();
    return Array.from({ length: samples.count }, (_, at): [number, number] => [
      samples.times[at]!,
      samples.values[at]!,
    ]);
  });
}

/** `count` samples, `stepMs` apart, the last one at `lastMs`; each value is its number. */
function run(count: number, stepMs: number, lastMs = now): [number, number][] {
  return Array.from({ length: count }, (_, i) => [lastMs - (count - 1 - i) * stepMs, i]);
}

describe('samples in memory', () => {
  test('series by series, in order of time', async () => {
    await send(
      {
        labels: { __name__: 'up', job: 'a' },
        samples: [
          [now - 1000, 1],
          [now, 2],
        ],
      },
      { labels: { __name__: 'up', job: 'b' }, samples: [[now, 3]] },
      { labels: { __name__: 'down', job: 'c' }, samples: [[now, 4]] },
    );
    expect(await held(name('up'))).toEqual({
      'job=a': [
        [now - 1000, 1],
        [now, 2],
      ],
      'job=b': [[now, 3]],
    });
    expect(await held(name('up'), { label: 'job', operator: '=~', value: 'b|d' })).toEqual({ 'job=b': [[now, 3]] });
    expect(await held({ label: 'job', operator: '=', value: 'c' })).toEqual({ 'job=c': [[now, 4]] });
  });

  test('more than one piece, over the border of a block', async () => {
    const samples = run(2000, 15_000);
    for (let i = 0; i < samples.length; i += 100)
      await send({ labels: { __name__: 'up' }, samples: samples.slice(i, i + 100) });
    expect(await held(name('up'))).toEqual({ '': samples });
  });

  test('late samples find their place; of two values for one time the first stays', async () => {
    await send({ labels: { __name__: 'up' }, samples: [[now, 3]] });
    await send({
      labels: { __name__: 'up' },
      samples: [
        [now - 2000, 1],
        [now, 9],
        [now - 1000, 2],
      ],
    });
    expect(await held(name('up'))).toEqual({
      '': [
        [now - 2000, 1],
        [now - 1000, 2],
        [now, 3],
      ],
    });
    expect(head.figures()).toMatchObject({ late: 2, duplicates: 1 });
  });
});

test('what is cut of a block at several times is read in the order in which it was cut', async () => {
  const samples = run(30, 15_000);
  for (let i = 0; i < samples.length; i += 10) {
    await send({ labels: { __name__: 'up' }, samples: samples.slice(i, i + 10) });
    await head.cutAll();
  }
  expect(await storedInTurn('up')).toEqual(samples);
});

describe('a kill', () => {
  test('loses nothing that was taken, and a segment counts once', async () => {
    const samples = run(300, 15_000);
    const segment = writeSegment(path.join(folder, 'spool'), 'once', [
      { bytes: writeRequest([{ labels: { __name__: 'up' }, samples }]), records: 300, receivedAtMs: now, organisation },
    ]);
    const first = await head.load(segment);
    await kill();
    expect(await head.load(segment)).toEqual(first);
    expect(await held(name('up'))).toEqual({ '': samples });
    expect(first.entries).toMatchObject([{ outcome: 'accepted', records: 300, organisation }]);
  });

  test('before and after a cut: each sample is in the engine or in memory, once', async () => {
    const samples = run(1000, 15_000);
    await send({ labels: { __name__: 'up' }, samples: samples.slice(0, 600) });
    await head.cutAll();
    await send({ labels: { __name__: 'up' }, samples: samples.slice(600) });
    await kill();
    const inMemory = (await held(name('up')))[''] ?? [];
    const inEngine = await stored('up');
    expect([...inEngine, ...inMemory].sort(([a], [b]) => a - b)).toEqual(samples);
    await head.cutAll();
    expect(await stored('up')).toEqual(samples);
  });

  test('while the engine does not answer: the cut is finished later', async () => {
    const working = engine;
    const samples = run(100, 15_000);
    await send({ labels: { __name__: 'up' }, samples });
    engine = {
      execute: async (sql, ...rest) =>
        sql.includes('metric_chunks') ? Promise.reject(new Error('away')) : working.execute(sql, ...rest),
    };
    await kill();
    void head.cutAll();
    await new Promise((resolve) => setTimeout(resolve, 300));
    engine = working;
    await kill();
    expect(await stored('up')).toEqual(samples);
    expect((await held(name('up')))['']).toEqual([]);
  });
});

test('when everything is cut the log is left behind, but not what it knows of segments', async () => {
  const series = Array.from({ length: 40 }, (_, i) => ({
    labels: { __name__: 'noise', i: String(i) },
    samples: Array.from({ length: 400 }, (_, k): [number, number] => [now + 15_000 * k, Math.sqrt(400 * i + k + 2)]),
  }));
  const frame = { bytes: writeRequest(series), records: 16_000, receivedAtMs: now, organisation };
  const segment = writeSegment(path.join(folder, 'spool'), 'large', [frame]);
  await head.load(segment);
  expect(head.figures().logBytes).toBeGreaterThan(100_000);
  await head.cutAll();
  expect(head.figures().logBytes).toBeLessThan(5000);
  await head.load(segment);
  expect(head.figures()).toMatchObject({ samples: 16_000, openBlocks: 0 });
  await kill();
  await head.load(segment);
  expect(head.figures()).toMatchObject({ samples: 0, openBlocks: 0 });
  await send({ labels: { __name__: 'noise', i: '1' }, samples: [[now, 7]] });
  expect(Object.keys(await held(name('noise')))).toContain('i=1');
});

test('rows of series, sites and exemplars', async () => {
  await send({
    labels: { __name__: 'orders_total', store: 'STORE_7', job: 'till' },
    samples: [[now, 1]],
    exemplars: [{ labels: { trace_id: 'abc' }, value: 0.5, atMs: now }],
  });
  await head.announce();
  const where = 'WHERE organisation = {organisation:String}';
  expect(
    await store.query(`SELECT metric, site, service, type, labels FROM metric_series ${where}`, { organisation }),
  ).toEqual([
    {
      metric: 'orders_total',
      site: 'STORE_7',
      service: 'till',
      type: 'counter',
      labels: { job: 'till', site: 'STORE_7', store: 'STORE_7' },
    },
  ]);
  expect(await store.query(`SELECT site, service FROM seen ${where}`, { organisation })).toEqual([
    { site: 'STORE_7', service: 'till' },
  ]);
  expect(await store.query(`SELECT metric, value, labels FROM metric_exemplars ${where}`, { organisation })).toEqual([
    { metric: 'orders_total', value: 0.5, labels: { trace_id: 'abc' } },
  ]);
});

test('series that only the engine knows are found', async () => {
  await send(
    { labels: { __name__: 'up', job: 'a' }, samples: [[now, 1]] },
    { labels: { __name__: 'gone' }, samples: [[now, 1]] },
  );
  await head.cutAll();
  expect(head.figures()).toMatchObject({ series: 0, openBlocks: 0 });
  await kill();
  expect(await held(name('up'))).toEqual({ 'job=a': [] });
  const query = { organisation, matchers: [], startMs: now - 1000, endMs: now, limit: 0 };
  expect(await index().labelNames(query)).toEqual({ items: ['__name__', 'job'], cut: false });
  expect(await index().labelValues({ ...query, label: '__name__' })).toEqual({ items: ['gone', 'up'], cut: false });
});

test('over the limit, series are folded into one that says so', async () => {
  await kill({ limits: { organisation: 1000, metric: 2 } });
  const account = await send(
    ...Array.from({ length: 5 }, (_, i) => ({
      labels: { __name__: 'x', i: String(i) },
      samples: [[now, 10 ** i]] as [number, number][],
    })),
  );
  expect(await held(name('x'))).toEqual({ 'i=0': [[now, 1]], 'i=1': [[now, 10]], 'overflow=true': [[now, 11100]] });
  expect(head.figures()).toMatchObject({ folded: 3, series: 3 });
  expect(account.map(({ outcome, reason, records }) => [outcome, reason, records])).toEqual([
    ['accepted', 'folded', 3],
    ['accepted', '', 2],
  ]);
});

test('samples older than what is kept are refused and counted', async () => {
  const bytes = writeRequest([
    {
      labels: { __name__: 'x' },
      samples: [
        [1000, 1],
        [now, 2],
        [now + 2 * 86_400_000, 3],
      ],
    },
  ]);
  const segment = writeSegment(path.join(folder, 'spool'), 'old', [
    { bytes, records: 3, receivedAtMs: now, organisation },
  ]);
  expect((await head.load(segment)).entries.map(({ outcome, reason, records }) => [outcome, reason, records])).toEqual([
    ['rejected', 'too-old', 1],
    ['rejected', 'too-new', 1],
    ['accepted', '', 1],
  ]);
  await kill({ keptMs: Infinity });
  await send({
    labels: { __name__: 'y' },
    samples: [
      [0, 1],
      [1000, 2],
    ],
  });
  expect(await held(name('y'))).toEqual({ '': [[1000, 2]] });
});
