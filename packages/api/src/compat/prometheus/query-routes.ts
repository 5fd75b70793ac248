import {
  type Answer as Evaluated,
  describeTree,
  formatPromql,
  type MetricEngine,
  parsePromql,
  type QueryBounds,
  type QueryFault,
  type QueryValue,
} from '@sightline/query/promql';
import type { Result } from '@sightline/base';
import { type Answer, type Call, getOrPost, type PrometheusRoute } from './call.ts';
import { ApiFault, badData, invalidParameter } from './fault.ts';
import { limitOf, readSpan, spanOf, timeOf, timeOr } from './parameters.ts';
import { Pieces } from './reply.ts';
import { valuePieces } from './write-value.ts';

/** As Prometheus' `--query.timeout`; a call may ask for less. */
export const queryTimeoutMs = 120_000;
export const pointLimit = 11_000;

export const queryRoutes: readonly PrometheusRoute[] = [
  getOrPost('/query', answerInstant),
  getOrPost('/query_range', answerRange),
  getOrPost('/format_query', ({ form }) => {
    const parsed = parsePromql(form.get('query'));
    return parsed.ok ? { data: formatPromql(parsed.value) } : invalidParameter('query', parsed.error.message);
  }),
  getOrPost('/parse_query', ({ form }) => {
    const parsed = parsePromql(form.get('query'));
    return parsed.ok ? { data: describeTree(parsed.value) } : invalidParameter('query', parsed.error.message);
  }),
];

async function answerInstant(call: Call): Promise<Answer> {
  const { deps, form } = call;
  const limit = limitOf(form);
  if (limit instanceof ApiFault) return limit;
  const atMs = timeOr(form, 'time', deps.clock.now());
  if (atMs instanceof ApiFault) return atMs;
  return evaluate(call, limit, (engine, asked) => engine.instant({ ...asked, atMs }));
}

async function answerRange(call: Call): Promise<Answer> {
  const { form } = call;
  const limit = limitOf(form);
  if (limit instanceof ApiFault) return limit;
  const startMs = timeOf(form, 'start');
  if (startMs instanceof ApiFault) return startMs;
  const endMs = timeOf(form, 'end');
  if (endMs instanceof ApiFault) return endMs;
  if (endMs < startMs) return invalidParameter('end', 'end timestamp must not be before start time');
  const stepMs = spanOf(form, 'step');
  if (stepMs instanceof ApiFault) return stepMs;
  if (stepMs <= 0) {
    const text = 'zero or negative query resolution step widths are not accepted. Try a positive integer';
    return invalidParameter('step', text);
  }
  if (Math.floor((endMs - startMs) / stepMs) > pointLimit) {
    const text =
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)';
    return badData(text);
  }
  const range = { startMs, endMs, stepMs: Math.max(1, Math.trunc(stepMs)) };
  return evaluate(call, limit, (engine, asked) => engine.range({ ...asked, ...range }));
}

interface Asked {
  readonly organisation: string;
  readonly expression: string;
  readonly lookbackMs?: number;
  readonly bounds: Partial<QueryBounds>;
  readonly signal: AbortSignal;
  readonly enforced: Call['asker']['enforced'];
}

async function evaluate(
  call: Call,
  limit: number,
  run: (engine: MetricEngine, asked: Asked) => Promise<Result<Evaluated, QueryFault>>,
): Promise<Answer> {
  const { form, asker, gate } = call;
  const { metrics: engine } = call.deps.store;
  const timeoutMs = form.get('timeout') === '' ? queryTimeoutMs : spanOf(form, 'timeout');
  if (timeoutMs instanceof ApiFault) return timeoutMs;
  const lookbackMs = form.get('lookback_delta') === '' ? 0 : readSpan(form.get('lookback_delta'));
  if (lookbackMs instanceof ApiFault) return badData(`error parsing lookback delta duration: ${lookbackMs.message}`);
  const expression = form.get('query');
  const parsed = parsePromql(expression);
  if (!parsed.ok) return invalidParameter('query', parsed.error.message);
  const limitMs = Math.max(1, Math.min(queryTimeoutMs, Math.trunc(timeoutMs)));
  const asked = {
    organisation: asker.organisation,
    expression,
    ...(lookbackMs > 0 ? { lookbackMs: Math.trunc(lookbackMs) } : {}),
    bounds: { timeoutMs: limitMs },
    enforced: asker.enforced,
  };
  const began = performance.now();
  const found = await gate.run(asker.organisation, { gone: call.signal, limitMs }, (signal) =>
    run(engine, { ...asked, signal }),
  );
  if (found instanceof ApiFault) return found;
  if (!found.ok) return faultOf(found.error);
  return shown(found.value, limit, form.get('stats'), (performance.now() - began) / 1000);
}

export function faultOf({ kind, message }: QueryFault): ApiFault {
  return kind === 'bad_data' ? invalidParameter('query', message) : new ApiFault(kind, message);
}

function shown(
  { value, warnings, infos, samples, giveBack }: Evaluated,
  limit: number,
  stats: string,
  seconds: number,
): Answer {
  const kept = limited(value, limit);
  const more: string[] = [];
  if (kept !== value) more.push('results truncated due to limit');
  if (stats !== '' && stats !== 'true' && stats !== 'all') {
    const given = `value ${JSON.stringify(stats)} for parameter "stats" is deprecated`;
    more.push(`${given} and will be rejected in the next major release, use "true" or "all"`);
  }
  const statistics = stats === '' ? '' : `,"stats":${JSON.stringify(statisticsOf(kept, samples, seconds))}`;
  const pieces = given(valuePieces(kept, statistics), giveBack);
  return { data: new Pieces(pieces, isOfPoints(kept)), warnings: [...warnings, ...more], infos };
}

/** Points of a series beside which its labels do not count. */
const manyPoints = 60;

function isOfPoints(value: QueryValue): boolean {
  if (value.type !== 'matrix') return false;
  const points = value.series.reduce((sum, { floats }) => sum + floats.values.length, 0);
  return points >= manyPoints * value.series.length && value.series.every(({ histograms }) => histograms.length === 0);
}

/** The pieces, and what to do once the last one is written. */
function* given(pieces: Iterable<string | Uint8Array>, then: (() => void) | undefined): Generator<string | Uint8Array> {
  yield* pieces;
  then?.();
}

function limited(value: QueryValue, limit: number): QueryValue {
  if (limit === 0) return value;
  if (value.type === 'matrix' && value.series.length > limit) return { ...value, series: value.series.slice(0, limit) };
  if (value.type === 'vector' && value.samples.length > limit) {
    return { ...value, samples: value.samples.slice(0, limit) };
  }
  return value;
}

/** What is known of it under Prometheus' names: how long the evaluation took, samples looked at, values of the result. */
function statisticsOf(value: QueryValue, samples: number, seconds: number): unknown {
  const values =
    value.type === 'matrix'
      ? value.series.reduce((sum, { floats, histograms }) => sum + floats.times.length + histograms.length, 0)
      : value.type === 'vector'
        ? value.samples.length
        : 1;
  return {
    timings: {
      evalTotalTime: seconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: seconds,
      execQueueTime: 0,
      execTotalTime: seconds,
    },
    samples: { totalQueryableSamples: samples, samplesRead: samples, peakSamples: Math.max(values, samples) },
  };
}
