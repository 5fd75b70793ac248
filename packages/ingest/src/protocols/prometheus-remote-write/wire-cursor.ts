/**
 * Goes over protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) without an object per message: one cursor serves a
 * whole request. To go into a field, note `start` and `stop`, set `at = start`, call `next(stop)` while it is true, and set `at = stop`.
 */
export class WireCursor {
  readonly bytes: Buffer;
  at = 0;
  /** True once the bytes turned out to be no message. */
  bad = false;
  field = 0;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  wire = 0;
  /** Where the field's tag begins. */
  fieldStart = 0;
  /** The value: of wire 2 without its length. */
  start = 0;
  stop = 0;
  /** Of wire 0: exact below 2^53. */
  value = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Moves to the next field before `end`; false at the end and when the bytes are broken. */
  next(end: number): boolean {
    if (this.bad || this.at >= end) return false;
    this.fieldStart = this.at;
    const tag = this.varint(end);
    if (tag < 8 || tag > 0xffff_ffff) return this.#fail();
    this.field = tag < 128 ? tag >> 3 : Math.floor(tag / 8);
    this.wire = tag & 7;
    this.start = this.at;
    if (this.wire === 2) {
      const size = this.varint(end);
      if (size < 0) return this.#fail();
      this.start = this.at;
      this.at += size;
    } else if (this.wire === 0) {
      this.value = this.varint(end);
      if (this.value < 0) return this.#fail();
    } else if (this.wire === 1) this.at += 8;
    else if (this.wire === 5) this.at += 4;
    else return this.#fail();
    if (this.at > end) return this.#fail();
    this.stop = this.at;
    return true;
  }

  /** True when the current field has wire type `wire`; another one marks the message as bad. */
  is(wire: number): boolean {
    if (this.wire !== wire) this.bad = true;
    return this.wire === wire;
  }

  /** A varint as a number; -1 when it is cut or longer than ten bytes. */
  varint(end: number): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let n = 0; n < 10; n++) {
      if (this.at >= end) return -1;
      const byte = bytes[this.at++] ?? 0;
      if (byte < 128) return n === 9 && byte > 1 ? -1 : value + byte * scale;
      value += (byte - 128) * scale;
      scale *= 128;
    }
    return -1;
  }

  /** The current varint as an int64: exact between 0 and 2^53, and of the right sign beyond. */
  int64(): number {
    return this.value >= 9_223_372_036_854_775_808 ? this.value - 18_446_744_073_709_551_616 || -1 : this.value;
  }

  double(): number {
    return this.bytes.readDoubleLE(this.start);
  }

  #fail(): false {
    this.bad = true;
    return false;
  }
}

/** A varint of zigzag form (sint32, sint64). */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
