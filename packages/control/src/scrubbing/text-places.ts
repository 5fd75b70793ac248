/** A table of the control plane whose texts came of what was stored, or were written about it. */
export interface TextPlace {
  readonly signal: string;
  readonly table: string;
  /** Column that tells rows of an organisation apart; its type, for comparing. */
  readonly key: string;
  readonly keyType: 'text' | 'bigint';
  /** Columns that say of when it is. */
  readonly from: string;
  readonly to: string;
  readonly where?: string;
  readonly texts: readonly string[];
  /** Columns of JSON; of those with `of` the leaves below these members alone. */
  readonly json: readonly { readonly column: string; readonly of?: readonly string[] }[];
  /** Names of people of the organisation that stand in a text and stay there. */
  readonly people?: readonly string[];
  /** A column of JSON that holds copies of logs: it stays where a legal hold may mean them. */
  readonly copies?: string;
}

const found = ['title', 'summary', 'labels', 'annotations'] as const;
/** In the order in which a run takes them; a cursor begins with the place's number. */
export const textPlaces: readonly TextPlace[] = [
  {
    signal: 'incidents',
    table: 'incidents',
    key: 'id',
    keyType: 'text',
    from: 'opened_at',
    to: 'updated_at',
    texts: ['title', 'summary', 'resolved_note'],
    json: [{ column: 'labels' }, { column: 'past_findings', of: found }, { column: 'evidence' }],
    copies: 'evidence',
  },
  {
    signal: 'incident time lines',
    table: 'incident_events',
    key: 'id',
    keyType: 'bigint',
    from: 'at',
    to: 'at',
    where: `kind NOT IN ('acknowledged', 'notified', 'not-notified', 'escalated')`,
    texts: ['text'],
    json: [],
    people: ['actor', `detail ->> 'to'`],
  },
  {
    signal: 'findings',
    table: 'findings',
    key: 'key',
    keyType: 'text',
    from: 'since',
    to: 'last_seen_at',
    texts: ['title', 'summary'],
    json: [{ column: 'labels' }, { column: 'annotations' }],
  },
  {
    signal: 'comments on issues',
    table: 'issue_activity',
    key: 'id',
    keyType: 'bigint',
    from: 'at',
    to: 'at',
    texts: ['text'],
    json: [],
    people: ['actor'],
  },
  {
    signal: 'notifications',
    table: 'notifications',
    key: 'id',
    keyType: 'text',
    from: 'created_at',
    to: 'created_at',
    texts: ['note'],
    json: [],
  },
  {
    signal: 'comments on feedback',
    table: 'feedback_activity',
    key: 'id',
    keyType: 'bigint',
    from: 'at',
    to: 'at',
    texts: ['text'],
    json: [],
    people: ['actor'],
  },
];
