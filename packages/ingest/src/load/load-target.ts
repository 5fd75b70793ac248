/** Values that may be bound to a statement as `{name:Type}`. */
export type BoundValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | null
  | readonly BoundValue[]
  | ReadonlyMap<string, string>;

/** Further settings of one statement. */
export type StatementSettings = Readonly<Record<string, string | number>>;

/** Bounds of one statement; the store's port has the same shape. */
export interface StatementLimits {
  readonly timeoutMs?: number;
  readonly memoryBytes?: number;
  readonly threads?: number;
  readonly resultRows?: number;
  readonly signal?: AbortSignal;
  readonly settings?: StatementSettings;
}

/** Where segments are loaded. The store fills this port; ingest never reads from it but for its own set-up. */
export interface LoadTarget {
  /** Runs one statement. Throws an error that `failureOf` understands. */
  execute(sql: string, parameters?: Readonly<Record<string, BoundValue>>, limits?: StatementLimits): Promise<void>;
}

/** Why a statement failed, as far as a loader cares. */
export interface LoadFailure {
  /** `wait`: not the data's fault, try again later. `data`: the segment holds something the engine refuses. `memory`: too much at once. */
  readonly kind: 'wait' | 'data' | 'memory';
  readonly message: string;
  readonly code: number;
}

/**
 * ClickHouse error codes that say what is wrong with bytes or values
 * (https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp).
 */
const dataCodes: ReadonlySet<number> = new Set([
  6, // CANNOT_PARSE_TEXT
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32, // ATTEMPT_TO_READ_AFTER_EOF
  33, // CANNOT_READ_ALL_DATA
  36, // BAD_ARGUMENTS
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  128, // TOO_LARGE_ARRAY_SIZE
  130, // CANNOT_READ_ARRAY_FROM_TEXT
  131, // TOO_LARGE_STRING_SIZE
  190, // SIZES_OF_ARRAYS_DONT_MATCH
  321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  407, // DECIMAL_OVERFLOW
  433, // PROTOBUF_BAD_CAST
  434, // PROTOBUF_FIELD_NOT_REPEATED
  444, // UNKNOWN_PROTOBUF_FORMAT
  467, // CANNOT_PARSE_BOOL
  636, // CANNOT_EXTRACT_TABLE_STRUCTURE
]);

/** Reads a store's error (`kind`, `code`) without knowing its class. */
export function failureOf(error: unknown): LoadFailure {
  const { kind, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    kind?: unknown;
    code?: unknown;
  };
  const message = error instanceof Error ? error.message : String(error);
  const number = typeof code === 'number' ? code : 0;
  if (kind === 'bad-data' || (kind !== 'unavailable' && dataCodes.has(number)))
    return { kind: 'data', message, code: number };
  if (kind === 'memory') return { kind: 'memory', message, code: number };
  return { kind: 'wait', message, code: number };
}
