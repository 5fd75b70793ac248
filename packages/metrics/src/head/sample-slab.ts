/** Smallest and largest number of samples of one piece. */
export const leastSamples = 4;
export const mostSamples = 128;

/**
 * Room for samples that are not encoded yet: pieces of 4, 8, … 128 samples out of one array, given back to lists by size. The
 * array is reserved at once; the system gives memory only for what is touched.
 */
export class SampleSlab {
  /** A piece of n samples at `ref`: n times, then n values. */
  readonly doubles: Float64Array;
  /** The same memory, so that values are copied bit by bit: a NaN keeps its bits. */
  readonly words: Uint32Array;
  readonly #free: number[][] = [[], [], [], [], [], []];
  /** 0 is no piece. */
  #top = 8;
  #used = 0;

  constructor(sizeBytes: number) {
    this.doubles = new Float64Array(Math.max(4096, Math.floor(sizeBytes / 8)));
    this.words = new Uint32Array(this.doubles.buffer);
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
    const free = (this.#free[size] as number[]).pop();
    if (free !== undefined) {
      this.#used += length;
      return free;
    }
    if (this.#top + length > this.doubles.length) return 0;
    const ref = this.#top;
    this.#top += length;
    this.#used += length;
    return ref;
  }

  give(ref: number, size: number): void {
    (this.#free[size] as number[]).push(ref);
    this.#used -= (leastSamples << size) * 2;
  }
}

const pageBytes = 1 << 20;
const headBytes = 24;

/** Encoded pieces of one block, in lists by series; all are forgotten together. */
export class PieceArena {
  #pages: Buffer[] = [];
  #top = pageBytes;
  bytes = 0;

  /** Keeps a piece; the answer is its reference, never 0. The piece before it in its list is `before`. */
  add(chunk: Uint8Array, before: number, firstMs: number, lastMs: number): number {
    const size = headBytes + ((chunk.length + 7) & ~7);
    if (this.#top + size > pageBytes) {
      this.#pages.push(Buffer.allocUnsafe(Math.max(pageBytes, size)));
      this.#top = 0;
    }
    const page = this.#pages[this.#pages.length - 1] as Buffer;
    const at = this.#top;
    page.writeUInt32LE(0, at);
    page.writeUInt32LE(chunk.length, at + 4);
    page.writeDoubleLE(firstMs, at + 8);
    page.writeDoubleLE(lastMs, at + 16);
    page.set(chunk, at + headBytes);
    this.#top = size > pageBytes ? pageBytes : at + size;
    this.bytes += size;
    const ref = (this.#pages.length * pageBytes + at) / 8;
    if (before !== 0) this.#page(before).writeUInt32LE(ref, this.#at(before));
    return ref;
  }

  next(ref: number): number {
    return this.#page(ref).readUInt32LE(this.#at(ref));
  }
  firstMs(ref: number): number {
    return this.#page(ref).readDoubleLE(this.#at(ref) + 8);
  }
  lastMs(ref: number): number {
    return this.#page(ref).readDoubleLE(this.#at(ref) + 16);
  }
  chunk(ref: number): Uint8Array {
    const page = this.#page(ref);
    const at = this.#at(ref);
    return page.subarray(at + headBytes, at + headBytes + page.readUInt32LE(at + 4));
  }

  #page(ref: number): Buffer {
    return this.#pages[Math.floor((ref * 8) / pageBytes) - 1] as Buffer;
  }
  #at(ref: number): number {
    return (ref * 8) % pageBytes;
  }
}
