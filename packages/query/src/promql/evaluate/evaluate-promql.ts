import { fail, ok, type Result } from '@sightline/base';
import type { Expression } from '../ast.ts';
import type { Answer, MatrixSeries, QueryValue } from '../metric-engine.ts';
import { typeOf } from '../parse/check.ts';
import { type Grid, type QueryBounds, QueryFailure, type QueryFault, type SeriesSource } from '../source.ts';
import { Evaluator } from './evaluate.ts';
import { Evaluation, timeAt } from './evaluation.ts';
import { defaultBounds, QueryLimits } from './limits.ts';
import { prepare } from './prepare.ts';
import { rawMatrix } from './raw-matrix.ts';
import { keyOf, mergeSame, unwrap, type VectorSeries, withoutName } from './values.ts';

export interface EvaluateOptions {
  /** The query as it was written: annotations point into it. */
  readonly text: string;
  readonly startMs: number;
  /** Included. Equal to `startMs` for an instant query. */
  readonly endMs: number;
  /** 0 for an instant query, whose answer is a vector, a scalar, a string or raw samples; else a matrix. */
  readonly stepMs: number;
  /** How far an instant selector looks back. Default 300,000. */
  readonly lookbackMs?: number;
  /** Resolution of subqueries that name none. Default 60,000. */
  readonly subqueryStepMs?: number;
  readonly bounds?: Partial<QueryBounds>;
  /** Samples of an instant query for a range vector hold staleness marks. */
  readonly staleMarks?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Evaluates a parsed and type-checked expression over what a source holds, as Prometheus 3.14 does (with delayed name removal
 * and start timestamps). Faults are those of the HTTP API: `bad_data` for what cannot be asked, `execution` for what fails on
 * the way, in Prometheus' words where it has words for it, `timeout`, `canceled`; a fault of the source is handed on.
 */
export async function evaluatePromql(
  expression: Expression,
  options: EvaluateOptions,
  source: SeriesSource,
): Promise<Result<Answer, QueryFault>> {
  try {
    return ok(await evaluate(expression, options, source));
  } catch (error) {
    if (error instanceof QueryFailure) return fail(error.fault);
    throw error;
  }
}

async function evaluate(expression: Expression, options: EvaluateOptions, source: SeriesSource): Promise<Answer> {
  const bounds = { ...defaultBounds, ...options.bounds };
  const instant = options.stepMs === 0;
  const grid = gridOf(options, bounds.steps);
  const limits = new QueryLimits(bounds, options.signal);
  limits.check();
  const { text, lookbackMs = 300_000, subqueryStepMs = 60_000, staleMarks = false } = options;
  const evaluation = new Evaluation({ source, text, limits, lookbackMs, subqueryStepMs, instant, staleMarks });
  const evaluator = new Evaluator(evaluation);
  const prepared = prepare(expression, options);
  evaluator.prefetch(prepared, grid);
  const value = await valueOf(prepared, grid, evaluator, evaluation);
  return { value, ...evaluation.annotations.finish(text), samples: limits.samples };
}

function gridOf({ startMs, endMs, stepMs }: EvaluateOptions, steps: number): Grid {
  if (stepMs === 0) return { startMs, stepMs: 0, count: 1 };
  const refuse = (message: string) => new QueryFailure({ kind: 'bad_data', message });
  if (!(stepMs > 0))
    throw refuse('zero or negative query resolution step widths are not accepted. Try a positive integer');
  if (endMs < startMs) throw refuse('end timestamp must not be before start time');
  const count = Math.floor((endMs - startMs) / stepMs) + 1;
  if (count > steps + 1) {
    throw refuse(
      `exceeded maximum resolution of ${steps.toLocaleString('en-US')} points per timeseries. ` +
        'Try decreasing the query resolution (?step=XX)',
    );
  }
  return { startMs, stepMs, count };
}

async function valueOf(
  node: Expression,
  grid: Grid,
  evaluator: Evaluator,
  evaluation: Evaluation,
): Promise<QueryValue> {
  const { instant } = evaluation.options;
  const atMs = grid.startMs;
  const bare = unwrap(node);
  switch (typeOf(bare)) {
    case 'string':
      return { type: 'string', atMs, value: bare.kind === 'string' ? bare.value : '' };
    case 'scalar': {
      const values = await evaluator.scalar(bare, grid);
      if (instant) return { type: 'scalar', atMs, value: values[0]! };
      const present = new Uint8Array(grid.count).fill(1);
      return {
        type: 'matrix',
        series: matrixOf([{ labels: {}, values, present, dropName: false }], grid),
      };
    }
    case 'matrix':
      return { type: 'matrix', series: await rawMatrix(bare, grid, evaluator, evaluation) };
    case 'vector':
      break;
  }
  const found = await evaluator.vector(bare, grid);
  // What a selector finds differs in its labels as it is.
  const series = bare.kind === 'vector-selector' ? found : cleaned(found);
  if (!instant) return { type: 'matrix', series: matrixOf(series, grid) };
  const samples = series.map(({ labels, values, histograms }) => {
    const histogram = histograms?.[0];
    return { labels, value: histogram ? Number.NaN : values[0]!, ...(histogram && { histogram }) };
  });
  return { type: 'vector', atMs, samples };
}

/** Names go now where they no longer describe the values; series that become the same by it must not meet at a step. */
export function cleaned(series: readonly VectorSeries[]): readonly VectorSeries[] {
  return mergeSame(series.map((one) => (one.dropName ? { ...one, labels: withoutName(one.labels) } : one)));
}

/** The times of all steps, shared by the series that have a value at each. */
function timesOf(grid: Grid): Float64Array {
  return Float64Array.from({ length: grid.count }, (_, step) => timeAt(grid, step));
}

/** Series as an answer has them, in the order of their labels. */
export function matrixOf(series: readonly VectorSeries[], grid: Grid): MatrixSeries[] {
  const times = timesOf(grid);
  const copies = holdsMuchMore(series, grid.count);
  return sorted(series.map((one) => matrixSeries(one, times, copies)));
}

/** True where few series are left of large arrays, which would live on for their sake. */
function holdsMuchMore(series: readonly VectorSeries[], steps: number): boolean {
  let heldBytes = 0;
  for (const buffer of new Set(series.map(({ values }) => values.buffer))) heldBytes += buffer.byteLength;
  return heldBytes > 2 * Float64Array.BYTES_PER_ELEMENT * steps * series.length;
}

/** What has a value, at the times of its steps; `times` are all of them. Without gaps nothing is copied, unless asked for. */
function matrixSeries({ labels, values, present, histograms }: VectorSeries, times: Float64Array, copies: boolean) {
  const first = present.indexOf(1);
  const end = present.lastIndexOf(1) + 1;
  const found: MatrixSeries['histograms'][number][] = [];
  const gap = present.indexOf(0, first);
  if (!histograms && (gap < 0 || gap >= end)) {
    const own = copies ? values.slice(first, end) : values.subarray(first, end);
    return { labels, floats: { times: times.subarray(first, end), values: own }, histograms: found };
  }
  const kept = new Float64Array(end - first);
  const floats = new Float64Array(end - first);
  let count = 0;
  for (let step = first; step < end; step++) {
    if (present[step] === 0) continue;
    const histogram = histograms?.[step];
    if (histogram) {
      found.push({ atMs: times[step]!, histogram });
    } else {
      kept[count] = times[step]!;
      floats[count++] = values[step]!;
    }
  }
  return { labels, floats: { times: kept.subarray(0, count), values: floats.subarray(0, count) }, histograms: found };
}

/** In the order of labels; their keys are made once, not at each comparison. */
export function sorted(series: readonly MatrixSeries[]): MatrixSeries[] {
  return series
    .map((one) => ({ key: keyOf(one.labels), one }))
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ one }) => one);
}
