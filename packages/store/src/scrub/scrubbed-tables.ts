/** A column of text, and the field that it is for rules. */
export interface ScrubbedColumn {
  readonly column: string;
  readonly field: string;
}

/** A table whose rows are scrubbed where they lie: none of these columns is part of its sorting key. */
export interface ScrubbedTable {
  readonly table: string;
  readonly signal: string;
  readonly partition: 'day' | 'name' | 'none';
  /** Columns that tell rows of the same texts apart, and when a row is from and to. */
  readonly from: string;
  readonly to: string;
  readonly received?: string;
  readonly texts: readonly ScrubbedColumn[];
  /** Given by a person: detectors leave them alone, rules of the organisation do not. */
  readonly given?: readonly ScrubbedColumn[];
  readonly maps: readonly string[];
  readonly textLists?: readonly ScrubbedColumn[];
  readonly mapLists?: readonly string[];
  readonly json?: string;
  /** Columns that hold the value of an attribute: they become what it becomes. */
  readonly follows: readonly string[];
  /** Columns whose default tells them from the others, in the order in which one needs the other. */
  readonly madeAnew?: readonly (readonly string[])[];
  /** False where the rows have no service or no site. */
  readonly service: boolean;
  readonly site: boolean;
}

const usual = { partition: 'day', from: 'ts', to: 'ts', maps: [], follows: [], service: true, site: true } as const;
const log = {
  texts: [{ column: 'body', field: 'body' }],
  maps: ['attrs', 'res'],
  follows: ['correlation_id', 'device'],
  received: 'received_at',
} as const;
const userId = { column: 'user_id', field: 'user.id' } as const;

/** In the order in which a run takes them. The fields are those under which records are loaded (part `ingest`). */
export const scrubbedTables: readonly ScrubbedTable[] = [
  { ...usual, ...log, table: 'logs', signal: 'logs' },
  { ...usual, ...log, table: 'restored_logs', signal: 'restored logs', partition: 'name' },
  {
    ...usual,
    table: 'spans',
    signal: 'spans',
    received: 'received_at',
    texts: [
      { column: 'name', field: 'name' },
      { column: 'status_message', field: 'status_message' },
    ],
    maps: ['attrs', 'res'],
    textLists: [{ column: 'events.name', field: 'event.name' }],
    mapLists: ['events.attrs', 'links.attrs'],
    follows: ['correlation_id', 'device'],
    madeAnew: [['call'], ['peer', 'statement'], ['action']],
  },
  {
    ...usual,
    table: 'errors',
    signal: 'errors',
    received: 'received_at',
    texts: [
      { column: 'message', field: 'message' },
      { column: 'culprit', field: '' },
      { column: 'transaction', field: '' },
      userId,
      { column: 'correlation_id', field: 'correlation_id' },
      { column: 'order_id', field: 'order_id' },
    ],
    maps: ['tags'],
    json: 'payload',
    follows: ['device'],
  },
  {
    ...usual,
    table: 'issues',
    signal: 'issues',
    partition: 'none',
    from: 'first_seen',
    to: 'last_seen',
    texts: [
      { column: 'message', field: 'message' },
      { column: 'culprit', field: '' },
    ],
    site: false,
  },
  {
    ...usual,
    table: 'feedback',
    signal: 'feedback',
    texts: [
      { column: 'message', field: 'message' },
      { column: 'url', field: '' },
    ],
    given: [
      { column: 'contact', field: 'contact' },
      { column: 'name', field: 'name' },
    ],
  },
  { ...usual, table: 'sessions', signal: 'sessions', texts: [userId] },
  {
    ...usual,
    table: 'checks',
    signal: 'checks',
    texts: [{ column: 'message', field: 'message' }],
    maps: ['attrs'],
  },
  {
    ...usual,
    table: 'replays',
    signal: 'replays',
    texts: [userId],
    textLists: [{ column: 'urls', field: '' }],
    maps: ['tags'],
  },
  { ...usual, table: 'profiles', signal: 'profiles', texts: [{ column: 'transaction', field: '' }] },
];

/** A table whose rows go by a text: it is part of the sorting key. Rows are taken out and put back under the scrubbed text. */
export interface RenamedTable {
  readonly table: string;
  readonly texts: readonly ScrubbedColumn[];
  /** Months or days. */
  readonly partition: 'day' | 'month';
}

const operation = [{ column: 'name', field: 'name' }] as const;
const call = [
  { column: 'peer', field: 'server.address' },
  { column: 'statement', field: 'db.query.text' },
] as const;
const edge = [{ column: 'peer', field: 'server.address' }] as const;

/** What is counted of spans. */
export const renamedTables: readonly RenamedTable[] = [
  { table: 'operations', texts: operation, partition: 'day' },
  { table: 'operation_hours', texts: operation, partition: 'month' },
  { table: 'calls', texts: call, partition: 'day' },
  { table: 'call_hours', texts: call, partition: 'month' },
  { table: 'edges', texts: edge, partition: 'day' },
  { table: 'edge_hours', texts: edge, partition: 'month' },
];
