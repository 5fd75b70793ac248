/** Smallest and largest number of samples of one piece. */
export const leastSamples = 4;
export const mostSamples = 64;
/** Doubles that are free before pieces are joined: each time costs a sort of all that are free. */
const joinDoubles = 65_536;

/**
 * Room for samples that are not encoded yet: pieces of 4, 8, … 64 samples out of one array, given back to lists by size. The
 * array is reserved at once; the system gives memory only for what is touched, and keeps it there: what is free is used before more is touched. Query threads read it as it is: who was told where
 * pieces lie holds a lease, and what is given back meanwhile is not taken again before the lease ends. Samples are only ever added
 * behind those that a reader was told of.
 */
export class SampleSlab {
  readonly memory: SharedArrayBuffer;
  /** A piece of n samples at `ref`: n times, then n values. */
  readonly doubles: Float64Array;
  /** The same memory, so that values are copied bit by bit: a NaN keeps its bits. */
  readonly words: Uint32Array;
  readonly #free: number[][] = Array.from({ length: Math.log2(mostSamples / leastSamples) + 1 }, () => []);
  /** 0 is no piece. */
  #top = 8;
  #used = 0;
  /** Pieces are joined when so many doubles are free. */
  #joinAt = joinDoubles;
  /** Leases that are open, the oldest first. */
  readonly #leases = new Set<number>();
  #lease = 0;
  /** Given back under a lease: reference, size and the last lease of that moment, in turn. */
  #limbo: number[] = [];

  constructor(sizeBytes: number) {
    this.memory = new SharedArrayBuffer(8 * Math.max(4096, Math.floor(sizeBytes / 8)));
    this.doubles = new Float64Array(this.memory);
    this.words = new Uint32Array(this.memory);
  }

  /** Begins a lease; the answer is its number. */
  lease(): number {
    this.#leases.add(++this.#lease);
    return this.#lease;
  }

  /** Ends a lease; one that has ended already is passed over. */
  endLease(lease: number): void {
    if (!this.#leases.delete(lease)) return;
    const [oldest = Infinity] = this.#leases;
    let freed = 0;
    for (; freed < this.#limbo.length && (this.#limbo[freed + 2] as number) < oldest; freed += 3)
      this.#giveNow(this.#limbo[freed] as number, this.#limbo[freed + 1] as number);
    if (freed > 0) this.#limbo = this.#limbo.slice(freed);
  }

  get usedBytes(): number {
    return this.#used * 8;
  }
  get sizeBytes(): number {
    return this.doubles.length * 8;
  }

  /** A piece for `leastSamples << size` samples; 0 when there is no room. */
  take(size: number): number {
    const length = (leastSamples << size) * 2;
    const ref = (this.#free[size] as number[]).pop() ?? (this.#split(size) || this.#touch(size));
    if (ref !== 0) this.#used += length;
    return ref;
  }

  /** A piece where none was before; 0 when there is no room. Once much lies free in pieces that are too small, they are joined first. */
  #touch(size: number): number {
    const length = (leastSamples << size) * 2;
    const full = this.#top + length > this.doubles.length;
    if (size > 0 && (full || this.#freeBelow(size) >= this.#joinAt)) {
      this.#join(size);
      const joined = (this.#free[size] as number[]).pop();
      if (joined !== undefined) return joined;
    }
    if (full) return 0;
    const ref = this.#top;
    this.#top += length;
    return ref;
  }

  /** Doubles in free pieces smaller than a size. */
  #freeBelow(size: number): number {
    let doubles = 0;
    for (let smaller = 0; smaller < size; smaller++)
      doubles += (this.#free[smaller] as number[]).length * (leastSamples << smaller) * 2;
    return doubles;
  }

  /** Joins free pieces that lie side by side, up to a size. */
  #join(upTo: number): void {
    for (let size = 0; size < upTo; size++) {
      const refs = Float64Array.from(this.#free[size] as number[]).sort();
      const length = (leastSamples << size) * 2;
      const alone: number[] = [];
      for (let i = 0; i < refs.length; i++) {
        const ref = refs[i] as number;
        if (refs[i + 1] === ref + length) (this.#free[size + 1] as number[]).push(refs[i++] as number);
        else alone.push(ref);
      }
      this.#free[size] = alone;
    }
    // What has no neighbour is not sorted again before as much more is free.
    this.#joinAt = Math.max(joinDoubles, 2 * this.#freeBelow(upTo));
  }

  give(ref: number, size: number): void {
    if (this.#leases.size === 0) this.#giveNow(ref, size);
    else this.#limbo.push(ref, size, this.#lease);
  }

  #giveNow(ref: number, size: number): void {
    (this.#free[size] as number[]).push(ref);
    this.#used -= (leastSamples << size) * 2;
  }

  /** A piece out of a larger one that is free; 0 when there is none. */
  #split(size: number): number {
    let larger = size + 1;
    while (larger < this.#free.length && this.#free[larger]?.length === 0) larger++;
    const ref = this.#free[larger]?.pop();
    if (ref === undefined) return 0;
    while (--larger >= size) this.#free[larger]?.push(ref + (leastSamples << larger) * 2);
    return ref;
  }
}

const pageBytes = 1 << 20;
const headBytes = 24;

/** A page of pieces, as the types that are read from it. */
interface Page {
  readonly memory: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
}

/** Where a piece's bytes lie. */
export interface ChunkPlace {
  readonly memory: SharedArrayBuffer;
  readonly at: number;
  readonly length: number;
}

/**
 * Encoded pieces of one block, in lists by series; all are forgotten together. A piece is never changed nor moved, so that query threads
 * read the pages they were told of as long as they like.
 */
export class PieceArena {
  readonly #pages: Page[] = [];
  #top = pageBytes;
  bytes = 0;

  /** Keeps a piece; the answer is its reference, never 0. The piece before it in its list is `before`. */
  add(chunk: Uint8Array, before: number, firstMs: number, lastMs: number): number {
    const size = headBytes + ((chunk.length + 7) & ~7);
    if (this.#top + size > pageBytes) {
      const memory = new SharedArrayBuffer(Math.max(pageBytes, size));
      const [bytes, words, doubles] = [new Uint8Array(memory), new Uint32Array(memory), new Float64Array(memory)];
      this.#pages.push({ memory, bytes, words, doubles });
      this.#top = 0;
    }
    const page = this.#pages[this.#pages.length - 1] as Page;
    const at = this.#top;
    page.words[at / 4 + 1] = chunk.length;
    page.doubles[at / 8 + 1] = firstMs;
    page.doubles[at / 8 + 2] = lastMs;
    page.bytes.set(chunk, at + headBytes);
    this.#top = size > pageBytes ? pageBytes : at + size;
    this.bytes += size;
    const ref = (this.#pages.length * pageBytes + at) / 8;
    if (before !== 0) this.#page(before).words[this.#at(before) / 4] = ref;
    return ref;
  }

  next(ref: number): number {
    return this.#page(ref).words[this.#at(ref) / 4] as number;
  }
  firstMs(ref: number): number {
    return this.#page(ref).doubles[this.#at(ref) / 8 + 1] as number;
  }
  lastMs(ref: number): number {
    return this.#page(ref).doubles[this.#at(ref) / 8 + 2] as number;
  }
  chunk(ref: number): Uint8Array {
    const { memory, at, length } = this.place(ref);
    return new Uint8Array(memory, at, length);
  }
  place(ref: number): ChunkPlace {
    const { memory, words } = this.#page(ref);
    const at = this.#at(ref);
    return { memory, at: at + headBytes, length: words[at / 4 + 1] as number };
  }

  #page(ref: number): Page {
    return this.#pages[Math.floor((ref * 8) / pageBytes) - 1] as Page;
  }
  #at(ref: number): number {
    return (ref * 8) % pageBytes;
  }
}
