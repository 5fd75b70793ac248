/** Bytes that grow while they are written, and a cursor that never reads past their end. */

const two7 = 128;

/** A scratch that is used again. */
export class ByteWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** What was written, where it lies: valid until more is written. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Writes over the byte at `at`, which was written before. */
  patch(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  #reserve(more: number): void {
    // Four further bytes, because bits are put by 32-bit words.
    if (this.length + more + 4 <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more + 4));
    wider.set(this.#bytes);
    this.#bytes = wider;
    this.#view = new DataView(wider.buffer);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^53. */
  unsigned(value: number): void {
    this.#reserve(9);
    let rest = value;
    while (rest >= two7) {
      this.#bytes[this.length++] = (rest % two7) | two7;
      rest = Math.floor(rest / two7);
    }
    this.#bytes[this.length++] = rest;
  }

  /** A whole number within ±2^52: sign in the lowest bit. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Eight bytes as they lie in `values`. */
  double(values: Uint32Array, index: number): void {
    this.#reserve(8);
    this.#view.setUint32(this.length, values[2 * index] ?? 0, true);
    this.#view.setUint32(this.length + 4, values[2 * index + 1] ?? 0, true);
    this.length += 8;
  }

  /** The lowest `width` bits (0 to 25, or 32) of `count` numbers; each up to 2^32. */
  bits(numbers: ArrayLike<number>, count: number, width: number): void {
    if (width === 0) return;
    const size = Math.ceil((count * width) / 8);
    this.#reserve(size + 8);
    const [view, at] = [this.#view, this.length];
    if (width === 32) {
      for (let i = 0; i < count; i++) view.setUint32(at + 4 * i, (numbers[i] ?? 0) >>> 0, true);
    } else {
      let word = 0;
      let used = 0;
      let to = at;
      for (let i = 0; i < count; i++) {
        const number = numbers[i] ?? 0;
        word |= number << used;
        used += width;
        if (used < 32) continue;
        view.setUint32(to, word, true);
        to += 4;
        used -= 32;
        word = number >>> (width - used);
      }
      if (used > 0) view.setUint32(to, word, true);
    }
    this.length += size;
  }
}

/** Bytes that must be readable behind a chunk. */
const behind = 8;

/** What is wrong with the bytes at hand; caught by `appendChunk`, the only door. */
export class DamagedChunk extends Error {
  override readonly name = 'DamagedChunk';
}

/** Reads one chunk out of bytes that go on behind it: bits may be loaded by words without looking at the end. */
export class ByteReader {
  #scratch = new Uint8Array(4096);
  #scratchView = new DataView(this.#scratch.buffer);
  #bytes: Uint8Array = this.#scratch;
  view: DataView = this.#scratchView;
  at = 0;
  #end = 0;

  /** Reads `from` to `to` where they lie when enough bytes are behind them, a copy otherwise. `bytes` begin where their buffer does. */
  open(bytes: Uint8Array, from: number, to: number): void {
    if (to + behind <= bytes.length && bytes.byteOffset === 0) {
      if (this.#bytes !== bytes) {
        this.#bytes = bytes;
        this.view = new DataView(bytes.buffer);
      }
      this.at = from;
      this.#end = to;
      return;
    }
    const length = to - from;
    if (length + behind > this.#scratch.length) {
      this.#scratch = new Uint8Array(2 * length + behind);
      this.#scratchView = new DataView(this.#scratch.buffer);
    }
    this.#scratch.set(length === bytes.length ? bytes : bytes.subarray(from, to));
    this.#bytes = this.#scratch;
    this.view = this.#scratchView;
    this.at = 0;
    this.#end = length;
  }

  get left(): number {
    return this.#end - this.at;
  }

  /** Moves over `size` bytes and returns where they begin. */
  skip(size: number): number {
    if (!(size <= this.#end - this.at)) throw new DamagedChunk('it ends too early');
    const at = this.at;
    this.at += size;
    return at;
  }

  byte(): number {
    return this.#bytes[this.skip(1)] ?? 0;
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1, i = 0; i < 8; i++, factor *= two7) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < two7) return value;
    }
    throw new DamagedChunk('a number is too long');
  }

  /** As `unsigned`, refusing more than `most`. */
  upTo(most: number): number {
    const value = this.unsigned();
    if (value > most) throw new DamagedChunk(`a number is ${value}, more than ${most}`);
    return value;
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  /** Eight bytes into `values` at `index`. */
  double(values: Uint32Array, index: number): void {
    const at = this.skip(8);
    values[2 * index] = this.view.getUint32(at, true);
    values[2 * index + 1] = this.view.getUint32(at + 4, true);
  }
}
