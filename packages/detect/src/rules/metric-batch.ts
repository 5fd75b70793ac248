import {
  firstLabel,
  labelName,
  nameExpression,
  promqlRange,
  quoted,
  readVector,
  type TelemetryReads,
} from '@sightline/query';
import type { QueryLimits } from '@sightline/store/port';
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

/** Before a window the exporters' last turns are enough to know where a counter stood. */
const baselineMs = 3 * 60_000;

/** Labels that say one thing: Prometheus' clients name their service by `job`. */
const namesOf = (label: string): readonly string[] =>
  label === 'service' ? ['service', 'service_name', 'job'] : [label];
/** The names under which a label may stand in PromQL. */
const groupedBy = (label: string): readonly string[] =>
  namesOf(label).flatMap((name) => (/^\w+$/.test(name) ? [name] : [name, name.replaceAll(/[^a-zA-Z0-9_]/g, '_')]));

interface Parts {
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
}
const nothing: Parts = { sum: 0, count: 0, min: Infinity, max: -Infinity };

/** What is asked of PromQL for each part: the aggregation over series and the function over the window. */
const partSources = {
  grown: { operator: 'sum', fn: 'increase' },
  sum: { operator: 'sum', fn: 'avg_over_time' },
  count: { operator: 'count', fn: 'avg_over_time' },
  min: { operator: 'min', fn: 'min_over_time' },
  max: { operator: 'max', fn: 'max_over_time' },
} as const;
type PartName = keyof typeof partSources;

const partsOf: Readonly<Record<MetricQuestion['aggregate'], readonly PartName[]>> = {
  avg: ['sum', 'count'],
  sum: ['sum'],
  min: ['min'],
  max: ['max'],
  increase: ['grown'],
};

interface Row {
  readonly key: readonly string[];
  readonly values: readonly (number | undefined)[];
}

/** Aggregates of the same metrics over the same window: one read of the samples for each part that any of them needs. */
export class MetricBatch implements Batch {
  readonly answers: readonly string[];
  readonly #shape: MetricShape;
  readonly #columns: readonly MetricColumn[];

  constructor(shape: MetricShape, columns: readonly MetricColumn[]) {
    this.#shape = shape;
    this.#columns = columns;
    this.answers = columns.flatMap((column) => column.questions.map(questionKey));
  }

  async ask(reads: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<ReadonlyMap<string, Answer>> {
    const all = await this.#rows(reads, at, limits);
    const overflow = all.length > groupLimit;
    const rows = overflow ? all.slice(0, groupLimit) : all;
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

  /** A row for each key, with a value for each column; in the order of the keys. */
  async #rows(reads: TelemetryReads, at: AskedAt, limits: QueryLimits): Promise<Row[]> {
    const needed = [...new Set(this.#columns.flatMap(({ aggregate }) => partsOf[aggregate]))];
    const groups = new Map<
      string,
      { key: readonly string[]; labels: Readonly<Record<string, string>>; parts: Parts }
    >();
    const read = needed.map(async (part) => {
      const samples = await readVector(
        reads,
        {
          organisation: at.organisation,
          expression: this.#expression(part),
          atMs: at.endMs - 1,
          ...(this.#shape.counter ? { lookbackMs: baselineMs } : {}),
        },
        limits,
      );
      for (const { labels, value } of samples) {
        if (!Number.isFinite(value)) continue;
        const id = JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
        const group = groups.get(id) ?? {
          key: this.#shape.keys.map((key) => firstLabel(labels, namesOf(key))),
          labels,
          parts: nothing,
        };
        groups.set(id, { ...group, parts: { ...group.parts, [part === 'grown' ? 'sum' : part]: value } });
      }
    });
    await Promise.all(read);
    const byKey = Map.groupBy(groups.values(), ({ key }) => groupOf(key));
    return [...byKey]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, members]) => ({
        key: members[0]?.key ?? [],
        values: this.#columns.map(({ aggregate, where }) => {
          const wanted = Object.entries(where);
          const fitting = members.filter(({ labels }) =>
            wanted.every(([label, value]) => firstLabel(labels, namesOf(label)) === value),
          );
          return aggregateOf(
            aggregate,
            fitting.map(({ parts }) => parts),
          );
        }),
      }));
  }

  #expression(part: PartName): string {
    const { metrics, windowMs, keys, counter } = this.#shape;
    const conditions = this.#columns.flatMap(({ where }) => Object.keys(where));
    const labels = [...new Set([...keys, ...conditions].flatMap(groupedBy))].map(labelName);
    const selector = `{__name__=~${quoted(metrics.map(nameExpression).join('|'))}}`;
    const { operator, fn } = partSources[part];
    const window = `${selector}[${promqlRange(windowMs)}]${counter ? ' anchored' : ''}`;
    return `${operator} by (${labels.join(',')}) (${fn}(${window}))`;
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
      const value = row.values[column];
      if (value !== undefined && Number.isFinite(value))
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

/** One aggregate over the groups that meet its condition; undefined where none does. */
function aggregateOf(aggregate: MetricQuestion['aggregate'], parts: readonly Parts[]): number | undefined {
  if (parts.length === 0) return undefined;
  const sum = (of: 'sum' | 'count'): number => parts.reduce((total, part) => total + part[of], 0);
  switch (aggregate) {
    case 'avg':
      return sum('count') > 0 ? sum('sum') / sum('count') : undefined;
    case 'sum':
    case 'increase':
      return sum('sum');
    case 'min':
      return Math.min(...parts.map(({ min }) => min));
    case 'max':
      return Math.max(...parts.map(({ max }) => max));
  }
}
