import { fail, ok, type Result } from '@sightline/base';
import type { Metric, TraceqlError } from './ast.ts';
import type { SpanExemplar } from './exemplars.ts';
import { stepOf } from './metric-series.ts';
import type { TraceqlExemplar, TraceqlRange, TraceqlSeries } from './metrics-traceql.ts';

export const mostSeries = 5000;
const mostSamples = 500_000;

/** One value of one attribute, inside or outside of the selection, over time. */
export interface CompareRow {
  readonly selected: number;
  readonly name: string;
  readonly value: string;
  /** 1 for how many spans have the attribute at all. */
  readonly total: number;
  readonly steps: readonly string[];
  readonly counts: readonly string[];
  /** How many values the attribute has there. */
  readonly different: string;
}

/**
 * `compare({…}, n, from, to)`, as Tempo answers it: of each attribute its n most frequent values over time, inside the selection and outside of
 * it (`__meta_type` is `selection` or `baseline`), how many spans have the attribute at all (`selection_total`, `baseline_total`, the
 * attribute is `nil`), and which attributes have more values than n (`__meta_error`), with a span as exemplar of as many series as are asked
 * for: its labels are whether it is selected, and its pairs of name and value as JSON. Refuses, as a value, answers that would be too large.
 */
export function comparedSeries(
  rows: readonly CompareRow[],
  examples: readonly SpanExemplar[],
  metric: Metric,
  range: TraceqlRange,
  mostExemplars: number,
): Result<TraceqlSeries[], TraceqlError> {
  const refuse = (message: string) => fail({ message, position: { from: metric.at, to: metric.at + 1 } });
  if (rows.length > mostSeries) return refuse(`the answer has more than ${mostSeries} series: compare fewer values`);
  if (rows.reduce((sum, { steps }) => sum + steps.length, 0) > mostSamples)
    return refuse('the answer has too many samples: choose a longer step, or compare fewer values');
  const tooMany = new Set(rows.filter(({ different }) => Number(different) > metric.top).map(({ name }) => name));
  const exemplarOf = exemplarsBySeries(examples, range, mostExemplars);
  return ok([
    // Those of the selection first: what is asked for is what a span of it looks like.
    ...rows.map(({ selected, name, value, total, steps, counts }) => {
      const samples = steps
        .map((step, n) => ({ atMs: range.fromMs + Number(step) * range.stepMs, value: Number(counts[n]) }))
        .toSorted((a, b) => a.atMs - b.atMs);
      return {
        labels: [
          ['__meta_type', `${selected === 1 ? 'selection' : 'baseline'}${total === 1 ? '_total' : ''}`] as const,
          [name, value] as const,
        ],
        samples,
        exemplars: total === 1 ? [] : exemplarOf(keyOf(String(selected), name, value), samples),
      };
    }),
    ...[...tooMany].map((name) => ({
      labels: [['__meta_error', '__too_many_values__'] as const, [name, 'nil'] as const],
      samples: [],
      exemplars: [],
    })),
  ]);
}

/** A span of a series, where one is at hand: one for each of the first series that has one. */
function exemplarsBySeries(
  examples: readonly SpanExemplar[],
  range: TraceqlRange,
  most: number,
): (key: string, samples: TraceqlSeries['samples']) => TraceqlExemplar[] {
  const byKey = new Map<string, SpanExemplar[]>();
  for (const one of examples) {
    const [selected = '', text = '[]'] = one.labels;
    for (const [name = '', value = ''] of JSON.parse(text) as string[][]) {
      const key = keyOf(selected, name, value);
      const list = byKey.get(key);
      if (list) list.push(one);
      else byKey.set(key, [one]);
    }
  }
  let left = most;
  return (key, samples) => {
    const at = new Map(samples.map((sample) => [sample.atMs, sample.value]));
    for (const { atMs, spanLabels } of left > 0 ? (byKey.get(key) ?? []) : []) {
      const value = at.get(stepOf(atMs, range));
      if (value === undefined) continue;
      left--;
      return [{ atMs, value, labels: spanLabels }];
    }
    return [];
  };
}

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
