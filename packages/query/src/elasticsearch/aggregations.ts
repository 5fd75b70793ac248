import type { LogTable } from '../logs/log-table.ts';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import {
  type Aggregation,
  type Bucket,
  type BucketKind,
  type Level,
  mostBuckets,
  tooManyBuckets,
} from './buckets/bucket-kind.ts';
import { compositeBuckets } from './buckets/composite-buckets.ts';
import { conditionBuckets } from './buckets/condition-buckets.ts';
import { dateHistogramBuckets } from './buckets/date-histogram.ts';
import { histogramBuckets } from './buckets/histogram.ts';
import { termsBuckets } from './buckets/terms.ts';
import { refuseInner } from './composite.ts';
import { ElasticFault, illegal, isObject, objectOf, parsing, type Json } from './fault.ts';
import { metricColumns, metrics } from './metric-columns.ts';
import { addPipelines, checkPipelines, isPipeline } from './pipeline-aggregations.ts';
import type { QuerySql } from './query-sql.ts';

const deepest = 5;
const mostAggregations = 100;

const bucketKinds = new Set([
  'terms',
  'composite',
  'date_histogram',
  'histogram',
  'range',
  'date_range',
  'filter',
  'filters',
  'missing',
  'global',
]);

/** Answers for each combination of the keys around: the keys joined. */
type Answers = Map<string, Record<string, unknown>>;

export interface AggregationParts {
  readonly reader: TelemetryReader;
  readonly compiler: QuerySql;
  /** Organisation, range and query. */
  readonly where: string;
  readonly scope: Readonly<Record<string, ParameterValue>>;
  readonly limits: QueryLimits;
  readonly table: LogTable;
  /** Documents as hits, for `top_hits`. */
  readonly topHits: (body: Json, levels: readonly Level[], where: string) => Promise<Map<string, unknown>>;
}

function read(value: unknown, depth: number): Aggregation[] {
  if (value === undefined) return [];
  if (depth > deepest) throw illegal('aggregations are nested too deeply');
  return Object.entries(objectOf(value, 'aggs')).map(([name, given]) => {
    const { aggs, aggregations, meta: _meta, ...rest } = objectOf(given, name);
    const [kind = '', body] = Object.entries(rest)[0] ?? [];
    if (kind === '') throw parsing(`Missing definition for aggregation [${name}]`);
    if (!metrics.has(kind) && !bucketKinds.has(kind) && !isPipeline(kind) && kind !== 'top_hits')
      throw parsing(`Unknown aggregation type [${kind}]`);
    const inner = read(aggs ?? aggregations, depth + 1);
    if (inner.length > 0 && !bucketKinds.has(kind))
      throw new ElasticFault(
        'aggregation_initialization_exception',
        `Aggregator [${name}] of type [${kind}] cannot accept sub-aggregations`,
        500,
      );
    return { name, kind, body: objectOf(body, kind), inner };
  });
}

/** Evaluates `aggs`: one statement for each set of buckets, in which all metrics stand. Throws `ElasticFault` and `StoreError`. */
export async function aggregate(value: unknown, parts: AggregationParts): Promise<Record<string, unknown>> {
  const aggregations = read(value, 0);
  const all = (list: readonly Aggregation[]): number => list.reduce((sum, { inner }) => sum + 1 + all(inner), 0);
  if (all(aggregations) > mostAggregations) throw illegal('too many aggregations');
  checkPipelines(aggregations, undefined);
  const answers = await new Evaluation(parts).level(aggregations, []);
  const answer = answers.get('') ?? {};
  addPipelines(aggregations, answer);
  return answer;
}

const joint = '\u0001';
const keyOf = (row: Json, count: number): string =>
  Array.from({ length: count }, (_, index) => String(row[`k${index}`])).join(joint);

class Evaluation {
  readonly #parts: AggregationParts;
  constructor(parts: AggregationParts) {
    this.#parts = parts;
  }

  async level(aggregations: readonly Aggregation[], levels: readonly Level[]): Promise<Answers> {
    const answers: Answers = new Map(levels.length === 0 ? [['', {}]] : []);
    const put = (key: string, name: string, value: unknown): void => {
      const known = answers.get(key);
      if (known) known[name] = value;
      else answers.set(key, { [name]: value });
    };
    const numbers = aggregations.filter(({ kind }) => metrics.has(kind));
    if (numbers.length > 0) await this.#metrics(numbers, levels, put);
    for (const one of aggregations) {
      if (one.kind === 'top_hits') {
        const hits = await this.#parts.topHits(one.body, levels, this.#where(levels));
        for (const [key, found] of hits) put(key, one.name, found);
      } else if (bucketKinds.has(one.kind)) await this.#buckets(one, levels, put);
    }
    return answers;
  }

  #where(levels: readonly Level[]): string {
    return [this.#parts.where, ...levels.map(({ where }) => where)].filter((sql) => sql !== '1').join(' AND ');
  }

  #query(select: readonly string[], levels: readonly Level[], where: string, end = ''): Promise<Json[]> {
    const keys = levels.map(({ sql }, index) => `${sql} AS k${index}`);
    const by = levels.length === 0 ? '' : `GROUP BY ${levels.map((_, index) => `k${index}`).join(', ')}`;
    const { reader, compiler, scope, limits, table } = this.#parts;
    return reader.query<Json>(
      `SELECT ${[...keys, ...select].join(', ')} ${table.from(where)} ${by} ${end}`,
      { ...scope, ...compiler.parameters },
      { ...limits, resultRows: 200_000 },
    );
  }

  async #metrics(
    list: readonly Aggregation[],
    levels: readonly Level[],
    put: (key: string, name: string, value: unknown) => void,
  ): Promise<void> {
    const { columns, shown } = metricColumns(this.#parts.compiler, list);
    for (const row of await this.#query(columns, levels, this.#where(levels)))
      for (const [index, { name }] of list.entries()) put(keyOf(row, levels.length), name, shown[index]?.(row));
  }

  async #buckets(
    one: Aggregation,
    levels: readonly Level[],
    put: (key: string, name: string, value: unknown) => void,
  ): Promise<void> {
    if (one.kind === 'composite' && levels.length > 0) refuseInner();
    const kind = this.#kindOf(one);
    const around = levels.length;
    const own = [...levels, kind.level];
    const rows = await this.#query(
      ['toFloat64(count()) AS n', ...kind.columns],
      own,
      this.#where(own),
      kind.end(around),
    );
    if (rows.length > mostBuckets) throw tooManyBuckets(rows.length);
    const parents = new Map<string, Bucket[]>(levels.length === 0 ? [['', []]] : []);
    for (const row of rows) {
      const parent = keyOf(row, around);
      const bucket = { key: String(row[`k${around}`]), count: Number(row['n']) };
      const known = parents.get(parent);
      if (known) known.push(bucket);
      else parents.set(parent, [bucket]);
    }
    const inside =
      one.inner.length === 0 || rows.length === 0
        ? new Map()
        : await this.level(one.inner, [...levels, kind.within(parents)]);
    const empty = one.inner.length === 0 || !kind.fills ? {} : emptyOf(one.inner);
    const others = kind.rest ? await this.#counts(levels, kind.level) : new Map<string, number>();
    for (const [parent, buckets] of parents) {
      const sub = (key: string): object =>
        (inside.get(parent === '' && around === 0 ? key : `${parent}${joint}${key}`) as object | undefined) ?? empty;
      put(parent, one.name, kind.show(buckets, sub, others.get(parent) ?? 0));
    }
  }

  /** Documents with a value, by parent: what stays outside of the shown terms. */
  async #counts(levels: readonly Level[], { where }: Level): Promise<Map<string, number>> {
    const rows = await this.#query(['toFloat64(count()) AS n'], levels, [this.#where(levels), where].join(' AND '));
    return new Map(rows.map((row) => [keyOf(row, levels.length), Number(row['n'])]));
  }

  #kindOf({ kind, body, inner }: Aggregation): BucketKind {
    const { compiler } = this.#parts;
    switch (kind) {
      case 'terms':
        return termsBuckets(compiler, body, inner);
      case 'composite':
        return compositeBuckets(compiler, body);
      case 'date_histogram':
        return dateHistogramBuckets(compiler, body);
      case 'histogram':
        return histogramBuckets(compiler, body);
      default:
        return conditionBuckets(compiler, kind, body);
    }
  }
}

/** What stands in a bucket without documents. */
function emptyOf(aggregations: readonly Aggregation[]): Record<string, unknown> {
  const asked = aggregations.filter(({ kind }) => !isPipeline(kind));
  return Object.fromEntries(
    asked.map(({ name, kind, body }) => {
      if (kind === 'sum' || kind === 'cardinality' || kind === 'value_count') return [name, { value: 0 }];
      if (kind === 'stats' || kind === 'extended_stats')
        return [name, { count: 0, min: null, max: null, avg: null, sum: 0 }];
      if (kind === 'percentiles') return [name, { values: {} }];
      if (kind === 'top_hits')
        return [name, { hits: { total: { value: 0, relation: 'eq' }, max_score: null, hits: [] } }];
      if (metrics.has(kind)) return [name, { value: null }];
      if (kind === 'filter' || kind === 'missing' || kind === 'global') return [name, { doc_count: 0 }];
      return [name, { buckets: isObject(body['filters']) ? {} : [] }];
    }),
  );
}
