/**
 * The series index out of the engine's own tables, for a process that has no head (`--role query`): it sees a series once its
 * definition is stored, and its samples once their block is cut.
 */
import { fail, ok, type Result } from '@sightline/base';
import type { Labels, Limited, Matcher, MetricName, QueryFault } from '@sightline/query/promql';
import { StoreError, type ParameterValue, type TelemetryReader } from '@sightline/store/port';
import { type Figure, greatest } from './series/label-figures.ts';
import {
  noPieces,
  tableOf,
  type IndexQuery,
  type Selection,
  type SelectionRequest,
  type SeriesIndex,
  type Statistics,
} from './selection.ts';

/** How much longer than its `last_seen` says a series may be alive: definitions are written anew only from time to time. */
const slackMs = 86_400_000;
/** Most items where the caller named no limit. */
const mostItems = 100_000;

interface Condition {
  readonly sql: string;
  readonly parameters: Record<string, ParameterValue>;
}

interface SeriesRow {
  readonly metric: string;
  readonly fp: string;
  readonly labels: Record<string, string>;
}

export class StoredIndex implements SeriesIndex {
  readonly #store: TelemetryReader;

  constructor(store: TelemetryReader) {
    this.#store = store;
  }

  async select(request: SelectionRequest): Promise<Result<Selection, QueryFault>> {
    const { organisation, matchers, startMs, endMs, limit } = request;
    const where = conditionOf(organisation, [matchers], startMs, endMs);
    let rows: SeriesRow[];
    try {
      rows = await this.#store.query<SeriesRow>(
        `SELECT metric, fp, any(s.labels) AS labels FROM metric_series AS s WHERE ${where.sql} GROUP BY metric, fp ORDER BY metric, fp LIMIT ${limit + 1}`,
        where.parameters,
        { resultRows: limit + 1 },
      );
    } catch (error) {
      return fail(faultOf(error));
    }
    if (rows.length > limit)
      return fail({ kind: 'execution', message: `the selector matches more than ${limit} series` });
    return ok(selectionOf(rows, request));
  }

  /** Nothing is ever lent. */
  endLease(): void {}

  async series(query: IndexQuery): Promise<Limited<Labels>> {
    const where = conditionOf(query.organisation, query.matchers, query.startMs, query.endMs);
    const rows = await this.#store.query<SeriesRow>(
      `SELECT metric, fp, any(s.labels) AS labels FROM metric_series AS s WHERE ${where.sql} GROUP BY metric, fp ORDER BY metric, fp LIMIT ${most(query) + 1}`,
      where.parameters,
      { resultRows: most(query) + 1 },
    );
    return cut(
      rows.map(({ metric, labels }) => named(metric, labels)),
      query,
    );
  }

  async metricNames(query: IndexQuery): Promise<Limited<MetricName>> {
    const where = conditionOf(query.organisation, query.matchers, query.startMs, query.endMs);
    const rows = await this.#store.query<MetricName>(
      `SELECT metric, toFloat64(uniqExact(fp)) AS series, toFloat64(max(last_seen)) AS lastSeenMs FROM metric_series AS s WHERE ${where.sql} GROUP BY metric ORDER BY metric LIMIT ${most(query) + 1}`,
      where.parameters,
      { resultRows: most(query) + 1 },
    );
    return cut(rows, query);
  }

  async labelNames(query: IndexQuery): Promise<Limited<string>> {
    const where = conditionOf(query.organisation, query.matchers, query.startMs, query.endMs);
    const rows = await this.#store.query<{ name: string }>(
      `SELECT DISTINCT arrayJoin(arrayConcat(['__name__'], mapKeys(labels))) AS name FROM metric_series AS s WHERE ${where.sql} ORDER BY name LIMIT ${most(query) + 1}`,
      where.parameters,
      { resultRows: most(query) + 1 },
    );
    return cut(
      rows.map(({ name }) => name),
      query,
    );
  }

  async labelValues(query: IndexQuery & { readonly label: string }): Promise<Limited<string>> {
    const where = conditionOf(query.organisation, query.matchers, query.startMs, query.endMs);
    const value = query.label === '__name__' ? 'metric' : 'labels[{wanted:String}]';
    const rows = await this.#store.query<{ value: string }>(
      `SELECT DISTINCT toString(${value}) AS value FROM metric_series AS s WHERE ${where.sql} AND value != '' ORDER BY value LIMIT ${most(query) + 1}`,
      { ...where.parameters, wanted: query.label },
      { resultRows: most(query) + 1 },
    );
    return cut(
      rows.map(({ value: text }) => text),
      query,
    );
  }

  async statistics(organisation: string): Promise<Statistics> {
    const parameters = { organisation };
    const from =
      'FROM (SELECT DISTINCT metric, fp, labels FROM metric_series WHERE organisation = {organisation:String})';
    const pairs = `(SELECT fp, metric, arrayJoin(arrayConcat([('__name__', toString(metric))], CAST(labels, 'Array(Tuple(String, String))'))) AS pair ${from})`;
    const [totals, byMetric, byLabel, byPair] = await Promise.all([
      this.#store.query<{ series: number; least: number; greatest: number }>(
        `SELECT toFloat64(uniqExact(fp)) AS series, toFloat64(min(first_seen)) AS least, toFloat64(max(last_seen)) AS greatest FROM metric_series WHERE organisation = {organisation:String}`,
        parameters,
      ),
      this.#store.query<{ name: string; n: number }>(
        `SELECT metric AS name, toFloat64(uniqExact(fp)) AS n ${from} GROUP BY metric ORDER BY n DESC, name LIMIT 100`,
        parameters,
      ),
      this.#store.query<{ name: string; n: number; bytes: number }>(
        `SELECT pair.1 AS name, toFloat64(uniqExact(pair.2)) AS n, toFloat64(sum(length(pair.2))) AS bytes FROM ${pairs} GROUP BY name ORDER BY n DESC, name LIMIT 1000`,
        parameters,
      ),
      this.#store.query<{ name: string; n: number }>(
        `SELECT concat(pair.1, '=', pair.2) AS name, toFloat64(count()) AS n FROM ${pairs} GROUP BY name ORDER BY n DESC, name LIMIT 100`,
        parameters,
      ),
    ]);
    const figures = (rows: readonly { readonly name: string; readonly n: number }[]): Figure[] =>
      rows.map(({ name, n }) => [name, n]);
    return {
      series: totals[0]?.series ?? 0,
      byMetric: figures(byMetric),
      byLabel: greatest(figures(byLabel)),
      bytesByLabel: greatest(byLabel.map(({ name, bytes }) => [name, bytes])),
      byPair: figures(byPair),
      pairs: byLabel.reduce((sum, { n }) => sum + n, 0),
      minTimeMs: totals[0]?.least ?? 0,
      maxTimeMs: totals[0]?.greatest ?? 0,
    };
  }
}

function faultOf(error: unknown): QueryFault {
  if (!(error instanceof StoreError)) throw error;
  const kinds = { timeout: 'timeout', cancelled: 'canceled', unavailable: 'unavailable' } as const;
  const kind = error.kind in kinds ? kinds[error.kind as keyof typeof kinds] : 'execution';
  return { kind, message: error.message };
}

const most = (query: IndexQuery): number => (query.limit > 0 ? Math.min(query.limit, mostItems) : mostItems);

function cut<T>(items: T[], query: IndexQuery): Limited<T> {
  const limit = most(query);
  return items.length > limit ? { items: items.slice(0, limit), cut: true } : { items, cut: false };
}

const named = (metric: string, labels: Record<string, string>): Labels => ({ __name__: metric, ...labels });

function conditionOf(
  organisation: string,
  alternatives: readonly (readonly Matcher[])[],
  startMs: number,
  endMs: number,
): Condition {
  const parameters: Record<string, ParameterValue> = { organisation };
  const bind = (value: string): string => {
    const name = `p${Object.keys(parameters).length}`;
    parameters[name] = value;
    return `{${name}:String}`;
  };
  const one = ({ label, operator, value }: Matcher): string => {
    const column = label === '__name__' ? 'metric' : `s.labels[${bind(label)}]`;
    if (operator === '=' || operator === '!=') return `${column} ${operator} ${bind(value)}`;
    // The engine's regular expressions are RE2, as Prometheus'.
    return `${operator === '!~' ? 'NOT ' : ''}match(${column}, ${bind(`^(?s:${value})$`)})`;
  };
  const any = alternatives.map((matchers) => `(${matchers.map(one).join(' AND ') || '1'})`);
  const whole = (ms: number): number => Math.trunc(Math.max(-(2 ** 53), Math.min(2 ** 53, ms)));
  const sql = [
    'organisation = {organisation:String}',
    ...(any.length > 0 ? [`(${any.join(' OR ')})`] : []),
    `last_seen >= ${whole(startMs - slackMs)}`,
    `first_seen <= ${whole(endMs)}`,
  ];
  return { sql: sql.join(' AND '), parameters };
}

function selectionOf(rows: readonly SeriesRow[], { grouping }: SelectionRequest): Selection {
  const fps = new BigUint64Array(rows.length);
  const metrics: string[] = [];
  const ends: number[] = [];
  for (const [i, row] of rows.entries()) {
    fps[i] = BigInt(row.fp);
    if (metrics.at(-1) !== row.metric) {
      metrics.push(row.metric);
      ends.push(i);
    }
    ends[ends.length - 1] = i + 1;
  }
  const all = rows.map((row) => named(row.metric, row.labels));
  return {
    fps,
    metrics,
    metricEnds: Uint32Array.from(ends),
    head: noPieces,
    ...(grouping ? { groups: groupsOf(all, grouping) } : { labels: tableOf(all) }),
  };
}

/** Groups of series by labels, in order of appearance. */
export function groupsOf(
  all: readonly Labels[],
  grouping: NonNullable<SelectionRequest['grouping']>,
): NonNullable<Selection['groups']> {
  const named = new Set(grouping.labels);
  const known = new Map<string, number>();
  const labels: Labels[] = [];
  const of = new Uint32Array(all.length);
  for (const [i, series] of all.entries()) {
    const kept = Object.entries(series)
      .filter(([name]) =>
        grouping.without
          ? !named.has(name) && name !== '__name__'
          : named.has(name) && !(grouping.dropName && name === '__name__'),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(kept);
    let group = known.get(key);
    if (group === undefined) {
      group = labels.length;
      known.set(key, group);
      labels.push(Object.fromEntries(kept));
    }
    of[i] = group;
  }
  return { labels, of };
}
