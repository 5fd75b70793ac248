/** Buckets of one series and day as bytes: see README.md in this folder for the form. */
import { RolledColumns } from '@sightline/query/promql';
import { appendChunk, encodeChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';

/** The first byte: a chunk of samples has 1. */
const version = 2;
/** Where a column is that equals another bucket by bucket. */
const own = 0;
const asFirsts = 1;
const asLasts = 2;
const minShift = 0;
const maxShift = 2;
const resetsFlag = 16;
const startsFlag = 32;
const knownFlags = 63;

type Column = Float64Array;

/** Writes buckets `from` to `to` (excluded), at least one. */
export function encodeRolled(rolled: RolledColumns, from = 0, to = rolled.count): Uint8Array {
  const count = to - from;
  const part = (column: Column): Column => column.subarray(from, to);
  const zeros = new Float64Array(count);
  const mins = likeness(rolled, rolled.mins, from, to);
  const maxs = likeness(rolled, rolled.maxs, from, to);
  const hasResets = part(rolled.resets).some((value) => value !== 0);
  const hasStarts =
    part(rolled.firstStarts).some((value) => value !== 0) || part(rolled.lastStarts).some((value) => value !== 0);
  const counts = part(rolled.counts).map((value, i) => 2 * value + (rolled.stale[from + i] ?? 0));
  const pairs: (readonly [Column, Column])[] = [
    [part(rolled.ends), part(rolled.lasts)],
    [part(rolled.firstTimes), part(rolled.firsts)],
    [part(rolled.lastTimes), part(rolled.sums)],
    [counts, mins === own ? part(rolled.mins) : zeros],
  ];
  if (maxs === own) pairs.push([zeros, part(rolled.maxs)]);
  if (hasResets) pairs.push([zeros, part(rolled.resets)]);
  if (hasStarts) pairs.push([part(rolled.firstStarts), part(rolled.lastStarts)]);
  const chunks = pairs.map(([times, values]) => encodeChunk({ count, times, values }));
  const bytes = new Uint8Array(2 + chunks.reduce((size, chunk) => size + 3 + chunk.length, 0));
  bytes[0] = version;
  bytes[1] = (mins << minShift) | (maxs << maxShift) | (hasResets ? resetsFlag : 0) | (hasStarts ? startsFlag : 0);
  let at = 2;
  for (const chunk of chunks) {
    bytes[at] = chunk.length & 255;
    bytes[at + 1] = (chunk.length >>> 8) & 255;
    bytes[at + 2] = chunk.length >>> 16;
    bytes.set(chunk, at + 3);
    at += 3 + chunk.length;
  }
  return bytes;
}

function likeness({ firsts, lasts }: RolledColumns, column: Column, from: number, to: number): number {
  const same = (other: Column): boolean => {
    for (let i = from; i < to; i++) if (!Object.is(column[i], other[i])) return false;
    return true;
  };
  if (same(firsts)) return asFirsts;
  return same(lasts) ? asLasts : own;
}

/** Stands for a day of a series that has both floats and native histograms, which no buckets are made of. */
export const histogramsMark: Uint8Array = Uint8Array.of(3);

export function isHistogramsMark(bytes: Uint8Array): boolean {
  return bytes.length === 1 && bytes[0] === histogramsMark[0];
}

/** True for the bytes of buckets; others are samples (`chunk/chunk.ts`). */
export function isRolled(bytes: Uint8Array): boolean {
  return bytes[0] === version;
}

const read = new RolledColumns();
const buffer = new SampleBuffer(512);

/**
 * Appends buckets to `into`, where the first may complete the last one there. Returns undefined, or in a sentence what is wrong with
 * the bytes; `into` is then as it was.
 */
export function appendRolled(bytes: Uint8Array, into: RolledColumns): string | undefined {
  const flags = bytes[1] ?? 255;
  if (!isRolled(bytes) || (flags & ~knownFlags) !== 0) return 'A roll-up is damaged: its form is not known';
  read.clear();
  let at = 2;
  let count = -1;
  let wrong: string | undefined;
  /** Hands over the next two columns. */
  const next = (take: (times: Column, values: Column) => void): void => {
    if (wrong !== undefined) return;
    const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    const from = at + 3;
    at = from + length;
    if (at > bytes.length) {
      wrong = 'A roll-up is damaged: it ends too early';
      return;
    }
    buffer.clear();
    wrong = appendChunk(bytes.subarray(from, at), buffer);
    if (wrong !== undefined) return;
    if (count < 0) {
      count = buffer.count;
      read.reserve(count);
    }
    if (buffer.count !== count) wrong = 'A roll-up is damaged: its columns differ in length';
    else take(buffer.times.subarray(0, count), buffer.values.subarray(0, count));
  };
  next((times, values) => {
    read.ends.set(times);
    read.lasts.set(values);
  });
  next((times, values) => {
    read.firstTimes.set(times);
    read.firsts.set(values);
  });
  next((times, values) => {
    read.lastTimes.set(times);
    read.sums.set(values);
  });
  const mins = (flags >> minShift) & 3;
  next((times, values) => {
    for (let i = 0; i < count; i++) {
      read.counts[i] = Math.floor((times[i] ?? 0) / 2);
      read.stale[i] = (times[i] ?? 0) % 2;
    }
    if (mins === own) read.mins.set(values);
  });
  const maxs = (flags >> maxShift) & 3;
  if (maxs === own) next((_, values) => read.maxs.set(values));
  read.resets.fill(0, 0, Math.max(0, count));
  if ((flags & resetsFlag) !== 0) next((_, values) => read.resets.set(values));
  read.firstStarts.fill(0, 0, Math.max(0, count));
  read.lastStarts.fill(0, 0, Math.max(0, count));
  if ((flags & startsFlag) !== 0) {
    next((times, values) => {
      read.firstStarts.set(times);
      read.lastStarts.set(values);
    });
  }
  if (wrong !== undefined) return wrong;
  if (at !== bytes.length) return 'A roll-up is damaged: bytes are left over';
  copy(mins, read.mins, count);
  copy(maxs, read.maxs, count);
  read.count = count;
  for (let i = 0; i < count; i++) into.take(read, i);
  return undefined;
}

function copy(from: number, into: Column, count: number): void {
  if (from === asFirsts) into.set(read.firsts.subarray(0, count));
  else if (from === asLasts) into.set(read.lasts.subarray(0, count));
}
