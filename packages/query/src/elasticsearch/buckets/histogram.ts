import { illegal, textOf, type Json } from '../fault.ts';
import { findField } from '../fields.ts';
import type { QuerySql } from '../query-sql.ts';
import { type BucketKind, mostBuckets, tooManyBuckets } from './bucket-kind.ts';

/** A bucket for each interval of a number. */
export function histogramBuckets(compiler: QuerySql, body: Json): BucketKind {
  const field = findField(textOf(body['field'], 'histogram'));
  const interval = Number(body['interval']);
  if (!(interval > 0)) throw illegal('[interval] must be >0 for histogram aggregation');
  const number = compiler.number(field);
  const step = compiler.bind('Float64', interval);
  const offset = compiler.bind('Float64', Number(body['offset'] ?? 0));
  const sql = `toString(floor((${number} - ${offset}) / ${step}) * ${step} + ${offset})`;
  const least = Number(body['min_doc_count'] ?? 0);
  return {
    level: { sql: `assumeNotNull(${sql})`, where: `isNotNull(${number})` },
    columns: [],
    end: (around) => `ORDER BY toFloat64(k${around}) LIMIT ${mostBuckets + 1}`,
    within: () => ({ sql: `assumeNotNull(${sql})`, where: `isNotNull(${number})` }),
    fills: true,
    rest: false,
    show: (buckets, sub) => {
      const shown: object[] = [];
      let last: number | undefined;
      for (const { key, count } of buckets) {
        const at = Number(key);
        if (least === 0 && last !== undefined)
          for (let gap = last + interval; gap < at - interval / 2; gap += interval) {
            if (shown.length > mostBuckets) throw tooManyBuckets();
            shown.push({ key: gap, doc_count: 0, ...sub(String(gap)) });
          }
        last = at;
        if (count >= least) shown.push({ key: at, doc_count: count, ...sub(key) });
      }
      return { buckets: shown };
    },
  };
}
