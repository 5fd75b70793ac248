import { readFile } from 'node:fs/promises';
import type { FloatHistogram } from '@sightline/record';
import type { MetricTarget } from '../load/metric-target.ts';
import { decodeOtlpMetrics, decodeWriteRequest2, WriteRequestCursor } from '../metric-formats/index.ts';
import type { MetricFormat } from '../protocol.ts';
import { decodeSpooled, type SpooledRecord } from '../spool/spooled.ts';
import { countingMetrics } from './counting-metrics.ts';

/** One sample as the metric store is given it, before its label rules. */
export interface CollectedSample {
  readonly metric: string;
  /** Without `__name__`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly type: string;
  readonly unit: string;
  readonly atMs: number;
  readonly value: number;
  readonly histogram?: FloatHistogram;
  /** What the key says, for series that name no site and no service. */
  readonly scope: SpooledRecord['scope'];
}

/** A metric store's stand-in that reads segments with the real decoders and keeps what they say. */
export interface CollectingMetrics extends MetricTarget {
  /** In the order of arrival; a segment that comes again under its name adds nothing. */
  readonly samples: readonly CollectedSample[];
  /** Names of the segments, each time one came. */
  readonly segments: readonly string[];
}

export function collectMetrics(): CollectingMetrics {
  const samples: CollectedSample[] = [];
  const segments: string[] = [];
  return {
    samples,
    segments,
    load: async (segment) => {
      const again = segments.includes(segment.name);
      segments.push(segment.name);
      if (!again) samples.push(...samplesOf(await readFile(segment.path), segment.format));
      return countingMetrics.load(segment);
    },
  };
}

function samplesOf(content: Buffer, format: MetricFormat): CollectedSample[] {
  const samples: CollectedSample[] = [];
  for (let at = 0; ;) {
    const frame = decodeSpooled(content, at);
    if (!frame) return samples;
    at += frame.frame.length;
    samples.push(...(format === 'rw1' ? writtenSamples(frame) : receivedSamples(frame, format)));
  }
}

function receivedSamples(frame: SpooledRecord, format: 'rw2' | 'otlp'): CollectedSample[] {
  const { series } = format === 'rw2' ? decodeWriteRequest2(frame) : decodeOtlpMetrics(frame);
  return series.flatMap(({ labels, type, unit, times, values, histograms }) =>
    times.map((atMs, i) => {
      const histogram = histograms?.[i];
      const value = values[i] ?? Number.NaN;
      return { ...named(labels), type, unit, atMs, value, ...(histogram && { histogram }), scope: frame.scope };
    }),
  );
}

/** Remote write 1.0 says nothing of type and unit with its samples. */
function writtenSamples({ bytes, scope }: SpooledRecord): CollectedSample[] {
  const samples: CollectedSample[] = [];
  const cursor = new WriteRequestCursor();
  cursor.open(bytes);
  while (cursor.next()) {
    const labels = named(cursor.labels());
    const values = new Float64Array(cursor.bits.slice(0, cursor.samples * 2).buffer);
    for (const [i, value] of values.entries())
      samples.push({ ...labels, type: 'unknown', unit: '', atMs: cursor.times[i] ?? Number.NaN, value, scope });
  }
  return samples;
}

function named(pairs: readonly string[]): Pick<CollectedSample, 'metric' | 'labels'> {
  const labels: Record<string, string> = {};
  for (let i = 0; i < pairs.length; i += 2) labels[pairs[i] ?? ''] = pairs[i + 1] ?? '';
  const { __name__: metric = '', ...rest } = labels;
  return { metric, labels: rest };
}
