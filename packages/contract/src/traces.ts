import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { attributes, epochMs, page, point, scopeQuery } from './common.ts';
import { logRow } from './logs.ts';
import { errorRow } from './errors.ts';

export const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentId: z.string(),
  name: z.string(),
  service: z.string(),
  site: z.string(),
  device: z.string(),
  kind: z.enum(['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']),
  status: z.enum(['unset', 'ok', 'error']),
  statusMessage: z.string(),
  startNs: z.string(),
  at: z.number(),
  durationNs: z.number(),
  correlationId: z.string(),
  release: z.string(),
  environment: z.string(),
  /** The library or part of the program that made it (`otel.scope.name`). */
  scopeName: z.string(),
  attributes,
  resource: attributes,
  events: z.array(z.object({ at: z.number(), tsNs: z.string(), name: z.string(), attributes })),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })),
});
export type Span = z.infer<typeof span>;
export const traceRow = z.object({
  traceId: z.string(),
  rootName: z.string(),
  rootService: z.string(),
  site: z.string(),
  at: z.number(),
  durationMs: z.number(),
  spans: z.number(),
  errors: z.number(),
  services: z.array(z.string()),
});
export type TraceRow = z.infer<typeof traceRow>;
export const searchTraces = endpoint({
  method: 'GET',
  path: '/api/v1/traces',
  summary: 'Search traces by their spans, newest first',
  permission: 'viewer',
  query: scopeQuery.extend({
    q: z.string().max(4000).default(''),
    ...page,
    sort: z.enum(['newest', 'slowest']).default('newest'),
  }),
  reply: z.object({ traces: z.array(traceRow), next: z.string(), tookMs: z.number() }),
});
export const getTrace = endpoint({
  method: 'GET',
  path: '/api/v1/traces/:id',
  summary: 'One trace with its logs and errors',
  permission: 'viewer',
  params: z.object({ id: z.string().regex(/^[0-9a-f]{32}$/i) }),
  reply: z.object({
    spans: z.array(span),
    logs: z.array(logRow),
    errors: z.array(errorRow),
    truncated: z.boolean(),
    /** Where a sampling policy let spans of it go: by which, when (ms), how many; null where none did. */
    sampled: z.object({ policy: z.string(), at: z.number(), spans: z.number() }).nullable(),
  }),
});
/** One trace as a file in OTLP's JSON, which `/v1/traces` takes. */
export const exportTracePath = '/api/v1/traces/:id/otlp';
/** What names a trace without being part of it. Looked for around the time in which it ran (`from`, `to`). */
export const traceBeside = endpoint({
  method: 'GET',
  path: '/api/v1/traces/:id/beside',
  summary: 'Replays and exemplars that name a trace',
  permission: 'viewer',
  params: z.object({ id: z.string().regex(/^[0-9a-f]{32}$/i) }),
  query: z.object({ from: epochMs, to: epochMs }),
  reply: z.object({
    /** Recorded sessions in which it was begun, or in which one of its errors happened: at most five. */
    replays: z.array(z.object({ replay: z.string(), at: z.number() })),
    /** Measurements that name it, in order of time: at most a hundred. */
    exemplars: z.array(
      z.object({ metric: z.string(), at: z.number(), value: z.number().nullable(), spanId: z.string() }),
    ),
    /** Whether there are more exemplars. */
    cut: z.boolean(),
  }),
});
export const serviceRow = z.object({
  service: z.string(),
  sites: z.number(),
  requestsPerMin: z.number(),
  errorRate: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  rate: z.array(point),
  errors: z.array(point),
});
export const listServices = endpoint({
  method: 'GET',
  path: '/api/v1/services',
  summary: 'Rate, errors and duration of every service',
  permission: 'viewer',
  query: scopeQuery,
  reply: z.object({ services: z.array(serviceRow) }),
});
export const storyEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('span'), at: z.number(), tsNs: z.string(), span }),
  z.object({ kind: z.literal('log'), at: z.number(), tsNs: z.string(), log: logRow }),
  z.object({ kind: z.literal('error'), at: z.number(), tsNs: z.string(), error: errorRow }),
]);
export const story = endpoint({
  method: 'GET',
  path: '/api/v1/story/:id',
  summary: 'Everything that carries one correlation id (or trace id), across services, in order',
  permission: 'viewer',
  params: z.object({ id: z.string().min(1).max(200) }),
  reply: z.object({
    id: z.string(),
    lanes: z.array(z.string()),
    entries: z.array(storyEntry),
    sentence: z.string(),
    truncated: z.boolean(),
  }),
});
