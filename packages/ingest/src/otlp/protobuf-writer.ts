/**
 * Writes protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) into one growing buffer. Sub-messages
 * are written in place and closed afterwards, so that nothing is measured twice. Lengths are always minimal varints: the
 * engine's SQL relies on it.
 */
export class ProtobufWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(sizeBytes = 4096) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#at;
  }

  /** Opens the length-delimited field `field`; pass what it returns to `close`. */
  open(field: number): number {
    this.varint(field * 8 + 2);
    this.#room(1);
    return this.#at++;
  }

  /** Closes what `open` opened. */
  close(openedAt: number): void {
    const sizeBytes = this.#at - openedAt - 1;
    const extra = varintSize(sizeBytes) - 1;
    if (extra > 0) {
      this.#room(extra);
      this.#bytes.copyWithin(openedAt + 1 + extra, openedAt + 1, this.#at);
    }
    const end = this.#at + extra;
    this.#at = openedAt;
    this.varint(sizeBytes);
    this.#at = end;
  }

  /** A sub-message field of a size that is known: its bytes are to be written at the returned place of `target`. */
  sized(field: number, sizeBytes: number): number {
    this.varint(field * 8 + 2);
    this.varint(sizeBytes);
    this.#room(sizeBytes);
    const at = this.#at;
    this.#at += sizeBytes;
    return at;
  }

  /** The buffer that is written to, until the next field makes it grow. */
  get target(): Buffer {
    return this.#bytes;
  }

  /** A string field; '' is left out, as proto3 does. */
  string(field: number, text: string): void {
    if (text !== '') this.stringAlways(field, text);
  }

  /** A string field that is written even when empty (members of a oneof). */
  stringAlways(field: number, text: string): void {
    this.varint(field * 8 + 2);
    const atMost = text.length * 3;
    this.#room(atMost + 5);
    if (atMost < 128) {
      const size = this.#bytes.write(text, this.#at + 1);
      this.#bytes[this.#at] = size;
      this.#at += size + 1;
      return;
    }
    const size = Buffer.byteLength(text);
    this.varint(size);
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** A bytes or sub-message field; an empty one is left out. */
  bytes(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.varint(field * 8 + 2);
    this.varint(value.length);
    this.raw(value);
  }

  /** Bytes as they are: fields that were encoded elsewhere. */
  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** A uint32, uint64, int32, enum or bool field; 0 is left out. Negative numbers take ten bytes, as protobuf asks. */
  integer(field: number, value: number | bigint): void {
    if (value === 0 || value === 0n) return;
    this.integerAlways(field, value);
  }

  /** As `integer`, but 0 is written too. */
  integerAlways(field: number, value: number | bigint): void {
    this.varint(field * 8);
    if (typeof value === 'number' && value >= 0) this.varint(value);
    else this.#varint64(BigInt.asUintN(64, BigInt(value)));
  }

  /** A fixed64 or sfixed64 field; 0 is left out. */
  fixed64(field: number, value: bigint): void {
    if (value !== 0n) this.fixed64Always(field, value);
  }

  fixed64Always(field: number, value: bigint): void {
    this.varint(field * 8 + 1);
    this.#room(8);
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at);
    this.#at += 8;
  }

  /** A fixed32 field; 0 is left out. */
  fixed32(field: number, value: number): void {
    if (value === 0) return;
    this.varint(field * 8 + 5);
    this.#room(4);
    this.#bytes.writeUInt32LE(value >>> 0, this.#at);
    this.#at += 4;
  }

  /** A double field, always written. */
  double(field: number, value: number): void {
    this.varint(field * 8 + 1);
    this.#room(8);
    this.#bytes.writeDoubleLE(value, this.#at);
    this.#at += 8;
  }

  /** A packed element or length: a non-negative integer below 2^53. */
  varint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Forgets what was written after the writer stood at `size`. */
  backTo(size: number): void {
    this.#at = size;
  }

  /** What was written, as a view that the writer no longer touches. */
  finish(): Buffer {
    const whole = this.#bytes.subarray(0, this.#at);
    this.#bytes = Buffer.allocUnsafe(0);
    this.#at = 0;
    return whole;
  }

  #varint64(value: bigint): void {
    this.#room(10);
    let rest = value;
    while (rest >= 128n) {
      this.#bytes[this.#at++] = Number(rest & 127n) + 128;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  #room(sizeBytes: number): void {
    if (this.#at + sizeBytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + sizeBytes, 256));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}

/** Bytes that `value` takes as a varint. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}
