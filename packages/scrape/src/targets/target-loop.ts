import type { Clock, Logger } from '@sightline/base';
import { redactText } from '@sightline/base';
import type { ReceivedSeries } from '@sightline/record';
import type { ScrapeJob } from '../config/scrape-job.ts';
import type { Family, LabelMemo } from '../exposition/exposed.ts';
import { acceptHeader, parseExposition } from '../exposition/negotiate.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { ScrapeSink } from './scrape-sink.ts';
import { SeriesMaker } from './series-maker.ts';
import type { Target } from './target.ts';

export interface LoopParts {
  readonly sink: ScrapeSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For `User-Agent`. */
  readonly version: string;
}

/** How a target stands. */
export interface TargetState {
  readonly health: 'up' | 'down' | 'unknown';
  /** Why it is down; '' otherwise. */
  readonly lastError: string;
  /** Milliseconds since the epoch; 0 before the first. */
  readonly lastScrapeAtMs: number;
  readonly lastDurationMs: number;
  /** What the target said of its metrics at the last good scrape. */
  readonly families: readonly Readonly<Family>[];
}

/** What one scrape brought. */
interface Outcome {
  readonly series: readonly ReceivedSeries[];
  readonly error: string;
  readonly scraped: number;
  readonly kept: number;
  readonly added: number;
}

/** Samples and labels seen by text that are remembered beyond those of the last scrape. */
const memoSlack = 2;

/** Asks one target again and again, at its own moment within the interval, until it is stopped. */
export class TargetLoop {
  readonly target: Target;
  readonly maker: SeriesMaker;
  readonly #job: ScrapeJob;
  readonly #client: HttpClient;
  readonly #parts: LoopParts;
  readonly #stop = new AbortController();
  readonly #memo: LabelMemo = new Map();
  #families: readonly Readonly<Family>[] = [];
  #running: Promise<void> | undefined;
  #state: TargetState = { health: 'unknown', lastError: '', lastScrapeAtMs: 0, lastDurationMs: 0, families: [] };

  constructor(job: ScrapeJob, target: Target, client: HttpClient, parts: LoopParts) {
    this.#job = job;
    this.target = target;
    this.#client = client;
    this.#parts = parts;
    this.maker = new SeriesMaker(job, target.labels);
  }

  get state(): TargetState {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Waits for the scrape under way. `gone`: the target is no more, and its series are marked as ended. */
  async close(gone: boolean): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (!gone) return;
    const atMs = this.#parts.clock.now();
    const ended = this.maker.end(atMs);
    if (this.#state.health === 'unknown' && ended.length === 0) return;
    await this.#parts.sink.append([
      ...ended,
      ...reports.map((name) => this.maker.report(name, 'gauge', undefined, atMs)),
    ]);
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#parts;
    const { intervalMs } = this.target;
    // Targets are spread over the interval, each always at the same place.
    const offsetMs = Number.parseInt(this.target.key.slice(0, 8), 16) % intervalMs;
    while (!this.#stop.signal.aborted) {
      const nowMs = clock.now();
      const intoMs = (((nowMs - offsetMs) % intervalMs) + intervalMs) % intervalMs;
      await clock.sleep(intervalMs - intoMs, this.#stop.signal);
      if (this.#stop.signal.aborted) break;
      try {
        await this.scrape();
      } catch (error) {
        logger.error('a scrape ended in an exception', { job: this.#job.name, error });
      }
    }
  }

  /** One scrape, now. */
  async scrape(): Promise<void> {
    const { clock, sink, logger } = this.#parts;
    const atMs = clock.now();
    const began = performance.now();
    const outcome = await this.#ask(atMs);
    if (this.#stop.signal.aborted) return;
    const durationMs = performance.now() - began;
    const health = outcome.error === '' ? 'up' : 'down';
    if (health === 'down' && this.#state.health !== 'down')
      logger.warn('a target cannot be scraped', { job: this.#job.name, url: this.target.url, why: outcome.error });
    this.#state = {
      health,
      lastError: outcome.error,
      lastScrapeAtMs: atMs,
      lastDurationMs: durationMs,
      families: this.#families,
    };
    const values = [health === 'up' ? 1 : 0, durationMs / 1000, outcome.scraped, outcome.kept, outcome.added];
    const about = reports.map((name, n) => this.maker.report(name, 'gauge', values[n], atMs));
    await sink.append([...outcome.series, ...about]);
  }

  async #ask(atMs: number): Promise<Outcome> {
    const { protocols, compression, limits, nativeHistograms, classicHistograms, fallbackProtocol } = this.#job;
    const failed = (why: string, scraped = 0): Outcome => ({
      series: this.maker.end(atMs),
      error: redactText(why),
      scraped,
      kept: 0,
      added: 0,
    });
    const answer = await this.#client.get(this.target.url, {
      headers: {
        accept: acceptHeader(protocols),
        'accept-encoding': compression ? 'gzip' : 'identity',
        'user-agent': `Sightline/${this.#parts.version}`,
        'x-prometheus-scrape-timeout-seconds': String(this.target.timeoutMs / 1000),
      },
      timeoutMs: this.target.timeoutMs,
      bodyLimitBytes: limits.bodyBytes,
      signal: this.#stop.signal,
    });
    if (!answer.ok) return failed(answer.error);
    const exposed = parseExposition(answer.value.body, answer.value.contentType, {
      native: nativeHistograms,
      classic: classicHistograms,
      fallback: fallbackProtocol,
      memo: this.#memo,
    });
    if (!exposed.ok) return failed(exposed.error);
    const scraped = exposed.value.length;
    if (this.#memo.size > memoSlack * scraped + 1000) this.#memo.clear();
    this.#families = [...new Set(exposed.value.map(({ family }) => family))].filter(({ name }) => name !== '');
    const made = this.maker.make(exposed.value, atMs);
    return made.ok ? { ...made.value, error: '', scraped } : failed(made.error, scraped);
  }
}

/** What is told of each scrape (https://prometheus.io/docs/concepts/jobs_instances/#automatically-generated-labels-and-time-series). */
const reports = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
