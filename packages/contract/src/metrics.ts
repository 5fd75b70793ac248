import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { attributes, point, scopeQuery } from './common.ts';

export const metricInfo = z.object({
  metric: z.string(),
  type: z.string(),
  unit: z.string(),
  series: z.number(),
  lastSeenAt: z.number(),
});
export const listMetrics = endpoint({
  method: 'GET',
  path: '/api/v1/metrics',
  summary: 'Metrics that were received',
  permission: 'viewer',
  query: scopeQuery.extend({ q: z.string().max(200).default('') }),
  reply: z.object({ metrics: z.array(metricInfo) }),
});
export const metricLabels = endpoint({
  method: 'GET',
  path: '/api/v1/metrics/:metric/labels',
  summary: 'Labels of a metric and their values',
  permission: 'viewer',
  params: z.object({ metric: z.string().max(300) }),
  query: scopeQuery,
  reply: z.object({ labels: z.array(z.object({ label: z.string(), values: z.array(z.string()) })) }),
});
export const metricSeries = z.object({ labels: attributes, points: z.array(point) });
export const queryMetric = endpoint({
  method: 'GET',
  path: '/api/v1/metrics/:metric/series',
  summary: 'Values of a metric over time, aggregated over series',
  permission: 'viewer',
  params: z.object({ metric: z.string().max(300) }),
  query: scopeQuery.extend({
    aggregate: z.enum(['avg', 'sum', 'min', 'max', 'rate', 'increase', 'count', 'p50', 'p95', 'p99']).default('avg'),
    by: z.string().max(300).default(''),
    /** `label=value` pairs joined by commas. */
    where: z.string().max(2000).default(''),
    points: z.coerce.number().int().min(10).max(1000).default(240),
  }),
  reply: z.object({ stepMs: z.number(), unit: z.string(), series: z.array(metricSeries), others: z.number() }),
});

export const metricCardinality = endpoint({
  method: 'GET',
  path: '/api/v1/metrics/cardinality',
  summary: 'Series by metric and values by label, the limits, and which metrics met them',
  permission: 'viewer',
  reply: z.object({
    /** Series that take samples at present. */
    series: z.number(),
    /** Series that the organisation, and one metric, may have; null where this process does not know. */
    limit: z.number().nullable(),
    metricLimit: z.number().nullable(),
    /** Greatest first, at most 100. */
    byMetric: z.array(z.object({ metric: z.string(), series: z.number() })),
    byLabel: z.array(z.object({ label: z.string(), values: z.number() })),
    /** Metrics of which new series were folded into `{overflow="true"}` within a week, at most 100. */
    folded: z.array(z.object({ metric: z.string(), sinceAt: z.number(), lastAt: z.number().nullable() })),
  }),
});
