/**
 * Rows (fp UInt64, t Int64, chunk String) in ClickHouse's Native format, as they come
 * (https://clickhouse.com/docs/interfaces/formats/Native): blocks of columns, the texts last, so that each is handed on without
 * being copied.
 */

/** `bytes` are valid until the call returns. */
export type RowTaker = (fpLow: number, fpHigh: number, t: number, bytes: Uint8Array) => void;

const columns = 3;
const empty: Uint8Array = new Uint8Array(0);

export class NativeRows {
  readonly #take: RowTaker;
  #bytes: Uint8Array = empty;
  #at = 0;
  /** Fingerprints and times of the block at hand, two words each. */
  #fps: Uint32Array = new Uint32Array(0);
  #times: Uint32Array = new Uint32Array(0);
  #rows = 0;
  #row = 0;

  constructor(take: RowTaker) {
    this.#take = take;
  }

  /** Takes the next piece. Throws where the bytes are not of this form. */
  push(piece: Uint8Array): void {
    if (this.#at < this.#bytes.length) {
      const joined = new Uint8Array(this.#bytes.length - this.#at + piece.length);
      joined.set(this.#bytes.subarray(this.#at));
      joined.set(piece, this.#bytes.length - this.#at);
      this.#bytes = joined;
    } else this.#bytes = piece;
    this.#at = 0;
    while (this.#row < this.#rows ? this.#text() : this.#head()) {
      // On to the next row or block.
    }
  }

  /** True when nothing is half-read. */
  get complete(): boolean {
    return this.#at === this.#bytes.length && this.#row === this.#rows;
  }

  /** What was not understood, as text: how the engine tells that a query failed half-way. */
  get rest(): string {
    return new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#at + 4000));
  }

  #text(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    while (this.#row < this.#rows) {
      let length = 0;
      let next = at;
      for (let factor = 1; ; factor *= 128) {
        const byte = bytes[next];
        if (byte === undefined) return false;
        next++;
        length += (byte & 127) * factor;
        if (byte < 128) break;
      }
      if (next + length > bytes.length) return false;
      const r = this.#row++;
      this.#at = at = next + length;
      const t = (this.#times[2 * r] ?? 0) + ((this.#times[2 * r + 1] ?? 0) | 0) * 2 ** 32;
      this.#take(this.#fps[2 * r] ?? 0, this.#fps[2 * r + 1] ?? 0, t, bytes.subarray(next, at));
    }
    return true;
  }

  /** Reads a block's head and its first two columns, all or nothing. */
  #head(): boolean {
    const start = this.#at;
    if (start === this.#bytes.length) return false;
    const read = this.#varint();
    if (read !== undefined && read !== columns) throw new Error('this is no block of three columns');
    const rows = this.#varint();
    if (read === undefined || rows === undefined) return this.#wait(start);
    if (rows > 1_000_000) throw new Error(`a block of ${rows} rows`);
    const fps = this.#column('fp', 'UInt64', rows);
    const times = fps && this.#column('t', 'Int64', rows);
    if (!fps || !times || !this.#named('chunk', 'String')) return this.#wait(start);
    [this.#fps, this.#times, this.#rows, this.#row] = [fps, times, rows, 0];
    return true;
  }

  #wait(start: number): false {
    this.#at = start;
    return false;
  }

  #varint(): number | undefined {
    let value = 0;
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return undefined;
      this.#at++;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Error('a number is too long');
  }

  #string(): string | undefined {
    const length = this.#varint();
    if (length === undefined || this.#at + length > this.#bytes.length) return undefined;
    const text = String.fromCharCode(...this.#bytes.subarray(this.#at, this.#at + Math.min(length, 100)));
    this.#at += length;
    return text;
  }

  /** False while the name and type of the column are not there yet. */
  #named(name: string, type: string): boolean {
    const gotName = this.#string();
    const gotType = gotName === undefined ? undefined : this.#string();
    if (gotName === undefined || gotType === undefined) return false;
    if (gotName !== name || gotType !== type) throw new Error(`a column ${gotName} of type ${gotType}`);
    return true;
  }

  #column(name: string, type: string, rows: number): Uint32Array | undefined {
    if (!this.#named(name, type) || this.#at + 8 * rows > this.#bytes.length) return undefined;
    const from = this.#bytes.byteOffset + this.#at;
    this.#at += 8 * rows;
    return new Uint32Array(this.#bytes.buffer.slice(from, from + 8 * rows));
  }
}
