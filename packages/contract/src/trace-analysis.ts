import { z } from 'zod';
import { scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';

/** What a span asked of something outside its process; '' for none. */
export const callKinds = z.enum(['db', 'external', 'queue', 'ai']);

const traceId = z.string().regex(/^[0-9a-f]{32}$/i);
const limit = z.coerce.number().int().min(1).max(500).default(100);

/** Figures of a group of spans over the range. Quantiles come from buckets of 9 % width: off by at most 5 %. */
export const figures = {
  calls: z.number(),
  callsPerMin: z.number(),
  errors: z.number(),
  /** 0 to 1. */
  errorRate: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  /** Time spent in all of them. */
  totalMs: z.number(),
} as const;

export const operationRow = z.object({
  service: z.string(),
  operation: z.string(),
  kind: z.enum(['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']),
  ...figures,
});
export type OperationRow = z.infer<typeof operationRow>;

/** RED per service and operation; with `entry` only spans that serve a request or begin a trace: the (slow) endpoints. */
export const listOperations = endpoint({
  method: 'GET',
  path: '/api/v1/traces/operations',
  summary: 'Rate, errors and duration of every operation; with entry=true the endpoints',
  permission: 'viewer',
  query: scopeQuery.extend({
    entry: z.enum(['true', 'false']).default('false'),
    sort: z.enum(['calls', 'p95', 'total', 'errors']).default('total'),
    limit,
  }),
  reply: z.object({ operations: z.array(operationRow) }),
});

export const redPoint = z.object({
  /** Start of the bucket, ms. */
  at: z.number(),
  calls: z.number(),
  errors: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
});

/** Over time: of a service, or of one operation of it. Buckets without spans are there, with zeros. */
export const redOverTime = endpoint({
  method: 'GET',
  path: '/api/v1/traces/red',
  summary: 'Rate, errors and duration over time of a service or one of its operations',
  permission: 'viewer',
  query: scopeQuery.extend({
    operation: z.string().max(1000).default(''),
    points: z.coerce.number().int().min(10).max(500).default(60),
  }),
  reply: z.object({ stepMs: z.number(), points: z.array(redPoint) }),
});

export const mapNode = z.object({
  /** `service:orders`, `db:postgresql/orders`, `queue:kafka/orders`, `external:api.stripe.com`, `ai:openai`. */
  id: z.string(),
  kind: z.enum(['service', 'db', 'queue', 'external', 'ai']),
  name: z.string(),
  ...figures,
});
export const mapEdge = z.object({
  /** Ids of nodes. */
  from: z.string(),
  to: z.string(),
  kind: z.enum(['request', 'message']),
  ...figures,
  /** For messages: how long they waited, on average; 0 where it is not known. */
  lagMs: z.number(),
});

/**
 * The service map. Edges between services come from pairs of parent and child and are known up to `knownToMs` (about a minute
 * ago); edges to databases, queues, other hosts and AI come from the callers alone and are current.
 */
export const serviceMap = endpoint({
  method: 'GET',
  path: '/api/v1/traces/map',
  summary: 'Services, what they call, and how well',
  permission: 'viewer',
  query: scopeQuery,
  reply: z.object({
    nodes: z.array(mapNode),
    edges: z.array(mapEdge),
    knownToMs: z.number(),
    truncated: z.boolean(),
  }),
});

export const callRow = z.object({
  call: callKinds,
  /** Database (`postgresql/orders`), host, queue (`kafka/orders`) or AI provider. */
  peer: z.string(),
  /** Normalised statement (literals and lists folded), operation name of an external call, AI model; '' for queues. */
  statement: z.string(),
  /** `SELECT`, `GET`, `publish`, `process`, `chat`. */
  action: z.string(),
  services: z.array(z.string()),
  ...figures,
});
export type CallRow = z.infer<typeof callRow>;

/** Database queries, external calls, queues, as groups. `groupBy=peer` folds statements: hosts, databases, queues as a whole. */
export const listCalls = endpoint({
  method: 'GET',
  path: '/api/v1/traces/calls',
  summary: 'Slow database queries, external calls and queues',
  permission: 'viewer',
  query: scopeQuery.extend({
    call: callKinds,
    groupBy: z.enum(['statement', 'peer']).default('statement'),
    peer: z.string().max(1000).default(''),
    sort: z.enum(['calls', 'p95', 'total', 'errors']).default('total'),
    limit,
  }),
  reply: z.object({ rows: z.array(callRow) }),
});

export const spanExample = z.object({
  traceId: z.string(),
  spanId: z.string(),
  at: z.number(),
  durationMs: z.number(),
  service: z.string(),
  site: z.string(),
  name: z.string(),
  failed: z.boolean(),
});

/** Calls from one service to another on the map, to open: those that failed, then the slowest. Of the newest 20,000 spans of the callee. */
export const mapExamples = endpoint({
  method: 'GET',
  path: '/api/v1/traces/map/examples',
  summary: 'Examples of calls from one service to another',
  permission: 'viewer',
  query: scopeQuery.extend({ caller: z.string().min(1).max(1000), callee: z.string().min(1).max(1000) }),
  reply: z.object({ spans: z.array(spanExample) }),
});

/** One of them looked at closely: by site, by calling operation, over time, the slowest examples. Reads the spans themselves. */
export const callDetail = endpoint({
  method: 'GET',
  path: '/api/v1/traces/calls/detail',
  summary: 'One statement, host, queue or model: sites, callers, course, examples',
  permission: 'viewer',
  query: scopeQuery.extend({
    call: callKinds,
    peer: z.string().max(1000).default(''),
    statement: z.string().max(10_000).default(''),
  }),
  reply: z.object({
    sites: z.array(z.object({ site: z.string(), ...figures })),
    /** Service and operation of the parent span; counted on the newest 5,000 calls. */
    callers: z.array(z.object({ service: z.string(), operation: z.string(), calls: z.number() })),
    stepMs: z.number(),
    points: z.array(redPoint),
    /** Slowest first. */
    examples: z.array(spanExample),
    /** A statement as it was sent, '' for none. */
    sample: z.string(),
  }),
});

export const queueRow = z.object({
  /** `kafka/orders` */
  queue: z.string(),
  producers: z.array(z.string()),
  consumers: z.array(z.string()),
  produced: z.number(),
  consumed: z.number(),
  errors: z.number(),
  publishP95Ms: z.number(),
  processP95Ms: z.number(),
  /** Mean wait from the end of publishing to the begin of processing, where the consumer's span has the producer's as parent; else null. */
  lagMs: z.number().nullable(),
});
export const listQueues = endpoint({
  method: 'GET',
  path: '/api/v1/traces/queues',
  summary: 'Queues: produced, consumed, failed, waiting',
  permission: 'viewer',
  query: scopeQuery,
  reply: z.object({
    /** The busiest first, at most 500. */
    queues: z.array(queueRow),
    cut: z.boolean(),
  }),
});

export const aiRow = z.object({
  system: z.string(),
  model: z.string(),
  operation: z.string(),
  services: z.array(z.string()),
  ...figures,
  inputTokens: z.number(),
  outputTokens: z.number(),
  /** US dollars: as spans told it (`gen_ai.usage.cost`), else tokens times the price table. Null where the model has no price. */
  costUsd: z.number().nullable(),
});
export const aiPoint = z.object({
  at: z.number(),
  calls: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  costUsd: z.number(),
});
export const listAiCalls = endpoint({
  method: 'GET',
  path: '/api/v1/traces/ai',
  summary: 'AI calls by provider, model and operation: tokens, cost, latency',
  permission: 'viewer',
  query: scopeQuery.extend({
    sort: z.enum(['total', 'calls', 'errors', 'p95', 'tokens', 'cost']).default('tokens'),
  }),
  reply: z.object({
    /** At most 500, in the order asked for; `cost` orders the 500 with the most tokens. */
    rows: z.array(aiRow),
    cut: z.boolean(),
    stepMs: z.number(),
    /** Of all calls, those of rows that were cut too. */
    points: z.array(aiPoint),
  }),
});

export const heatCell = z.object({
  at: z.number(),
  /** Number of the duration bucket: it begins at `2 ** (bucket / perOctave)` nanoseconds. */
  bucket: z.number(),
  spans: z.number(),
  errors: z.number(),
});

/**
 * Latency heat map. Without `q` entry spans (or one operation) from the view; with `q` all spans that match the search.
 * A brush is `latencyExamples` with the corners of the rectangle.
 */
export const latencyHeatMap = endpoint({
  method: 'GET',
  path: '/api/v1/traces/heatmap',
  summary: 'Durations over time, in logarithmic buckets',
  permission: 'viewer',
  query: scopeQuery.extend({
    q: z.string().max(4000).default(''),
    operation: z.string().max(1000).default(''),
    columns: z.coerce.number().int().min(10).max(300).default(120),
  }),
  reply: z.object({ stepMs: z.number(), perOctave: z.number(), cells: z.array(heatCell) }),
});

/** Spans inside a rectangle of the heat map, spread over it; `fromMs` of duration included, `toMs` excluded. */
export const latencyExamples = endpoint({
  method: 'GET',
  path: '/api/v1/traces/examples',
  summary: 'Example spans of a range of time and duration',
  permission: 'viewer',
  query: scopeQuery.extend({
    q: z.string().max(4000).default(''),
    operation: z.string().max(1000).default(''),
    minMs: z.coerce.number().min(0).default(0),
    maxMs: z.coerce.number().min(0).max(1e12).default(1e12),
    limit,
  }),
  reply: z.object({ spans: z.array(spanExample), matching: z.number() }),
});

export const pathStep = z.object({
  spanId: z.string(),
  /** A stretch of the trace in which this span, and none of its children, was what everything waited for. */
  startNs: z.string(),
  durationNs: z.number(),
});
export const traceGap = z.object({
  /** In this span nothing recorded was under way between its children. */
  spanId: z.string(),
  startNs: z.string(),
  durationNs: z.number(),
  /** Span that ended before the gap, '' for the parent's own begin; and the one that began after it. */
  after: z.string(),
  before: z.string(),
});
export const traceOperation = z.object({
  service: z.string(),
  operation: z.string(),
  calls: z.number(),
  errors: z.number(),
  /** Sum of durations, and without the time of children. */
  totalMs: z.number(),
  selfMs: z.number(),
  /** On the critical path. */
  pathMs: z.number(),
});
export const analyseTrace = endpoint({
  method: 'GET',
  path: '/api/v1/traces/:id/analysis',
  summary: 'Where the time of a trace went',
  permission: 'viewer',
  params: z.object({ id: traceId }),
  reply: z.object({
    /** One line: `82 % of 2.3 s in SELECT … FROM inventory (inventory), 41 calls`; '' where there is nothing to say. */
    diagnosis: z.string(),
    durationMs: z.number(),
    criticalPath: z.array(pathStep),
    gaps: z.array(traceGap),
    /** Most time on the critical path first. */
    operations: z.array(traceOperation),
  }),
});

export const comparedOperation = z.object({
  service: z.string(),
  operation: z.string(),
  left: z.object({ calls: z.number(), errors: z.number(), totalMs: z.number(), selfMs: z.number() }).nullable(),
  right: z.object({ calls: z.number(), errors: z.number(), totalMs: z.number(), selfMs: z.number() }).nullable(),
  /** Right minus left, of the operations' own time. */
  deltaMs: z.number(),
});
export const compareTraces = endpoint({
  method: 'GET',
  path: '/api/v1/traces/compare',
  summary: 'Two traces, operation by operation',
  permission: 'viewer',
  query: z.object({ left: traceId, right: traceId }),
  reply: z.object({
    left: z.object({ durationMs: z.number(), spans: z.number(), errors: z.number() }),
    right: z.object({ durationMs: z.number(), spans: z.number(), errors: z.number() }),
    /** Largest difference first. */
    operations: z.array(comparedOperation),
    /** What explains most of the difference, in one line. */
    sentence: z.string(),
  }),
});
