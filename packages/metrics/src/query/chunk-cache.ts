/**
 * Chunks of closed blocks that were read before, as compressed as they came: one ring of bytes, the oldest overwritten, and a table
 * of places in it. No objects are kept, so that a hundred thousand chunks cost their bytes and little more.
 */

const headWords = 6;
const headBytes = 4 * headWords;
const probes = 4;

export class ChunkCache {
  readonly #ring: Uint8Array;
  readonly #words: Uint32Array;
  /** Places + 1, counted from the beginning of time; 0 is free. */
  readonly #places: Float64Array;
  readonly #organisations = new Map<string, number>();
  /** Where the next record is written. What lies further back than the ring is long is gone. */
  #end = 0;

  /** `sizeBytes` is a multiple of 4. */
  constructor(sizeBytes: number) {
    this.#ring = new Uint8Array(sizeBytes);
    this.#words = new Uint32Array(this.#ring.buffer);
    this.#places = new Float64Array(2 ** Math.ceil(Math.log2(Math.max(64, sizeBytes / 300))));
  }

  /** A number for the organisation, for the other methods. */
  organisation(name: string): number {
    const known = this.#organisations.get(name);
    if (known !== undefined) return known;
    this.#organisations.set(name, this.#organisations.size);
    return this.#organisations.size - 1;
  }

  /**
   * Content for a series and block as it was when the block had this number of changes; undefined where it is not known. Valid until
   * the next `put`.
   */
  get(organisation: number, fpLow: number, fpHigh: number, block: number, changes: number): Uint8Array | undefined {
    const slot = this.#slotOf(organisation, fpLow, fpHigh, block);
    for (let probe = 0; probe < probes; probe++) {
      const at = this.#recordAt(slot + probe);
      if (at < 0 || !this.#is(at, organisation, fpLow, fpHigh, block)) continue;
      if (this.#words[at + 4] !== changes) return undefined;
      const from = 4 * at + headBytes;
      return this.#ring.subarray(from, from + (this.#words[at + 5] ?? 0));
    }
    return undefined;
  }

  /** Keeps `content`, unless it is longer than a sixteenth of the cache. */
  put(organisation: number, fpLow: number, fpHigh: number, block: number, changes: number, content: Uint8Array): void {
    const size = headBytes + 4 * Math.ceil(content.length / 4);
    const capacity = this.#ring.length;
    if (size > capacity / 16) return;
    // A record never goes round the end.
    if ((this.#end % capacity) + size > capacity) this.#end += capacity - (this.#end % capacity);
    const place = this.#end;
    this.#end += size;
    const at = (place % capacity) / 4;
    this.#words.set([organisation, fpLow, fpHigh, block >>> 0, changes, content.length], at);
    this.#ring.set(content, 4 * at + headBytes);
    this.#places[this.#slotFor(organisation, fpLow, fpHigh, block)] = place + 1;
  }

  #slotFor(organisation: number, fpLow: number, fpHigh: number, block: number): number {
    const first = this.#slotOf(organisation, fpLow, fpHigh, block);
    let oldest = first;
    let oldestPlace = Infinity;
    for (let probe = 0; probe < probes; probe++) {
      const slot = (first + probe) & (this.#places.length - 1);
      const at = this.#recordAt(slot);
      if (at >= 0 && this.#is(at, organisation, fpLow, fpHigh, block)) return slot;
      const place = at < 0 ? 0 : (this.#places[slot] ?? 0);
      if (place < oldestPlace) [oldest, oldestPlace] = [slot, place];
    }
    return oldest;
  }

  #slotOf(organisation: number, fpLow: number, fpHigh: number, block: number): number {
    let hash = Math.imul(fpLow ^ Math.imul(block, 0x9e3779b1), 0x85ebca6b) ^ fpHigh;
    hash = Math.imul(hash ^ (hash >>> 15) ^ organisation, 0xc2b2ae35);
    return (hash ^ (hash >>> 13)) & (this.#places.length - 1);
  }

  /** Index of a record's first word; -1 where there is none any more. */
  #recordAt(slot: number): number {
    const place = (this.#places[slot & (this.#places.length - 1)] ?? 0) - 1;
    const capacity = this.#ring.length;
    return place < 0 || place < this.#end - capacity ? -1 : (place % capacity) / 4;
  }

  #is(at: number, organisation: number, fpLow: number, fpHigh: number, block: number): boolean {
    const words = this.#words;
    return (
      words[at] === organisation && words[at + 1] === fpLow && words[at + 2] === fpHigh && words[at + 3] === block >>> 0
    );
  }
}
