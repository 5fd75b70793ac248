import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { fail, ok, type Clock, type Logger, type Result } from '@sightline/base';
import type { Answer, QueryFault } from '@sightline/query/promql';
import type { EngineAddress } from './engine-address.ts';
import type { FromThread, QueryJob, ToThread } from './messages.ts';
import { unpackAnswer, type PackedAnswer } from './packed-answer.ts';

export interface PoolOptions {
  readonly engine: EngineAddress;
  /** A new connection to the series index, for a thread that starts. */
  readonly connectIndex: () => MessagePort;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Chunks that all threads together keep compressed, bytes, and the folder in which they do. */
  readonly cacheBytes: number;
  readonly cacheFolder: string | undefined;
  /** Queries that are evaluated at a time; more wait. */
  readonly concurrency: number;
  /** Queries that may wait; more are refused. */
  readonly waiting: number;
}

interface Open {
  readonly job: QueryJob;
  readonly deadlineMs: number;
  readonly cancelled: Int32Array;
  readonly end: (result: Result<Answer, QueryFault>) => void;
  thread?: Thread;
}

const threads = 2;
/** Heap of a thread, megabytes; columns of numbers lie outside of it and are bounded by each query's limits. */
const heapMb = 768;
/** A thread that lived shorter than this is replaced only after as long a pause, milliseconds. */
const shortLifeMs = 1000;
/** How long after its deadline a query may still be told by its thread that it timed out, milliseconds. */
const graceMs = 2000;

/** Two threads that evaluate queries together: each has its own, and takes half of the other's wide scans. */
export class QueryPool {
  readonly #options: PoolOptions;
  readonly #threads: Thread[];
  readonly #waiting: number[] = [];
  readonly #open = new Map<number, Open>();
  #running = 0;
  #next = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: threads }, (_, i) => this.#start(i));
    this.#introduce();
  }

  /** Queries at work and queries that wait. */
  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.#running, waiting: this.#waiting.length };
  }

  /** Evaluates, or says why not: too many wait, time is up, `signal` ended it, a thread died. */
  run(job: QueryJob, signal: AbortSignal | undefined): Promise<Result<Answer, QueryFault>> {
    const { clock, waiting } = this.#options;
    if (signal?.aborted) return Promise.resolve(fail(canceled));
    if (this.#closed) return Promise.resolve(fail({ kind: 'unavailable', message: 'the server is stopping' }));
    if (this.#waiting.length >= waiting) {
      return Promise.resolve(fail({ kind: 'unavailable', message: `too many queries: ${waiting} already wait` }));
    }
    const id = this.#next++;
    return new Promise((resolve) => {
      const cancel = (): void => this.#cancel(id, canceled);
      const timer = setTimeout(
        () => this.#cancel(id, { kind: 'timeout', message: 'query timed out in query execution' }),
        job.bounds.timeoutMs + graceMs,
      );
      this.#open.set(id, {
        job,
        deadlineMs: clock.now() + job.bounds.timeoutMs,
        cancelled: new Int32Array(new SharedArrayBuffer(4)),
        end: (result) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', cancel);
          resolve(result);
        },
      });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#waiting.push(id);
      this.#startNext();
    });
  }

  /** Ends all threads; what is open ends with a fault. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const id of this.#open.keys())
      this.#settle(id, fail({ kind: 'unavailable', message: 'the server is stopping' }));
    await Promise.all(this.#threads.map((thread) => thread.worker.terminate()));
  }

  #startNext(): void {
    while (this.#running < this.#options.concurrency && this.#waiting.length > 0) {
      const id = this.#waiting.shift() ?? -1;
      const open = this.#open.get(id);
      if (!open) continue;
      const thread = this.#threads.reduce((a, b) => (b.busy < a.busy ? b : a));
      open.thread = thread;
      thread.busy++;
      this.#running++;
      thread.say({ kind: 'query', id, job: open.job, deadlineMs: open.deadlineMs, cancelled: open.cancelled });
    }
  }

  /** Tells whoever waits at once; the thread stops as soon as it looks. */
  #cancel(id: number, fault: QueryFault): void {
    const open = this.#open.get(id);
    if (!open) return;
    Atomics.store(open.cancelled, 0, 1);
    open.thread?.say({ kind: 'cancel', id });
    open.end(fail(fault));
    // A query that is at work keeps its place until its thread has let go of it.
    if (!open.thread) this.#settle(id, fail(fault));
  }

  #settle(id: number, result: Result<Answer, QueryFault>): void {
    const open = this.#open.get(id);
    if (!open) return;
    this.#open.delete(id);
    if (open.thread) {
      open.thread.busy--;
      this.#running--;
    }
    open.end(result);
    if (!this.#closed) this.#startNext();
  }

  #start(place: number): Thread {
    const { engine, cacheBytes, cacheFolder } = this.#options;
    const worker = new Worker(new URL('query-thread.ts', import.meta.url), {
      name: `promql-${place}`,
      workerData: { engine, lower: place === 0, cacheBytes: Math.floor(cacheBytes / threads), cacheFolder },
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 6 },
    });
    const thread = new Thread(worker, this.#options.clock.now());
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'answer') this.#settle(message.id, answerOf(message.result));
      else this.#options.logger.error('a chunk of samples was left out', { reason: message.message });
    });
    worker.on('error', (error: Error) => {
      this.#options.logger.error('a query thread failed', { error: String(error.stack ?? error) });
    });
    worker.on('exit', () => this.#replace(place, thread));
    const port = this.#options.connectIndex();
    thread.say({ kind: 'index', port }, [port]);
    return thread;
  }

  #replace(place: number, dead: Thread): void {
    if (this.#closed) return;
    // A thread that dies as soon as it starts must not keep the machine busy; who waits for it meanwhile is told.
    const youngMs = this.#options.clock.now() - dead.startedAtMs;
    const restart = (): void => {
      if (this.#closed) return;
      this.#threads[place] = this.#start(place);
      this.#introduce();
    };
    if (youngMs >= shortLifeMs) restart();
    else setTimeout(restart, shortLifeMs);
    const message = 'the query ended its thread: it needs more memory than it may have';
    for (const [id, open] of this.#open)
      if (open.thread === dead) this.#settle(id, fail({ kind: 'execution', message }));
  }

  /** Connects the two threads with each other. */
  #introduce(): void {
    const { port1, port2 } = new MessageChannel();
    this.#threads[0]?.say({ kind: 'peer', port: port1 }, [port1]);
    this.#threads[1]?.say({ kind: 'peer', port: port2 }, [port2]);
  }
}

function answerOf(result: Result<PackedAnswer, QueryFault>): Result<Answer, QueryFault> {
  if (!result.ok) return result;
  const answer = unpackAnswer(result.value);
  return ok({ ...answer, giveBack: () => giveBack(answer) });
}

function giveBack({ value }: Answer): void {
  if (value.type !== 'matrix') return;
  const columns = value.series.flatMap(({ floats }) => [floats.times, floats.values]);
  for (const buffer of new Set(columns.map((column) => column.buffer)))
    if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

const canceled: QueryFault = { kind: 'canceled', message: 'query was canceled' };

class Thread {
  readonly worker: Worker;
  readonly startedAtMs: number;
  busy = 0;
  constructor(worker: Worker, startedAtMs: number) {
    this.worker = worker;
    this.startedAtMs = startedAtMs;
  }
  say(message: ToThread, transfer: MessagePort[] = []): void {
    this.worker.postMessage(message, transfer);
  }
}
