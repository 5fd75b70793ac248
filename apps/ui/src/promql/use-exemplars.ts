import { metricExemplars } from '@sightline/contract';
import { useQueries } from '@tanstack/react-query';
import { call, type ProblemError, type Reply } from '../data/call.ts';
import type { ScopeQuery } from '../data/scope.ts';

type Exemplar = Reply<typeof metricExemplars>['exemplars'][number];

/** A single measurement on a chart. */
export interface ChartExemplar extends Exemplar {
  /** Whether the chart's axis is of its measure. */
  readonly onAxis: boolean;
}

export interface Exemplars {
  /** In order of time. */
  readonly found: readonly ChartExemplar[];
  /** Those that were left out of `found`. */
  readonly more: number;
  readonly warnings: readonly string[];
  readonly loading: boolean;
  readonly error: ProblemError | null;
  readonly again: () => void;
}

/** Queries of a chart whose exemplars are asked for, and exemplars drawn on it. */
const queriesAtMost = 4;
const drawnAtMost = 100;

/** Asks the exemplars of the series that a chart's expressions read; of none where `expressions` is empty. */
export function useExemplars(scope: ScopeQuery, expressions: readonly string[]): Exemplars {
  const asked = [...new Set(expressions)].slice(0, queriesAtMost);
  const results = useQueries({
    queries: asked.map((expression) => ({
      queryKey: [metricExemplars.path, scope, expression],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Reply<typeof metricExemplars>> =>
        call(metricExemplars, { query: { ...scope, expression } }, signal),
      enabled: scope.from < scope.to,
    })),
  });
  // Quantiles of one histogram read the same series: their exemplars are the same, and counted once.
  const answers = new Map(results.flatMap(({ data }) => (data === undefined ? [] : [[data.selector, data] as const])));
  const all = [...answers.values()].flatMap(({ exemplars, onAxis }) =>
    exemplars.map((one): ChartExemplar => ({ ...one, onAxis })),
  );
  const kept = thin(all);
  const unasked = new Set(expressions).size - asked.length;
  return {
    found: kept,
    more: all.length - kept.length + [...answers.values()].reduce((sum, { more }) => sum + more, 0),
    warnings: [
      ...new Set(results.flatMap(({ data }) => data?.warnings ?? [])),
      ...(unasked > 0 ? [`Exemplars of the first ${queriesAtMost} queries alone are shown.`] : []),
    ],
    loading: results.some(({ data, error }) => data === undefined && error === null),
    error: (results.find(({ error }) => error !== null)?.error ?? null) as ProblemError | null,
    again: () => results.forEach(({ refetch }) => void refetch()),
  };
}

/** Those with the greatest values, in order of time. */
function thin(all: readonly ChartExemplar[]): readonly ChartExemplar[] {
  return all
    .toSorted((a, b) => b.value - a.value)
    .slice(0, drawnAtMost)
    .toSorted((a, b) => a.at - b.at);
}
