import { fail, ok } from '@sightline/base';
import { ProtobufReader } from '@sightline/base/protobuf';
import type { MetricType, ReceivedExemplar } from '@sightline/record';
import type { Exposed, ExposedSample, Family } from './exposed.ts';
import { openMetricsNumber } from './number-text.ts';
import { readExemplar, readPair, readTimestamp } from './protobuf-exemplar.ts';
import { readHistogram } from './protobuf-histogram.ts';

/** By the numbers of `MetricType`. */
const types: readonly MetricType[] = ['counter', 'gauge', 'summary', 'unknown', 'histogram', 'gaugehistogram'];

export interface ProtobufOptions {
  /** Whether native histograms are wanted. */
  readonly native: boolean;
  /** Whether the classic series of a histogram are wanted although it has a native form. */
  readonly classic: boolean;
}

/**
 * Delimited `io.prometheus.client.MetricFamily` messages
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#protobuf-format).
 */
export function parseProtobuf(bytes: Buffer, options: ProtobufOptions): Exposed {
  const samples: ExposedSample[] = [];
  for (let at = 0; at < bytes.length;) {
    let size = 0;
    let scale = 1;
    for (let n = 0; ; n++) {
      const byte = bytes[at++];
      if (byte === undefined || n > 4) return fail('a length is cut');
      size += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) break;
    }
    if (at + size > bytes.length) return fail('the answer was cut');
    if (!readFamily(new ProtobufReader(bytes, at, at + size), options, samples))
      return fail('a metric family is malformed');
    at += size;
  }
  return ok(samples);
}

/** False when it is malformed. */
function readFamily(reader: ProtobufReader, options: ProtobufOptions, samples: ExposedSample[]): boolean {
  let [name, help, unit] = ['', '', ''];
  let number = 0;
  const metrics: ProtobufReader[] = [];
  while (reader.next()) {
    if (reader.is(1, 2)) name = reader.text();
    else if (reader.is(2, 2)) help = reader.text();
    else if (reader.is(3, 0)) number = Number(reader.int64());
    else if (reader.is(4, 2)) metrics.push(reader.message());
    else if (reader.is(5, 2)) unit = reader.text();
  }
  const family: Family = { name, help, unit, type: types[number] ?? 'unknown' };
  return !reader.bad && metrics.every((metric) => readMetric(metric, family, options, samples));
}

function readMetric(
  reader: ProtobufReader,
  family: Family,
  options: ProtobufOptions,
  samples: ExposedSample[],
): boolean {
  const labels: string[] = [];
  let atMs: number | undefined;
  let value: ProtobufReader | undefined;
  let kind = 0;
  while (reader.next()) {
    if (reader.is(1, 2)) {
      if (!readPair(reader.message(), labels)) return false;
    } else if (reader.is(6, 0)) atMs = Number(reader.int64()) || undefined;
    else if ([2, 3, 4, 5, 7].includes(reader.field) && reader.wire === 2) {
      kind = reader.field;
      value = reader.message();
    }
  }
  if (reader.bad || !value) return !reader.bad;
  const add = (
    suffix: string,
    number: number,
    more: Partial<ExposedSample> = {},
    extra: readonly string[] = [],
  ): void =>
    void samples.push({
      labels: ['__name__', family.name + suffix, ...labels, ...extra],
      value: number,
      atMs,
      family,
      ...more,
    });
  if (kind === 4) return addSummary(value, add);
  if (kind === 7) return addHistogram(value, family, options, add);
  return addNumber(value, kind === 3, add);
}

type Add = (suffix: string, value: number, more?: Partial<ExposedSample>, extra?: readonly string[]) => void;

function addNumber(reader: ProtobufReader, counter: boolean, add: Add): boolean {
  let value = 0;
  let exemplar: ReceivedExemplar | undefined;
  let startMs = 0;
  while (reader.next()) {
    if (reader.is(1, 1)) value = reader.double();
    else if (counter && reader.is(2, 2)) exemplar = readExemplar(reader.message());
    else if (counter && reader.is(3, 2)) startMs = readTimestamp(reader.message());
  }
  add('', value, { ...(exemplar && { exemplars: [exemplar] }), ...(startMs > 0 && { startMs }) });
  return !reader.bad;
}

function addSummary(reader: ProtobufReader, add: Add): boolean {
  let [count, sum, startMs] = [0, 0, 0];
  const quantiles: [number, number][] = [];
  while (reader.next()) {
    if (reader.is(1, 0)) count = Number(BigInt.asUintN(64, reader.int64()));
    else if (reader.is(2, 1)) sum = reader.double();
    else if (reader.is(4, 2)) startMs = readTimestamp(reader.message());
    else if (reader.is(3, 2)) {
      const pair = reader.message();
      const quantile: [number, number] = [0, 0];
      while (pair.next()) {
        if (pair.is(1, 1)) quantile[0] = pair.double();
        else if (pair.is(2, 1)) quantile[1] = pair.double();
      }
      if (pair.bad) return false;
      quantiles.push(quantile);
    }
  }
  const more = startMs > 0 ? { startMs } : {};
  add('_count', count, more);
  add('_sum', sum, more);
  for (const [quantile, value] of quantiles) add('', value, more, ['quantile', openMetricsNumber(quantile)]);
  return !reader.bad;
}

function addHistogram(reader: ProtobufReader, { type }: Family, options: ProtobufOptions, add: Add): boolean {
  const read = readHistogram(reader, type === 'gaugehistogram');
  if (!read) return false;
  const { native, buckets, count, sum, startMs, exemplars } = read;
  const more = startMs > 0 ? { startMs } : {};
  if (native && options.native)
    add('', count, { ...more, histogram: native, ...(exemplars.length > 0 && { exemplars }) });
  if (native && options.native && !options.classic) return true;
  add('_count', count, more);
  add('_sum', sum, more);
  for (const { bound, count: upTo, exemplar } of buckets)
    add('_bucket', upTo, { ...more, ...(exemplar && { exemplars: [exemplar] }) }, ['le', openMetricsNumber(bound)]);
  if (buckets.at(-1)?.bound !== Infinity) add('_bucket', count, more, ['le', '+Inf']);
  return true;
}
