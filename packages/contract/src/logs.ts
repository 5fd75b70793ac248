import { z } from 'zod';
import { archiveFlag, archiveReached } from './archive.ts';
import { endpoint } from './endpoint.ts';
import { attributes, page, scopeQuery, severities } from './common.ts';

export const logRow = z.object({
  /** `<ts in ns>-<hash>`: address of the record, also its cursor. */
  id: z.string(),
  /** Nanoseconds since the epoch, as text. */
  tsNs: z.string(),
  at: z.number(),
  receivedAt: z.number(),
  severity: severities,
  severityText: z.string(),
  body: z.string(),
  site: z.string(),
  device: z.string(),
  service: z.string(),
  environment: z.string(),
  release: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  correlationId: z.string(),
  eventName: z.string(),
  attributes,
  resource: attributes,
  /** Where it was read; absent for the engine's own table. */
  place: z.enum(['archive', 'restored']).optional(),
});
export type LogRow = z.infer<typeof logRow>;

const search = scopeQuery.extend({ q: z.string().max(4000).default('') });
export const searchLogs = endpoint({
  method: 'GET',
  path: '/api/v1/logs',
  summary: 'Search logs, newest first (or oldest first)',
  permission: 'viewer',
  query: search.extend({ ...page, ...archiveFlag, order: z.enum(['newest', 'oldest']).default('newest') }),
  reply: z.object({
    rows: z.array(logRow),
    /** Cursor of the next page. With `archive=true` a page may end before it is full: the cursor then goes on from there. */
    next: z.string(),
    tookMs: z.number(),
    words: z.array(z.string()),
    reached: archiveReached.optional(),
  }),
});
export const logHistogram = endpoint({
  method: 'GET',
  path: '/api/v1/logs/histogram',
  summary: 'Log volume by severity over the range',
  permission: 'viewer',
  query: search.extend({ ...archiveFlag, buckets: z.coerce.number().int().min(1).max(400).default(120) }),
  reply: z.object({
    stepMs: z.number(),
    total: z.number(),
    buckets: z.array(z.object({ at: z.number(), counts: z.record(severities, z.number()) })),
    reached: archiveReached.optional(),
  }),
});
export const facet = z.object({
  field: z.string(),
  values: z.array(z.object({ value: z.string(), records: z.number() })),
  estimated: z.boolean(),
});
export const logFacets = endpoint({
  method: 'GET',
  path: '/api/v1/logs/facets',
  summary: 'Top values of the fields of what matches',
  permission: 'viewer',
  query: search.extend({
    ...archiveFlag,
    fields: z.string().max(500).default('severity,service,site,environment'),
    /** Values of each field. */
    most: z.coerce.number().int().min(1).max(200).default(10),
  }),
  reply: z.object({ facets: z.array(facet) }),
});
export const logFoundField = z.object({
  /** The attribute's own name. */
  name: z.string(),
  from: z.enum(['attributes', 'resource']),
  /** Records that have it. */
  records: z.number(),
});
export type LogFoundField = z.infer<typeof logFoundField>;
export const logFoundFields = endpoint({
  method: 'GET',
  path: '/api/v1/logs/found-fields',
  summary: 'Attributes that the logs which match have, the most frequent first, at most 200',
  permission: 'viewer',
  query: search,
  reply: z.object({
    fields: z.array(logFoundField),
    /** Records that match. */
    records: z.number(),
    /** True when the counts were scaled up from a sample. */
    estimated: z.boolean(),
  }),
});
export const logContext = endpoint({
  method: 'GET',
  path: '/api/v1/logs/:id/context',
  summary: 'Lines before and after one line, from the same site, device and service',
  permission: 'viewer',
  params: z.object({ id: z.string().max(100) }),
  query: z.object({
    ...archiveFlag,
    lines: z.coerce.number().int().min(1).max(100).default(10),
    side: z.enum(['both', 'before', 'after']).default('both'),
    /** With one side: `moreBefore` or `moreAfter` of the answer before. */
    cursor: z
      .string()
      .regex(/^(\d{1,19}-[0-9a-f]{16}-\d{1,19}-\d{1,6})?$/, 'expected the cursor of an answer before')
      .default(''),
  }),
  reply: z.object({
    row: logRow,
    before: z.array(logRow),
    after: z.array(logRow),
    /** Cursors of the lines further away; '' at the end of a day to either side. */
    moreBefore: z.string(),
    moreAfter: z.string(),
  }),
});
export const logFields = endpoint({
  method: 'GET',
  path: '/api/v1/logs/fields',
  summary: 'Fields and values for completion',
  permission: 'viewer',
  query: scopeQuery.extend({ field: z.string().max(200).default(''), prefix: z.string().max(200).default('') }),
  reply: z.object({ fields: z.array(z.string()), values: z.array(z.string()) }),
});
export const logPattern = z.object({
  /** The line with `<_>` for what differs from line to line. */
  template: z.string(),
  count: z.number(),
  /** Of all lines that match, 0 to 1. */
  share: z.number(),
  /** Lines by step of the range. */
  trend: z.array(z.number()),
  firstSeen: z.number(),
  lastSeen: z.number(),
  example: z.string(),
  severity: severities,
  /** Texts that stand in each of its lines. */
  phrases: z.array(z.string()),
  /** When a rule for new patterns saw its first line, ms; null where none knows it, or more than a day ago. */
  newSince: z.number().nullable(),
});
export type LogPattern = z.infer<typeof logPattern>;
export const logPatterns = endpoint({
  method: 'GET',
  path: '/api/v1/logs/patterns',
  summary: 'Patterns of the lines that match, the most frequent first',
  permission: 'viewer',
  query: search.extend({ ...archiveFlag, limit: z.coerce.number().int().min(1).max(500).default(100) }),
  reply: z.object({
    patterns: z.array(logPattern),
    total: z.number(),
    /** Lines that were looked at; counts are scaled where it is fewer than all. */
    sampled: z.number(),
    other: z.number(),
    stepMs: z.number(),
    tookMs: z.number(),
    reached: archiveReached.optional(),
  }),
});
export const logPatternValues = endpoint({
  method: 'GET',
  path: '/api/v1/logs/patterns/values',
  summary: 'What stands in the variables of one pattern: values, and of numbers the range',
  permission: 'viewer',
  query: search.extend({ ...archiveFlag, template: z.string().min(1).max(3000) }),
  reply: z.object({
    /** In the order of the template, at most 20. */
    variables: z.array(
      z.object({
        name: z.string(),
        /** Different values, about. */
        distinct: z.number(),
        /** The most frequent first, at most ten. `phrase`: a text that a search finds such lines by. */
        top: z.array(z.object({ value: z.string(), lines: z.number(), phrase: z.string() })),
        /** Where every value is a number of the same unit (`ms`, `%`, '' for none). */
        numbers: z.object({ min: z.number(), median: z.number(), max: z.number(), unit: z.string() }).nullable(),
      }),
    ),
    /** Lines of the pattern that were looked at, one in `every`. */
    lines: z.number(),
    every: z.number(),
    /** An expression with named groups, for a parse step of a pipeline; '' where none can be made. */
    parse: z.string(),
    reached: archiveReached.optional(),
  }),
});
export type LogPatternValues = z.infer<typeof logPatternValues.reply>;
/** Not JSON: `text/event-stream` of `row` events (a LogRow) with `dropped` events (a number) when the reader is slow. */
export const tailPath = '/api/v1/logs/tail';
/** Not JSON: a file, `format=csv|ndjson`, same query as `searchLogs`; with `archive=true` and `missing=skip` it leaves out archived files that cannot be read, else it breaks off there. */
export const exportPath = '/api/v1/logs/export';
