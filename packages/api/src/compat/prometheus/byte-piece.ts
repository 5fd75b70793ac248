import { timestampJson } from './timestamp-json.ts';
import { valueBytes, writeValue } from './write-number.ts';

/** About how long the pieces of an answer are. */
export const pieceBytes = 64 * 1024;

const quote = 34;
const comma = 44;
const closed = 93;

/** What a point needs at most, with what is around it. */
const pointBytes = 32 + valueBytes + 3;

/** A piece of an answer, written as bytes. */
export class BytePiece {
  // A little longer than a piece: what is written last need not be cut.
  #bytes = Buffer.allocUnsafeSlow(pieceBytes + 1024);
  #length = 0;

  get isFull(): boolean {
    return this.#length >= pieceBytes;
  }

  text(text: string): void {
    // At most three bytes for each unit of UTF-16.
    if (this.#length + 3 * text.length > this.#bytes.length) {
      const wider = Buffer.allocUnsafeSlow(2 * (this.#length + 3 * text.length));
      wider.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = wider;
    }
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Writes the points of a series from `from` on, `[time,"value"]` with commas between, until the piece is full. Returns the first that is left. */
  points(stamps: Stamps, times: Float64Array, values: Float64Array, from: number): number {
    const bytes = this.#bytes;
    const until = Math.min(pieceBytes, bytes.length - pointBytes);
    let at = this.#length;
    let point = from;
    for (; point < values.length && at < until; point++) {
      if (point > 0) bytes[at++] = comma;
      at = writeValue(bytes, stamps.write(bytes, at, point, times[point]!), values[point]!);
      bytes[at] = quote;
      bytes[at + 1] = closed;
      at += 2;
    }
    this.#length = at;
    return point;
  }

  /** What was written since the last time. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafeSlow(pieceBytes + 1024);
    this.#length = 0;
    return taken;
  }
}

/** Most points whose times are kept as bytes. */
const mostKept = 11_000;
const slotBytes = 32;

/** `[time,"` of points, as bytes: series of one answer mostly have the same times. */
export class Stamps {
  #times = new Float64Array(256).fill(Number.NaN);
  #slots = new Uint8Array(slotBytes * 256);

  /** Writes the start of a point at `at` and returns where it ends. */
  write(bytes: Uint8Array, at: number, point: number, time: number): number {
    const kept = point % mostKept;
    if (this.#times[kept] !== time) this.#keep(kept, time);
    const slots = this.#slots;
    const slot = kept * slotBytes;
    const length = slots[slot]!;
    for (let i = 0; i < length; i++) bytes[at + i] = slots[slot + 1 + i]!;
    return at + length;
  }

  #keep(kept: number, time: number): void {
    if (kept >= this.#times.length) {
      const times = new Float64Array(2 * kept).fill(Number.NaN);
      const slots = new Uint8Array(slotBytes * times.length);
      times.set(this.#times);
      slots.set(this.#slots);
      this.#times = times;
      this.#slots = slots;
    }
    const text = `[${timestampJson(time)},"`;
    const slot = kept * slotBytes;
    this.#times[kept] = time;
    this.#slots[slot] = text.length;
    for (let i = 0; i < text.length; i++) this.#slots[slot + 1 + i] = text.charCodeAt(i);
  }
}
