import { ProtobufReader } from '../../protobuf-reader.ts';
import { timeJudgement } from '../../errors/event-time.ts';
import type { Reason } from '@sightline/record';
import type { Refusal } from '../../protocol.ts';

/** Days that samples are kept. */
const samplesKeptDays = 30;
const maxLabels = 256;
const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:.-]*$/;

/** What of a request may be stored. */
export interface WalkedRequest {
  /** The request's bytes without what was refused. */
  readonly bytes: Buffer;
  readonly samples: number;
  readonly refused: readonly Refusal[];
}

interface Tally {
  readonly kept: Buffer[];
  samples: number;
  readonly refused: Map<string, Refusal>;
}

/**
 * Walks a remote-write 1.0 `WriteRequest` and keeps the series that can be stored, as they came. Refused alone: series without a
 * valid `__name__`, samples of impossible times, native histograms and exemplars. Undefined when the bytes are no such message.
 */
export function walkWriteRequest(body: Buffer, receivedAtMs: number): WalkedRequest | undefined {
  const tally: Tally = { kept: [], samples: 0, refused: new Map() };
  const request = new ProtobufReader(body);
  while (request.next()) {
    if (request.is(1, 2) && !walkSeries(request, receivedAtMs, tally)) return undefined;
  }
  return request.bad
    ? undefined
    : { bytes: Buffer.concat(tally.kept), samples: tally.samples, refused: [...tally.refused.values()] };
}

interface WalkedSeries {
  readonly problem: string;
  readonly samples: number;
  readonly histograms: number;
  /** Fields to keep: labels, and samples of a time that is kept. */
  readonly fields: readonly Buffer[];
  /** True when nothing of the series is left out. */
  readonly whole: boolean;
  readonly outOfTime: ReadonlyMap<Reason, number>;
}

/** False when the series is malformed. */
function walkSeries(request: ProtobufReader, receivedAtMs: number, tally: Tally): boolean {
  const series = readSeries(request.message(), receivedAtMs);
  if (series === undefined) return false;
  if (series.problem !== '') {
    refuse(tally, 'malformed', series.samples + series.histograms || 1, series.problem);
    return true;
  }
  if (series.histograms > 0)
    refuse(
      tally,
      'unsupported-type',
      series.histograms,
      'native histograms are not kept; send classic ones beside them',
    );
  for (const [reason, samples] of series.outOfTime)
    refuse(tally, reason, samples, `samples are ${reason}: kept are ${samplesKeptDays} days back and one ahead`);
  const late = [...series.outOfTime.values()].reduce((sum, samples) => sum + samples, 0);
  const left = series.samples - late;
  if (left === 0) return true;
  tally.samples += left;
  if (series.whole) tally.kept.push(request.bytes.subarray(request.fieldStart, request.end));
  else tally.kept.push(lengthDelimited(series.fields));
  return true;
}

function refuse(tally: Tally, reason: Reason, records: number, message: string): void {
  const known = tally.refused.get(`${reason} ${message}`);
  tally.refused.set(`${reason} ${message}`, {
    signal: 'metrics',
    reason,
    records: records + (known?.records ?? 0),
    message,
  });
}

function readSeries(series: ProtobufReader, receivedAtMs: number): WalkedSeries | undefined {
  const fields: Buffer[] = [];
  const outOfTime = new Map<Reason, number>();
  let [metric, problem, labels, samples, histograms, whole] = ['', '', 0, 0, 0, true];
  while (series.next()) {
    const slice = series.bytes.subarray(series.fieldStart, series.end);
    if (series.is(1, 2)) {
      const label = readLabel(series.message());
      if (label === undefined) return undefined;
      labels++;
      if (label.name === '') problem = 'a label has no name';
      if (label.name === '__name__') metric = label.value;
      fields.push(slice);
    } else if (series.is(2, 2)) {
      const timestampMs = readSample(series.message());
      if (timestampMs === undefined) return undefined;
      samples++;
      const judged = timeJudgement(timestampMs * 1_000_000n, receivedAtMs, samplesKeptDays);
      if (judged === 'good') fields.push(slice);
      else outOfTime.set(judged, (outOfTime.get(judged) ?? 0) + 1);
      whole &&= judged === 'good';
    } else {
      if (series.field === 4) histograms++;
      whole = false;
    }
  }
  if (series.bad) return undefined;
  if (labels > maxLabels) problem = `a series has more than ${maxLabels} labels`;
  if (!metricName.test(metric))
    problem = metric === '' ? 'a series has no label __name__' : `"${metric.slice(0, 100)}" is no metric name`;
  return { problem, samples, histograms, fields, whole, outOfTime };
}

function readLabel(label: ProtobufReader): { name: string; value: string } | undefined {
  let name = '';
  let value = '';
  while (label.next()) {
    if (label.is(1, 2)) name = label.text();
    // Only the metric's name is looked at; the other values stay bytes.
    else if (label.is(2, 2) && name === '__name__') value = label.text();
  }
  return label.bad ? undefined : { name, value };
}

/** The sample's time in milliseconds; undefined when it is malformed. */
function readSample(sample: ProtobufReader): bigint | undefined {
  let timestampMs = 0n;
  while (sample.next()) {
    if (sample.is(2, 0)) timestampMs = sample.int64();
    else sample.is(1, 1);
  }
  return sample.bad ? undefined : timestampMs;
}

/** Fields as one message in field 1. */
function lengthDelimited(fields: readonly Buffer[]): Buffer {
  let rest = fields.reduce((sum, field) => sum + field.length, 0);
  const head = [0x0a];
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  head.push(rest);
  return Buffer.concat([Buffer.from(head), ...fields]);
}
