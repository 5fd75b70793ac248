import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from '@sightline/base';
import type { LoadedMetrics, MetricSegment, MetricTarget } from '@sightline/ingest/metric-formats';
import type { ResourcePromotion } from '@sightline/record';
import type { TelemetryWriter } from '@sightline/store/port';
import type { HeadFigures } from './head.ts';
import type { FromHead, HeadThreadData, ToHead } from './head-messages.ts';
import { defaultHeadSettings, type HeadSettings } from './head-settings.ts';

/** Longest time of one statement of the head, milliseconds. */
const statementMs = 300_000;
const statementBytes = 3_000_000_000;
/** How long a segment may take before the head is held to be lost. */
const answerMs = 300_000;
const closeMs = 20_000;

/** The write side of the metric store, as the main thread sees it. */
export interface MetricHead extends MetricTarget {
  /** A port on which the head's thread answers the index (`IndexClient`); to be handed to a query thread. */
  indexPort(): MessagePort;
  /** Other attributes of OTLP resources become labels, of what is loaded from now on. */
  promote(promotion: ResourcePromotion): void;
  /** Lines of Prometheus' text format, of a second ago. */
  metrics(): string;
  /** Cuts everything in memory into the engine now. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

export interface HeadOptions {
  readonly settings: Pick<HeadSettings, 'folder'> & Partial<HeadSettings>;
  readonly store: TelemetryWriter;
  /** The store's settings under which a statement with one deduplication token takes effect once. */
  readonly exactlyOnce: Readonly<Record<string, string | number>>;
  readonly logger: Logger;
}

/** Starts the head's thread. Resolves when it holds again what its log holds; rejects when it cannot open its folder. */
export async function openHead(options: HeadOptions): Promise<MetricHead> {
  const head = new ThreadHead(options);
  await head.ready;
  return head;
}

interface Waiting {
  readonly resolve: (value: LoadedMetrics | undefined) => void;
  readonly reject: (error: Error) => void;
}

class ThreadHead implements MetricHead {
  readonly ready: Promise<void>;
  readonly #options: HeadOptions;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #ids = 0;
  #gone: Error | undefined;
  #figures: HeadFigures | undefined;

  constructor(options: HeadOptions) {
    this.#options = options;
    const data: HeadThreadData = { settings: { ...defaultHeadSettings, ...options.settings } };
    this.#worker = new Worker(new URL('head-thread.ts', import.meta.url), {
      workerData: data,
      name: 'metric head',
      // Columns of numbers lie outside of its heap; little else lives there for long.
      resourceLimits: { maxYoungGenerationSizeMb: 6 },
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromHead) => (message.kind === 'ready' ? resolve() : this.#hear(message)));
      const end = (error: Error): void => {
        this.#gone ??= error;
        reject(error);
        for (const waiting of this.#waiting.values()) waiting.reject(error);
        this.#waiting.clear();
      };
      this.#worker.on('error', (error) => {
        options.logger.error('the thread of the metric head failed', { error });
        end(error as Error);
      });
      this.#worker.on('exit', () => end(new Error('the thread of the metric head has ended')));
    });
  }

  async load(segment: MetricSegment): Promise<LoadedMetrics> {
    return (await this.#ask({ kind: 'load', id: 0, segment }, answerMs)) as LoadedMetrics;
  }

  indexPort(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ kind: 'index', port: port1 } satisfies ToHead, [port1]);
    return port2;
  }

  promote(promotion: ResourcePromotion): void {
    if (!this.#gone) this.#worker.postMessage({ kind: 'promote', promotion } satisfies ToHead, []);
  }

  metrics(): string {
    const figures = this.#figures;
    return figures
      ? lines
          .map(([name, type, of]) => {
            const metric = `sightline_metric_store_${name}`;
            return `# TYPE ${metric} ${type}\n${metric} ${of(figures)}\n`;
          })
          .join('')
      : '';
  }

  async cut(): Promise<void> {
    await this.#ask({ kind: 'cut', id: 0 }, answerMs);
  }

  async close(): Promise<void> {
    if (!this.#gone)
      await this.#ask({ kind: 'close', id: 0 }, closeMs).catch((error: unknown) =>
        this.#options.logger.warn('the metric head did not close in time; its log holds everything', { error }),
      );
    await this.#worker.terminate();
  }

  #ask(
    message: Exclude<ToHead, { kind: 'index' | 'executed' | 'promote' }>,
    timeoutMs: number,
  ): Promise<LoadedMetrics | undefined> {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = this.#ids++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`the metric head did not answer within ${timeoutMs} ms`));
      }, timeoutMs);
      const done = (): void => clearTimeout(timer);
      this.#waiting.set(id, {
        resolve: (value) => {
          done();
          resolve(value);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      this.#worker.postMessage({ ...message, id }, []);
    });
  }

  #hear(message: FromHead): void {
    if (message.kind === 'log') this.#options.logger[message.level](message.message, { ...message.fields });
    else if (message.kind === 'figures') this.#figures = message.figures;
    else if (message.kind === 'execute') void this.#execute(message);
    else if (message.kind === 'answer') {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.value);
      else waiting?.reject(new Error(message.error));
    }
  }

  async #execute({ id, sql, parameters, token }: FromHead & { kind: 'execute' }): Promise<void> {
    const settings = token === '' ? {} : { ...this.#options.exactlyOnce, insert_deduplication_token: token };
    let ended: ToHead = { kind: 'executed', id };
    try {
      await this.#options.store.execute(sql, parameters, {
        timeoutMs: statementMs,
        memoryBytes: statementBytes,
        settings,
      });
    } catch (error) {
      ended = { kind: 'executed', id, error: error instanceof Error ? error.message : String(error) };
    }
    if (!this.#gone) this.#worker.postMessage(ended, []);
  }
}

type Line = readonly [name: string, type: 'gauge' | 'counter', of: (figures: HeadFigures) => number];
const lines: readonly Line[] = [
  ['head_series', 'gauge', (figures) => figures.series],
  ['samples_appended_total', 'counter', (figures) => figures.samples],
  ['samples_folded_total', 'counter', (figures) => figures.folded],
  ['duplicate_samples_total', 'counter', (figures) => figures.duplicates],
  ['late_samples_total', 'counter', (figures) => figures.late],
  ['head_bytes', 'gauge', (figures) => figures.memoryBytes],
  ['log_bytes', 'gauge', (figures) => figures.logBytes],
  ['head_blocks', 'gauge', (figures) => figures.openBlocks],
  ['cuts_total', 'counter', (figures) => figures.cuts],
  ['chunks_written_total', 'counter', (figures) => figures.chunks],
  ['chunk_bytes_written_total', 'counter', (figures) => figures.chunkBytes],
  ['exemplars_dropped_total', 'counter', (figures) => figures.exemplarsDropped],
];
