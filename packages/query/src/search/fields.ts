/** Tables that can be searched. */
export type Table = 'logs' | 'spans' | 'errors';

/**
 * Where a field's values stand and how they compare.
 * - `dimension`: few distinct values; equality ignores case.
 * - `text`: searched by words, ignoring case and punctuation.
 * - `id`: exact.
 * - `hex`: binary id of `bytes` bytes, written in hexadecimal.
 * - `severity`: names or OpenTelemetry numbers.
 * - `code`: small numbers with names.
 * - `duration`: nanoseconds, written with a unit; milliseconds without one.
 * - `number`, `flag`: as they say. `issue`: 64 bits in hexadecimal.
 * - `attribute`: any of `keys`, in any of `maps`.
 */
export type Field =
  | {
      readonly kind: 'dimension' | 'text' | 'id' | 'severity' | 'duration' | 'number' | 'flag' | 'issue';
      readonly column: string;
    }
  | { readonly kind: 'hex'; readonly column: string; readonly bytes: number }
  | {
      readonly kind: 'code';
      readonly column: string;
      readonly codes: Readonly<Record<string, number>>;
      /** Attributes that hold the answer when the value is a number (`status:500`). */
      readonly otherwise?: readonly string[];
    }
  | { readonly kind: 'attribute'; readonly keys: readonly string[]; readonly maps: readonly string[] };

const aliases: Readonly<Record<string, string>> = {
  store: 'site',
  terminal: 'device',
  env: 'environment',
  version: 'release',
  level: 'severity',
  traceid: 'trace',
  trace_id: 'trace',
  spanid: 'span',
  span_id: 'span',
  parentid: 'parent',
  parent_id: 'parent',
  correlationid: 'correlation',
  correlation_id: 'correlation',
  event_name: 'event',
  eventname: 'event',
};

/** The retention class that a log was given when it was stored. */
export const storedClass = 'retention.class';

const both: Readonly<Record<string, Field>> = {
  site: { kind: 'dimension', column: 'site' },
  device: { kind: 'dimension', column: 'device' },
  service: { kind: 'dimension', column: 'service' },
  environment: { kind: 'dimension', column: 'environment' },
  release: { kind: 'dimension', column: 'release' },
  trace: { kind: 'hex', column: 'trace_id', bytes: 16 },
  span: { kind: 'hex', column: 'span_id', bytes: 8 },
  correlation: { kind: 'id', column: 'correlation_id' },
};

const httpStatus = ['http.response.status_code', 'http.status_code', 'status_code', 'status'] as const;
const inMaps = ['attrs', 'res'] as const;
const oneOf = (...keys: string[]): Field => ({ kind: 'attribute', keys, maps: inMaps });

const signalAttributes: Readonly<Record<string, Field>> = {
  user: oneOf('user.id', 'user', 'user_id', 'userId', 'enduser.id'),
  order: oneOf('order.id', 'order', 'order_id', 'orderId'),
  amount: oneOf('amount', 'order.amount', 'payment.amount'),
};

const catalogue: Readonly<Record<Table, Readonly<Record<string, Field>>>> = {
  logs: {
    ...both,
    ...signalAttributes,
    severity: { kind: 'severity', column: 'severity' },
    body: { kind: 'text', column: 'body' },
    message: { kind: 'text', column: 'body' },
    event: { kind: 'dimension', column: 'event_name' },
    scope: { kind: 'dimension', column: 'scope_name' },
    [storedClass]: { kind: 'dimension', column: 'class' },
    status: oneOf(...httpStatus),
    type: oneOf('exception.type', 'error.type', 'type'),
  },
  spans: {
    ...both,
    ...signalAttributes,
    name: { kind: 'dimension', column: 'name' },
    body: { kind: 'dimension', column: 'name' },
    message: { kind: 'text', column: 'status_message' },
    parent: { kind: 'hex', column: 'parent_id', bytes: 8 },
    scope: { kind: 'dimension', column: 'scope_name' },
    duration: { kind: 'duration', column: 'duration_ns' },
    kind: {
      kind: 'code',
      column: 'kind',
      codes: { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 },
    },
    status: { kind: 'code', column: 'status_code', codes: { unset: 0, ok: 1, error: 2 }, otherwise: httpStatus },
    type: oneOf('exception.type', 'error.type', 'type'),
    call: { kind: 'dimension', column: 'call' },
    peer: { kind: 'id', column: 'peer' },
    statement: { kind: 'id', column: 'statement' },
  },
  errors: {
    ...both,
    severity: { kind: 'severity', column: 'severity' },
    message: { kind: 'text', column: 'message' },
    body: { kind: 'text', column: 'message' },
    type: { kind: 'dimension', column: 'type' },
    culprit: { kind: 'dimension', column: 'culprit' },
    transaction: { kind: 'dimension', column: 'transaction' },
    platform: { kind: 'dimension', column: 'platform' },
    issue: { kind: 'issue', column: 'issue' },
    event: { kind: 'id', column: 'event_id' },
    handled: { kind: 'flag', column: 'handled' },
    user: { kind: 'id', column: 'user_id' },
    order: { kind: 'id', column: 'order_id' },
    amount: { kind: 'number', column: 'amount' },
  },
};

/** The columns that a bare word is looked for in. The first has the text index where the table has one. */
export const textColumns: Readonly<Record<Table, readonly string[]>> = {
  logs: ['body'],
  spans: ['name', 'status_message'],
  errors: ['message', 'type', 'culprit', 'transaction'],
};

/** The maps of free attributes, the most specific first. */
const mapColumns: Readonly<Record<Table, readonly string[]>> = {
  logs: inMaps,
  spans: inMaps,
  errors: ['tags'],
};

/** The map of a record's own attributes, whose names `exists:/…/` looks at. */
export const ownAttributes: Readonly<Record<Table, string>> = { logs: 'attrs', spans: 'attrs', errors: 'tags' };

/** Columns of low cardinality whose upper levels the `volume` view keeps. */
export const volumeColumns: ReadonlySet<string> = new Set(['severity', 'service', 'site', 'environment']);

/**
 * What `name` means in `table`: a well-known name or alias, whatever its case; else an attribute of exactly that name.
 * `attrs.x` and `@x` look at the record's attributes only, `res.x` at the resource's, `tag.x` at an error's tags.
 */
export function findField(table: Table, name: string): Field {
  const known = name.toLowerCase();
  const field = Object.hasOwn(catalogue[table], aliases[known] ?? known)
    ? catalogue[table][aliases[known] ?? known]
    : undefined;
  if (field) return field;
  const prefixed = /^(@|attrs\.|attributes\.|tags?\.|res\.|resource\.)(.+)$/s.exec(name);
  const maps = mapColumns[table];
  if (!prefixed) return { kind: 'attribute', keys: [name], maps };
  const key = prefixed[2] ?? '';
  const resource = prefixed[1]?.startsWith('res') && maps.includes('res');
  return { kind: 'attribute', keys: [key], maps: resource ? ['res'] : maps.slice(0, 1) };
}

/** Well-known field names of a table, for completion. */
export function knownFields(table: Table): readonly string[] {
  return Object.keys(catalogue[table]);
}
