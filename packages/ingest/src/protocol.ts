import type { OrganisationGrouping } from './errors/grouping/group-error.ts';
import type { KeyScope, Reason } from '@sightline/record';
import type { Held } from './record-limits.ts';
import type { StatementSettings } from './load/load-target.ts';
import type { SourceMaps } from './source-maps/source-maps.ts';

/**
 * What a protocol sees of one request. The key is already known, the body is already unzipped within its bound.
 */
export interface ProtocolRequest {
  readonly method: string;
  /** Path parameters of the endpoint's `path`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Media type without parameters, lower case; '' when the client sent none. */
  readonly contentType: string;
  readonly body: Buffer;
  readonly scope: KeyScope;
  readonly receivedAtMs: number;
  /** Samples of metrics before this are refused as too old, milliseconds since the epoch; -Infinity where they are kept for ever. Default: `metricsKeptMs` before the receipt. */
  readonly metricsFromMs?: number;
}

/** How long samples of metrics are kept where nothing else is said. */
export const metricsKeptMs = 30 * 86_400_000;

/** Records that a check refused beside others that it let pass. */
export interface Refusal {
  readonly signal: string;
  readonly reason: Reason;
  readonly records: number;
  /** For the client and the ledger page: what was expected and what came. */
  readonly message: string;
}

/**
 * Where a forwarded frame stood in an agent's spool. Agent, lane, segment and index are its name for ever: by it the server
 * knows what comes a second time (docs/decisions/0008).
 */
export interface FrameOrigin {
  readonly agent: string;
  /** The agent's lane, not ours. */
  readonly lane: string;
  readonly segment: string;
  readonly index: number;
  /** When the agent took it, by our clock, milliseconds since the epoch: the time of records that name none. */
  readonly keptAtMs: number;
  /** The site's clock minus ours, milliseconds, to be taken off the records' own times; 0 where they stand as they are. */
  readonly skewMs: number;
}

/** One piece for the spool: bytes of a lane, known to be well-formed, and how many records of which signal they hold. */
export interface Frame {
  /** Name of the lane whose loader understands `bytes`. */
  readonly lane: string;
  readonly bytes: Uint8Array;
  readonly records: number;
  readonly signal: string;
  /** Only where an agent forwarded it. */
  readonly origin?: FrameOrigin;
}

/** What a check found: pieces to keep, records refused among them; or a request refused whole with the protocol's own status. */
export type Checked =
  | {
      readonly kind: 'accept';
      readonly frames: readonly Frame[];
      readonly refused: readonly Refusal[];
      /** For the reply, once all is stored. */
      readonly headers?: Readonly<Record<string, string>>;
      /** The reply's text, once all is stored, where a protocol answers record by record. */
      readonly body?: string;
    }
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly reason: Reason;
      readonly message: string;
      readonly records: number;
    };

export interface ProtocolReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** How a request ended, for the protocol to say in its own words. */
export type Ending =
  | {
      readonly kind: 'stored';
      readonly frames: readonly Frame[];
      readonly refused: readonly Refusal[];
      /** What the check gave to the reply. */
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | {
      readonly kind: 'refused';
      /** 400, 401, 403, 413, 415, 429, 503, … */
      readonly status: number;
      readonly reason: Reason;
      readonly message: string;
      readonly retryAfterS?: number;
    };

export interface ProtocolEndpoint {
  readonly method: 'POST' | 'PUT' | 'GET';
  /** Fastify's form, `/api/:project/envelope/`. */
  readonly path: string;
  /** Accepted media types; empty means any. Another one is refused with 415. */
  readonly contentTypes: readonly string[];
  readonly signal: string;
  /** True where browsers send from other origins. */
  readonly cors?: boolean;
  /** Largest body after unzipping, bytes. Default 32 MiB. */
  readonly bodyLimitBytes?: number;
  /** True for what keeps nothing and tells nothing of anybody's data: then a key without the permission `ingest` will do too. */
  readonly anyKey?: boolean;
  /** The protocol's own place for the key, tried before `Authorization`. May read the first bytes of the body. */
  readonly key?: (request: Omit<ProtocolRequest, 'scope'>) => string | undefined;
  /** The number of Sentry's project where the path has none. */
  readonly project?: (request: Omit<ProtocolRequest, 'scope'>) => number;
  /** Undoes a content coding that HTTP does not announce (Loki's bare snappy). Must bound its output. */
  readonly uncompress?: (request: Omit<ProtocolRequest, 'scope'>, limitBytes: number) => Buffer | Promise<Buffer>;
  /**
   * Must not throw on any input, must not do I/O. Must leave nothing in a frame that the lane's loader could refuse:
   * one bad record is refused alone and counted in `refused`.
   */
  readonly check: (request: ProtocolRequest) => Checked;
  /** The protocol's own answer, for good and bad endings alike. */
  readonly reply: (ending: Ending, request: Omit<ProtocolRequest, 'scope'>) => ProtocolReply;
}

/** A unary gRPC method; its message passes as bytes through the same path as a request over HTTP. */
export interface GrpcMethod {
  /** `opentelemetry.proto.collector.trace.v1.TraceService` */
  readonly service: string;
  /** `Export` */
  readonly method: string;
  /** Checks the message; its path and its reply over HTTP are not used. */
  readonly endpoint: ProtocolEndpoint;
  /** The encoded response of a good ending. */
  readonly reply: (refused: readonly Refusal[]) => Buffer;
}

/** Rows for one table of the store, made in TypeScript. Column names are the table's; missing columns take their default. */
export interface DecodedRows {
  readonly table:
    | 'logs'
    | 'spans'
    | 'errors'
    | 'sessions'
    | 'checks'
    | 'attachments'
    | 'feedback'
    | 'replays'
    | 'replay_segments'
    | 'profiles';
  /** Plain JSON values: times as ns text (`DateTime64(9)`) or ms numbers, ids as lower-case hex text, maps as objects, JSON as text or `ScrubbableJson`. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** A frame as the loader reads it back from a segment. */
export interface SpooledFrame {
  readonly scope: KeyScope;
  readonly protocol: string;
  readonly project: number;
  readonly receivedAtMs: number;
  readonly records: number;
  readonly signal: string;
  readonly bytes: Buffer;
  /** Only where an agent forwarded it. */
  readonly origin?: FrameOrigin;
}

/** A cron job's word about itself, as it came. */
export interface CheckIn {
  readonly organisation: string;
  readonly monitor: string;
  readonly checkInId: string;
  readonly status: 'ok' | 'error' | 'in_progress';
  readonly environment: string;
  readonly atMs: number;
  /** Null when the client did not say. */
  readonly durationMs: number | null;
  /** Sentry's `monitor_config`; undefined where none came with it. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
}

/** What a decoder may ask beside the frame: filled in by `compose.ts`; each throws where it cannot answer now. */
export interface DecodePorts {
  /** Keeps bytes and answers their hash; undefined where they are more than may be kept. */
  readonly keepBlob?: (
    organisation: string,
    area: 'attachments' | 'replays' | 'profiles',
    bytes: Uint8Array,
  ) => Promise<string | undefined>;
  readonly sourceMaps?: Pick<SourceMaps, 'resolve'>;
  /** What the frame's organisation decided about errors. */
  readonly grouping?: OrganisationGrouping;
  /** May be told the same twice. */
  readonly checkIn?: (checkIn: CheckIn) => Promise<void>;
}

/** Rows of one frame, and what of it could not become one. */
export interface Decoded {
  readonly tables: readonly DecodedRows[];
  readonly refused: readonly Refusal[];
}

/**
 * How the frames of one lane become rows. `engine`: the engine reads the segment itself (`sql` gives the statements, in
 * which the loader puts the segment's path, as a literal, in the place of `{segment}`). `decode`: bytes → rows in TypeScript, no I/O but
 * through its ports, never throws on bad input; what it cannot use it reports in `refused`. `metrics`: see `MetricLane`.
 */
export type Lane =
  | {
      readonly name: string;
      readonly kind: 'engine';
      /** `<absolute path of a .proto file>:<message of a frame>`, whose fields 1-7 are the spool's own (spool/spooled.ts). */
      readonly formatSchema: string;
      readonly sql: readonly { readonly name: string; readonly sql: string }[];
      /** True where pipelines may stand around the first of them (`load/pipelines`). */
      readonly piped?: boolean;
      /** Further settings of its statements. */
      readonly settings?: StatementSettings;
    }
  | {
      readonly name: string;
      readonly kind: 'decode';
      /** Size at which its segments are closed, bytes, where the spool's own is too much for one load. */
      readonly segmentBytes?: number;
      readonly decode: (frame: SpooledFrame, ports: DecodePorts) => Decoded | Promise<Decoded>;
    }
  | MetricLane;

/** Forms of frames that the metric store reads by itself: remote write 1.0 and 2.0, OTLP. */
export type MetricFormat = 'rw1' | 'rw2' | 'otlp';

/** A lane whose segments are handed to the metric store (`load/metric-target.ts`). */
export interface MetricLane {
  readonly name: string;
  readonly kind: 'metrics';
  readonly format: MetricFormat;
}

/** Sizes at which segments are closed, of the lanes that name one. */
export function laneSegmentBytes(protocols: readonly Pick<Protocol, 'lanes'>[]): Readonly<Record<string, number>> {
  const lanes = protocols.flatMap((protocol) => protocol.lanes);
  return Object.fromEntries(
    lanes.flatMap((lane) =>
      lane.kind === 'decode' && lane.segmentBytes !== undefined ? [[lane.name, lane.segmentBytes]] : [],
    ),
  );
}

export interface Protocol {
  /** Stable, lower case; a label of metrics and ledger: `otlp`, `sentry`, `loki`. */
  readonly name: string;
  readonly title: string;
  /** One paragraph and a link to the specification. */
  readonly docs: string;
  readonly endpoints: readonly ProtocolEndpoint[];
  readonly grpc?: readonly GrpcMethod[];
  /**
   * Headers by which clients are told what to hold back. Where a protocol has them, only what is more than a limit is refused; else the whole
   * request is (429), and the client sends it again.
   */
  readonly limited?: (held: readonly Held[]) => Readonly<Record<string, string>>;
  readonly lanes: readonly Lane[];
}

/** Names a protocol; the value is frozen so that nobody bends it at run time. */
export function defineProtocol(protocol: Protocol): Protocol {
  return Object.freeze(protocol);
}
