/** The series index across threads: calls and answers over a MessagePort. */
import type { MessagePort } from 'node:worker_threads';
import { fail, type Logger, type Result } from '@sightline/base';
import type { QueryFault } from '@sightline/query/promql';
import { buffersOf, type Selection, type SeriesIndex } from './selection.ts';

type Method = Exclude<keyof SeriesIndex, 'endLease'>;
interface IndexCall {
  readonly id: number;
  readonly method: Method;
  readonly argument: unknown;
}
interface LeaseEnd {
  readonly endLease: number;
}
interface IndexAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * Answers calls that come over `port` with `index`. What throws is logged and told to the caller as an internal fault. Leases end with
 * the port at the latest.
 */
export function answerIndexCalls(port: MessagePort, index: SeriesIndex, logger: Logger): void {
  const leases = new Set<number>();
  let closed = false;
  port.on('close', () => {
    closed = true;
    for (const lease of leases) index.endLease(lease);
    leases.clear();
  });
  const noteLease = (value: unknown): void => {
    const lease = (value as Result<Selection, QueryFault> & { value?: Selection }).value?.lease;
    if (lease === undefined) return;
    if (closed) index.endLease(lease);
    else leases.add(lease);
  };
  port.on('message', (call: IndexCall | LeaseEnd) => {
    if ('endLease' in call) {
      if (leases.delete(call.endLease)) index.endLease(call.endLease);
      return;
    }
    void answer(index, call).then(
      (value) => {
        if (call.method === 'select') noteLease(value);
        port.postMessage({ id: call.id, value } satisfies IndexAnswer, transfersOf(call.method, value));
      },
      (error: unknown) => {
        logger.error('a question to the series index failed', { method: call.method, error: String(error) });
        port.postMessage({ id: call.id, error: String(error) } satisfies IndexAnswer, []);
      },
    );
  });
}

async function answer(index: SeriesIndex, call: IndexCall): Promise<unknown> {
  const method = index[call.method].bind(index) as (argument: unknown) => unknown;
  return await method(call.argument);
}

function transfersOf(method: Method, value: unknown): ArrayBuffer[] {
  if (method !== 'select') return [];
  const result = value as Result<Selection, QueryFault>;
  return result.ok ? buffersOf(result.value) : [];
}

/** The other end. Calls that are open when the port closes end with a fault (`select`) or reject (the others). */
export class IndexClient implements SeriesIndex {
  readonly #port: MessagePort;
  readonly #open = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #next = 0;
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (answered: IndexAnswer) => {
      const open = this.#open.get(answered.id);
      this.#open.delete(answered.id);
      if (answered.error === undefined) open?.resolve(answered.value as never);
      else open?.reject(new Error(answered.error));
    });
    port.on('close', () => {
      this.#closed = true;
      for (const open of this.#open.values()) open.reject(new Error('the series index is closed'));
      this.#open.clear();
    });
  }

  async select(request: Parameters<SeriesIndex['select']>[0]): Promise<Result<Selection, QueryFault>> {
    try {
      return await this.#call<Result<Selection, QueryFault>>('select', request);
    } catch (error) {
      return fail({ kind: 'internal', message: error instanceof Error ? error.message : String(error) });
    }
  }
  series(query: Parameters<SeriesIndex['series']>[0]): Promise<Awaited<ReturnType<SeriesIndex['series']>>> {
    return this.#call('series', query);
  }
  metricNames(
    query: Parameters<SeriesIndex['metricNames']>[0],
  ): Promise<Awaited<ReturnType<SeriesIndex['metricNames']>>> {
    return this.#call('metricNames', query);
  }
  labelNames(query: Parameters<SeriesIndex['labelNames']>[0]): Promise<Awaited<ReturnType<SeriesIndex['labelNames']>>> {
    return this.#call('labelNames', query);
  }
  labelValues(
    query: Parameters<SeriesIndex['labelValues']>[0],
  ): Promise<Awaited<ReturnType<SeriesIndex['labelValues']>>> {
    return this.#call('labelValues', query);
  }
  statistics(organisation: string): Promise<Awaited<ReturnType<SeriesIndex['statistics']>>> {
    return this.#call('statistics', organisation);
  }

  endLease(lease: number): void {
    if (!this.#closed) this.#port.postMessage({ endLease: lease } satisfies LeaseEnd, []);
  }

  #call<T>(method: Method, argument: unknown): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the series index is closed'));
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#port.postMessage({ id, method, argument } satisfies IndexCall, []);
    });
  }
}
