import { parseDate } from '../dates.ts';
import { illegal, objectOf, textOf, type Json } from '../fault.ts';
import { findField } from '../fields.ts';
import type { QuerySql } from '../query-sql.ts';
import type { BucketKind } from './bucket-kind.ts';

/** Buckets that a document may be in several of: each has a condition. */
export function conditionBuckets(compiler: QuerySql, kind: string, body: Json): BucketKind {
  const conditions: { name: string; sql: string; more: object }[] = [];
  if (kind === 'filter') conditions.push({ name: '', sql: compiler.query(body), more: {} });
  else if (kind === 'global') conditions.push({ name: '', sql: '1', more: {} });
  else if (kind === 'missing')
    conditions.push({ name: '', sql: `NOT (${compiler.exists(findField(textOf(body['field'], kind)))})`, more: {} });
  else if (kind === 'filters') {
    const given = body['filters'];
    const list: [string, unknown][] = Array.isArray(given)
      ? (given as unknown[]).map((one, index) => [String(index), one])
      : Object.entries(objectOf(given, 'filters'));
    for (const [name, filter] of list) conditions.push({ name, sql: compiler.query(filter), more: {} });
    if (body['other_bucket'] === true || body['other_bucket_key'] !== undefined)
      conditions.push({
        name: textOf(body['other_bucket_key'] ?? '_other_', 'other_bucket_key'),
        sql: `NOT (${conditions.map(({ sql }) => sql).join(' OR ') || '0'})`,
        more: {},
      });
  } else {
    const field = findField(textOf(body['field'], kind));
    const ranges = body['ranges'];
    if (!Array.isArray(ranges) || ranges.length === 0)
      throw illegal(`No [ranges] specified for the [${kind}] aggregation`);
    const zone = body['time_zone'] === undefined ? '' : textOf(body['time_zone'], 'time_zone');
    for (const item of ranges as unknown[]) {
      const { from, to, key } = objectOf(item, 'ranges');
      const at = (bound: unknown): number | undefined =>
        bound === undefined || bound === null
          ? undefined
          : kind === 'date_range'
            ? parseDate(bound, compiler.nowMs, { up: false, zone })
            : Number(bound);
      const [low, high] = [at(from), at(to)];
      const show = (bound: number | undefined): string =>
        bound === undefined ? '*' : kind === 'date_range' ? new Date(bound).toISOString() : bound.toFixed(1);
      const number = compiler.number(field);
      const sql = [
        `isNotNull(${number})`,
        ...(low === undefined ? [] : [`ifNull(${number} >= ${compiler.bind('Float64', low)}, 0)`]),
        ...(high === undefined ? [] : [`ifNull(${number} < ${compiler.bind('Float64', high)}, 0)`]),
      ].join(' AND ');
      conditions.push({
        name: key === undefined ? `${show(low)}-${show(high)}` : textOf(key, 'key'),
        sql: `(${sql})`,
        more: { ...(low === undefined ? {} : { from: low }), ...(high === undefined ? {} : { to: high }) },
      });
    }
  }
  if (conditions.length > 200) throw illegal('too many buckets of conditions');
  const sql = `arrayJoin(arrayConcat(${conditions.map((one, index) => `if(${one.sql}, ['${index}'], [])`).join(', ')}))`;
  const single = kind === 'filter' || kind === 'global' || kind === 'missing';
  const named = kind === 'filters' && !Array.isArray(body['filters']) && body['keyed'] !== false;
  return {
    level: { sql, where: '1' },
    columns: [],
    end: () => '',
    within: () => ({ sql, where: '1' }),
    fills: true,
    rest: false,
    show: (buckets, sub) => {
      const counts = new Map(buckets.map(({ key, count }) => [key, count]));
      const shown = conditions.map(({ name, more }, index) => ({
        name,
        bucket: { ...more, doc_count: counts.get(String(index)) ?? 0, ...sub(String(index)) },
      }));
      if (single) return shown[0]?.bucket;
      if (named || body['keyed'] === true)
        return { buckets: Object.fromEntries(shown.map(({ name, bucket }) => [name, bucket])) };
      return { buckets: shown.map(({ name, bucket }) => (kind === 'filters' ? bucket : { key: name, ...bucket })) };
    },
  };
}
