import { hash } from 'node:crypto';
import type { Frame } from '../../protocol.ts';

/** Kept for so long after the request that was refused in part; clients try again within seconds. */
const keptMs = 10 * 60_000;
const documentsPerKey = 20_000;
const keysAtMost = 50;

interface Kept {
  readonly counts: Map<string, number>;
  untilMs: number;
}

/** What one request uses of the memory, and adds to it once it is stored. */
export interface Recall {
  /** Whether there are any such documents. */
  readonly knowsAny: boolean;
  /** True when this document was taken with an earlier request that was refused in part; each as often as it was taken. */
  known(document: Uint8Array): boolean;
  /** To be done once what was taken is durable: before that, its client would be right to send it again. */
  settle(frames: readonly Frame[], taken: readonly Uint8Array[], refusedInPart: boolean): void;
}

/**
 * Documents of `_bulk` requests that were refused in part. Some clients (winston-elasticsearch) then send the whole request again, so
 * that its good documents would be stored twice: those are recognised by their bytes. Nothing is kept of requests that were taken
 * whole, where two documents alike are two records. Bounded by time, documents and keys; a restart forgets.
 */
export class ResentDocuments {
  readonly #keys = new Map<string, Kept>();
  readonly #settling = new WeakMap<readonly Frame[], () => void>();

  /** `key`: whose documents. */
  recall(key: string, nowMs: number): Recall {
    const kept = this.#keys.get(key);
    if (kept && kept.untilMs <= nowMs) this.#keys.delete(key);
    const counts = kept && kept.untilMs > nowMs ? kept.counts : undefined;
    const used = new Map<string, number>();
    return {
      knowsAny: counts !== undefined,
      known: (document) => {
        if (!counts) return false;
        const id = idOf(document);
        const times = used.get(id) ?? 0;
        if ((counts.get(id) ?? 0) <= times) return false;
        used.set(id, times + 1);
        return true;
      },
      settle: (frames, taken, refusedInPart) => {
        // Refused in part once more: it will come once more, with what was known before as well.
        const fresh = refusedInPart ? taken.slice(0, documentsPerKey).map(idOf) : [];
        if (fresh.length === 0 && used.size === 0) return;
        this.#settling.set(frames, () => this.#settle(key, nowMs, { fresh, used: refusedInPart ? new Map() : used }));
      },
    };
  }

  /** What was taken with these frames is durable. */
  stored(frames: readonly Frame[]): void {
    this.#settling.get(frames)?.();
    this.#settling.delete(frames);
  }

  #settle(
    key: string,
    nowMs: number,
    { fresh, used }: { readonly fresh: readonly string[]; readonly used: ReadonlyMap<string, number> },
  ): void {
    const counts = this.#keys.get(key)?.counts ?? new Map<string, number>();
    for (const [id, times] of used) {
      const left = (counts.get(id) ?? 0) - times;
      if (left > 0) counts.set(id, left);
      else counts.delete(id);
    }
    for (const id of fresh) {
      if (counts.size >= documentsPerKey && !counts.has(id)) break;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    this.#keys.delete(key);
    if (counts.size === 0) return;
    this.#keys.set(key, { counts, untilMs: nowMs + keptMs });
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > keysAtMost && oldest !== undefined) this.#keys.delete(oldest);
  }
}

const idOf = (document: Uint8Array): string => hash('sha1', document, 'base64');
