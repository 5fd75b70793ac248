import type { Clock, Logger } from '@sightline/base';
import type { Endpoint, fault, health, Permission, Problem } from '@sightline/contract';
import type { Control, Role } from '@sightline/control';
import type { Fleet } from '@sightline/fleet';
import type { Uptime } from '@sightline/detect';
import type { Respond } from '@sightline/respond';
import type { HotDays, RestoredLogs, TelemetryReads } from '@sightline/query';
import type { SourceMaps } from '@sightline/ingest/source-maps';
import type {
  ArchivedLogs,
  ArchiveProofs,
  ArchiveRecordReads,
  BlobStore,
  DayProofs,
  KeyDestruction,
} from '@sightline/store/port';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { RuleReader, TargetReader } from './compat/prometheus/ports.ts';

export type Health = z.infer<typeof health>;
export type Fault = z.infer<typeof fault>;

export interface ApiSettings {
  /** Where people and clients reach this installation, without a slash at the end: `http://localhost:4600`. */
  readonly publicUrl: string;
  readonly version: string;
  /** True when the demo fleet runs here. */
  readonly demo: boolean;
  /** Series that an organisation, and one metric of it, may have. */
  readonly metricSeriesLimit?: { readonly organisation: number; readonly metric: number };
  /** Replies are checked against the contract before they leave (a fault is a 500). On in tests. */
  readonly checkReplies?: boolean;
}

/** What ingest says about itself. */
export interface IngestStatus {
  readonly lagMs: number;
  readonly spoolBytes: number;
  readonly spoolLimitBytes: number;
  readonly waitingRecords: number;
}

/** Everything the routes need, filled in by `compose.ts`. */
export interface ApiDeps {
  /** Rows by SQL, metrics by PromQL. */
  readonly store: TelemetryReads;
  readonly control: Control;
  readonly ingest: { status(): IngestStatus };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: ApiSettings;
  /** Faults of the demo fleet; absent without one. `switch` answers all faults, undefined for an unknown name. */
  readonly faults?: {
    list(): Promise<Fault[]>;
    switch(name: string, active: boolean, sites: readonly string[]): Promise<Fault[] | undefined>;
  };
  /** The links of agents; absent where this process does not hold them. */
  readonly agents?: Pick<Fleet, 'ask' | 'revoked'>;
  /** Monitors at work; absent where this process takes no calls of heartbeats and tries no checks. */
  readonly monitors?: Pick<Uptime, 'heartbeat' | 'checkIn' | 'checkNow' | 'wake'>;
  /** Incidents: what people do with them, and findings from Alertmanager's clients. Absent in tests without them. */
  readonly respond?: Pick<Respond, 'accept' | 'act'>;
  /** Rule files at work; absent where this process evaluates none. */
  readonly ruleReader?: RuleReader;
  /** Scraping; absent where this process scrapes nothing. */
  readonly targetReader?: TargetReader;
  /** Files on the server's disk that are read again when somebody asks; absent where this process reads none. */
  readonly fileReload?: {
    /** `detail` says what was loaded, or why what was in force stays. */
    reload(): Promise<readonly { readonly what: string; readonly ok: boolean; readonly detail: string }[]>;
    /** How the last one went, and when the last good one was. */
    last(): { readonly successful: boolean; readonly atMs: number };
  };
  /** What was uploaded, and how stacks are read with it; absent where this process keeps no files. */
  readonly files?: { readonly blobs: BlobStore; readonly sourceMaps: Pick<SourceMaps, 'resolve'> };
  /** Ends classes of the archive; absent where this process archives nothing. */
  readonly keyDestruction?: KeyDestruction;
  /** Why this process cannot read the archive that it was told; absent where it reads one, or was told none. */
  readonly archiveUnread?: string;
  /** Records of what was taken out of the archive, and what it signs; absent where this process has no archive. */
  readonly archiveRecords?: ArchiveRecordReads;
  /** What is signed of records of the current day; absent where this process has no archive. */
  readonly dayProofs?: DayProofs;
  /** The archive of logs as a place to search; absent where this process cannot read one. */
  readonly archive?: {
    readonly logs: ArchivedLogs;
    /** For reports; absent in tests without one. */
    readonly proofs?: ArchiveProofs;
    /** How long the engine holds an organisation's records. */
    hotDays(organisation: string): Promise<HotDays>;
    /** What is back in the engine as a whole at this moment. */
    restored(organisation: string): Promise<readonly RestoredLogs[]>;
  };
  /** State of each component, for `/health/detailed`. Must answer within 5 s. */
  health(): Promise<Health>;
  /** Our own metrics in Prometheus' text format. */
  metrics(): string;
}

/** Who calls, proven by session or key. */
export interface Caller {
  readonly kind: 'person' | 'key';
  /** Id of the organisation that the call sees; the first condition of every query. */
  readonly organisation: string;
  readonly role: Role;
  readonly personId?: string;
  readonly keyId?: string;
  /** The site that the key is bound to, '' for any: it acts at no other. */
  readonly keySite?: string;
  /** E-mail address or key name, for the audit trail. */
  readonly actor: string;
  readonly address: string;
}

/** What a call that needs nobody knows. */
export interface PublicContext {
  readonly deps: ApiDeps;
  /** Aborts when the client has gone away; hand it to each query. */
  readonly signal: AbortSignal;
  readonly address: string;
  readonly userAgent: string;
  /** The session cookie as it came; '' without one. */
  readonly sessionToken: string;
  /** Sets the session cookie; '' removes it. */
  readonly setSession: (token: string) => void;
}

export interface CallContext extends PublicContext {
  readonly caller: Caller;
  /** Appends to the audit trail of the caller's organisation, in the caller's name. */
  readonly audit: (action: string, subject: string, detail?: string) => Promise<void>;
  /** Whether the caller may still make this call: what lasts asks again, as sessions end and keys are revoked. */
  readonly stillMay: () => Promise<boolean>;
}

/** An expected refusal; becomes problem+json (RFC 9457). Made by `refuse`. */
export class ProblemReply {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  constructor(problem: Problem, headers: Readonly<Record<string, string>>) {
    this.problem = problem;
    this.headers = headers;
  }
}

/**
 * Refuses a call. `title` is the kind of fault in a few words, `detail` says what was expected, what came, and what to do.
 * Both reach the client: no internals. `extra.headers` go into the reply's head (`retry-after`).
 */
export function refuse(
  status: number,
  title: string,
  detail: string,
  extra: Partial<Pick<Problem, 'position' | 'fields'>> & { headers?: Readonly<Record<string, string>> } = {},
): ProblemReply {
  const { headers = {}, ...faults } = extra;
  return new ProblemReply({ type: 'about:blank', title, status, detail, ...faults }, headers);
}

/** `undefined` where the endpoint takes no such part. */
export interface Input<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
}

/** One route as it is installed. Made by `answer`, `answerPublic` and `stream` only. */
export interface Route {
  readonly method: Endpoint['method'];
  readonly path: string;
  readonly permission: Permission;
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  /** Largest body, bytes. Default 1 MiB. */
  readonly bodyLimitBytes: number;
  /** The contract's endpoint; undefined for a raw route. */
  readonly endpoint: Endpoint | undefined;
  /** What the document says of a raw route. */
  readonly summary: string;
  readonly run: (
    input: Input<unknown, unknown, unknown>,
    context: PublicContext,
    reply: FastifyReply,
  ) => Promise<unknown>;
}

const defaultBodyLimitBytes = 1024 * 1024;

/**
 * Answers one endpoint of the contract. The input has passed the endpoint's schemas and the caller the endpoint's
 * permission before `handler` runs. It must answer the contract's reply or a refusal; what it throws is a bug and
 * becomes a 500 without internals.
 */
export function answer<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Reply extends z.ZodType,
>(
  endpoint: Endpoint<Params, Query, Body, Reply>,
  handler: (
    input: Input<z.output<Params>, z.output<Query>, z.output<Body>>,
    context: CallContext,
  ) => Promise<z.input<Reply> | ProblemReply>,
): Route {
  if (endpoint.permission === 'public')
    throw new Error(`${endpoint.path} is public: use answerPublic, there is no caller`);
  return fromEndpoint(endpoint, (input, context) => handler(input, context as CallContext));
}

/** As `answer`, for endpoints that need nobody. */
export function answerPublic<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Reply extends z.ZodType,
>(
  endpoint: Endpoint<Params, Query, Body, Reply>,
  handler: (
    input: Input<z.output<Params>, z.output<Query>, z.output<Body>>,
    context: PublicContext,
  ) => Promise<z.input<Reply> | ProblemReply>,
): Route {
  if (endpoint.permission !== 'public') throw new Error(`${endpoint.path} needs ${endpoint.permission}: use answer`);
  return fromEndpoint(endpoint, handler);
}

function fromEndpoint<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Reply extends z.ZodType,
>(
  endpoint: Endpoint<Params, Query, Body, Reply>,
  handler: (
    input: Input<z.output<Params>, z.output<Query>, z.output<Body>>,
    context: PublicContext,
  ) => Promise<unknown>,
): Route {
  return {
    method: endpoint.method,
    path: endpoint.path,
    permission: endpoint.permission,
    params: endpoint.params,
    query: endpoint.query,
    body: endpoint.body,
    bodyLimitBytes: defaultBodyLimitBytes,
    endpoint,
    summary: endpoint.summary,
    run: (input, context) => handler(input as Input<z.output<Params>, z.output<Query>, z.output<Body>>, context),
  };
}

export interface RawRoute<Params extends z.ZodType, Query extends z.ZodType> {
  readonly method: Endpoint['method'];
  readonly path: string;
  readonly permission: Exclude<Permission, 'public'>;
  /** What the OpenAPI document says. */
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
}

/**
 * A route that writes its own reply: server-sent events, file downloads. Input and caller are checked as in `answer`.
 * The handler either answers a refusal before anything is written, or sends through `reply` (for a raw socket:
 * `reply.hijack()` and `reply.raw`; for a download: `await reply.send(stream)`). It must stop when `context.signal` aborts.
 */
export function stream<Params extends z.ZodType = z.ZodType<undefined>, Query extends z.ZodType = z.ZodType<undefined>>(
  route: RawRoute<Params, Query>,
  handler: (
    input: Input<z.output<Params>, z.output<Query>, undefined>,
    context: CallContext,
    reply: FastifyReply,
  ) => Promise<ProblemReply | void>,
): Route {
  return {
    method: route.method,
    path: route.path,
    permission: route.permission,
    params: route.params,
    query: route.query,
    body: undefined,
    bodyLimitBytes: defaultBodyLimitBytes,
    endpoint: undefined,
    summary: route.summary,
    run: (input, context, reply) =>
      handler(input as Input<z.output<Params>, z.output<Query>, undefined>, context as CallContext, reply),
  };
}

/** The reply of calls that only report success (contract `done`). */
export const doneReply: { done: true } = { done: true };
