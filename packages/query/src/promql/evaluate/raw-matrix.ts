import type { Expression } from '../ast.ts';
import { extendedEdges } from '../kernels/extended-rate.ts';
import type { MatrixSeries } from '../metric-engine.ts';
import { type Grid, QueryFailure, type SampleColumns } from '../source.ts';
import { cleaned, matrixOf, sorted } from './evaluate-promql.ts';
import type { Evaluator } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import { execution } from './values.ts';

/** A range vector as an answer: the samples of `x[5m]`, or the steps of a subquery. Instant queries alone have such. */
export async function rawMatrix(
  node: Expression,
  grid: Grid,
  evaluator: Evaluator,
  evaluation: Evaluation,
): Promise<MatrixSeries[]> {
  if (!evaluation.options.instant) {
    const message = 'invalid expression type "range vector" for range query, must be Scalar or instant Vector';
    throw new QueryFailure({ kind: 'bad_data', message });
  }
  if (node.kind === 'subquery') {
    const { series, grid: inner } = await evaluator.subquery(node, grid);
    return matrixOf(cleaned(series), inner);
  }
  if (node.kind !== 'matrix-selector') throw new Error(`a ${node.kind} is no range vector`);
  const request = evaluator.selectors.ofSamples(node, grid, evaluation.options.staleMarks);
  const { series } = await evaluation.scan(request);
  const endMs = request.grid.startMs;
  const { extended } = node.selector;
  const raw = series.flatMap(({ labels, samples }): MatrixSeries[] => {
    if (!samples || samples.count === 0) return [];
    if (!extended) return [{ labels, ...samplesOfSeries(samples) }];
    if (samples.histograms?.some(Boolean)) throw execution(`${extended} modifier is not supported with histograms`);
    const floats = extendedFloats(samples, endMs - node.rangeMs, endMs, extended === 'smoothed');
    return floats ? [{ labels, floats, histograms: [] }] : [];
  });
  return sorted(raw);
}

function samplesOfSeries({ times, values, histograms, count }: SampleColumns): Omit<MatrixSeries, 'labels'> {
  if (!histograms) return { floats: { times: times.slice(0, count), values: values.slice(0, count) }, histograms: [] };
  const indexes = Array.from({ length: count }, (_, index) => index);
  const floats = indexes.filter((index) => !histograms[index]);
  return {
    floats: {
      times: Float64Array.from(floats, (index) => times[index]!),
      values: Float64Array.from(floats, (index) => values[index]!),
    },
    histograms: indexes.flatMap((index) => {
      const histogram = histograms[index];
      return histogram ? [{ atMs: times[index]!, histogram }] : [];
    }),
  };
}

/** The samples inside an extended window, with values at both of its edges. */
function extendedFloats(samples: SampleColumns, startMs: number, endMs: number, smoothed: boolean) {
  const { times, values, count } = samples;
  const edges = extendedEdges(times, values, 0, count, startMs, endMs, smoothed, false);
  if (!edges) return undefined;
  const first = times[edges.first]! <= startMs ? edges.first + 1 : edges.first;
  const last = times[edges.last]! >= endMs ? edges.last - 1 : edges.last;
  const inside = (column: Float64Array) => Array.from(column.subarray(first, Math.max(first, last + 1)));
  return {
    times: Float64Array.from([startMs, ...inside(times), endMs]),
    values: Float64Array.from([edges.left, ...inside(values), edges.right]),
  };
}
