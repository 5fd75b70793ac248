/** An answer on its way from a query thread: each text once, numbers as typed arrays that are handed over and not copied. */
import type { Answer, FloatHistogram, MatrixSeries, QueryValue } from '@sightline/query/promql';
import { labelsAt, tableOf, type LabelTable } from '../selection.ts';

type Plain = Exclude<QueryValue, { readonly type: 'vector' | 'matrix' }>;

type PackedValue =
  | {
      readonly type: 'vector';
      readonly atMs: number;
      readonly labels: LabelTable;
      readonly values: Float64Array;
      readonly histograms: readonly (readonly [sample: number, histogram: FloatHistogram])[];
    }
  | { readonly type: 'matrix'; readonly labels: LabelTable; readonly series: readonly Omit<MatrixSeries, 'labels'>[] }
  | Plain;

export interface PackedAnswer extends Omit<Answer, 'value'> {
  readonly value: PackedValue;
}

/** The answer as it travels, and the buffers to be transferred with it. It must not be used afterwards. */
export function packAnswer(answer: Answer): { readonly packed: PackedAnswer; readonly buffers: ArrayBuffer[] } {
  const value = packed(answer.value);
  const arrays: Float64Array[] = [];
  if (value.type === 'vector') arrays.push(value.values);
  if (value.type === 'matrix') for (const { floats } of value.series) arrays.push(floats.times, floats.values);
  const texts = 'labels' in value ? [value.labels.pairs, value.labels.ends] : [];
  const buffers = [...texts, ...arrays].map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
  return { packed: { ...answer, value }, buffers: [...new Set(buffers)] };
}

function packed(value: QueryValue): PackedValue {
  switch (value.type) {
    case 'vector': {
      const { samples } = value;
      return {
        type: 'vector',
        atMs: value.atMs,
        labels: tableOf(samples.map(({ labels }) => labels)),
        values: Float64Array.from(samples, (sample) => sample.value),
        histograms: samples.flatMap(({ histogram }, i) => (histogram ? [[i, histogram] as const] : [])),
      };
    }
    case 'matrix':
      return {
        type: 'matrix',
        labels: tableOf(value.series.map(({ labels }) => labels)),
        series: value.series.map(({ floats, histograms }) => ({ floats, histograms })),
      };
    default:
      return value;
  }
}

/** The answer as the evaluator gave it. */
export function unpackAnswer({ value, ...rest }: PackedAnswer): Answer {
  return { ...rest, value: unpacked(value) };
}

function unpacked(value: PackedValue): QueryValue {
  switch (value.type) {
    case 'vector': {
      const histograms = new Map(value.histograms);
      const samples = Array.from(value.values, (number, i) => {
        const histogram = histograms.get(i);
        return { labels: labelsAt(value.labels, i), value: number, ...(histogram && { histogram }) };
      });
      return { type: 'vector', atMs: value.atMs, samples };
    }
    case 'matrix':
      return {
        type: 'matrix',
        series: value.series.map((one, i) => ({ labels: labelsAt(value.labels, i), ...one })),
      };
    default:
      return value;
  }
}
