import { z } from 'zod';
import { archiveFlag } from './archive.ts';
import { attributes, scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';
import { metricColumns } from './promql.ts';

export const logqlEntry = z.object({
  tsNs: z.string(),
  at: z.number(),
  /** As the query's pipeline left it. */
  line: z.string(),
  /** Labels by where they come from: of the stream, of the record, of the pipeline's parsers. */
  stream: attributes,
  metadata: attributes,
  parsed: attributes,
});
export type LogqlEntry = z.infer<typeof logqlEntry>;

export const queryLogql = endpoint({
  method: 'GET',
  path: '/api/v1/logql',
  summary: 'Lines that a LogQL query finds, or a metric query over time',
  permission: 'viewer',
  query: scopeQuery.extend({
    q: z.string().max(16_000),
    ...archiveFlag,
    order: z.enum(['newest', 'oldest']).default('newest'),
    limit: z.coerce.number().int().min(1).max(5000).default(500),
    /** Of a metric query: values of a series over the range, at most. */
    points: z.coerce.number().int().min(2).max(5000).default(300),
  }),
  reply: z.object({
    tookMs: z.number(),
    /** What was read of the archive, and what could not be, in words. */
    warnings: z.array(z.string()),
    found: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('lines'),
        entries: z.array(logqlEntry),
        /** True where there may be more than `limit`. */
        more: z.boolean(),
        /** True when a bound ended the search before the range or the limit did. */
        cut: z.boolean(),
      }),
      z.object({ kind: z.literal('metrics'), columns: metricColumns }),
    ]),
  }),
});
