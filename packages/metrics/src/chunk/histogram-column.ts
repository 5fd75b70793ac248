/**
 * Native histograms: layout (schema, spans, bounds) once as long as it stays the same, counts as differences to the histogram
 * before where they are whole numbers, as doubles otherwise.
 */
import type { BucketSpan, CounterResetHint, FloatHistogram } from '@sightline/query/promql';
import { DamagedChunk, type ByteReader, type ByteWriter } from './bytes.ts';

const sameLayout = 16;
const wholeCounts = 32;
/** Buckets of one side: more would be no histogram but an attack. */
const maxBuckets = 65_536;
const most = 2 ** 51;

const oneDouble = new Float64Array(1);
const oneDoubleWords = new Uint32Array(oneDouble.buffer);

function writeDouble(out: ByteWriter, value: number): void {
  oneDouble[0] = value;
  out.double(oneDoubleWords, 0);
}
function readDouble(reader: ByteReader): number {
  reader.double(oneDoubleWords, 0);
  return oneDouble[0] ?? 0;
}

function countsOf(h: FloatHistogram): number[] {
  return [h.count, h.zeroCount, ...h.positiveBuckets, ...h.negativeBuckets];
}

function equalSpans(a: readonly BucketSpan[], b: readonly BucketSpan[]): boolean {
  return a.length === b.length && a.every((span, i) => span.offset === b[i]?.offset && span.length === b[i]?.length);
}

function equalLayout(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    equalSpans(a.positiveSpans, b.positiveSpans) &&
    equalSpans(a.negativeSpans, b.negativeSpans) &&
    a.customValues.length === b.customValues.length &&
    a.customValues.every((value, i) => Object.is(value, b.customValues[i]))
  );
}

const whole = (v: number): boolean => v === Math.floor(v) && Math.abs(v) <= most && !Object.is(v, -0);

/** Writes the histograms among samples `from` to `to`. */
export function writeHistograms(
  out: ByteWriter,
  histograms: readonly (FloatHistogram | undefined)[],
  from: number,
  to: number,
): void {
  let count = 0;
  for (let i = from; i < to; i++) if (histograms[i]) count++;
  out.unsigned(count);
  let previous: FloatHistogram | undefined;
  let previousCounts: number[] | undefined;
  let before = from;
  for (let i = from; i < to; i++) {
    const h = histograms[i];
    if (!h) continue;
    const counts = countsOf(h);
    const same = previous !== undefined && equalLayout(h, previous);
    const isWhole = counts.every(whole);
    out.unsigned(i - before);
    out.byte(h.counterResetHint | (same ? sameLayout : 0) | (isWhole ? wholeCounts : 0));
    if (!same) writeLayout(out, h);
    writeDouble(out, h.sum);
    const reference = same ? previousCounts : undefined;
    for (const [c, value] of counts.entries()) {
      if (isWhole) out.signed(value - (reference?.[c] ?? 0));
      else writeDouble(out, value);
    }
    previous = h;
    previousCounts = isWhole ? counts : undefined;
    before = i;
  }
}

function writeLayout(out: ByteWriter, h: FloatHistogram): void {
  out.signed(h.schema);
  writeDouble(out, h.zeroThreshold);
  for (const [spans, buckets] of [
    [h.positiveSpans, h.positiveBuckets],
    [h.negativeSpans, h.negativeBuckets],
  ] as const) {
    out.unsigned(spans.length);
    for (const span of spans) {
      out.signed(span.offset);
      out.unsigned(span.length);
    }
    out.unsigned(buckets.length);
  }
  out.unsigned(h.customValues.length);
  for (const value of h.customValues) writeDouble(out, value);
}

interface Layout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly BucketSpan[];
  readonly negativeSpans: readonly BucketSpan[];
  readonly positive: number;
  readonly negative: number;
  readonly customValues: readonly number[];
}

function readSide(reader: ByteReader): { spans: BucketSpan[]; buckets: number } {
  const spans: BucketSpan[] = [];
  const count = reader.upTo(maxBuckets);
  for (let i = 0; i < count; i++) spans.push({ offset: reader.signed(), length: reader.upTo(maxBuckets) });
  return { spans, buckets: reader.upTo(maxBuckets) };
}

function readLayout(reader: ByteReader): Layout {
  const schema = reader.signed();
  const zeroThreshold = readDouble(reader);
  const positive = readSide(reader);
  const negative = readSide(reader);
  const customValues: number[] = [];
  const bounds = reader.upTo(maxBuckets);
  for (let i = 0; i < bounds; i++) customValues.push(readDouble(reader));
  return {
    schema,
    zeroThreshold,
    positiveSpans: positive.spans,
    negativeSpans: negative.spans,
    positive: positive.buckets,
    negative: negative.buckets,
    customValues,
  };
}

/** Reads the histograms of `count` samples into `into` from `at` on. */
export function readHistograms(
  reader: ByteReader,
  count: number,
  into: (FloatHistogram | undefined)[],
  at: number,
): void {
  while (into.length < at + count) into.push(undefined);
  const stored = reader.upTo(count);
  let layout: Layout | undefined;
  let counts: number[] | undefined;
  for (let k = 0, index = 0; k < stored; k++) {
    const gap = reader.upTo(count);
    index += gap;
    if (index >= count || (k > 0 && gap === 0)) throw new DamagedChunk('a histogram is out of place');
    const head = reader.byte();
    const same = (head & sameLayout) !== 0;
    if (!same) layout = readLayout(reader);
    if (!layout) throw new DamagedChunk('a histogram refers to none before it');
    const sum = readDouble(reader);
    const isWhole = (head & wholeCounts) !== 0;
    const size = 2 + layout.positive + layout.negative;
    const read: number[] = [];
    for (let c = 0; c < size; c++) {
      read.push(isWhole ? reader.signed() + (same ? (counts?.[c] ?? 0) : 0) : readDouble(reader));
    }
    counts = isWhole ? read : undefined;
    into[at + index] = {
      counterResetHint: (head & 3) as CounterResetHint,
      schema: layout.schema,
      zeroThreshold: layout.zeroThreshold,
      zeroCount: read[1] ?? 0,
      count: read[0] ?? 0,
      sum,
      positiveSpans: layout.positiveSpans,
      negativeSpans: layout.negativeSpans,
      positiveBuckets: read.slice(2, 2 + layout.positive),
      negativeBuckets: read.slice(2 + layout.positive),
      customValues: layout.customValues,
    };
  }
}
