/** Memory that all connections of a listener share for messages that are not yet whole. */
export class ByteBudget {
  readonly #limitBytes: number;
  #heldBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Goes from `before` to `after` bytes held by one connection; false, and nothing changed, where that is too much. */
  change(before: number, after: number): boolean {
    if (after > before && this.#heldBytes + after - before > this.#limitBytes) return false;
    this.#heldBytes += after - before;
    return true;
  }
}
