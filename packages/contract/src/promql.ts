import { z } from 'zod';
import { attributes, epochMs } from './common.ts';
import { endpoint } from './endpoint.ts';

/** Matchers that the page's scope adds to every selector; '' adds none. */
const metricScope = {
  environment: z.string().max(200).default(''),
  site: z.string().max(200).default(''),
  service: z.string().max(200).default(''),
};

/**
 * A matrix has `times` for all of its series and one value of each at every time; null where there is none. A vector has one
 * value each. What JSON has no number for (NaN, infinities) is null, and `odd` says what it was.
 */
export const metricColumns = z.object({
  type: z.enum(['matrix', 'vector', 'scalar', 'string']),
  stepMs: z.number(),
  /** Milliseconds since the epoch. */
  times: z.array(z.number()),
  series: z.array(z.object({ labels: attributes, values: z.array(z.number().nullable()) })),
  odd: z.array(z.object({ series: z.number(), index: z.number(), value: z.enum(['NaN', '+Inf', '-Inf']) })),
  /** Of a string. */
  text: z.string(),
  /** Series that were cut off. */
  more: z.number(),
  warnings: z.array(z.string()),
  infos: z.array(z.string()),
  samples: z.number(),
});
export type MetricColumns = z.infer<typeof metricColumns>;

export const metricFault = z.object({
  kind: z.string(),
  /** In Prometheus' words. */
  message: z.string(),
  /** Where in the expression, when that is known. */
  position: z.object({ from: z.number(), to: z.number() }).optional(),
});

/** Several expressions over one range: each ends for itself, so that one that is wrong costs its neighbours nothing. */
export const queryMetrics = endpoint({
  method: 'POST',
  path: '/api/v1/metrics/query',
  summary: 'Evaluate PromQL over a range, or at its end',
  permission: 'viewer',
  body: z.object({
    from: epochMs,
    to: epochMs,
    ...metricScope,
    queries: z
      .array(
        z.object({
          ref: z.string().max(50),
          expression: z.string().max(16_000),
          /** At `to` alone. */
          instant: z.boolean().default(false),
          /** Native histograms over a range as their buckets, cumulative by `le` and added up over all series: for heat maps. */
          buckets: z.boolean().default(false),
          /** 0: as `points` asks. */
          stepMs: z
            .number()
            .int()
            .min(0)
            .max(366 * 86_400_000)
            .default(0),
        }),
      )
      .min(1)
      .max(26),
    /** Values of a series over the range, at most. */
    points: z.number().int().min(2).max(11_000).default(300),
    /** Series of a query, at most. */
    most: z.number().int().min(1).max(5000).default(500),
  }),
  reply: z.object({
    tookMs: z.number(),
    answers: z.array(z.object({ ref: z.string(), data: metricColumns.nullable(), fault: metricFault.nullable() })),
  }),
});

export const explainMetrics = endpoint({
  method: 'POST',
  path: '/api/v1/metrics/explain',
  summary:
    'What each step of a PromQL expression yields at one moment: series, samples read, and the time up to and with it',
  permission: 'viewer',
  body: z.object({ at: epochMs, ...metricScope, expression: z.string().max(16_000) }),
  reply: z.object({
    /** Each before what it is made of. */
    steps: z.array(
      z.object({
        text: z.string(),
        kind: z.string(),
        depth: z.number(),
        /** Null for numbers and texts, and where it could not be evaluated. */
        series: z.number().nullable(),
        samples: z.number().nullable(),
        tookMs: z.number().nullable(),
        /** '' without one. */
        fault: z.string(),
      }),
    ),
    /** Steps beyond the thirtieth, which were not evaluated. */
    omitted: z.number(),
  }),
});

const where = {
  from: epochMs,
  to: epochMs,
  ...metricScope,
  /** A series selector: `up{job="x"}`; '' for all series. */
  match: z.string().max(4000).default(''),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
};
export const metricNames = endpoint({
  method: 'GET',
  path: '/api/v1/metrics/names',
  summary: 'Names of metrics with type, unit and help',
  permission: 'viewer',
  query: z.object(where),
  reply: z.object({
    metrics: z.array(z.object({ name: z.string(), type: z.string(), unit: z.string(), help: z.string() })),
    cut: z.boolean(),
  }),
});
export const labelNames = endpoint({
  method: 'GET',
  path: '/api/v1/metrics/label-names',
  summary: 'Names of labels',
  permission: 'viewer',
  query: z.object(where),
  reply: z.object({ names: z.array(z.string()), cut: z.boolean() }),
});
export const labelValues = endpoint({
  method: 'GET',
  path: '/api/v1/metrics/label-values',
  summary: 'Values of a label',
  permission: 'viewer',
  query: z.object({ ...where, label: z.string().min(1).max(500) }),
  reply: z.object({ values: z.array(z.string()), cut: z.boolean() }),
});

export const metricExemplars = endpoint({
  method: 'GET',
  path: '/api/v1/metrics/exemplars',
  summary: 'Exemplars of the series that an expression reads: single measurements, with their trace',
  permission: 'viewer',
  query: z.object({ from: epochMs, to: epochMs, ...metricScope, expression: z.string().min(1).max(16_000) }),
  reply: z.object({
    /** In order of time; of more than a hundred that with the greatest value of each hundredth of the range. */
    exemplars: z.array(
      z.object({
        at: z.number(),
        value: z.number(),
        /** '' where the exemplar names none. */
        traceId: z.string(),
        /** Of the measured span within the trace; '' where the exemplar names none. */
        spanId: z.string(),
        labels: attributes,
        series: attributes,
      }),
    ),
    /** Those that are left out. */
    more: z.number(),
    /** The selectors that were read: expressions with the same ones have the same exemplars. */
    selector: z.string(),
    /** Whether the expression answers values of the measure that exemplars have: they may stand at their value on its chart. */
    onAxis: z.boolean(),
    /** What the answer lacks, a sentence each. */
    warnings: z.array(z.string()),
  }),
});
