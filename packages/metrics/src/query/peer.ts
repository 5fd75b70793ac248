/** The other query thread: takes half of a wide scan. */
import type { MessagePort } from 'node:worker_threads';
import { QueryFailure, type QueryFault } from '@sightline/query/promql';
import type { Share, ShareResult } from './share.ts';

interface ShareCall {
  readonly id: number;
  readonly share: Share;
}
interface ShareAnswer {
  readonly id: number;
  readonly result?: ShareResult;
  readonly fault?: QueryFault;
}

export class Peer {
  readonly #port: MessagePort;
  readonly #open = new Map<number, { resolve(result: ShareResult): void; reject(error: Error): void }>();
  #next = 0;

  /** `run` computes shares that the other thread sends. */
  constructor(port: MessagePort, run: (share: Share) => Promise<ShareResult>) {
    this.#port = port;
    port.on('message', (message: ShareCall | ShareAnswer) => {
      if ('share' in message) void this.#answer(message, run);
      else this.#take(message);
    });
    port.on('close', () => {
      for (const open of this.#open.values()) open.reject(gone());
      this.#open.clear();
    });
  }

  /** Throws `QueryFailure` as a share does, and when the thread ends meanwhile. */
  run(share: Share): Promise<ShareResult> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#port.postMessage({ id, share } satisfies ShareCall, [
        ...new Set([share.fps.buffer, share.metricOf.buffer, ...(share.groupOf ? [share.groupOf.buffer] : [])]),
      ] as ArrayBuffer[]);
    });
  }

  async #answer({ id, share }: ShareCall, run: (share: Share) => Promise<ShareResult>): Promise<void> {
    try {
      const result = await run(share);
      this.#port.postMessage({ id, result } satisfies ShareAnswer, buffersOfResult(result));
    } catch (error) {
      const fault: QueryFault =
        error instanceof QueryFailure ? error.fault : { kind: 'internal', message: String((error as Error).stack) };
      this.#port.postMessage({ id, fault } satisfies ShareAnswer, []);
    }
  }

  #take({ id, result, fault }: ShareAnswer): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (result) open?.resolve(result);
    else open?.reject(new QueryFailure(fault ?? { kind: 'internal', message: 'a share without a result' }));
  }
}

function gone(): QueryFailure {
  return new QueryFailure({ kind: 'unavailable', message: 'a query thread ended while it worked on this query' });
}

function buffersOfResult({ groups, rows }: ShareResult): ArrayBuffer[] {
  const arrays: (ArrayBufferView | undefined)[] = [rows?.series, rows?.values, rows?.present];
  for (const group of groups ?? []) arrays.push(group.values, group.counts, group.compensation, group.running);
  const buffers = arrays.map((array) => array?.buffer).filter((buffer) => buffer instanceof ArrayBuffer);
  return [...new Set(buffers)];
}
