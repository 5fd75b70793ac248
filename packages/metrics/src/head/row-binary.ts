/** Writes rows in ClickHouse's RowBinary (https://clickhouse.com/docs/interfaces/formats/RowBinary). */
export class RowBinaryWriter {
  #buffer = Buffer.allocUnsafe(1 << 16);
  #at = 0;

  get length(): number {
    return this.#at;
  }

  varint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest >= 128) {
      this.#buffer[this.#at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#at++] = rest;
  }
  string(text: string): void {
    const size = Buffer.byteLength(text);
    this.varint(size);
    this.#room(size);
    this.#at += this.#buffer.write(text, this.#at);
  }
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }
  /** A UInt64 as its halves. */
  halves(lo: number, hi: number): void {
    this.#room(8);
    this.#buffer.writeUInt32LE(lo, this.#at);
    this.#buffer.writeUInt32LE(hi, this.#at + 4);
    this.#at += 8;
  }
  int64(value: number): void {
    this.#room(8);
    this.#at = this.#buffer.writeBigInt64LE(BigInt(Math.trunc(value)), this.#at);
  }
  double(value: number): void {
    this.#room(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }
  /** Name and value in turn, as a Map(String, String). */
  map(pairs: readonly string[]): void {
    this.varint(pairs.length / 2);
    for (const text of pairs) this.string(text);
  }

  /** What was written; the writer begins anew. */
  take(): Buffer {
    const written = Buffer.from(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
    return written;
  }

  #room(more: number): void {
    if (this.#at + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#at + more, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

/** Reads RowBinary of a whole file. */
export class RowBinaryReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get more(): boolean {
    return this.#at < this.#buffer.length;
  }
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#buffer[this.#at++];
      if (byte === undefined) throw new Error('rows end too early');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
  string(): string {
    const size = this.varint();
    this.#at += size;
    return this.#buffer.toString('utf8', this.#at - size, this.#at);
  }
  uint32(): number {
    this.#at += 4;
    return this.#buffer.readUInt32LE(this.#at - 4);
  }
  int64(): number {
    this.#at += 8;
    return Number(this.#buffer.readBigInt64LE(this.#at - 8));
  }
  strings(): string[] {
    return Array.from({ length: this.varint() }, () => this.string());
  }
}
