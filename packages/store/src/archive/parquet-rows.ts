const magic = 'PAR1';
const mostFooterBytes = 16 * 1024 * 1024;

/** The end of a file that was seen passing by: enough of it for its footer. */
export class ParquetTail {
  #head = Buffer.alloc(0);
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #size = 0;

  /** Pieces of the file, in order. */
  push(piece: Uint8Array): void {
    if (this.#head.length < magic.length)
      this.#head = Buffer.concat([this.#head, piece.subarray(0, magic.length - this.#head.length)]);
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    this.#size += piece.length;
    while (this.#heldBytes - this.#held[0]!.length >= mostFooterBytes) this.#heldBytes -= this.#held.shift()!.length;
  }

  /** As `parquetRows`, of what passed by. */
  rows(): number | undefined {
    const tail = Buffer.concat(this.#held, this.#heldBytes);
    if (this.#size < 12 || this.#head.toString('latin1') !== magic || tail.length < 8) return undefined;
    const footerBytes = tail.readUInt32LE(tail.length - 8);
    if (tail.toString('latin1', tail.length - 4) !== magic || footerBytes > tail.length - 8) return undefined;
    return rowsOfFooter(tail.subarray(tail.length - 8 - footerBytes, tail.length - 8));
  }
}

/**
 * How many rows a Parquet file holds by its own footer (`FileMetaData.num_rows` of the Parquet format, in Thrift's compact
 * protocol); undefined where it is no whole Parquet file. `read` gives a part of a file of `size` bytes.
 */
export async function parquetRows(
  size: number,
  read: (from: number, length: number) => Promise<Buffer>,
): Promise<number | undefined> {
  if (size < 12) return undefined;
  const [head, end] = [await read(0, 4), await read(size - 8, 8)];
  if (end.length < 8) return undefined;
  const footerBytes = end.readUInt32LE(0);
  const whole = head.toString('latin1') === magic && end.toString('latin1', 4) === magic;
  if (!whole || footerBytes > Math.min(size - 12, mostFooterBytes)) return undefined;
  return rowsOfFooter(await read(size - 8 - footerBytes, footerBytes));
}

const numRowsField = 3;
const deepest = 32;

function rowsOfFooter(footer: Buffer): number | undefined {
  const reader = new CompactReader(footer);
  try {
    for (let field = 0; ;) {
      const head = reader.byte();
      const type = head & 15;
      if (type === 0) return undefined;
      field = head >> 4 === 0 ? reader.zigzag() : field + (head >> 4);
      if (field === numRowsField && type === 6) return reader.zigzag();
      reader.skip(type, 0);
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Walks over values of Thrift's compact protocol; a `RangeError` where the bytes end too soon or are none. */
class CompactReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError('a number without end');
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  skip(type: number, depth: number): void {
    if (depth > deepest) throw new RangeError('nested too deeply');
    if (type <= 2) return;
    if (type === 3) this.#at++;
    else if (type <= 6) this.varint();
    else if (type === 7) this.#at += 8;
    else if (type === 8) this.#skipBytes();
    else if (type === 9 || type === 10) this.#skipList(depth);
    else if (type === 12) this.#skipStruct(depth);
    else throw new RangeError(`no type ${type} in a footer`);
  }

  #skipBytes(): void {
    const length = this.varint();
    this.#at += length;
  }

  #skipList(depth: number): void {
    const head = this.byte();
    const count = head >> 4 === 15 ? this.varint() : head >> 4;
    const type = head & 15;
    // Inside a list a truth value takes a byte of its own.
    for (let i = 0; i < count; i++) {
      if (this.#at > this.#bytes.length) throw new RangeError('a list beyond the end');
      this.skip(type <= 2 ? 3 : type, depth + 1);
    }
  }

  #skipStruct(depth: number): void {
    for (let head = this.byte(); (head & 15) !== 0; head = this.byte()) {
      if (head >> 4 === 0) this.zigzag();
      this.skip(head & 15, depth + 1);
    }
  }
}
