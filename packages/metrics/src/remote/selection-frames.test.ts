import { expect, test } from 'vitest';
import { encodeChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { HeadReader } from '../query/head-reader.ts';
import { labelsAt, tableOf, type HeadPieces, type Selection } from '../selection.ts';
import { frame, framesOf } from './frames.ts';
import { mergeSelections } from './merge-selections.ts';
import { pieceBytes, readSelection, selectionFrames } from './selection-frames.ts';

/** Prometheus' mark of staleness: a NaN of its own bits. */
const stale = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer);

/** Series 0 has an encoded piece and an open one behind it, series 2 an open one alone. */
function piecesFrom(atMs: number): HeadPieces {
  const memory = new SharedArrayBuffer(1024);
  const doubles = new Float64Array(memory);
  doubles.set([atMs + 3000, atMs + 4000], 10);
  doubles.set([30, 40], 14);
  doubles.set([atMs + 1000], 40);
  doubles.set(stale, 44);
  const encoded = new SampleBuffer();
  encoded.clear();
  encoded.appendFloats(Float64Array.of(atMs + 1000, atMs + 2000, 10, 20), 0, 2, 2);
  const chunk = encodeChunk(encoded);
  return {
    series: Uint32Array.of(0, 0, 2),
    places: Uint32Array.of(1, 0, chunk.length, 0, 0, 10, 2, 4, 0, 40, 1, 4),
    pages: [memory, chunk],
  };
}

const labels = ['a', 'b', 'c'].map((pod) => ({ __name__: pod === 'c' ? 'up' : 'orders_total', pod }));
const selection = (head: HeadPieces, more: Partial<Selection> = {}): Selection => ({
  fps: BigUint64Array.of(5n, 2n ** 63n + 1n, 7n),
  metrics: ['orders_total', 'up'],
  metricEnds: Uint32Array.of(2, 3),
  labels: tableOf(labels),
  head,
  ...more,
});

async function sent(
  of: Selection,
  wanted = { startMs: -Infinity, endMs: Infinity },
): Promise<Uint8Array<SharedArrayBuffer>> {
  const pieces: Uint8Array[] = [frame('json', '{"process":"p"}')];
  for await (const piece of selectionFrames(of, wanted)) pieces.push(piece);
  const all = Buffer.concat([...pieces, frame('end', '')]);
  const shared = new Uint8Array(new SharedArrayBuffer(all.length));
  shared.set(all);
  return shared;
}
async function overTheWire(of: Selection): Promise<Selection> {
  const bytes = await sent(of);
  return readSelection(bytes, framesOf(bytes) ?? new Map(), 'p');
}

/** [time, bits of the value] of each sample of a series. */
function samplesOf({ head, fps }: Selection, series: number): [number, bigint][] {
  const reader = new HeadReader(head, fps.length, -Infinity, Infinity);
  const buffer = new SampleBuffer();
  buffer.clear();
  for (let p = reader.first(series); p >= 0 && reader.isOf(p, series); p++) reader.append(p, buffer);
  const bits = new BigUint64Array(buffer.values.slice(0, buffer.count).buffer);
  return Array.from(bits, (value, i) => [buffer.times[i] ?? 0, value]);
}

test('a selection arrives as it was sent, each sample bit by bit', async () => {
  const before = selection(piecesFrom(0), {
    family: 9,
    stored: {
      firstMs: Number.NaN,
      lastMs: Number.NaN,
      changedMs: Float64Array.of(7_200_000),
      changes: Uint32Array.of(3),
    },
  });
  const after = await overTheWire(before);
  for (let i = 0; i < 3; i++) expect(samplesOf(after, i), `series ${i}`).toEqual(samplesOf(before, i));
  expect(samplesOf(after, 2)).toEqual([[1000, 0x7ff0000000000002n]]);
  expect(after).toMatchObject({ fps: before.fps, metrics: before.metrics, metricEnds: before.metricEnds, family: 9 });
  expect([0, 1, 2].map((i) => after.labels && labelsAt(after.labels, i))).toEqual(labels);
  expect(after.stored).toEqual({ ...before.stored, process: 'p' });
  expect(after.lease).toBeUndefined();
  expect(after.head.pages[0]).toBeInstanceOf(SharedArrayBuffer);
});

test.each([
  [1000, 3000, [1000, 2000, 3000]],
  [3000, 4000, [1000, 2000, 4000]],
  [4000, 9000, [1000, 2000, 4000]],
])('of open samples those later than %i and up to %i are sent', async (startMs, endMs, times) => {
  const bytes = await sent(selection(piecesFrom(0)), { startMs, endMs });
  const after = readSelection(bytes, framesOf(bytes) ?? new Map(), 'p');
  expect(samplesOf(after, 0).map(([atMs]) => atMs)).toEqual(times);
});

test('groups travel instead of labels; nothing selected is a selection too', async () => {
  const groups = { labels: [{ pod: 'a' }, {}], of: Uint32Array.of(0, 1, 1) };
  const { labels: _, ...grouped } = selection(piecesFrom(0), { groups });
  expect((await overTheWire(grouped)).groups).toEqual(groups);
  const none = { series: new Uint32Array(0), places: new Uint32Array(0), pages: [] };
  const empty = {
    fps: new BigUint64Array(0),
    metrics: [],
    metricEnds: new Uint32Array(0),
    labels: tableOf([]),
    head: none,
  };
  expect((await overTheWire(empty)).fps).toHaveLength(0);
});

test('an answer that was cut off anywhere is no answer', async () => {
  const whole = await sent(selection(piecesFrom(0)));
  for (let length = 0; length < whole.length; length++)
    expect(framesOf(whole.subarray(0, length)), `${length}`).toBe(undefined);
  expect(framesOf(whole)).toBeDefined();
  expect(pieceBytes(piecesFrom(0))).toBeGreaterThanOrEqual(3 * 16);
});

test('selections of two heads are one: each series once, with the samples of both', async () => {
  const one = selection(piecesFrom(0));
  const two: Selection = {
    fps: BigUint64Array.of(3n, 5n, 1n),
    metrics: ['orders_total', 'zeta'],
    metricEnds: Uint32Array.of(2, 3),
    labels: tableOf([
      { __name__: 'orders_total', pod: 'new' },
      { __name__: 'orders_total', pod: 'a' },
      { __name__: 'zeta' },
    ]),
    head: piecesFrom(10_000),
  };
  const merged = mergeSelections([one, await overTheWire(two)]);
  expect([...merged.fps]).toEqual([3n, 5n, 2n ** 63n + 1n, 7n, 1n]);
  expect(merged.metrics).toEqual(['orders_total', 'up', 'zeta']);
  expect([...merged.metricEnds]).toEqual([3, 4, 5]);
  expect([0, 1, 2, 3, 4].map((i) => merged.labels && labelsAt(merged.labels, i)['pod'])).toEqual([
    'new',
    'a',
    'b',
    'c',
    undefined,
  ]);
  // Two's series 0 is `new`, its series 2 `zeta`; one's series 0 is `a`, its series 2 `c`.
  expect([0, 1, 2, 3, 4].map((i) => samplesOf(merged, i).map(([atMs]) => atMs))).toEqual([
    [11_000, 12_000, 13_000, 14_000],
    [1000, 2000, 3000, 4000],
    [],
    [1000],
    [11_000],
  ]);
});

test('groups of two heads are one by their labels', () => {
  const grouped = (names: readonly string[], of: number[], fps: bigint[]): Selection => ({
    fps: BigUint64Array.from(fps),
    metrics: ['m'],
    metricEnds: Uint32Array.of(fps.length),
    groups: { labels: names.map((pod) => ({ pod })), of: Uint32Array.from(of) },
    head: { series: new Uint32Array(0), places: new Uint32Array(0), pages: [] },
  });
  const merged = mergeSelections([grouped(['a', 'b'], [0, 1], [1n, 3n]), grouped(['b', 'c'], [1, 0], [2n, 4n])]);
  expect(merged.groups?.labels).toEqual([{ pod: 'a' }, { pod: 'b' }, { pod: 'c' }]);
  expect([...(merged.groups?.of ?? [])]).toEqual([0, 2, 1, 1]);
});
