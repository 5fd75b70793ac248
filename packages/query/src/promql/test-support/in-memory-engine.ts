import { fail, ok, type Result } from '@sightline/base';
import { evaluatePromql } from '../evaluate/evaluate-promql.ts';
import type {
  Answer,
  AskedQuery,
  InstantQuery,
  Limited,
  MetricEngine,
  MetricMetadata,
  MetricName,
  RangeQuery,
  SeriesQuery,
} from '../metric-engine.ts';
import { parsePromql } from '../parse/parse.ts';
import { labelKey } from '../promqltest/parse-eval.ts';
import type { Labels, QueryFault, ScanRequest, SeriesSource } from '../source.ts';
import { InMemorySource, type StoredSeries, testOf } from './in-memory-source.ts';

export type Samples = readonly (readonly [atMs: number, value: number])[];

/** The metric engine over samples in memory, by organisation: the real evaluator, for tests of whoever asks it. */
export class InMemoryEngine implements MetricEngine {
  readonly #sources = new Map<string, InMemorySource>();
  readonly #metadata = new Map<string, MetricMetadata>();
  /** Expressions and index calls that were asked. */
  readonly asked: string[] = [];
  /** Set to be answered with: a store that is away. */
  fault: QueryFault | undefined;

  /** Adds samples of one series in order of time; those of a series that is known go behind what it has. */
  add(organisation: string, metric: string, labels: Labels, samples: Samples, about?: Partial<MetricMetadata>): void {
    const source = this.#sources.get(organisation) ?? new InMemorySource();
    this.#sources.set(organisation, source);
    const all: Labels = { __name__: metric, ...labels };
    const key = labelKey(all);
    const at = source.series.findIndex((known) => labelKey(known.labels) === key);
    const before = source.series[at]?.samples;
    const pairs = [
      ...Array.from(before?.times ?? [], (time, i) => [time, before?.values[i] ?? 0] as const),
      ...samples,
    ].toSorted(([a], [b]) => a - b);
    const stored: StoredSeries = {
      labels: all,
      samples: {
        count: pairs.length,
        times: Float64Array.from(pairs, ([time]) => time),
        values: Float64Array.from(pairs, ([, value]) => value),
      },
    };
    if (at < 0) source.series.push(stored);
    else source.series[at] = stored;
    if (about) this.#metadata.set(metric, { type: '', help: '', unit: '', ...about });
  }

  instant(query: InstantQuery): Promise<Result<Answer, QueryFault>> {
    return this.#evaluate(query, query.atMs, query.atMs, 0);
  }

  range(query: RangeQuery): Promise<Result<Answer, QueryFault>> {
    return this.#evaluate(query, query.startMs, query.endMs, query.stepMs);
  }

  async #evaluate(
    query: AskedQuery,
    startMs: number,
    endMs: number,
    stepMs: number,
  ): Promise<Result<Answer, QueryFault>> {
    this.asked.push(query.expression);
    if (this.fault) return fail(this.fault);
    const parsed = parsePromql(query.expression);
    if (!parsed.ok) return fail({ kind: 'bad_data', message: parsed.error.message });
    const inner = this.#sources.get(query.organisation) ?? new InMemorySource();
    const source: SeriesSource = {
      scan: (request: ScanRequest) =>
        inner.scan({ ...request, matchers: [...request.matchers, ...(query.enforced ?? [])] }),
    };
    const { lookbackMs, bounds, signal } = query;
    return evaluatePromql(
      parsed.value,
      {
        text: query.expression,
        startMs,
        endMs,
        stepMs,
        ...(lookbackMs === undefined ? {} : { lookbackMs }),
        ...(bounds === undefined ? {} : { bounds }),
        ...(signal === undefined ? {} : { signal }),
      },
      source,
    );
  }

  async series(query: SeriesQuery): Promise<Result<Limited<Labels>, QueryFault>> {
    return this.#limited(
      query,
      this.#matching(query).map(({ labels }) => labels),
    );
  }

  async metricNames(query: SeriesQuery): Promise<Result<Limited<MetricName>, QueryFault>> {
    const byName = Map.groupBy(this.#matching(query), ({ labels }) => labels['__name__'] ?? '');
    const names = [...byName].map(([metric, series]) => ({
      metric,
      series: series.length,
      lastSeenMs: Math.max(...series.map(({ samples }) => samples.times.at(-1) ?? 0)),
    }));
    return this.#limited(
      query,
      names.toSorted((a, b) => (a.metric < b.metric ? -1 : 1)),
    );
  }

  async labelNames(query: SeriesQuery): Promise<Result<Limited<string>, QueryFault>> {
    const names = new Set(this.#matching(query).flatMap(({ labels }) => Object.keys(labels)));
    return this.#limited(query, [...names].toSorted());
  }

  async labelValues(query: SeriesQuery & { readonly label: string }): Promise<Result<Limited<string>, QueryFault>> {
    const values = new Set(this.#matching(query).flatMap(({ labels }) => labels[query.label] ?? []));
    return this.#limited(query, [...values].toSorted());
  }

  async metadata(query: {
    readonly organisation: string;
    readonly metric: string;
  }): Promise<Result<ReadonlyMap<string, readonly MetricMetadata[]>, QueryFault>> {
    await Promise.resolve();
    if (this.fault) return fail(this.fault);
    const wanted = [...this.#metadata].filter(([metric]) => query.metric === '' || query.metric === metric);
    return ok(new Map(wanted.map(([metric, about]) => [metric, [about]])));
  }

  async exemplars(): ReturnType<MetricEngine['exemplars']> {
    return Promise.resolve(ok({ series: [], warnings: [] }));
  }

  async statistics(): ReturnType<MetricEngine['statistics']> {
    return Promise.resolve({
      series: 0,
      byMetric: [],
      byLabel: [],
      bytesByLabel: [],
      byPair: [],
      pairs: 0,
      minTimeMs: 0,
      maxTimeMs: 0,
    });
  }

  #matching({ organisation, matchers, startMs, endMs }: SeriesQuery): readonly StoredSeries[] {
    const any = matchers.map((all) => all.map(testOf));
    return (this.#sources.get(organisation)?.series ?? []).filter(
      ({ labels, samples }) =>
        (any.length === 0 || any.some((tests) => tests.every((test) => test(labels)))) &&
        samples.times.some((time) => time >= startMs && time <= endMs),
    );
  }

  #limited<T>({ limit }: SeriesQuery, items: readonly T[]): Result<Limited<T>, QueryFault> {
    this.asked.push('index');
    if (this.fault) return fail(this.fault);
    return ok(limit > 0 ? { items: items.slice(0, limit), cut: items.length > limit } : { items, cut: false });
  }
}
