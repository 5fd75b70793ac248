import { fail, ok, type Result } from '@sightline/base';
import { staleNaNBits } from '@sightline/record';
import { convertClassicHistogram } from '../histogram/classic.ts';
import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { storedHint } from '../histogram/stored-hint.ts';
import type { Labels, SampleColumns } from '../source.ts';
import { labelKey } from './parse-eval.ts';
import type { LoadCommand } from './script.ts';

export interface LoadedSeries {
  readonly labels: Labels;
  readonly columns: SampleColumns;
}

interface Sample {
  readonly atMs: number;
  readonly value: number;
  readonly stale: boolean;
  readonly histogram?: FloatHistogram;
  readonly startMs: number;
}
interface Collected {
  readonly labels: Labels;
  readonly samples: Sample[];
}

/** The samples of a `load`; with custom buckets also the native histograms that its classic ones become. */
export function seriesOf(command: LoadCommand): Result<LoadedSeries[], string> {
  const collected: Collected[] = command.series.map(({ labels, values, startOffsets }) => {
    const samples: Sample[] = [];
    for (const [i, value] of values.entries()) {
      if (value.kind === 'omitted') continue;
      const atMs = i * command.stepMs;
      const offset = startOffsets?.[i];
      samples.push({
        atMs,
        value: value.kind === 'number' ? value.value : Number.NaN,
        stale: value.kind === 'stale',
        startMs: offset === undefined ? 0 : atMs + offset,
        ...(value.kind === 'histogram' ? { histogram: value.histogram } : {}),
      });
    }
    return { labels, samples };
  });
  if (command.withCustomBuckets) {
    const converted = convertClassic(collected);
    if (!converted.ok) return converted;
    collected.push(...converted.value);
  }
  return ok(
    collected
      .filter(({ samples }) => samples.length > 0)
      .map(({ labels, samples }) => ({ labels, columns: columnsOf(samples) })),
  );
}

/** Samples in order, histograms with the hints they have once stored. */
function columnsOf(samples: readonly Sample[]): SampleColumns {
  const values = Float64Array.from(samples, (sample) => sample.value);
  const bits = new BigUint64Array(values.buffer);
  for (const [i, sample] of samples.entries()) if (sample.stale) bits[i] = staleNaNBits;
  const histograms = samples.map(({ histogram }, i) => {
    if (histogram === undefined) return undefined;
    return { ...histogram, counterResetHint: storedHint(histogram, samples[i - 1]?.histogram) };
  });
  const withStart = samples.some((sample) => sample.startMs !== 0);
  return {
    count: samples.length,
    times: Float64Array.from(samples, (sample) => sample.atMs),
    values,
    ...(histograms.some((histogram) => histogram !== undefined) ? { histograms } : {}),
    ...(withStart ? { startTimes: Float64Array.from(samples, (sample) => sample.startMs) } : {}),
  };
}

interface Classic {
  readonly labels: Labels;
  readonly byTime: Map<number, { buckets: { upperBound: number; count: number }[]; count?: number; sum?: number }>;
}

function convertClassic(collected: readonly Collected[]): Result<Collected[], string> {
  const classics = new Map<string, Classic>();
  for (const { labels, samples } of collected) {
    const [, name, suffix] = /^(.*)_(bucket|count|sum)$/u.exec(labels['__name__'] ?? '') ?? [];
    const upperBound = boundOf(labels['le'] ?? '');
    if (name === undefined || (suffix === 'bucket' && upperBound === undefined)) continue;
    const { le: _, ...rest } = { ...labels, __name__: name } as Record<string, string>;
    const key = labelKey(rest);
    const classic = classics.get(key) ?? { labels: rest, byTime: new Map() };
    classics.set(key, classic);
    for (const { atMs, value, histogram } of samples) {
      if (histogram !== undefined) continue;
      const moment = classic.byTime.get(atMs) ?? { buckets: [] };
      classic.byTime.set(atMs, moment);
      if (suffix === 'bucket') moment.buckets.push({ upperBound: upperBound ?? Infinity, count: value });
      else moment[suffix === 'count' ? 'count' : 'sum'] = value;
    }
  }
  const converted: Collected[] = [];
  for (const { labels, byTime } of classics.values()) {
    const samples: Sample[] = [];
    for (const [atMs, classic] of [...byTime].toSorted(([a], [b]) => a - b)) {
      const histogram = convertClassicHistogram(classic);
      if (!histogram.ok) return fail(`${labels['__name__'] ?? ''}: ${histogram.error}`);
      samples.push({ atMs, value: Number.NaN, stale: false, startMs: 0, histogram: histogram.value });
    }
    converted.push({ labels, samples });
  }
  return ok(converted);
}

function boundOf(text: string): number | undefined {
  if (/^\+?inf$/iu.test(text)) return Infinity;
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isNaN(value) ? undefined : value;
}
