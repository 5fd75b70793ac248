import type { DecodedRows, SpooledFrame } from '../protocol.ts';
import { jsonLeaves } from './pii/json-leaves.ts';
import { hasSecretName } from './secret-name.ts';

/**
 * How one column comes from a JSON row into its table: the type it is read as, and the expression that is stored. All
 * free text passes the scrubber here, so that no decoder can forget it.
 */
interface Column {
  readonly read: string;
  readonly store: (name: string) => string;
}

const as = (read: string): Column => ({ read, store: (name) => name });
const text = as('String');
const number = (type: string): Column => as(type);
const scrubbedAs = (field: string): Column => ({ read: 'String', store: (name) => `scrub_text('${field}', ${name})` });
const scrubbed: Column = scrubbedAs('');
const body: Column = scrubbedAs('body');
const message: Column = scrubbedAs('message');
const userId: Column = scrubbedAs('user.id');
const json: Column = { read: 'String', store: (name) => `scrub_json(${name})` };
const map: Column = { read: 'Map(String, String)', store: (name) => `scrub_map(${name})` };
const maps: Column = {
  read: 'Array(Map(String, String))',
  store: (name) => `arrayMap(item -> scrub_map(item), ${name})`,
};
const timeNs: Column = { read: 'String', store: (name) => `nano(toUInt64OrZero(${name}))` };
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
    received_at: timeNs,
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
    correlation_id: text,
    user_id: userId,
    order_id: text,
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
    name: text,
    // Given by a person who asks to be answered: kept as it is, on purpose.
    contact: text,
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
  },
};

/** Tables in the order in which a segment is loaded into them. */
export const loadedTables = Object.keys(decodedTables) as DecodedRows['table'][];

/** How JSON is read that is scrubbed field by field (`JsonLeaves`). */
const leaves = 'Tuple(pieces Array(String), fields Array(String), quoted Array(UInt8), texts Array(String))';

/**
 * The statement that loads rows of `table`; `{segment}` stands for the file's path as a literal. `byFields`: for `ownStatement`,
 * over lines that were written so.
 */
export function insertDecoded(table: DecodedRows['table'], byFields = false): string {
  const columns = Object.entries(decodedTables[table]);
  const read = (column: Column): string => (byFields && column === json ? leaves : column.read);
  // Read under other names, so that a stored column and its source cannot be confused.
  const structure = columns.map(([name, column]) => `\`${name}\` ${read(column)}`).join(', ');
  const names = columns.map(([name]) => `\`${name}\``).join(', ');
  const stored = columns.map(([name, column]) => column.store(`row.\`${name}\``)).join(',\n  ');
  return `INSERT INTO ${table} (${names})\nSELECT ${stored}\nFROM file({segment}, JSONEachRow, '${structure}') AS row`;
}

/** A row as a line of its file: what the loader knows is filled in, and JSON is made fit for scrubbing as text or field by field. */
export function decodedLine(
  table: DecodedRows['table'],
  row: Readonly<Record<string, unknown>>,
  frame: SpooledFrame,
  byFields = false,
): string {
  const columns = decodedTables[table];
  const line: Record<string, unknown> = { organisation: frame.scope.organisation, ...row };
  if (columns['received_at'] && line['received_at'] === undefined) {
    const nanoseconds = columns['received_at'] === timeNs;
    line['received_at'] = nanoseconds ? `${Math.round(frame.receivedAtMs * 1000)}000` : Math.round(frame.receivedAtMs);
  }
  if (columns['payload'] === json && typeof line['payload'] === 'string')
    line['payload'] = byFields ? jsonLeaves(line['payload']) : scrubbableJson(line['payload']);
  return JSON.stringify(line);
}

/**
 * JSON in which the scrubber can work on the text: no number that it might take for a card, no secret that is not a text, no
 * escape other than those it knows.
 */
function scrubbableJson(payload: string): string {
  if (isScrubbable(payload)) return payload;
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return JSON.stringify({ unreadable: payload });
  }
  return JSON.stringify(value, (key, item: unknown) => {
    if (typeof item === 'string') return item.toWellFormed().replace(controlCharacters, ' ');
    if (typeof item === 'number' && Math.abs(item) >= 1e12) return String(item);
    if ((typeof item === 'number' || typeof item === 'boolean') && hasSecretName(key)) return String(item);
    return item;
  });
}

/**
 * True for the text of most payloads: JSON of our own making in which nothing has to change. It is read once, where writing it anew
 * costs as much as all else that is done with an event. A text that only looks like more is written anew for nothing.
 */
function isScrubbable(payload: string): boolean {
  if (!payload.startsWith('{') || !payload.endsWith('}') || unusual.test(payload)) return false;
  for (const [, name = ''] of payload.matchAll(plainValues)) if (hasSecretName(name)) return false;
  return payload.isWellFormed();
}

/** An escape that the scrubber does not know, a control character, a number of thirteen digits or with an exponent. */
// oxlint-disable-next-line no-control-regex
const unusual = /\\[ubf/]|[\u0000-\u001F]|[:,[]\s*-?(?:\d{13}|\d[\d.]*[eE])/;
/** Names of numbers and booleans. */
const plainValues = /"([^"\\]{1,200})":(?=[-\dtf])/g;

// Everything that JSON.stringify would write as \uXXXX, \b or \f.
// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u0008\u000B\u000C\u000E-\u001F]/g;
