import type { QueryLimits, TelemetryReader } from '@sightline/store/port';
import { ask } from '../metrics/ask.ts';
import type { Condition } from '../search/scope.ts';

export interface TagValue {
  readonly value: string;
  readonly events: number;
}

/** How events spread over a tag. */
export interface TagValues {
  readonly tag: string;
  /** Events that carry it, of those that were looked at. */
  readonly events: number;
  /** Values that it has in them. */
  readonly distinct: number;
  /** The commonest. */
  readonly values: TagValue[];
}

/** One tag of an issue in full. */
export interface TagInFull extends Omit<TagValues, 'values'> {
  /** Events that were looked at, the newest. */
  readonly over: number;
  readonly values: (TagValue & { readonly lastSeenAt: number })[];
}

/** So many of the newest events are looked at: for all tags of an issue, and for one. */
export const tagsOverAtMost = 5000;
const tagOverAtMost = 50_000;
const valuesAtMost = 500;

/** Columns that are shown as tags. */
const columns: Readonly<Record<string, string>> = {
  site: 'toString(site)',
  device: 'toString(device)',
  service: 'toString(service)',
  environment: 'toString(environment)',
  release: 'toString(release)',
  transaction: 'toString(transaction)',
  user: 'user_id',
  level: `multiIf(severity >= 21, 'fatal', severity >= 17, 'error', severity >= 13, 'warn', severity >= 9, 'info', severity > 0, 'debug', '')`,
  handled: `if(handled = 1, 'yes', 'no')`,
};
const newestFirst = 'toStartOfMinute(ts) DESC, ts DESC';

/** How the newest 5,000 of some events spread over their tags: the ten commonest values of at most fifty tags. Throws `StoreError`. */
export async function readTags(
  reader: TelemetryReader,
  events: Condition,
  limits: QueryLimits = {},
): Promise<TagValues[]> {
  const rows = await ask<Omit<TagValues, 'values'> & { names: string[]; counts: number[] }>(
    reader,
    `SELECT tag, toFloat64(sum(n)) AS events, toFloat64(count()) AS distinct,
      arraySlice(arraySort(x -> (-toInt64(x.2), x.1), groupArray((value, n))), 1, 10) AS top,
      arrayMap(x -> x.1, top) AS names, arrayMap(x -> toFloat64(x.2), top) AS counts
    FROM (SELECT pair.1 AS tag, pair.2 AS value, count() AS n
      FROM (SELECT arrayConcat([${Object.entries(columns)
        .map(([name, sql]) => `('${name}', ${sql})`)
        .join(', ')}],
          arrayFilter(p -> NOT has({own:Array(String)}, p.1), arrayMap((k, v) -> (toString(k), v), mapKeys(tags), mapValues(tags)))) AS pairs
        FROM errors WHERE ${events.sql} ORDER BY ${newestFirst} LIMIT ${tagsOverAtMost})
      ARRAY JOIN pairs AS pair WHERE value != '' GROUP BY tag, value)
    GROUP BY tag ORDER BY max(n) DESC, tag LIMIT 50`,
    { ...events.parameters, own: Object.keys(columns) },
    limits,
  );
  return rows.map(({ tag, events: carry, distinct, names, counts }) => ({
    tag,
    events: carry,
    distinct,
    values: names.map((value, index) => ({ value, events: counts[index] ?? 0 })),
  }));
}

/** All values of one tag in the newest 50,000 of some events, the commonest first, at most 500. Throws `StoreError`. */
export async function readTag(
  reader: TelemetryReader,
  events: Condition,
  tag: string,
  limits: QueryLimits = {},
): Promise<TagInFull> {
  const value = Object.hasOwn(columns, tag) ? columns[tag] : 'tags[{tag:String}]';
  const rows = await ask<Omit<TagInFull, 'tag' | 'values'> & { value: string; n: number; lastSeenAt: number }>(
    reader,
    `SELECT value, toFloat64(count) AS n, toFloat64(toUnixTimestamp64Milli(last)) AS lastSeenAt,
      toFloat64(countIf(value != '') OVER ()) AS distinct, toFloat64(sum(count) OVER ()) AS over,
      toFloat64(sumIf(count, value != '') OVER ()) AS events
    FROM (SELECT value, count() AS count, max(at) AS last FROM (SELECT ${value} AS value, ts AS at FROM errors
        WHERE ${events.sql} ORDER BY ${newestFirst} LIMIT ${tagOverAtMost}) GROUP BY value)
    ORDER BY value = '', n DESC, value LIMIT ${valuesAtMost}`,
    { ...events.parameters, tag },
    limits,
  );
  const { over = 0, events: carry = 0, distinct = 0 } = rows[0] ?? {};
  return {
    tag,
    over,
    events: carry,
    distinct,
    values: rows.flatMap((row) =>
      row.value === '' ? [] : [{ value: row.value, events: row.n, lastSeenAt: row.lastSeenAt }],
    ),
  };
}
