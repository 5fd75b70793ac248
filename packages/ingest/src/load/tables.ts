import type { DecodedRows } from '../protocol.ts';

/** Types that rows are read as (`row-writer.ts` writes them); parts of one JSON text are a list of texts. */
export type ReadType =
  | 'String'
  | 'UInt8'
  | 'UInt32'
  | 'UInt64'
  | 'Int64'
  | 'Float64'
  | 'Array(String)'
  | 'Map(String, String)'
  | 'Array(Map(String, String))'
  | 'JSON parts';

/**
 * How one column comes from a row into its table: the type it is read as, and the expression that is stored. All
 * free text passes the scrubber here, so that no decoder can forget it.
 */
interface Column {
  readonly read: ReadType;
  readonly store: (name: string) => string;
  /** Of a text: the field that it is scrubbed as. All of a row's are scrubbed in one go: each place that scrubs costs the engine some milliseconds of planning. */
  readonly scrubbedAs?: string;
}

const as = (read: ReadType): Column => ({ read, store: (name) => name });
const text = as('String');
const number = (type: 'UInt8' | 'UInt32' | 'UInt64' | 'Float64'): Column => as(type);
const scrubbedAs = (field: string): Column => ({
  read: 'String',
  store: (name) => `scrub_text('${field}', ${name})`,
  scrubbedAs: field,
});
const scrubbed: Column = scrubbedAs('');
/** Given by a person who asks to be answered: kept from the detectors, on purpose, and not from the organisation's own rules. */
const givenAs = (field: string): Column => ({ read: 'String', store: (name) => `scrub_given('${field}', ${name})` });
const body: Column = scrubbedAs('body');
const message: Column = scrubbedAs('message');
const userId: Column = scrubbedAs('user.id');
const json: Column = { read: 'JSON parts', store: (name) => `scrub_json_parts(${name})` };
const map: Column = { read: 'Map(String, String)', store: (name) => `scrub_map(${name})` };
const maps: Column = {
  read: 'Array(Map(String, String))',
  store: (name) => `arrayMap(item -> scrub_map(item), ${name})`,
};
const timeNs: Column = { read: 'String', store: (name) => `nano(toUInt64OrZero(${name}))` };
const arrivalNs: Column = { read: 'String', store: (name) => `arrival(toUInt64OrZero(${name}))` };
const timesNs: Column = {
  read: 'Array(String)',
  store: (name) => `arrayMap(item -> nano(toUInt64OrZero(item)), ${name})`,
};
const timeMs: Column = { read: 'Int64', store: (name) => `fromUnixTimestamp64Milli(${name})` };
const id16: Column = { read: 'String', store: (name) => `fix16(unhex(${name}))` };
const id8: Column = { read: 'String', store: (name) => `fix8(unhex(${name}))` };
const ids16: Column = { read: 'Array(String)', store: (name) => `arrayMap(item -> fix16(unhex(item)), ${name})` };
const ids8: Column = { read: 'Array(String)', store: (name) => `arrayMap(item -> fix8(unhex(item)), ${name})` };
const plainTexts: Column = as('Array(String)');
const eventNames: Column = {
  read: 'Array(String)',
  store: (name) => `arrayMap(item -> scrub_text('event.name', item), ${name})`,
};
const texts: Column = { read: 'Array(String)', store: (name) => `arrayMap(item -> scrub_text('', item), ${name})` };

const origin = { organisation: text, site: text, service: text, environment: text, release: text } as const;

/** Columns of every table that decoders fill. A column that a row leaves out takes its type's default. */
export const decodedTables: Readonly<Record<DecodedRows['table'], Readonly<Record<string, Column>>>> = {
  logs: {
    ...origin,
    device: text,
    ts: timeNs,
    received_at: arrivalNs,
    severity: number('UInt8'),
    severity_text: text,
    event_name: text,
    body,
    trace_id: id16,
    span_id: id8,
    flags: number('UInt8'),
    correlation_id: text,
    scope_name: text,
    res: map,
    attrs: map,
  },
  spans: {
    ...origin,
    device: text,
    ts: timeNs,
    duration_ns: number('UInt64'),
    trace_id: id16,
    span_id: id8,
    parent_id: id8,
    name: scrubbedAs('name'),
    kind: number('UInt8'),
    status_code: number('UInt8'),
    status_message: scrubbedAs('status_message'),
    trace_state: text,
    scope_name: text,
    correlation_id: text,
    res: map,
    attrs: map,
    'events.ts': timesNs,
    'events.name': eventNames,
    'events.attrs': maps,
    'links.trace_id': ids16,
    'links.span_id': ids8,
    'links.attrs': maps,
    received_at: timeNs,
  },
  errors: {
    ...origin,
    project: number('UInt32'),
    device: text,
    ts: timeNs,
    received_at: timeNs,
    event_id: text,
    issue: number('UInt64'),
    grouping_hash: number('UInt64'),
    grouping_version: number('UInt8'),
    severity: number('UInt8'),
    platform: text,
    type: text,
    message,
    culprit: scrubbed,
    transaction: scrubbed,
    handled: number('UInt8'),
    trace_id: id16,
    span_id: id8,
    correlation_id: scrubbedAs('correlation_id'),
    user_id: userId,
    order_id: scrubbedAs('order_id'),
    amount: number('Float64'),
    tags: map,
    payload: json,
  },
  sessions: {
    ...origin,
    project: number('UInt32'),
    ts: timeMs,
    received_at: timeMs,
    session_id: text,
    user_id: userId,
    status: text,
    errors: number('UInt32'),
    duration_ms: number('UInt64'),
    sessions: number('UInt32'),
  },
  checks: {
    organisation: text,
    site: text,
    service: text,
    environment: text,
    monitor: text,
    kind: text,
    ts: timeMs,
    received_at: timeMs,
    check_id: text,
    status: text,
    duration_ms: number('Float64'),
    message,
    attrs: map,
  },
  attachments: {
    organisation: text,
    project: number('UInt32'),
    event_id: text,
    ts: timeMs,
    name: scrubbed,
    content_type: text,
    attachment_type: text,
    size_bytes: number('UInt64'),
    blob: text,
  },
  feedback: {
    ...origin,
    project: number('UInt32'),
    ts: timeMs,
    event_id: text,
    associated_event_id: text,
    replay_id: text,
    trace_id: id16,
    name: givenAs('name'),
    contact: givenAs('contact'),
    message,
    url: scrubbed,
  },
  replays: {
    ...origin,
    project: number('UInt32'),
    ts: timeMs,
    started_at: timeMs,
    replay_id: text,
    segment: number('UInt32'),
    kind: text,
    user_id: userId,
    urls: texts,
    errors: plainTexts,
    traces: plainTexts,
    platform: text,
    browser: text,
    os: text,
    tags: map,
  },
  replay_segments: {
    organisation: text,
    project: number('UInt32'),
    replay_id: text,
    segment: number('UInt32'),
    kind: text,
    ts: timeMs,
    size_bytes: number('UInt64'),
    blob: text,
    rage: number('UInt32'),
    dead: number('UInt32'),
  },
  profiles: {
    ...origin,
    project: number('UInt32'),
    ts: timeMs,
    received_at: timeMs,
    profile_id: text,
    profiler_id: text,
    kind: text,
    platform: text,
    transaction: scrubbed,
    trace_id: text,
    size_bytes: number('UInt64'),
    blob: text,
    duration_ms: number('UInt32'),
    samples: number('UInt32'),
  },
};

/** Tables in the order in which a segment is loaded into them. */
export const loadedTables = Object.keys(decodedTables) as DecodedRows['table'][];

/** How JSON is read that is scrubbed field by field (`JsonLeaves`). */
const leaves = 'Tuple(pieces Array(String), fields Array(String), quoted Array(UInt8), texts Array(String))';

/**
 * The statement that loads rows of `table`; `{segment}` stands for the file's path as a literal. `byFields`: for `ownStatement`,
 * over rows that were written so.
 */
export function insertDecoded(table: DecodedRows['table'], byFields = false): string {
  const key = `${table} ${byFields}` as const;
  return (statements[key] ??= decodedStatement(table, byFields));
}

const statements: { [key in `${DecodedRows['table']} ${boolean}`]?: string } = {};

function decodedStatement(table: DecodedRows['table'], byFields: boolean): string {
  const columns = Object.entries(decodedTables[table]);
  const fields = (column: Column): boolean => byFields && column.read === 'JSON parts';
  const read = (column: Column): string =>
    fields(column) ? leaves : column.read === 'JSON parts' ? 'Array(String)' : column.read;
  // Read under other names, so that a stored column and its source cannot be confused.
  const structure = columns.map(([name, column]) => `\`${name}\` ${read(column)}`).join(', ');
  const names = columns.map(([name]) => `\`${name}\``).join(', ');
  const file = `file({segment}, RowBinary, '${structure}')`;
  const texts = columns.filter(([, column]) => column.scrubbedAs !== undefined);
  const together = texts.length > 1;
  const stored = columns.map(([name, column]) => {
    if (fields(column)) return `scrub_json(row.\`${name}\`)`;
    const place = together ? texts.findIndex(([text]) => text === name) : -1;
    return place < 0 ? column.store(`row.\`${name}\``) : `row.scrubbed_texts[${place + 1}]`;
  });
  const asked = texts.map(([, column]) => `'${column.scrubbedAs}'`).join(', ');
  const given = texts.map(([name]) => `\`${name}\``).join(', ');
  const source = together ? `(SELECT *, scrub_texts([${asked}], [${given}]) AS scrubbed_texts FROM ${file})` : file;
  return `INSERT INTO ${table} (${names})\nSELECT ${stored.join(',\n  ')}\nFROM ${source} AS row`;
}

/** The unit of a table's `received_at`; undefined where it has none. */
export function receiptUnit(table: DecodedRows['table']): 'ns' | 'ms' | undefined {
  const column = decodedTables[table]['received_at'];
  return column && (column === timeMs ? 'ms' : 'ns');
}
