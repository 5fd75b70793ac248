import type { LogTable } from '../logs/log-table.ts';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { readComposite, refuseInner } from './composite.ts';
import { fixedInterval, parseDate, dateZoneOffsetMs } from './dates.ts';
import { ElasticFault, illegal, isObject, objectOf, parsing, textOf, type Json } from './fault.ts';
import { findField, type ElasticField } from './fields.ts';
import { addPipelines, checkPipelines, isPipeline } from './pipeline-aggregations.ts';
import type { QuerySql } from './query-sql.ts';

const mostBuckets = 65_535;
const deepest = 5;
const mostAggregations = 100;
const metrics = new Set([
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

interface Aggregation {
  readonly name: string;
  readonly kind: string;
  readonly body: Json;
  readonly inner: readonly Aggregation[];
}

/** A level of buckets around an aggregation: an expression that gives each document its bucket (as text) and a condition. */
interface Level {
  readonly sql: string;
  readonly where: string;
}

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
    const columns: string[] = [];
    const shown: ((row: Json) => unknown)[] = [];
    for (const [index, { kind, body }] of list.entries()) {
      const field = findField(textOf(body['field'], kind));
      const { compiler } = this.#parts;
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
    if (rows.length > mostBuckets)
      throw new ElasticFault(
        'too_many_buckets_exception',
        `Trying to create too many buckets. Must be less than or equal to: [${mostBuckets}] but was [${rows.length}]`,
      );
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
    switch (kind) {
      case 'terms':
        return this.#terms(body, inner);
      case 'composite':
        return this.#composite(body);
      case 'date_histogram':
        return this.#dateHistogram(body);
      case 'histogram':
        return this.#histogram(body);
      default:
        return this.#ranges(kind, body);
    }
  }

  #terms(body: Json, inner: readonly Aggregation[]): BucketKind {
    const { compiler } = this.#parts;
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
        const parents = Array.from({ length: around }, (_, index) => `k${index}`);
        const own = `k${around}`;
        const order = orderSql === '' ? `${own} ${down}` : `${orderSql} ${down}, ${own}`;
        // One more says whether there are others.
        return `${least > 1 ? `HAVING n >= ${Math.trunc(least)}` : ''} ORDER BY ${[...parents, order].join(', ')} LIMIT ${size}${around > 0 ? ` BY ${parents.join(', ')}` : ''}`;
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

  #composite(body: Json): BucketKind {
    const { compiler } = this.#parts;
    const { sql, where, end, shownKey } = readComposite(body, compiler, {
      dateHistogram: (source) => this.#dateHistogram(source).level,
      histogram: (source) => this.#histogram(source).level,
    });
    return {
      level: { sql, where },
      columns: [],
      end: (around) => end(`k${around}`),
      within: (parents) => {
        const kept = [...parents.values()].flatMap((buckets) => buckets.map(({ key }) => key));
        return { sql, where: `${where} AND has(${compiler.bind('Array(String)', kept)}, ${sql})` };
      },
      fills: false,
      rest: false,
      show: (buckets, sub) => {
        const last = buckets.at(-1);
        return {
          ...(last ? { after_key: shownKey(last.key) } : {}),
          buckets: buckets.map(({ key, count }) => ({ key: shownKey(key), doc_count: count, ...sub(key) })),
        };
      },
    };
  }

  #dateHistogram(body: Json): BucketKind {
    const { compiler } = this.#parts;
    const field = findField(textOf(body['field'], 'date_histogram'));
    if (field.kind !== 'date')
      throw illegal(`Field [${field.name}] is no date: it does not support aggregation [date_histogram]`);
    const zone = body['time_zone'] === undefined ? 'UTC' : textOf(body['time_zone'], 'time_zone');
    const given = textOf(body['fixed_interval'] ?? body['calendar_interval'] ?? body['interval'], 'date_histogram');
    const calendar = body['fixed_interval'] === undefined ? calendarUnits[given] : undefined;
    const intervalMs =
      calendar === undefined || calendar === 'minute' || calendar === 'second'
        ? (fixedInterval(given.replace(/^(minute|second)$/, (word) => `1${word[0]}`)) ?? 0)
        : 0;
    if (calendar === undefined && intervalMs === 0)
      throw illegal(`The supplied interval [${given}] could not be parsed as a calendar interval.`);
    // Zones by name are the engine's for whole units of the calendar; those by offset shift the time.
    const named = !/^[+-]|^(?:UTC|Z)?$/.test(zone);
    dateZoneOffsetMs(zone, compiler.nowMs);
    const ms = `toUnixTimestamp64Milli(${field.sql})`;
    let sql: string;
    if (intervalMs > 0) {
      const offset = compiler.bind('Int64', dateZoneOffsetMs(zone, compiler.nowMs));
      const step = compiler.bind('Int64', intervalMs);
      sql = `(intDiv(${ms} + ${offset}, ${step}) * ${step} - ${offset})`;
    } else {
      const offset = named ? 0 : dateZoneOffsetMs(zone, compiler.nowMs);
      const shift = compiler.bind('Int64', offset);
      const place = compiler.bind('String', named ? zone : 'UTC');
      const start = calendarSql[calendar ?? 'day']!(`fromUnixTimestamp64Milli(${ms} + ${shift}, ${place})`, place);
      sql = `(toInt64(toUnixTimestamp(${start})) * 1000 - ${shift})`;
    }
    const least = Number(body['min_doc_count'] ?? 0);
    const keyed = body['keyed'] === true;
    const bounds = (['extended_bounds', 'hard_bounds'] as const).map((name) => {
      const range = body[name] === undefined ? {} : objectOf(body[name], name);
      const at = (side: string): number | undefined =>
        range[side] === undefined ? undefined : parseDate(range[side], compiler.nowMs, { up: false, zone });
      return { min: at('min'), max: at('max') };
    });
    const next = (at: number): number => (intervalMs > 0 ? at + intervalMs : nextUnit(at, calendar ?? 'day', zone));
    const startOf = (at: number): number => {
      if (intervalMs === 0) return startOfUnit(at, calendar ?? 'day', zone);
      const offset = dateZoneOffsetMs(zone, compiler.nowMs);
      return Math.floor((at + offset) / intervalMs) * intervalMs - offset;
    };
    return {
      level: { sql: `toString(${sql})`, where: '1' },
      columns: [],
      end: (around) =>
        `${least > 1 ? `HAVING n >= ${Math.trunc(least)}` : ''} ORDER BY ${around > 0 ? `${Array.from({ length: around }, (_, index) => `k${index}`).join(', ')}, ` : ''}toInt64(k${around}) LIMIT ${mostBuckets + 1}`,
      within: () => ({ sql: `toString(${sql})`, where: '1' }),
      fills: true,
      rest: false,
      show: (buckets, sub) => {
        const counts = new Map(buckets.map(({ key, count }) => [Number(key), count]));
        let times = [...counts.keys()].sort((a, b) => a - b);
        if (least === 0) {
          const [extended] = bounds;
          const low = [...times.slice(0, 1), ...(extended?.min === undefined ? [] : [startOf(extended.min)])];
          const high = [...times.slice(-1), ...(extended?.max === undefined ? [] : [startOf(extended.max)])];
          const filled: number[] = [];
          if (low.length > 0 && high.length > 0)
            for (let at = Math.min(...low); at <= Math.max(...high); at = next(at)) {
              filled.push(at);
              if (filled.length > mostBuckets)
                throw new ElasticFault(
                  'too_many_buckets_exception',
                  `Trying to create too many buckets. Must be less than or equal to: [${mostBuckets}]`,
                );
            }
          times = filled;
        }
        const shown = times.map((at) => ({
          key_as_string: new Date(at).toISOString(),
          key: at,
          doc_count: counts.get(at) ?? 0,
          ...sub(String(at)),
        }));
        return { buckets: keyed ? Object.fromEntries(shown.map((bucket) => [bucket.key_as_string, bucket])) : shown };
      },
    };
  }

  #histogram(body: Json): BucketKind {
    const { compiler } = this.#parts;
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
              if (shown.length > mostBuckets)
                throw new ElasticFault('too_many_buckets_exception', 'Trying to create too many buckets.');
              shown.push({ key: gap, doc_count: 0, ...sub(String(gap)) });
            }
          last = at;
          if (count >= least) shown.push({ key: at, doc_count: count, ...sub(key) });
        }
        return { buckets: shown };
      },
    };
  }

  /** Buckets that a document may be in several of: each has a condition. */
  #ranges(kind: string, body: Json): BucketKind {
    const { compiler } = this.#parts;
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
}

interface Bucket {
  readonly key: string;
  readonly count: number;
}
interface BucketKind {
  readonly level: Level;
  readonly columns: readonly string[];
  readonly end: (around: number) => string;
  /** The level for what stands inside: of buckets that are shown alone. */
  readonly within: (parents: ReadonlyMap<string, readonly Bucket[]>) => Level;
  /** True where buckets without documents are shown. */
  readonly fills: boolean;
  /** True where documents outside the shown buckets are counted. */
  readonly rest: boolean;
  readonly show: (buckets: readonly Bucket[], sub: (key: string) => object, all: number) => unknown;
}

const plain = (name: string) => (row: Json) => ({ value: row[name] ?? null });

function shownNumber(value: unknown, field: ElasticField): object {
  const number = typeof value === 'number' ? value : null;
  return number !== null && field.kind === 'date'
    ? { value: number, value_as_string: new Date(number).toISOString() }
    : { value: number };
}

function shownKey(key: string, field: ElasticField): object {
  return field.kind === 'date' ? { key: Number(key), key_as_string: new Date(Number(key)).toISOString() } : { key };
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

const calendarUnits: Readonly<Record<string, string>> = {
  second: 'second',
  '1s': 'second',
  minute: 'minute',
  '1m': 'minute',
  hour: 'hour',
  '1h': 'hour',
  day: 'day',
  '1d': 'day',
  week: 'week',
  '1w': 'week',
  month: 'month',
  '1M': 'month',
  quarter: 'quarter',
  '1q': 'quarter',
  year: 'year',
  '1y': 'year',
};
const calendarSql: Readonly<Record<string, (time: string, zone: string) => string>> = {
  hour: (time) => `toStartOfHour(${time})`,
  day: (time) => `toStartOfDay(${time})`,
  week: (time, zone) => `toDateTime(toMonday(${time}), ${zone})`,
  month: (time, zone) => `toDateTime(toStartOfMonth(${time}), ${zone})`,
  quarter: (time, zone) => `toDateTime(toStartOfQuarter(${time}), ${zone})`,
  year: (time, zone) => `toDateTime(toStartOfYear(${time}), ${zone})`,
};

/** The start of the calendar's unit that a moment lies in. */
function startOfUnit(at: number, unit: string, zone: string): number {
  const date = new Date(at + dateZoneOffsetMs(zone, at));
  if (unit === 'year') date.setUTCMonth(0, 1);
  else if (unit === 'quarter') date.setUTCMonth(Math.floor(date.getUTCMonth() / 3) * 3, 1);
  else if (unit === 'month') date.setUTCDate(1);
  else if (unit === 'week') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  if (unit === 'hour') date.setUTCMinutes(0, 0, 0);
  else date.setUTCHours(0, 0, 0, 0);
  return utcOf(date.getTime(), zone);
}

function nextUnit(at: number, unit: string, zone: string): number {
  if (unit === 'hour') return at + 3_600_000;
  const date = new Date(at + dateZoneOffsetMs(zone, at));
  if (unit === 'year') date.setUTCFullYear(date.getUTCFullYear() + 1);
  else if (unit === 'quarter') date.setUTCMonth(date.getUTCMonth() + 3);
  else if (unit === 'month') date.setUTCMonth(date.getUTCMonth() + 1);
  else date.setUTCDate(date.getUTCDate() + (unit === 'week' ? 7 : 1));
  return utcOf(date.getTime(), zone);
}

/** The moment of a local time; the offset is the one that holds there. */
function utcOf(local: number, zone: string): number {
  const first = local - dateZoneOffsetMs(zone, local);
  return local - dateZoneOffsetMs(zone, first);
}
