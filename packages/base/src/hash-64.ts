/**
 * A 64-bit hash as two 32-bit halves, because JavaScript has no fast 64-bit integers. Two multiply-rotate lanes with constants of
 * MurmurHash3 (https://github.com/aappleby/smhasher/wiki/MurmurHash3), each mixed with the other at the end.
 */
export class Hash64 {
  lo = 0;
  hi = 0;

  /** Hashes `from` to `to` of `view`; the result stands in `lo` and `hi`, unsigned. */
  bytes(view: DataView, from: number, to: number, seedLo: number, seedHi: number): void {
    let a = seedLo | 0;
    let b = seedHi | 0;
    let at = from;
    for (const last = to - 4; at <= last; at += 4) {
      const word = view.getInt32(at, true);
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b + word, 0x1b873593) ^ (b >>> 15);
    }
    let tail = to - from;
    for (; at < to; at++) tail = Math.imul(tail, 257) + view.getUint8(at);
    a = Math.imul(a ^ tail, 0x85ebca6b);
    b = Math.imul(b + tail, 0xc2b2ae35);
    a ^= b >>> 13;
    b ^= a >>> 16;
    a = Math.imul(a, 0x85ebca6b);
    b = Math.imul(b, 0xc2b2ae35);
    a ^= b >>> 16;
    b ^= a >>> 13;
    a = Math.imul(a ^ (a >>> 16), 0xcc9e2d51);
    b = Math.imul(b ^ (b >>> 16), 0x1b873593);
    this.lo = (a ^ (b >>> 15)) >>> 0;
    this.hi = (b ^ (a >>> 15)) >>> 0;
  }
}

/** Numbers by 64-bit key: open addressing over typed arrays, 12 bytes an entry and no objects. */
export class HashTable {
  #lo: Uint32Array;
  #hi: Uint32Array;
  /** Value + 1; 0 where the place is free. */
  #values: Uint32Array;
  #mask: number;
  #size = 0;

  constructor(capacity = 64) {
    const places = 2 ** Math.ceil(Math.log2(Math.max(16, capacity * 1.5)));
    this.#lo = new Uint32Array(places);
    this.#hi = new Uint32Array(places);
    this.#values = new Uint32Array(places);
    this.#mask = places - 1;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#values.length * 12;
  }

  /** -1 when the key is not there. */
  get(lo: number, hi: number): number {
    const values = this.#values;
    const mask = this.#mask;
    for (let place = lo & mask; ; place = (place + 1) & mask) {
      const value = values[place] as number;
      if (value === 0) return -1;
      if (this.#lo[place] === lo && this.#hi[place] === hi) return value - 1;
    }
  }

  /** Sets the value of a key, known or new. */
  set(lo: number, hi: number, value: number): void {
    if ((this.#size + 1) * 1.5 > this.#values.length) this.#grow();
    const mask = this.#mask;
    let place = lo & mask;
    while (this.#values[place] !== 0 && !(this.#lo[place] === lo && this.#hi[place] === hi)) place = (place + 1) & mask;
    if (this.#values[place] === 0) this.#size++;
    this.#lo[place] = lo;
    this.#hi[place] = hi;
    this.#values[place] = value + 1;
  }

  clear(): void {
    this.#values.fill(0);
    this.#size = 0;
  }

  #grow(): void {
    const [lo, hi, values] = [this.#lo, this.#hi, this.#values];
    const places = values.length * 2;
    this.#lo = new Uint32Array(places);
    this.#hi = new Uint32Array(places);
    this.#values = new Uint32Array(places);
    this.#mask = places - 1;
    for (let at = 0; at < values.length; at++) {
      const value = values[at] as number;
      if (value === 0) continue;
      let place = (lo[at] as number) & this.#mask;
      while (this.#values[place] !== 0) place = (place + 1) & this.#mask;
      this.#lo[place] = lo[at] as number;
      this.#hi[place] = hi[at] as number;
      this.#values[place] = value;
    }
  }
}
