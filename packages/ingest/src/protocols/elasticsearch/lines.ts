const newline = 10;

/** Goes through a body line by line without copying it. */
export class Lines {
  number = 0;
  start = 0;
  end = -1;
  readonly #body: Buffer;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get length(): number {
    return this.end - this.start;
  }

  next(): boolean {
    const start = this.end + 1;
    if (start >= this.#body.length) return false;
    const found = this.#body.indexOf(newline, start);
    this.start = start;
    this.end = found < 0 ? this.#body.length : found;
    this.number++;
    return true;
  }

  /** Nothing, or the CR before an LF. */
  isBlank(): boolean {
    return this.length === 0 || (this.length === 1 && this.#body[this.start] === 13);
  }

  /** The line as it came; a view. */
  bytes(): Uint8Array {
    return this.#body.subarray(this.start, this.end);
  }

  text(): string {
    return this.#body.toString('utf8', this.start, this.end);
  }
}
