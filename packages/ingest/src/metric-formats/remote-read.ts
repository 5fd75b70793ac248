import { fail, ok, type Result } from '@sightline/base';
import { ProtobufReader } from '@sightline/base/protobuf';
import { type FloatHistogram, isStaleMark, staleNaNBits } from '@sightline/record';
import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import { writeHistogram } from './write-rw2.ts';

/** One query of a `prometheus.ReadRequest`. */
export interface ReadQuery {
  readonly startMs: number;
  /** Included. */
  readonly endMs: number;
  readonly matchers: readonly {
    readonly label: string;
    readonly operator: '=' | '!=' | '=~' | '!~';
    readonly value: string;
  }[];
}

/** A series with its samples in order of time; a staleness mark is a NaN of its own bits among the floats. */
export interface ReadSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly floats: { readonly times: Float64Array; readonly values: Float64Array };
  readonly histograms: readonly { readonly atMs: number; readonly histogram: FloatHistogram }[];
}

/** Of one request. Prometheus sends a query a request. */
const queryLimit = 100;
const matcherLimit = 200;
/** By `LabelMatcher.Type`. */
const operators = ['=', '!=', '=~', '!~'] as const;

/**
 * Reads a `prometheus.ReadRequest` (https://github.com/prometheus/prometheus/blob/main/prompb/remote.proto), unpacked. Fails with a
 * sentence that says what was expected and what came. Which form of answer is wanted is not read: samples are always allowed.
 */
export function readReadRequest(bytes: Buffer): Result<readonly ReadQuery[], string> {
  const queries: ReadQuery[] = [];
  const request = new ProtobufReader(bytes);
  while (request.next()) {
    if (!request.is(1, 2)) continue;
    if (queries.length === queryLimit) return fail(`a read request holds at most ${queryLimit} queries`);
    const query = readQuery(request.message());
    if (!query.ok) return query;
    queries.push(query.value);
  }
  if (request.bad) return fail('the body is no prometheus.ReadRequest: its bytes are cut or malformed');
  return ok(queries);
}

function readQuery(message: ProtobufReader): Result<ReadQuery, string> {
  let [startMs, endMs] = [0, 0];
  const matchers: ReadQuery['matchers'][number][] = [];
  while (message.next()) {
    if (message.is(1, 0)) startMs = Number(message.int64());
    else if (message.is(2, 0)) endMs = Number(message.int64());
    else if (message.is(3, 2)) {
      if (matchers.length === matcherLimit) return fail(`a query holds at most ${matcherLimit} matchers`);
      const matcher = readMatcher(message.message());
      if (!matcher.ok) return matcher;
      matchers.push(matcher.value);
    }
  }
  if (message.bad) return fail('a query of the read request is cut or malformed');
  if (endMs < startMs) return fail(`a query ends (${endMs}) before it starts (${startMs}); both are milliseconds`);
  return ok({ startMs, endMs, matchers });
}

function readMatcher(message: ProtobufReader): Result<ReadQuery['matchers'][number], string> {
  let [type, label, value] = [0, '', ''];
  while (message.next()) {
    if (message.is(1, 0)) type = Number(message.int64());
    else if (message.is(2, 2)) label = message.text();
    else if (message.is(3, 2)) value = message.text();
  }
  const operator = operators[type];
  if (message.bad) return fail('a matcher of the read request is cut or malformed');
  if (!operator) return fail(`a matcher has the type ${type}; 0 to 3 are known (=, !=, =~, !~)`);
  if (label === '') return fail('a matcher names no label');
  return ok({ label, operator, value });
}

/** Writes a `prometheus.ReadResponse` of samples, a result for each query of the request, in their order. Not packed. */
export function writeReadResponse(results: readonly (readonly ReadSeries[])[]): Buffer {
  const writer = new ProtobufWriter(64 * 1024);
  for (const result of results) {
    const opened = writer.open(1);
    for (const series of result) writeSeries(writer, series);
    writer.close(opened);
  }
  return writer.finish();
}

function writeSeries(writer: ProtobufWriter, { labels, floats, histograms }: ReadSeries): void {
  const series = writer.open(1);
  for (const [name, value] of Object.entries(labels).sort(([a], [b]) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )) {
    const label = writer.open(1);
    writer.string(1, name);
    writer.string(2, value);
    writer.close(label);
  }
  const bits = new BigUint64Array(floats.values.buffer, floats.values.byteOffset, floats.values.length);
  for (const [n, atMs] of floats.times.entries()) {
    const sample = writer.open(2);
    writer.fixed64Always(1, isStaleMark(bits[n] ?? 0n) ? staleNaNBits : (bits[n] ?? 0n));
    writer.integer(2, atMs);
    writer.close(sample);
  }
  for (const { atMs, histogram } of histograms) {
    const sample = writer.open(4);
    writeHistogram(writer, histogram);
    writer.integer(15, atMs);
    writer.close(sample);
  }
  writer.close(series);
}
