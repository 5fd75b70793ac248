import { fail, ok, type Clock, type Logger, type Result } from '@sightline/base';
import type { Labels, Limited, MetricName, QueryFault } from '@sightline/query/promql';
import type { IndexQuery, Selection, SelectionRequest, SeriesIndex, Statistics } from '../selection.ts';
import { HeadClient, type HeadFault } from './head-client.ts';
import { mergeSelections } from './merge-selections.ts';

/** Where the processes are that have a head, and what opens their route. */
export interface RemoteHeads {
  /** Addresses of those that are alive, such as `http://10.0.0.7:4600`. Never rejects for long: who calls waits for it. */
  urls(): Promise<readonly string[]>;
  readonly secret: string;
}

export interface FreshIndexOptions {
  readonly heads: RemoteHeads;
  /** What is known without a head. */
  readonly stored: SeriesIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly client?: HeadClient;
}

/** What every answer without the newest samples says. */
export const newestMissing =
  'the newest samples, of up to two hours, are missing: the process that takes metrics in is not reached';
/** How long a head that was not reached is left alone, milliseconds: not every scan of a query waits for it again. */
const restMs = 3000;
/** Addresses of which that is remembered. */
const mostRests = 64;

type Question = IndexQuery & { readonly label?: string };
type ListMethod = 'series' | 'metricNames' | 'labelNames' | 'labelValues';

/**
 * The series index of a process without a head: asks the process that has it. Where that is not reached, the engine's own tables answer, and
 * the answer says that the newest samples are missing. Several processes with a head are asked together, and the tables beside them.
 */
export class FreshIndex implements SeriesIndex {
  readonly #options: FreshIndexOptions;
  readonly #client: HeadClient;
  readonly #restUntilMs = new Map<string, number>();

  constructor(options: FreshIndexOptions) {
    this.#options = options;
    this.#client = options.client ?? new HeadClient({ secret: options.heads.secret });
  }

  async select(request: SelectionRequest): Promise<Result<Selection, QueryFault>> {
    const asked = await this.#ask((url) => this.#client.select(url, request));
    if (!asked.ok) return asked;
    const { answers, missing } = asked.value;
    const selections = [...answers];
    if (missing || answers.length > 1) {
      const stored = await this.#options.stored.select(request);
      if (!stored.ok) return stored;
      selections.push(stored.value);
    }
    const merged = mergeSelections(selections);
    if (merged.fps.length > request.limit) {
      return fail({ kind: 'execution', message: `the selector matches more than ${request.limit} series` });
    }
    return ok(missing ? { ...merged, incomplete: newestMissing } : merged);
  }

  series(query: IndexQuery): Promise<Limited<Labels>> {
    return this.#list('series', query, (labels) =>
      JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  }
  async metricNames(query: IndexQuery): Promise<Limited<MetricName>> {
    return this.#list<MetricName>('metricNames', query, ({ metric }) => metric, moreSeries);
  }
  labelNames(query: IndexQuery): Promise<Limited<string>> {
    return this.#list('labelNames', query, (name) => name);
  }
  labelValues(query: IndexQuery & { readonly label: string }): Promise<Limited<string>> {
    return this.#list('labelValues', query, (value) => value);
  }

  /** Of the head that has most series; of the tables where none is reached. */
  async statistics(organisation: string): Promise<Statistics> {
    const asked = await this.#ask((url) => this.#client.statistics(url, organisation));
    const [most] = asked.ok ? [...asked.value.answers].sort((a, b) => b.series - a.series) : [];
    return most ?? this.#options.stored.statistics(organisation);
  }

  /** Nothing of a head is lent to another process. */
  endLease(): void {}

  close(): void {
    this.#client.close();
  }

  async #list<T>(
    method: ListMethod,
    query: Question,
    key: (item: T) => string,
    better: (a: T, b: T) => T = (a) => a,
  ): Promise<Limited<T>> {
    const asked = await this.#ask((url) => this.#client.list<T>(url, method, query));
    if (!asked.ok) throw new Error(asked.error.message);
    const { answers, missing } = asked.value;
    if (answers.length === 1 && !missing) return answers[0] as Limited<T>;
    const stored = (await this.#options.stored[method](query as IndexQuery & { label: string })) as Limited<T>;
    const byKey = new Map<string, T>();
    for (const item of [...answers, stored].flatMap(({ items }) => items)) {
      const known = byKey.get(key(item));
      byKey.set(key(item), known === undefined ? item : better(known, item));
    }
    const items = [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
    const most = query.limit > 0 ? query.limit : Infinity;
    return {
      items: items.slice(0, most),
      cut: items.length > most || [...answers, stored].some(({ cut }) => cut),
      ...(missing ? { warnings: [newestMissing] } : {}),
    };
  }

  /** Answers of all heads that are reached; `missing` where there is none, or one that is not reached. Fails where one refuses. */
  async #ask<T>(
    question: (url: string) => Promise<Result<T, HeadFault>>,
  ): Promise<Result<{ readonly answers: readonly T[]; readonly missing: boolean }, QueryFault>> {
    const urls = await this.#options.heads.urls();
    const asked = await Promise.all(urls.map((url) => this.#one(url, question)));
    const answers: T[] = [];
    for (const answered of asked) {
      if (answered.ok) answers.push(answered.value);
      else if (answered.error.kind === 'refused') return fail(answered.error.fault);
    }
    return ok({ answers, missing: urls.length === 0 || answers.length < urls.length });
  }

  async #one<T>(url: string, question: (url: string) => Promise<Result<T, HeadFault>>): Promise<Result<T, HeadFault>> {
    const { clock, logger } = this.#options;
    if (clock.now() < (this.#restUntilMs.get(url) ?? 0)) return fail({ kind: 'not-reached', reason: 'not tried' });
    const answered = await question(url);
    if (!answered.ok && answered.error.kind === 'not-reached') {
      if (this.#restUntilMs.size >= mostRests) this.#restUntilMs.clear();
      this.#restUntilMs.set(url, clock.now() + restMs);
      logger.warn('The process with the metric head is not reached; answers lack the newest samples', {
        url,
        reason: answered.error.reason,
      });
    }
    return answered;
  }
}

/** What two heads count of one metric may be the same series. */
const moreSeries = (a: MetricName, b: MetricName): MetricName => ({
  metric: a.metric,
  series: Math.max(a.series, b.series),
  lastSeenMs: Math.max(a.lastSeenMs, b.lastSeenMs),
});
