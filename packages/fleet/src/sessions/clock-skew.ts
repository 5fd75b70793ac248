const samplesKept = 9;
/** A round trip longer than this says too little of when the clock was read. */
export const longestRoundTripMs = 10_000;

/**
 * How far a site's clock is from ours: the median of the last nine readings, each put right by half its round trip. One bad
 * reading, or a peer that lies once, moves it little. It is shown and used to correct times; nothing is ever trusted for it.
 */
export class ClockSkew {
  readonly #samples: number[] = [];

  /**
   * Takes a reading. `sentAtMs` by the site's clock, `receivedAtMs` by ours, `roundTripMs` as measured next to it; readings
   * with an impossible or very long round trip are left out.
   */
  add(sentAtMs: number, receivedAtMs: number, roundTripMs: number): void {
    if (roundTripMs < 0 || roundTripMs > longestRoundTripMs) return;
    this.#samples.push(sentAtMs - (receivedAtMs - roundTripMs / 2));
    if (this.#samples.length > samplesKept) this.#samples.shift();
  }

  /** Site clock minus ours, milliseconds; null before the first reading. */
  get medianMs(): number | null {
    if (this.#samples.length === 0) return null;
    const sorted = [...this.#samples].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    const upper = sorted[middle] ?? 0;
    return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
  }
}
