import { z } from 'zod';
import { isLabelName } from '../../rules/words.ts';

const dayMs = 86_400_000;
const label = z.string().refine(isLabelName, 'expected a label: letters, digits and . _ - / @ :');
const labelValues = z
  .record(label, z.string().max(500))
  .refine((pairs) => Object.keys(pairs).length <= 20, 'at most 20 labels');
const metricNames = z.array(z.string().min(1).max(300)).min(1).max(10);

/** Records that match a search: how many, how many a minute, what share of those of another search, a percentile of a number. */
const recordsSource = z.object({
  kind: z.literal('records'),
  table: z.enum(['logs', 'spans', 'errors']),
  query: z.string().max(4000).default(''),
  measure: z.enum(['count', 'rate', 'share', 'percentile']),
  /** What the share is taken of; '' is every record of the table. */
  of: z.string().max(4000).default(''),
  field: z.string().max(200).default('duration'),
  percentile: z.number().min(1).max(99.9).default(95),
});

/** A metric's samples. `rate` is a counter's growth a minute, `increase` in the window, `share` the growth of some series of all. */
const metricSource = z.object({
  kind: z.literal('metric'),
  metrics: metricNames,
  where: labelValues.default({}),
  aggregate: z.enum(['avg', 'min', 'max', 'sum', 'rate', 'increase', 'share']),
  /** What the share is taken of; empty is the same metrics. */
  ofMetrics: z.array(z.string().min(1).max(300)).max(10).default([]),
  ofWhere: labelValues.default({}),
});

/** The present level of a site's machines, in percent; of queues in items. */
const vitalSource = z.object({ kind: z.literal('vital'), vital: z.enum(['cpu', 'memory', 'disk', 'queue']) });

export const thresholdSettings = z.object({
  source: z.discriminatedUnion('kind', [recordsSource, metricSource, vitalSource]),
  /** At most a day: longer ones would read the table each minute. */
  windowMs: z.number().int().min(10_000).max(dayMs),
  operator: z.enum(['>', '>=', '<', '<=']),
  /** Shares in percent, durations in milliseconds, rates a minute. */
  threshold: z.number(),
  /** Each combination of values is judged by itself. */
  by: z.array(label).max(5).default([]),
  /** Fewer records, or attempts of a share, are no base for a judgement. */
  leastSample: z.number().int().min(0).max(1_000_000).default(0),
  /** Of a share: fewer hits than this are chance. */
  leastHits: z.number().int().min(0).max(1_000_000).default(0),
});
export type ThresholdSettings = z.output<typeof thresholdSettings>;
export type RecordsSource = Extract<ThresholdSettings['source'], { kind: 'records' }>;
export type MetricSource = Extract<ThresholdSettings['source'], { kind: 'metric' }>;
