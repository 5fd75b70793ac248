import { ask, increaseOf } from '@sightline/query';
import type { ParameterValue, QueryLimits, TelemetryReader } from '@sightline/store/port';
import { groupLimit, type AskedAt, type Batch } from './batch.ts';
import { groupOf, questionKey, type Answer, type MetricQuestion } from './questions.ts';

export interface MetricShape {
  readonly metrics: readonly string[];
  readonly windowMs: number;
  /** Counters are differenced through restarts; of gauges each series counts with its mean, least or greatest. */
  readonly counter: boolean;
  /** Labels to group by: the questions' own and those whose values the questions fix, sorted. */
  readonly keys: readonly string[];
}

/** One aggregate under one condition on labels that are no keys. */
export interface MetricColumn {
  readonly aggregate: MetricQuestion['aggregate'];
  readonly where: Readonly<Record<string, string>>;
  readonly questions: readonly [MetricQuestion, ...MetricQuestion[]];
}

/** Site and service of a question become keys, so that rules that differ in them share a query. */
export const pulledLabels: ReadonlySet<string> = new Set(['site', 'service']);

interface Row {
  readonly key: readonly string[];
  readonly vals: readonly (number | null)[];
}

/** Before a window the exporters' last turns are enough to know where a counter stood. */
const baselineMs = 3 * 60_000;

const labelValue = (name: string): string =>
  `multiIf(${name} = 'site', toString(site), ${name} = 'service', toString(service), toString(labels[${name}]))`;

const aggregateSql: Readonly<Record<MetricQuestion['aggregate'], (condition: string) => string>> = {
  avg: (condition) => `avgOrNullIf(mid, ${condition})`,
  min: (condition) => `minOrNullIf(low, ${condition})`,
  max: (condition) => `maxOrNullIf(high, ${condition})`,
  sum: (condition) => `sumOrNullIf(mid, ${condition})`,
  increase: (condition) => `sumOrNullIf(grown, ${condition})`,
};

/**
 * Series of the metrics with their key. A counter without an earlier sample began at zero when its site and service had
 * been heard for a minute before; otherwise nobody knows what it counted before we listened.
 */
const seriesSql = `SELECT fp, any(arrayMap(k -> ${labelValue('k')}, {keys:Array(String)})) AS key, any(labels) AS labels,
    any(toString(site)) AS site, any(toString(service)) AS service, any(temporality) AS temporality
  FROM series WHERE organisation = {organisation:String} AND metric IN {metrics:Array(String)} AND last_seen >= toDateTime({fromS:UInt32}) GROUP BY fp`;

const gaugesSql = `SELECT s.key AS key, s.labels AS labels, mid, low, high
  FROM (SELECT fp, avg(value) AS mid, min(value) AS low, max(value) AS high FROM samples
    WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Milli({fromMs:Int64}) AND ts < fromUnixTimestamp64Milli({toMs:Int64})
      AND isFinite(value) AND fp IN (SELECT fp FROM (${seriesSql})) GROUP BY fp) AS v
  INNER JOIN (${seriesSql}) AS s USING (fp)`;

const countersSql = `SELECT s.key AS key, s.labels AS labels, arrayMap(p -> p.2, arrayFilter(p -> p.1 >= {fromMs:Int64}, pairs)) AS inside,
    arrayMap(p -> p.2, arrayFilter(p -> p.1 < {fromMs:Int64}, pairs)) AS earlier,
    multiIf(notEmpty(earlier), [earlier[-1]], s.heardMs > 0 AND s.heardMs < pairs[1].1 - 60000, [0.], []) AS base,
    arrayConcat(base, inside) AS v, if(s.temporality = 1, arraySum(inside), ${increaseOf('v')}) AS grown
  FROM (SELECT fp, arraySort(groupArray((toUnixTimestamp64Milli(ts), value))) AS pairs FROM samples
    WHERE organisation = {organisation:String} AND ts >= fromUnixTimestamp64Milli({fromMs:Int64} - ${baselineMs})
      AND ts < fromUnixTimestamp64Milli({toMs:Int64}) AND isFinite(value) AND fp IN (SELECT fp FROM (${seriesSql})) GROUP BY fp) AS n
  INNER JOIN (SELECT fp, key, labels, temporality, heardMs FROM (${seriesSql}) AS k
    LEFT JOIN (SELECT toString(site) AS site, toString(service) AS service, toUnixTimestamp64Milli(min(first_seen)) AS heardMs
      FROM seen WHERE organisation = {organisation:String} GROUP BY site, service) AS h USING (site, service)) AS s USING (fp)
  WHERE notEmpty(inside)`;

/** Aggregates of the same metrics over the same window: one read of the samples, a column for each condition. */
export class MetricBatch implements Batch {
  readonly answers: readonly string[];
  readonly #shape: MetricShape;
  readonly #columns: readonly MetricColumn[];
  readonly #sql: string;
  readonly #parameters: Readonly<Record<string, ParameterValue>>;

  constructor(shape: MetricShape, columns: readonly MetricColumn[]) {
    this.#shape = shape;
    this.#columns = columns;
    this.answers = columns.flatMap((column) => column.questions.map(questionKey));
    const parameters: Record<string, ParameterValue> = { metrics: shape.metrics, keys: shape.keys };
    const values = columns.map(({ aggregate, where }, i) => {
      const condition = Object.entries(where).map(([label, value], n) => {
        parameters[`w${i}_${n}`] = label;
        parameters[`v${i}_${n}`] = value;
        return `labels[{w${i}_${n}:String}] = {v${i}_${n}:String}`;
      });
      return `toFloat64(ifNull(${aggregateSql[aggregate](condition.length === 0 ? '1' : condition.join(' AND '))}, nan))`;
    });
    this.#sql = `SELECT key, [${values.join(', ')}] AS vals FROM (${shape.counter ? countersSql : gaugesSql})
      GROUP BY key ORDER BY key LIMIT ${groupLimit + 1}`;
    this.#parameters = parameters;
  }

  async ask(reader: TelemetryReader, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>> {
    const fromMs = at.endMs - this.#shape.windowMs;
    const rows = await ask<Row>(
      reader,
      this.#sql,
      {
        ...this.#parameters,
        organisation: at.organisation,
        fromMs,
        toMs: at.endMs,
        fromS: Math.floor(fromMs / 1000),
      },
      limits,
    );
    const overflow = rows.length > groupLimit;
    const byFixed = new Map<string, Map<string, Row[]>>();
    return new Map(
      this.#columns.flatMap((column, i) =>
        column.questions.map((question) => [
          questionKey(question),
          { values: this.#values(rows, byFixed, i, question), overflow },
        ]),
      ),
    );
  }

  #values(
    rows: readonly Row[],
    byFixed: Map<string, Map<string, Row[]>>,
    column: number,
    question: MetricQuestion,
  ): Map<string, number> {
    const { keys } = this.#shape;
    const fixed = Object.keys(question.where)
      .filter((label) => pulledLabels.has(label))
      .sort();
    const places = fixed.map((label) => keys.indexOf(label));
    let index = byFixed.get(fixed.join());
    if (!index) {
      index = Map.groupBy(rows, (row) => groupOf(places.map((place) => row.key[place] ?? '')));
      byFixed.set(fixed.join(), index);
    }
    const by = question.by.map((label) => keys.indexOf(label));
    const values = new Map<string, number>();
    // With its fixed labels given, a group is one row.
    for (const row of index.get(groupOf(fixed.map((label) => question.where[label] ?? ''))) ?? []) {
      const value = row.vals[column];
      if (value !== null && value !== undefined && Number.isFinite(value))
        values.set(groupOf(by.map((place) => row.key[place] ?? '')), value);
    }
    return values;
  }

  halves(): readonly [Batch, Batch] | undefined {
    if (this.#columns.length < 2) return undefined;
    const middle = this.#columns.length >> 1;
    return [
      new MetricBatch(this.#shape, this.#columns.slice(0, middle)),
      new MetricBatch(this.#shape, this.#columns.slice(middle)),
    ];
  }
}
