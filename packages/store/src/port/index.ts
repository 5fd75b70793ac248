/**
 * What the rest of Sightline may ask of the telemetry store. The same port stands before the embedded engine and before
 * a ClickHouse cluster.
 */

/** Values that may be bound to a query as `{name:Type}` parameters. Never concatenated into SQL. */
export type ParameterValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | null
  | readonly ParameterValue[]
  | ReadonlyMap<string, string>;

export interface QueryLimits {
  /** Wall time after which the engine gives up (`max_execution_time`). Default 15,000. */
  readonly timeoutMs?: number;
  /** Memory the one query may take (`max_memory_usage`). Default 1.5 GB. */
  readonly memoryBytes?: number;
  /** `max_threads`. Default 2; heavy reads beside ingest should use 1. */
  readonly threads?: number;
  /** Rows of the result; more is an error of kind `too-many-rows`. Default 100,000. */
  readonly resultRows?: number;
  /** Aborting cancels the query in the engine as well. */
  readonly signal?: AbortSignal;
  /** Further ClickHouse settings for this query alone. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** A query that did not answer, in words a caller can branch on. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: 'timeout' | 'memory' | 'too-many-rows' | 'cancelled' | 'unavailable' | 'bad-data' | 'bug';
  /** ClickHouse's own error code; 0 when there is none. */
  readonly code: number;
  constructor(kind: StoreError['kind'], message: string, code = 0) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

export interface TelemetryReader {
  /**
   * Runs one SELECT and returns its rows as objects (64-bit integers as strings unless the query casts them; DateTime64
   * as `YYYY-MM-DD hh:mm:ss.nnnnnnnnn` in UTC). `parameters` fill `{name:Type}` in `sql`. Throws `StoreError`.
   */
  query<Row>(sql: string, parameters?: Readonly<Record<string, ParameterValue>>, limits?: QueryLimits): Promise<Row[]>;
  /** As `query`, but row by row, for exports and tails; memory stays bounded whatever the size of the result. */
  stream<Row>(
    sql: string,
    parameters?: Readonly<Record<string, ParameterValue>>,
    limits?: QueryLimits,
  ): AsyncIterable<Row>;
}

export interface TelemetryWriter {
  /**
   * Runs one statement that changes data or schema. `INSERT … SELECT … FROM file()` must carry an
   * `insert_deduplication_token` in `settings`, so that a replay after a crash loads nothing twice.
   */
  execute(sql: string, parameters?: Readonly<Record<string, ParameterValue>>, limits?: QueryLimits): Promise<void>;
}

export interface TelemetryExports {
  /**
   * As `TelemetryReader.stream`, in a binary format that `sql` names (`FORMAT Parquet`). A query that breaks after it began may end in the
   * engine's own text: the caller checks that the format is whole.
   */
  bytes(
    sql: string,
    parameters?: Readonly<Record<string, ParameterValue>>,
    limits?: QueryLimits,
  ): AsyncIterable<Uint8Array>;
}

export interface TelemetryStore extends TelemetryReader, TelemetryWriter {
  /** True when the engine answers `SELECT 1` within a second. */
  healthy(): Promise<boolean>;
  close(): Promise<void>;
}

export * from './archive.ts';
export * from './blobs.ts';
export * from './disposal.ts';
export { traceVerdicts } from './trace-verdicts.ts';
