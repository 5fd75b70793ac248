import { z } from 'zod';
import { page, scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';
import { metricColumns } from './promql.ts';

/** Text of any attribute, as the query names it; numbers and booleans where the language has them. */
const fieldValues = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

export const matchedTrace = z.object({
  traceId: z.string(),
  rootService: z.string(),
  rootName: z.string(),
  at: z.number(),
  durationMs: z.number(),
  services: z.array(z.string()),
  spans: z.number(),
  errors: z.number(),
  /** One for each group of the pipeline: `by()` makes several. */
  sets: z.array(
    z.object({
      matched: z.number(),
      /** Of aggregates and groups. */
      values: fieldValues,
      /** The first of those that matched. */
      spans: z.array(
        z.object({ spanId: z.string(), name: z.string(), at: z.number(), durationMs: z.number(), values: fieldValues }),
      ),
    }),
  ),
});
export type MatchedTrace = z.infer<typeof matchedTrace>;

/** A value of an attribute: spans that have it, in the selection and outside of it. */
export const comparedValue = z.object({
  name: z.string(),
  value: z.string(),
  selected: z.number(),
  others: z.number(),
});
export type ComparedValue = z.infer<typeof comparedValue>;

export const queryTraceql = endpoint({
  method: 'GET',
  path: '/api/v1/traceql',
  summary: 'Traces that match a TraceQL query, newest first, or a metrics query over time',
  permission: 'viewer',
  query: scopeQuery.extend({
    q: z.string().max(16_000),
    limit: page.limit,
    /** Spans of a set that are answered. */
    spans: z.coerce.number().int().min(1).max(100).default(5),
    /** Of a metrics query: values of a series over the range, at most. */
    points: z.coerce.number().int().min(2).max(5000).default(300),
  }),
  reply: z.object({
    tookMs: z.number(),
    found: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('traces'),
        traces: z.array(matchedTrace),
        inspected: z.number(),
        /** False where the search ended at its bounds before the range was done. */
        complete: z.boolean(),
      }),
      z.object({
        kind: z.literal('metrics'),
        columns: metricColumns,
        /** Of the values, of a histogram's buckets (`__bucket`): `s` for durations, '' where the query does not tell. */
        unit: z.enum(['s', '']),
      }),
      /** `compare()`: what the spans of the selection have more or less often than the others. */
      z.object({
        kind: z.literal('comparison'),
        selected: z.number(),
        others: z.number(),
        /** The greatest difference between the two shares first. */
        rows: z.array(comparedValue),
        /** Rows that were left out. */
        more: z.number(),
        /** Attributes of which there are more values than were compared. */
        cut: z.array(z.string()),
      }),
    ]),
  }),
});
