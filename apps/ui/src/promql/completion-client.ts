import { labelNames, labelValues, metricNames, queryMetrics } from '@sightline/contract';
import type { PrometheusClient } from '@prometheus-io/codemirror-promql';
import { call, type ProblemError } from '../data/call.ts';
import { queryClient } from '../data/ask.ts';

interface Matcher {
  readonly name: string;
  readonly value: string;
  matchesEmpty(): boolean;
}

const lookbackMs = 6 * 3_600_000;
const roundMs = 300_000;
const staleMs = 60_000;
const offersAtMost = 2000;

/** What the editor offers: names of our own index over the last hours, each question kept for a minute. A failed one offers nothing. */
export function completionClient(): PrometheusClient {
  const range = (): { from: number; to: number } => {
    const to = Math.ceil(Date.now() / roundMs) * roundMs;
    return { from: to - lookbackMs, to };
  };
  const kept = <T>(key: readonly unknown[], ask: (signal: AbortSignal) => Promise<T>, none: T): Promise<T> =>
    queryClient
      .fetchQuery({
        queryKey: ['promql-offers', ...key],
        queryFn: async ({ signal }) => ask(signal),
        staleTime: staleMs,
        retry: false,
      })
      // Completion is a help, not an answer: the query itself says what is wrong.
      .catch((error: unknown) => ((error as ProblemError).kind === undefined ? Promise.reject(error as Error) : none));
  const selector = (metric: string, matchers: readonly Matcher[] = []): string => {
    const pairs = matchers
      .filter((one) => !one.matchesEmpty())
      .map(({ name, value }) => `${name}=${JSON.stringify(value)}`);
    if (metric === '' && pairs.length === 0) return '';
    return `{${[...(metric === '' ? [] : [`__name__=${JSON.stringify(metric)}`]), ...pairs].join(',')}}`;
  };
  const names = async (): Promise<readonly { name: string; type: string; help: string }[]> =>
    kept(
      ['names'],
      async (signal) => (await call(metricNames, { query: { ...range(), limit: offersAtMost } }, signal)).metrics,
      [],
    );
  return {
    labelNames: async (metric = '') =>
      kept(
        ['labels', metric],
        async (signal) => (await call(labelNames, { query: { ...range(), match: selector(metric) } }, signal)).names,
        [],
      ),
    labelValues: async (label, metric = '', matchers) => {
      if (label === '__name__') return (await names()).map(({ name }) => name);
      const match = selector(metric, matchers);
      return kept(
        ['values', label, match],
        async (signal) => (await call(labelValues, { query: { ...range(), label, match } }, signal)).values,
        [],
      );
    },
    metricMetadata: async () =>
      Object.fromEntries((await names()).map(({ name, type, help }) => [name, [{ type, help }]])),
    series: async (metric, matchers) => {
      const match = selector(metric, matchers);
      const { from, to } = range();
      const body = {
        from,
        to,
        most: 500,
        queries: [{ ref: 'A', expression: `last_over_time(${match}[6h])`, instant: true }],
      };
      const found = await kept(['series', match], async (signal) => call(queryMetrics, { body }, signal), undefined);
      return (found?.answers[0]?.data?.series ?? []).map(({ labels }) => new Map(Object.entries(labels)));
    },
    metricNames: async () => (await names()).map(({ name }) => name),
    flags: async () => ({}),
  };
}
