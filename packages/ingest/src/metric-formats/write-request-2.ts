import { type MetricType, metricTypes, type ReceivedExemplar, type ReceivedSeries } from '@sightline/record';
import { WireCursor } from '../protocols/prometheus-remote-write/wire-cursor.ts';
import { atOrigin } from './at-origin.ts';
import type { DecodedMetrics, MetricFrame } from './decoded-metrics.ts';
import { readHistogram } from './read-histogram.ts';

/** Numbers of `io.prometheus.write.v2.Metadata.MetricType`. */
const writtenTypes: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

/** What is gathered of the series at hand. */
interface Gathered {
  labels: string[];
  type: MetricType;
  help: string;
  unit: string;
  readonly times: number[];
  readonly values: number[];
  readonly stale: number[];
  readonly startTimes: number[];
  readonly histograms: NonNullable<ReceivedSeries['histograms']>[number][];
  readonly exemplars: ReceivedExemplar[];
  started: boolean;
}

/**
 * A remote write 2.0 `Request` (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/) as series. It was judged at the door; any
 * bytes are safe to pass: what is malformed ends the reading.
 */
export function decodeWriteRequest2(frame: Pick<MetricFrame, 'bytes' | 'scope' | 'origin'>): DecodedMetrics {
  const cursor = new WireCursor(frame.bytes);
  const end = frame.bytes.length;
  const symbols: string[] = [];
  while (cursor.next(end))
    if (cursor.field === 4 && cursor.wire === 2) symbols.push(frame.bytes.toString('utf8', cursor.start, cursor.stop));
  const series: ReceivedSeries[] = [];
  if (!cursor.bad) {
    cursor.at = 0;
    while (cursor.next(end)) {
      if (cursor.field !== 5 || cursor.wire !== 2) continue;
      const { start, stop } = cursor;
      series.push(readSeries(cursor, start, stop, symbols));
      cursor.at = stop;
    }
  }
  const message = 'the frame is no io.prometheus.write.v2.Request';
  return {
    series: atOrigin(series, frame),
    refused: cursor.bad ? [{ signal: 'metrics', reason: 'malformed', records: 1, message }] : [],
  };
}

function readSeries(cursor: WireCursor, start: number, stop: number, symbols: readonly string[]): ReceivedSeries {
  const gathered: Gathered = {
    labels: [],
    type: 'unknown',
    help: '',
    unit: '',
    times: [],
    values: [],
    stale: [],
    startTimes: [],
    histograms: [],
    exemplars: [],
    started: false,
  };
  let createdMs = 0;
  cursor.at = start;
  while (cursor.next(stop)) {
    const { field, start: from, stop: to } = cursor;
    if (field === 1) gathered.labels.push(...readReferences(cursor, symbols));
    else if (field === 2) readSample(cursor, from, to, gathered);
    else if (field === 3) {
      const read = readHistogram(cursor, from, to);
      if (read)
        push(
          gathered,
          read.atMs,
          read.stale ? 0 : read.histogram.count,
          read.stale,
          read.startMs,
          read.stale ? undefined : read.histogram,
        );
    } else if (field === 4) gathered.exemplars.push(readExemplar(cursor, from, to, symbols));
    else if (field === 5) readMetadata(cursor, from, to, symbols, gathered);
    else if (field === 6) createdMs = cursor.int64();
    if (cursor.wire === 2) cursor.at = to;
  }
  if (createdMs > 0) {
    for (let i = 0; i < gathered.startTimes.length; i++) gathered.startTimes[i] ||= createdMs;
    gathered.started = true;
  }
  const { labels, type, unit, help, times, values, stale, startTimes, histograms, exemplars } = gathered;
  return {
    labels,
    type,
    unit,
    help,
    delta: false,
    times,
    values,
    ...(stale.length > 0 && { stale }),
    ...(histograms.length > 0 && { histograms }),
    ...(gathered.started && { startTimes }),
    ...(exemplars.length > 0 && { exemplars }),
  };
}

function push(
  gathered: Gathered,
  atMs: number,
  value: number,
  stale: boolean,
  startMs: number,
  histogram?: Gathered['histograms'][number],
): void {
  const at = gathered.times.push(atMs) - 1;
  gathered.values.push(value);
  gathered.startTimes.push(startMs);
  if (startMs !== 0) gathered.started = true;
  if (stale) gathered.stale.push(at);
  if (histogram) gathered.histograms[at] = histogram;
}

function readSample(cursor: WireCursor, start: number, stop: number, gathered: Gathered): void {
  let [value, atMs, startMs] = [0, 0, 0];
  let stale = false;
  cursor.at = start;
  while (cursor.next(stop)) {
    if (cursor.field === 1) {
      value = cursor.double();
      stale =
        cursor.bytes.readUInt32LE(cursor.start) === 2 && cursor.bytes.readUInt32LE(cursor.start + 4) === 0x7ff00000;
    } else if (cursor.field === 2) atMs = cursor.int64();
    else if (cursor.field === 3) startMs = cursor.int64();
  }
  push(gathered, atMs, value, stale, startMs);
}

function readReferences(cursor: WireCursor, symbols: readonly string[]): string[] {
  if (cursor.wire === 0) return [symbols[cursor.value] ?? ''];
  const { stop } = cursor;
  const texts: string[] = [];
  cursor.at = cursor.start;
  while (cursor.at < stop) {
    const reference = cursor.varint(stop);
    if (reference < 0) {
      cursor.bad = true;
      break;
    }
    texts.push(symbols[reference] ?? '');
  }
  return texts;
}

function readExemplar(cursor: WireCursor, start: number, stop: number, symbols: readonly string[]): ReceivedExemplar {
  const labels: string[] = [];
  let [value, atMs] = [0, 0];
  cursor.at = start;
  while (cursor.next(stop)) {
    const to = cursor.stop;
    if (cursor.field === 1) labels.push(...readReferences(cursor, symbols));
    else if (cursor.field === 2) value = cursor.double();
    else if (cursor.field === 3) atMs = cursor.int64();
    cursor.at = to;
  }
  return { labels, value, atMs };
}

function readMetadata(
  cursor: WireCursor,
  start: number,
  stop: number,
  symbols: readonly string[],
  gathered: Gathered,
): void {
  cursor.at = start;
  while (cursor.next(stop)) {
    if (cursor.field === 1) gathered.type = writtenTypes[cursor.value] ?? metricTypes[0];
    else if (cursor.field === 3) gathered.help = symbols[cursor.value] ?? '';
    else if (cursor.field === 4) gathered.unit = symbols[cursor.value] ?? '';
  }
}
