import { customBucketsSchema } from '@sightline/record';
import { unzigzag, type WireCursor } from './wire-cursor.ts';

/** One side's buckets as they are told: absolute counts or differences, and the spans they lie in. */
interface Side {
  spanned: number;
  badSpan: boolean;
  spans: number;
  buckets: number;
  sum: number;
  negative: boolean;
  /** The count before, for differences. */
  last: number;
}

export interface CheckedHistogram {
  /** Why it cannot be kept; '' where it can. */
  readonly problem: string;
  readonly atMs: number;
}

/**
 * Judges the `Histogram` message between `start` and `stop` as Prometheus does before it stores one: both versions have the same fields
 * (https://prometheus.io/docs/specs/native_histograms/#data-model). The cursor stands at `stop` afterwards, and is bad where the message is malformed.
 */
// One pass over seventeen fields.
// eslint-disable-next-line complexity
export function checkHistogram(cursor: WireCursor, start: number, stop: number): CheckedHistogram {
  const negative = newSide();
  const positive = newSide();
  const customValues: number[] = [];
  let [atMs, schema, count, zeroCount, sum] = [0, 0, 0, 0, 0];
  let floats = false;
  let integers = false;
  cursor.at = start;
  while (cursor.next(stop)) {
    const { field } = cursor;
    if (field === 1 || field === 6) {
      if (!cursor.is(0)) break;
      integers = true;
      if (field === 1) count = cursor.value;
      else zeroCount = cursor.value;
    } else if (field === 2 || field === 7) {
      if (!cursor.is(1)) break;
      floats ||= cursor.double() !== 0 || field === 2;
      if (field === 2) count = cursor.double();
      else zeroCount = cursor.double();
    } else if (field === 3) sum = cursor.is(1) ? cursor.double() : 0;
    else if (field === 4) schema = cursor.is(0) ? unzigzag(cursor.value) : 0;
    else if (field === 8 || field === 11) readSpan(cursor, field === 8 ? negative : positive);
    else if (field === 9 || field === 12) readDeltas(cursor, field === 9 ? negative : positive);
    else if (field === 10 || field === 13) readCounts(cursor, field === 10 ? negative : positive);
    else if (field === 15) atMs = cursor.is(0) ? cursor.int64() : 0;
    else if (field === 16) readDoubles(cursor, (value) => customValues.push(value));
  }
  cursor.at = stop;
  const told = { negative, positive, customValues, schema, count, zeroCount, sum, mixed: floats && integers, floats };
  return { problem: cursor.bad ? '' : problemOf(told), atMs };
}

function newSide(): Side {
  return { spanned: 0, badSpan: false, spans: 0, buckets: 0, sum: 0, negative: false, last: 0 };
}

function problemOf(told: {
  readonly negative: Side;
  readonly positive: Side;
  readonly customValues: readonly number[];
  readonly schema: number;
  readonly count: number;
  readonly zeroCount: number;
  readonly sum: number;
  readonly mixed: boolean;
  readonly floats: boolean;
}): string {
  const { negative, positive, customValues, schema, count, zeroCount, sum } = told;
  const custom = schema === customBucketsSchema;
  const sides = [negative, positive];
  if (!custom && (schema < -4 || schema > 8)) return `a native histogram has schema ${schema}`;
  if (told.mixed) return 'a native histogram has integer and float counts';
  if (sides.some(({ badSpan }) => badSpan)) return 'spans of a native histogram overlap';
  if (sides.some(({ spanned, buckets }) => spanned !== buckets))
    return 'spans and buckets of a native histogram do not fit';
  if (sides.some((side) => side.negative) || count < 0 || zeroCount < 0)
    return 'a native histogram has a count below 0';
  const inBuckets = negative.sum + positive.sum + zeroCount;
  // Observations of NaN are counted and stand in no bucket; float counts round.
  const over = inBuckets > count || (inBuckets !== count && !Number.isNaN(sum));
  if (!told.floats && over) return `the buckets of a native histogram hold ${inBuckets} of ${count} observations`;
  return custom ? customProblem(told) : customValues.length > 0 ? 'a native histogram has custom values' : '';
}

function customProblem(told: {
  readonly negative: Side;
  readonly positive: Side;
  readonly customValues: readonly number[];
  readonly zeroCount: number;
}): string {
  const { negative, positive, customValues, zeroCount } = told;
  if (negative.spans > 0 || zeroCount !== 0) return 'a native histogram of custom buckets has others beside them';
  if (customValues.some((value, n) => Number.isNaN(value) || (n > 0 && value <= (customValues[n - 1] ?? 0))))
    return 'the bounds of custom buckets do not ascend';
  return positive.buckets > customValues.length + 1 ? 'a native histogram has more buckets than bounds' : '';
}

function readSpan(cursor: WireCursor, side: Side): void {
  if (!cursor.is(2)) return;
  const { start, stop } = cursor;
  let [offset, length] = [0, 0];
  cursor.at = start;
  while (cursor.next(stop)) {
    if (cursor.field === 1) offset = cursor.is(0) ? unzigzag(cursor.value) : 0;
    else if (cursor.field === 2) length = cursor.is(0) ? cursor.value : 0;
  }
  cursor.at = stop;
  if (side.spans > 0 && offset < 0) side.badSpan = true;
  side.spans++;
  side.spanned += length;
}

function readDeltas(cursor: WireCursor, side: Side): void {
  const add = (delta: number): void => addBucket(side, (side.last += delta));
  if (cursor.wire === 0) return add(unzigzag(cursor.value));
  if (!cursor.is(2)) return undefined;
  const { start, stop } = cursor;
  cursor.at = start;
  while (cursor.at < stop) {
    const value = cursor.varint(stop);
    if (value < 0) {
      cursor.bad = true;
      return undefined;
    }
    add(unzigzag(value));
  }
  return undefined;
}

function readCounts(cursor: WireCursor, side: Side): void {
  readDoubles(cursor, (count) => addBucket(side, count));
}

function addBucket(side: Side, count: number): void {
  side.buckets++;
  side.sum += count;
  if (count < 0) side.negative = true;
}

function readDoubles(cursor: WireCursor, take: (value: number) => void): void {
  if (cursor.wire === 1) return take(cursor.double());
  if (!cursor.is(2)) return undefined;
  if ((cursor.stop - cursor.start) % 8 !== 0) cursor.bad = true;
  for (let at = cursor.start; at + 8 <= cursor.stop; at += 8) take(cursor.bytes.readDoubleLE(at));
  return undefined;
}
