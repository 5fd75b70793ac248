import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { fail, ok, type Clock, type Logger, type Result } from '@sightline/base';
import {
  parsePromql,
  QueryFailure,
  type Answer,
  type AskedQuery,
  type MetricEngine,
  type MetricMetadata,
  type QueryBounds,
  type QueryFault,
  type SeriesQuery,
} from '@sightline/query/promql';
import { StoreError, type TelemetryReader } from '@sightline/store/port';
import { answerIndexCalls, IndexClient } from './index-port.ts';
import { readExemplars } from './query/exemplars.ts';
import type { EngineAddress } from './query/engine-address.ts';
import { QueryPool } from './query/query-pool.ts';
import { FreshIndex, type RemoteHeads } from './remote/fresh-index.ts';
import type { MetricRetention } from './retention.ts';
import { RollupStates } from './rollup/rollup-state.ts';
import { StoredIndex } from './stored-index.ts';

export interface MetricsOptions {
  readonly store: TelemetryReader;
  /** Where query threads read chunks: the same engine as `store`. */
  readonly engine: EngineAddress;
  /**
   * The head of this process. Without one and without `heads` the index is read from the engine's tables, and a sample is seen once its block
   * is cut: two hours and some minutes after it came, at the latest.
   */
  readonly head: { indexPort(): MessagePort } | undefined;
  /** Without a head: the processes that have one. They are asked for what the tables do not have yet. */
  readonly heads?: RemoteHeads | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bounds?: Partial<QueryBounds>;
  /** Chunks that the query threads keep compressed in a file without a name, bytes, and the folder of it. Default 128 MB, the system's. */
  readonly cacheBytes?: number;
  readonly cacheFolder?: string;
  /** How long samples and roll-ups are kept (`keepMetrics`). Absent: no query is answered from roll-ups. */
  readonly kept?: MetricRetention;
}

/** The metric engine of this process. */
export interface Metrics extends MetricEngine {
  /** Lines of Prometheus' text format about queries. */
  metrics(): string;
  /** True while a query is at work. */
  busy(): boolean;
  /** Ends the query threads; open queries end with a fault. */
  close(): Promise<void>;
}

const defaultBounds: QueryBounds = {
  samples: 200_000_000,
  series: 200_000,
  values: 20_000_000,
  steps: 11_000,
  timeoutMs: 120_000,
};
const lookbackMs = 300_000;
const concurrency = 4;
const waiting = 256;
/** How far back an index question without an end may look is the caller's; how long it may take is ours. */
const metadataRows = 50_000;

/** Starts the query threads over head and engine. */
export function openMetrics(options: MetricsOptions): Metrics {
  return new ThreadedEngine(options);
}

class ThreadedEngine implements Metrics {
  readonly #options: MetricsOptions;
  readonly #pool: QueryPool;
  readonly #index: IndexClient;
  readonly #ports: MessagePort[] = [];
  readonly #counts = new Map<string, number>();
  readonly #rollups: RollupStates | undefined;
  readonly #fresh: FreshIndex | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    const { store, clock, logger, kept } = options;
    this.#rollups = kept && new RollupStates({ store, kept, clock, logger });
    const stored = options.head ? undefined : new StoredIndex(options.store);
    this.#fresh = stored && options.heads && new FreshIndex({ heads: options.heads, stored, clock, logger });
    const index = this.#fresh ?? stored;
    const connect = (): MessagePort => {
      if (options.head) return options.head.indexPort();
      const { port1, port2 } = new MessageChannel();
      if (index) answerIndexCalls(port1, index, options.logger);
      this.#ports.push(port1);
      return port2;
    };
    const own = connect();
    this.#ports.push(own);
    this.#index = new IndexClient(own);
    this.#pool = new QueryPool({
      engine: options.engine,
      connectIndex: connect,
      clock: options.clock,
      logger: options.logger,
      cacheBytes: options.cacheBytes ?? 128_000_000,
      cacheFolder: options.cacheFolder,
      concurrency,
      waiting,
    });
  }

  instant(query: Parameters<MetricEngine['instant']>[0]): Promise<Result<Answer, QueryFault>> {
    return this.#run(query, query.atMs, query.atMs, undefined);
  }

  range(query: Parameters<MetricEngine['range']>[0]): Promise<Result<Answer, QueryFault>> {
    return this.#run(query, query.startMs, query.endMs, query.stepMs);
  }

  async #run(
    query: AskedQuery,
    startMs: number,
    endMs: number,
    stepMs: number | undefined,
  ): Promise<Result<Answer, QueryFault>> {
    const job = {
      organisation: query.organisation,
      expression: query.expression,
      lookbackMs: query.lookbackMs ?? lookbackMs,
      bounds: { ...defaultBounds, ...this.#options.bounds, ...query.bounds },
      enforced: query.enforced ?? [],
      whole: query.whole ?? false,
      staleMarks: query.staleMarks ?? false,
      startMs,
      endMs,
      stepMs,
      rollups: await this.#rollups?.current(),
    };
    const result = await this.#pool.run(job, query.signal);
    const outcome = result.ok ? 'ok' : result.error.kind;
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    if (!result.ok && result.error.kind === 'internal') {
      this.#options.logger.error('a metric query failed', { reason: result.error.message });
    }
    return result;
  }

  series(query: SeriesQuery): ReturnType<MetricEngine['series']> {
    return this.#ask(() => this.#index.series(plain(query)));
  }

  metricNames(query: SeriesQuery): ReturnType<MetricEngine['metricNames']> {
    return this.#ask(() => this.#index.metricNames(plain(query)));
  }

  labelNames(query: SeriesQuery): ReturnType<MetricEngine['labelNames']> {
    return this.#ask(() => this.#index.labelNames(plain(query)));
  }

  labelValues(query: SeriesQuery & { readonly label: string }): ReturnType<MetricEngine['labelValues']> {
    return this.#ask(() => this.#index.labelValues({ ...plain(query), label: query.label }));
  }

  statistics(organisation: string): ReturnType<MetricEngine['statistics']> {
    return this.#index.statistics(organisation);
  }

  metadata({
    organisation,
    metric,
    limit,
  }: Parameters<MetricEngine['metadata']>[0]): ReturnType<MetricEngine['metadata']> {
    return this.#ask(async () => {
      const rows = await this.#options.store.query<MetricMetadata & { metric: string }>(
        `SELECT metric, type, unit, help FROM metric_metadata FINAL
         WHERE organisation = {organisation:String}${metric === '' ? '' : ' AND metric = {metric:String}'}
         ORDER BY metric, last_seen DESC LIMIT ${metadataRows}`,
        { organisation, metric },
      );
      const byMetric = new Map<string, MetricMetadata[]>();
      for (const { metric: name, type, unit, help } of rows) {
        const known = byMetric.get(name);
        if (known) known.push({ type, unit, help });
        else if (limit === 0 || byMetric.size < limit) byMetric.set(name, [{ type, unit, help }]);
      }
      return byMetric;
    });
  }

  async exemplars(query: Parameters<MetricEngine['exemplars']>[0]): ReturnType<MetricEngine['exemplars']> {
    const parsed = parsePromql(query.expression);
    if (!parsed.ok) return fail({ kind: 'bad_data', message: parsed.error.message });
    return this.#ask(() => readExemplars(parsed.value, query, this.#index, this.#options.store));
  }

  async #ask<T>(question: () => Promise<T>): Promise<Result<T, QueryFault>> {
    try {
      return ok(await question());
    } catch (error) {
      if (error instanceof QueryFailure) return fail(error.fault);
      if (!(error instanceof StoreError)) return fail({ kind: 'execution', message: (error as Error).message });
      const kinds = { timeout: 'timeout', cancelled: 'canceled', unavailable: 'unavailable' } as const;
      const kind = error.kind in kinds ? kinds[error.kind as keyof typeof kinds] : 'execution';
      return fail({ kind, message: error.message });
    }
  }

  metrics(): string {
    const { running, waiting: queued } = this.#pool.load;
    const outcomes = [...this.#counts].map(
      ([outcome, count]) => `sightline_metric_queries_total{outcome="${outcome}"} ${count}\n`,
    );
    return [
      '# TYPE sightline_metric_queries_total counter\n',
      ...outcomes,
      `# TYPE sightline_metric_queries_running gauge\nsightline_metric_queries_running ${running}\n`,
      `# TYPE sightline_metric_queries_waiting gauge\nsightline_metric_queries_waiting ${queued}\n`,
    ].join('');
  }

  busy(): boolean {
    const { running, waiting: queued } = this.#pool.load;
    return running + queued > 0;
  }

  async close(): Promise<void> {
    await this.#pool.close();
    for (const port of this.#ports) port.close();
    this.#fresh?.close();
  }
}

/** A question without its signal, which does not travel between threads. */
function plain({ organisation, matchers, startMs, endMs, limit }: SeriesQuery): Omit<SeriesQuery, 'signal'> {
  return { organisation, matchers, startMs, endMs, limit };
}
