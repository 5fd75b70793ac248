/** Types of Thrift's binary protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md). */
export const thriftTypes = {
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  binary: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;

/** Nesting that no message of ours reaches. */
const deepest = 16;

/** The bytes are no such message. Never leaves the reading functions of this folder. */
export class BrokenThrift extends Error {}

/**
 * Reads values of Thrift's binary protocol in place. Every method throws `BrokenThrift` where the bytes are cut or malformed;
 * any bytes are safe to pass.
 */
export class ThriftReader {
  readonly bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  /** Reads a struct: `field` gets each field's id and type and reads it, or answers false to have it skipped. */
  struct(field: (id: number, type: number) => boolean, depth = 0): void {
    if (depth > deepest) throw new BrokenThrift('nested too deeply');
    for (;;) {
      const type = this.#byte();
      if (type === 0) return;
      const id = this.#take(2).readInt16BE();
      if (!field(id, type)) this.#skip(type, depth + 1);
    }
  }

  /** Reads the head of a list of `type`, answers how many elements follow. */
  list(type: number): number {
    const element = this.#byte();
    const size = this.i32();
    // Each element takes a byte at least: a size that the rest cannot hold is a lie.
    if (size < 0 || size > this.bytes.length - this.#at) throw new BrokenThrift('a list is longer than the message');
    if (size > 0 && element !== type) throw new BrokenThrift(`a list of type ${element}, expected ${type}`);
    return size;
  }

  bool(): boolean {
    return this.#byte() !== 0;
  }

  i32(): number {
    return this.#take(4).readInt32BE();
  }

  i64(): bigint {
    return this.#take(8).readBigInt64BE();
  }

  double(): number {
    return this.#take(8).readDoubleBE();
  }

  /** A view of the bytes, not a copy. */
  binary(): Buffer {
    const size = this.i32();
    if (size < 0) throw new BrokenThrift('a text of negative length');
    return this.#take(size);
  }

  text(): string {
    return this.binary().toString('utf8');
  }

  #byte(): number {
    return this.#take(1).readUInt8();
  }

  #take(size: number): Buffer {
    const start = this.#at;
    if (start + size > this.bytes.length) throw new BrokenThrift('the message is cut');
    this.#at = start + size;
    return this.bytes.subarray(start, this.#at);
  }

  #skip(type: number, depth: number): void {
    if (depth > deepest) throw new BrokenThrift('nested too deeply');
    const t = thriftTypes;
    if (type === t.bool || type === t.byte) this.#take(1);
    else if (type === t.i16) this.#take(2);
    else if (type === t.i32) this.#take(4);
    else if (type === t.i64 || type === t.double) this.#take(8);
    else if (type === t.binary) this.binary();
    else if (type === t.struct) this.struct(() => false, depth);
    else if (type === t.list || type === t.set) this.#skipElements([this.#byte()], depth);
    else if (type === t.map) this.#skipElements([this.#byte(), this.#byte()], depth);
    else throw new BrokenThrift(`unknown type ${type}`);
  }

  #skipElements(types: readonly number[], depth: number): void {
    const size = this.i32();
    if (size < 0 || size > this.bytes.length - this.#at) throw new BrokenThrift('a list is longer than the message');
    for (let n = 0; n < size; n++) for (const type of types) this.#skip(type, depth + 1);
  }
}
