import { type FloatHistogram, type MetricType, type ReceivedSeries, staleNaNBits } from '@sightline/record';
import { ProtobufWriter } from '../otlp/protobuf-writer.ts';

/** The numbers of `Metadata.MetricType`. */
const types: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

/** Texts of a request; the first is the empty one. */
class Symbols {
  readonly #numbers = new Map<string, number>([['', 0]]);

  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  write(writer: ProtobufWriter): void {
    for (const text of this.#numbers.keys()) writer.stringAlways(4, text);
  }
}

/**
 * Series as an `io.prometheus.write.v2.Request`
 * (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/): the form in which what we collect ourselves enters the spool. Labels are
 * put in order; growth (`delta`) has no place in it and must be added up before.
 */
export function writeRw2Request(series: readonly ReceivedSeries[]): Buffer {
  const symbols = new Symbols();
  const writer = new ProtobufWriter(series.length * 64 + 1024);
  for (const one of series) {
    const opened = writer.open(5);
    writeReferences(writer, one.labels, symbols);
    for (let n = 0; n < one.times.length; n++) writeSample(writer, one, n);
    for (const { labels, value, atMs } of one.exemplars ?? []) {
      const exemplar = writer.open(4);
      writeReferences(writer, labels, symbols);
      writer.double(2, value);
      writer.integer(3, atMs);
      writer.close(exemplar);
    }
    const metadata = writer.open(5);
    writer.integer(1, Math.max(0, types.indexOf(one.type)));
    writer.integer(3, symbols.of(one.help));
    writer.integer(4, symbols.of(one.unit));
    writer.close(metadata);
    writer.close(opened);
  }
  const whole = new ProtobufWriter(writer.size + 4096);
  symbols.write(whole);
  whole.raw(writer.finish());
  return whole.finish();
}

function writeReferences(writer: ProtobufWriter, labels: readonly string[], symbols: Symbols): void {
  if (labels.length === 0) return;
  const pairs: [string, string][] = [];
  for (let at = 0; at < labels.length; at += 2) pairs.push([labels[at] ?? '', labels[at + 1] ?? '']);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  const opened = writer.open(1);
  for (const [name, value] of pairs) {
    writer.varint(symbols.of(name));
    writer.varint(symbols.of(value));
  }
  writer.close(opened);
}

function writeSample(writer: ProtobufWriter, series: ReceivedSeries, n: number): void {
  const atMs = series.times[n] ?? 0;
  const startMs = series.startTimes?.[n] ?? 0;
  const histogram = series.histograms?.[n];
  const opened = writer.open(histogram ? 3 : 2);
  if (histogram) {
    writeHistogram(writer, histogram);
    writer.integer(15, atMs);
    writer.integer(17, startMs);
  } else {
    // By its bits: as a number, a staleness mark may turn into another NaN.
    if (series.stale?.includes(n)) writer.fixed64Always(1, staleNaNBits);
    else writer.double(1, series.values[n] ?? 0);
    writer.integer(2, atMs);
    writer.integer(3, startMs);
  }
  writer.close(opened);
}

/** The fields of a `Histogram` message of floats but for its time: the same in remote write 1.0, 2.0 and remote read. */
export function writeHistogram(writer: ProtobufWriter, histogram: FloatHistogram): void {
  writer.double(2, histogram.count);
  writer.double(3, histogram.sum);
  writer.integer(4, zigzag(histogram.schema));
  writer.double(5, histogram.zeroThreshold);
  writer.double(7, histogram.zeroCount);
  for (const [spansAt, countsAt, spans, buckets] of [
    [8, 10, histogram.negativeSpans, histogram.negativeBuckets],
    [11, 13, histogram.positiveSpans, histogram.positiveBuckets],
  ] as const) {
    for (const { offset, length } of spans) {
      const span = writer.open(spansAt);
      writer.integer(1, zigzag(offset));
      writer.integer(2, length);
      writer.close(span);
    }
    writeDoubles(writer, countsAt, buckets);
  }
  writer.integer(14, histogram.counterResetHint);
  writeDoubles(writer, 16, histogram.customValues);
}

function writeDoubles(writer: ProtobufWriter, field: number, values: readonly number[]): void {
  if (values.length === 0) return;
  const bytes = Buffer.alloc(values.length * 8);
  for (const [n, value] of values.entries()) bytes.writeDoubleLE(value, n * 8);
  writer.bytes(field, bytes);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
