/** Bytes of a connection that are not yet a whole message. Appending copies each byte a bounded number of times. */
export class GrowingBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  /** Whether `#bytes` is ours to write to. */
  #own = false;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** What is there, valid until the next `append`. */
  view(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  append(chunk: Buffer): void {
    if (this.length === 0) {
      // Most chunks hold whole messages alone: they are read where they lie.
      this.#bytes = chunk;
      this.#own = false;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    if (!this.#own || this.#end + chunk.length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * this.length, this.length + chunk.length));
      const length = this.view().copy(grown, 0);
      this.#bytes = grown;
      this.#own = true;
      this.#start = 0;
      this.#end = length;
    }
    this.#end += chunk.copy(this.#bytes, this.#end);
  }

  consume(bytes: number): void {
    this.#start = Math.min(this.#end, this.#start + bytes);
  }
}
