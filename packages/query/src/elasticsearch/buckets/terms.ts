import { illegal, objectOf, parsing, textOf, type Json } from '../fault.ts';
import { findField } from '../fields.ts';
import type { QuerySql } from '../query-sql.ts';
import { type Aggregation, type BucketKind, keysAround, leastDocuments, shownKey } from './bucket-kind.ts';

/** A bucket for each value of a field. `inner`: what it may be ordered by. */
export function termsBuckets(compiler: QuerySql, body: Json, inner: readonly Aggregation[]): BucketKind {
  for (const name of ['include', 'exclude', 'script'])
    if (body[name] !== undefined) throw parsing(`[terms] unknown field [${name}]`);
  const field = findField(textOf(body['field'], 'terms'));
  const size = Number(body['size'] ?? 10);
  if (!Number.isInteger(size) || size < 1 || size > 10_000)
    throw illegal(`[size] must be greater than 0 and at most 10000. Found [${String(body['size'])}]`);
  const missing = body['missing'] === undefined ? undefined : textOf(body['missing'], 'missing');
  const text = compiler.text(field);
  const sql = missing === undefined ? text : `if(${text} = '', ${compiler.bind('String', missing)}, ${text})`;
  const where = missing === undefined ? compiler.exists(field) : '1';
  const [[orderBy = '_count', direction = 'desc'] = []] = (
    Array.isArray(body['order']) ? (body['order'] as unknown[]) : [body['order'] ?? { _count: 'desc' }]
  ).map((item) => Object.entries(objectOf(item, 'order')).flat().map(String));
  const down = direction.toLowerCase() === 'desc' ? 'DESC' : 'ASC';
  const columns: string[] = [];
  let orderSql = 'n';
  if (orderBy === '_key' || orderBy === '_term') orderSql = '';
  else if (orderBy !== '_count') {
    const [name = '', part] = orderBy.split('.');
    const by = inner.find((one) => one.name === name);
    const call =
      by &&
      ({ avg: 'avg', sum: 'sum', min: 'min', max: 'max', value_count: 'count', cardinality: 'uniq' }[by.kind] ??
        (by.kind === 'stats' ? part : undefined));
    if (!by || !call || !['avg', 'sum', 'min', 'max', 'count', 'uniq'].includes(call))
      throw illegal(
        `Invalid aggregation order path [${orderBy}]. The provided aggregation [${name}] either does not exist, or is a pipeline aggregation`,
      );
    const of = findField(textOf(by.body['field'], by.kind));
    columns.push(
      `toFloat64(ifNull(${call}(${by.kind === 'cardinality' ? compiler.text(of) : compiler.number(of)}), 0)) AS ordered`,
    );
    orderSql = 'ordered';
  }
  const least = Number(body['min_doc_count'] ?? 1);
  return {
    level: { sql, where },
    columns,
    end: (around) => {
      const parents = keysAround(around);
      const own = `k${around}`;
      const order = orderSql === '' ? `${own} ${down}` : `${orderSql} ${down}, ${own}`;
      // One more says whether there are others.
      return `${leastDocuments(least)} ORDER BY ${[...parents, order].join(', ')} LIMIT ${size}${around > 0 ? ` BY ${parents.join(', ')}` : ''}`;
    },
    within: (parents) => {
      const kept = [...new Set([...parents.values()].flatMap((buckets) => buckets.map(({ key }) => key)))];
      return { sql, where: `${where} AND has(${compiler.bind('Array(String)', kept)}, ${sql})` };
    },
    fills: false,
    rest: true,
    show: (buckets, sub, all) => ({
      doc_count_error_upper_bound: 0,
      sum_other_doc_count: Math.max(0, all - buckets.reduce((sum, { count }) => sum + count, 0)),
      buckets: buckets.map(({ key, count }) => ({ ...shownKey(key, field), doc_count: count, ...sub(key) })),
    }),
  };
}
