import type { BucketSpan, CounterResetHint, FloatHistogram } from '@sightline/record';
import { unzigzag, type WireCursor } from '../protocols/prometheus-remote-write/wire-cursor.ts';

export interface WrittenHistogram {
  readonly atMs: number;
  /** 0 where not known. */
  readonly startMs: number;
  readonly histogram: FloatHistogram;
  /** True where its sum is a staleness mark: the series has no value from then on. */
  readonly stale: boolean;
}

interface Side {
  readonly spans: BucketSpan[];
  readonly buckets: number[];
  /** The count before, for differences. */
  last: number;
}

/**
 * Reads the `Histogram` message between `start` and `stop`, of remote write 1.0 or 2.0 (the fields are the same). It was judged at the
 * door; undefined when it is malformed all the same. The cursor stands at `stop` afterwards.
 */
// One pass over seventeen fields.
// eslint-disable-next-line complexity
export function readHistogram(cursor: WireCursor, start: number, stop: number): WrittenHistogram | undefined {
  const negative: Side = { spans: [], buckets: [], last: 0 };
  const positive: Side = { spans: [], buckets: [], last: 0 };
  const customValues: number[] = [];
  let [atMs, startMs, count, sum, schema, zeroThreshold, zeroCount, hint] = [0, 0, 0, 0, 0, 0, 0, 0];
  let stale = false;
  cursor.at = start;
  while (cursor.next(stop)) {
    const { field } = cursor;
    if (field === 1) count = cursor.value;
    else if (field === 2) count = cursor.double();
    else if (field === 3) {
      sum = cursor.double();
      stale =
        cursor.bytes.readUInt32LE(cursor.start) === 2 && cursor.bytes.readUInt32LE(cursor.start + 4) === 0x7ff00000;
    } else if (field === 4) schema = unzigzag(cursor.value);
    else if (field === 5) zeroThreshold = cursor.double();
    else if (field === 6) zeroCount = cursor.value;
    else if (field === 7) zeroCount = cursor.double();
    else if (field === 8 || field === 11) readSpan(cursor, field === 8 ? negative : positive);
    else if (field === 9 || field === 12) readDeltas(cursor, field === 9 ? negative : positive);
    else if (field === 10 || field === 13) readDoubles(cursor, (field === 10 ? negative : positive).buckets);
    else if (field === 14) hint = cursor.value;
    else if (field === 15) atMs = cursor.int64();
    else if (field === 16) readDoubles(cursor, customValues);
    else if (field === 17) startMs = cursor.int64();
  }
  cursor.at = stop;
  if (cursor.bad) return undefined;
  const histogram: FloatHistogram = {
    // UNKNOWN, YES, NO, GAUGE: the numbers are the same.
    counterResetHint: (hint >= 0 && hint <= 3 ? hint : 0) as CounterResetHint,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans: positive.spans,
    negativeSpans: negative.spans,
    positiveBuckets: positive.buckets,
    negativeBuckets: negative.buckets,
    customValues,
  };
  return { atMs, startMs, histogram, stale };
}

function readSpan(cursor: WireCursor, side: Side): void {
  const { start, stop } = cursor;
  let [offset, length] = [0, 0];
  cursor.at = start;
  while (cursor.next(stop)) {
    if (cursor.field === 1) offset = unzigzag(cursor.value);
    else if (cursor.field === 2) length = cursor.value;
  }
  cursor.at = stop;
  side.spans.push({ offset, length });
}

function readDeltas(cursor: WireCursor, side: Side): void {
  const { start, stop } = cursor;
  if (cursor.wire === 0) {
    side.buckets.push((side.last += unzigzag(cursor.value)));
    return;
  }
  cursor.at = start;
  while (cursor.at < stop) {
    const value = cursor.varint(stop);
    if (value < 0) {
      cursor.bad = true;
      return;
    }
    side.buckets.push((side.last += unzigzag(value)));
  }
}

function readDoubles(cursor: WireCursor, into: number[]): void {
  if (cursor.wire === 1) into.push(cursor.double());
  else for (let at = cursor.start; at + 8 <= cursor.stop; at += 8) into.push(cursor.bytes.readDoubleLE(at));
}
