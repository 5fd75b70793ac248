import { getHeapStatistics } from 'node:v8';

/** After so many bytes of bodies it is looked at how much memory lies outside the heap. */
const lookEveryBytes = 4 * 1024 * 1024;
/** So much more of it than the last collection left is collected. */
const growthBytes = 8 * 1024 * 1024;

/**
 * Collects what requests leave outside the heap while it is young. A body's bytes take next to nothing of the heap itself, so the collector of
 * young objects hardly comes by; V8 then meets its bound for memory outside the heap and goes over all of the heap, which takes a hundred
 * milliseconds instead of two. Needs Node's `--expose-gc`, as `node-flags.json` has it; does nothing without.
 */
export class YoungBuffers {
  readonly #outsideBytes: () => number;
  readonly #collect: (() => void) | undefined;
  #unseenBytes = 0;
  #leftBytes: number;

  constructor(
    outsideBytes = (): number => getHeapStatistics().external_memory,
    collect = globalThis.gc ? (): void => globalThis.gc?.({ type: 'minor', execution: 'sync' }) : undefined,
  ) {
    this.#outsideBytes = outsideBytes;
    this.#collect = collect;
    this.#leftBytes = outsideBytes();
  }

  /** Tells of memory that a body took; collects where much has come together. */
  took(sizeBytes: number): void {
    this.#unseenBytes += sizeBytes;
    if (this.#unseenBytes < lookEveryBytes || !this.#collect) return;
    this.#unseenBytes = 0;
    const before = this.#outsideBytes();
    // The collector came by itself.
    if (before < this.#leftBytes) this.#leftBytes = before;
    if (before - this.#leftBytes < growthBytes) return;
    this.#collect();
    this.#leftBytes = this.#outsideBytes();
  }
}
