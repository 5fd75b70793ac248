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
  /**
   * `wait`: the store cannot take anything now. `data`: the segment holds something the engine refuses. `memory`: too much at
   * once. `unclear`: the error does not tell; after a number of tries the data is held to be the cause.
   */
  readonly kind: 'wait' | 'data' | 'memory' | 'unclear';
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

/** Codes that speak of the store's state or of our statement, whatever the data. */
const stateCodes: ReadonlySet<number> = new Set([
  16, // NO_SUCH_COLUMN_IN_TABLE
  46, // UNKNOWN_FUNCTION
  47, // UNKNOWN_IDENTIFIER
  60, // UNKNOWN_TABLE
  62, // SYNTAX_ERROR
  74, // CANNOT_READ_FROM_FILE_DESCRIPTOR
  75, // CANNOT_WRITE_TO_FILE_DESCRIPTOR
  76, // CANNOT_OPEN_FILE
  81, // UNKNOWN_DATABASE
  115, // UNKNOWN_SETTING
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  236, // ABORTED
  242, // TABLE_IS_READ_ONLY
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  279, // ALL_CONNECTION_TRIES_FAILED
  319, // UNKNOWN_STATUS_OF_INSERT
  439, // CANNOT_SCHEDULE_TASK
  497, // ACCESS_DENIED
  516, // AUTHENTICATION_FAILED
  999, // KEEPER_EXCEPTION
]);

/** Reads a store's error (`kind`, `code`) without knowing its class. */
export function failureOf(error: unknown): LoadFailure {
  const { kind, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    kind?: unknown;
    code?: unknown;
  };
  const message = error instanceof Error ? error.message : String(error);
  const number = typeof code === 'number' ? code : 0;
  const as = (failure: LoadFailure['kind']): LoadFailure => ({ kind: failure, message, code: number });
  // An error of the system (a disk, a socket) carries its code as text.
  if (kind === 'unavailable' || kind === 'cancelled' || typeof code === 'string') return as('wait');
  if (kind === 'bad-data' || dataCodes.has(number)) return as('data');
  if (kind === 'memory') return as('memory');
  return as(stateCodes.has(number) ? 'wait' : 'unclear');
}
