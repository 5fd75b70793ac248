import { illegal, textOf, type Json } from './fault.ts';
import { findField, type ElasticField } from './fields.ts';
import type { QuerySql } from './query-sql.ts';
import type { Aggregation } from './buckets/bucket-kind.ts';

/** Aggregations that answer numbers. */
export const metrics = new Set([
  'avg',
  'sum',
  'min',
  'max',
  'stats',
  'extended_stats',
  'cardinality',
  'value_count',
  'percentiles',
]);

/** Columns that compute metrics, and how each metric is shown of a row of them. Throws `ElasticFault`. */
export function metricColumns(
  compiler: QuerySql,
  list: readonly Aggregation[],
): { readonly columns: readonly string[]; readonly shown: readonly ((row: Json) => unknown)[] } {
  const columns: string[] = [];
  const shown: ((row: Json) => unknown)[] = [];
  for (const [index, { kind, body }] of list.entries()) {
    const field = findField(textOf(body['field'], kind));
    const number = (): string => compiler.number(field);
    const column = (sql: string): string => {
      columns.push(`${sql} AS m${index}_${columns.length}`);
      return `m${index}_${columns.length - 1}`;
    };
    const value = (name: string) => (row: Json) => shownNumber(row[name], field);
    switch (kind) {
      case 'value_count':
        shown.push(plain(column(`toFloat64(countIf(${compiler.exists(field)}))`)));
        break;
      case 'cardinality':
        shown.push(plain(column(`toFloat64(uniqIf(${compiler.text(field)}, ${compiler.exists(field)}))`)));
        break;
      case 'percentiles': {
        const percents = Array.isArray(body['percents'])
          ? (body['percents'] as unknown[]).map(Number)
          : [1, 5, 25, 50, 75, 95, 99];
        if (percents.some((percent) => !(percent >= 0 && percent <= 100)) || percents.length > 50)
          throw illegal('percent must be in [0,100]');
        const name = column(`quantilesTDigest(${percents.map((percent) => percent / 100).join(', ')})(${number()})`);
        shown.push((row) => {
          const values = (row[name] ?? []) as (number | null)[];
          const pairs = percents.map((percent, at): [string, number | null] => [
            percent.toFixed(1),
            values[at] ?? null,
          ]);
          return {
            values:
              body['keyed'] === false
                ? pairs.map(([key, found]) => ({ key: Number(key), value: found }))
                : Object.fromEntries(pairs),
          };
        });
        break;
      }
      case 'stats':
      case 'extended_stats': {
        const expression = number();
        const [count, min, max, avg, sum, variance] = ['count', 'min', 'max', 'avg', 'sum', 'varPop'].map((name) =>
          column(`toFloat64OrNull(toString(${name}(${expression})))`),
        );
        shown.push((row) => {
          const get = (name = ''): number | null => (row[name] as number | null) ?? null;
          const base = { count: get(count), min: get(min), max: get(max), avg: get(avg), sum: get(sum) ?? 0 };
          const spread = get(variance);
          return kind === 'stats'
            ? base
            : { ...base, variance: spread, std_deviation: spread === null ? null : Math.sqrt(spread) };
        });
        break;
      }
      case 'sum': {
        const name = column(`ifNull(sum(${number()}), 0)`);
        shown.push(plain(name));
        break;
      }
      default:
        shown.push(value(column(`${kind}(${number()})`)));
    }
  }
  return { columns, shown };
}

const plain = (name: string) => (row: Json) => ({ value: row[name] ?? null });

function shownNumber(value: unknown, field: ElasticField): object {
  const number = typeof value === 'number' ? value : null;
  return number !== null && field.kind === 'date'
    ? { value: number, value_as_string: new Date(number).toISOString() }
    : { value: number };
}
