/** Tags that are fields of every error event. */
const ownFields: ReadonlySet<string> = new Set([
  'site',
  'device',
  'service',
  'environment',
  'release',
  'transaction',
  'user',
  'level',
  'handled',
]);

/** How a tag is named in a search over errors; undefined where its name cannot stand in one. */
export function tagFilterField(tag: string): string | undefined {
  if (ownFields.has(tag)) return tag;
  // `tag.` keeps a tag apart from a field of the same name, such as `type`.
  return /^[A-Za-z0-9_.@/-]{1,200}$/.test(tag) ? `tag.${tag}` : undefined;
}

/** One line of the shares of a tag: a value, what is in none of the values shown, or what carries the tag not at all. */
export interface TagShare {
  readonly kind: 'value' | 'other' | 'none';
  readonly value: string;
  readonly events: number;
  /** Of the events that were looked at, 0 to 1. */
  readonly share: number;
}

/** The commonest values of a tag, what is left, and what has none; together they are all events that were looked at. */
export function tagShares(
  tag: {
    readonly events: number;
    readonly distinct: number;
    readonly values: readonly { readonly value: string; readonly events: number }[];
  },
  over: number,
  most: number,
): readonly TagShare[] {
  const of = (events: number): number => (over > 0 ? Math.min(1, events / over) : 0);
  // One value that is left says more by its name than as the rest.
  const named = tag.values.slice(0, tag.distinct === most + 1 ? most + 1 : most);
  const shown = named.reduce((sum, { events }) => sum + events, 0);
  const shares: TagShare[] = named.map(({ value, events }) => ({ kind: 'value', value, events, share: of(events) }));
  const other = tag.events - shown;
  if (other > 0) shares.push({ kind: 'other', value: '', events: other, share: of(other) });
  const none = over - tag.events;
  if (none > 0) shares.push({ kind: 'none', value: '', events: none, share: of(none) });
  return shares;
}
