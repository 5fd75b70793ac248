const kept = 9;

/** The site's clock against the server's: the median of the last measurements, so that one slow answer decides nothing. */
export class SkewMeter {
  readonly #last: number[] = [];

  /** @param skewMs site clock minus the server's. */
  add(skewMs: number): void {
    this.#last.push(skewMs);
    if (this.#last.length > kept) this.#last.shift();
  }

  /** Milliseconds; null before the first measurement. */
  median(): number | null {
    return [...this.#last].sort((a, b) => a - b)[Math.floor(this.#last.length / 2)] ?? null;
  }
}
