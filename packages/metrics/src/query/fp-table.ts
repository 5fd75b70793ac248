/** Position of each fingerprint in a list: open addressing over typed arrays, built once. */
export class FpTable {
  readonly #words: Uint32Array;
  /** Position + 1; 0 is free. */
  readonly #slots: Int32Array;

  /** `words`: two for each fingerprint, the lower first. `members`: which of them are looked for. */
  constructor(words: Uint32Array, members: Uint32Array) {
    this.#words = words;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, 2 * members.length))));
    const mask = this.#slots.length - 1;
    for (const member of members) {
      let slot = ((words[2 * member] ?? 0) ^ (words[2 * member + 1] ?? 0)) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = member + 1;
    }
  }

  /** -1 where it is not among them. */
  find(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = (low ^ high) & mask; ; slot = (slot + 1) & mask) {
      const member = (this.#slots[slot] ?? 0) - 1;
      if (member < 0) return -1;
      if (this.#words[2 * member] === low && this.#words[2 * member + 1] === high) return member;
    }
  }
}
