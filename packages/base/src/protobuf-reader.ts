/**
 * Reads the fields of one protobuf message in place (https://protobuf.dev/programming-guides/encoding/). `next` moves to the next
 * field and is false at the end; afterwards `bad` tells whether the bytes were cut or malformed. Any bytes are safe to pass.
 */
export class ProtobufReader {
  readonly bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** True once the bytes turned out to be no message. */
  bad = false;
  field = 0;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  wire = 0;
  /** Where the field's tag begins. */
  fieldStart = 0;
  /** The value: of wire 2 without its length. */
  start = 0;
  end = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  next(): boolean {
    if (this.bad || this.#at >= this.#end) return false;
    this.fieldStart = this.#at;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.wire = tag % 8;
    if (tag < 8 || tag > 0xffffffff) return this.#fail();
    this.start = this.#at;
    if (this.wire === 0) {
      if (this.#varint() < 0) return this.#fail();
    } else if (this.wire === 1) this.#at += 8;
    else if (this.wire === 5) this.#at += 4;
    else if (this.wire === 2) {
      const length = this.#varint();
      if (length < 0) return this.#fail();
      this.start = this.#at;
      this.#at += length;
    } else return this.#fail();
    if (this.#at > this.#end) return this.#fail();
    this.end = this.#at;
    return true;
  }

  /** True when the current field is `field` of wire type `wire`; another wire type for it marks the message as bad. */
  is(field: number, wire: number): boolean {
    if (this.field !== field) return false;
    if (this.wire !== wire) this.bad = true;
    return this.wire === wire;
  }

  /** The current field as a message of its own. */
  message(): ProtobufReader {
    return new ProtobufReader(this.bytes, this.start, this.end);
  }

  text(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  double(): number {
    return this.bytes.readDoubleLE(this.start);
  }

  /** The current varint as a signed 64-bit integer. */
  int64(): bigint {
    let value = 0n;
    for (let i = this.start, shift = 0n; i < this.end; i++, shift += 7n)
      value |= BigInt((this.bytes[i] ?? 0) & 127) << shift;
    return BigInt.asIntN(64, value);
  }

  #fail(): false {
    this.bad = true;
    return false;
  }

  /** A varint as a number (exact below 2^53); -1 when it is cut or longer than ten bytes. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#end) return -1;
      const byte = this.bytes[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return i === 9 && byte > 1 ? -1 : value;
    }
    return -1;
  }
}
