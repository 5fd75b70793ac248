import { listMetrics, metricCardinality, metricLabels, queryMetric } from '@sightline/contract';
import {
  readCardinality,
  listMetricLabels,
  listMetrics as readMetrics,
  queryMetric as readMetric,
} from '@sightline/query';
import { scopeOf } from '../read-scope.ts';
import { refuse, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';

const showMetrics = answerRead(listMetrics, async ({ query }, context) => ({
  metrics: await readMetrics(context.deps.store, scopeOf(query, context), query.q, { signal: context.signal }),
}));

const showLabels = answerRead(metricLabels, async ({ params, query }, context) => ({
  labels: await listMetricLabels(context.deps.store, scopeOf(query, context), params.metric, {
    signal: context.signal,
  }),
}));

const showSeries = answerRead(queryMetric, async ({ params, query }, context) => {
  if (query.from >= query.to) return refuse(400, 'Empty time range', '`from` must lie before `to`.');
  const where = readWhere(query.where);
  if (!where)
    return refuse(
      400,
      'Bad filter',
      `Expected label=value pairs joined by commas, came: ${query.where.slice(0, 200)}`,
      {
        fields: { where: 'label=value pairs joined by commas' },
      },
    );
  const by = query.by
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '');
  if (by.length > 10 || where.size > 20)
    return refuse(400, 'Too many labels', 'At most 10 labels to split by and 20 to filter by.');
  const found = await readMetric(
    context.deps.store,
    {
      scope: scopeOf(query, context),
      metric: params.metric,
      aggregate: query.aggregate,
      by,
      where,
      points: query.points,
    },
    { signal: context.signal },
  );
  return found.ok ? found.value : refuse(422, 'Too much to compute', found.error.message);
});

const showCardinality = answerRead(metricCardinality, async (_, { caller, deps, signal }) => {
  const { organisation } = caller;
  const found = await readCardinality(deps.store, { organisation, nowMs: deps.clock.now() }, { signal });
  const limits = deps.settings.metricSeriesLimit;
  return {
    series: found.series,
    limit: limits?.organisation ?? null,
    metricLimit: limits?.metric ?? null,
    byMetric: [...found.byMetric],
    byLabel: [...found.byLabel],
    folded: found.folded.map(({ metric, sinceMs, lastMs }) => ({ metric, sinceAt: sinceMs, lastAt: lastMs })),
  };
});

/** `label=value,label=value`; a comma or backslash in a value is written `\,` and `\\`. Undefined when it is not that. */
export function readWhere(text: string): Map<string, string> | undefined {
  const pairs = new Map<string, string>();
  if (text.trim() === '') return pairs;
  for (const part of text.match(/(?:\\.|[^\\,])+/gs) ?? []) {
    const at = part.indexOf('=');
    if (at < 1) return undefined;
    pairs.set(part.slice(0, at).trim(), part.slice(at + 1).replaceAll(/\\(.)/gs, '$1'));
  }
  return pairs.size > 0 ? pairs : undefined;
}

export const metricRoutes: readonly Route[] = [showMetrics, showCardinality, showLabels, showSeries];
