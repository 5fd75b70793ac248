/** Share of the newest load in what is expected of the next one. */
const newestShare = 0.4;
/** What a load costs before its first record: planning its statements, milliseconds. Measured, two cores. */
const fixedMs = 120;
/** Before anything was loaded, milliseconds a record. */
const firstMsPerRecord = 0.012;
/** How long loads of one lane take, learned from those that went well. */
export class LoadPace {
  #msPerRecord = firstMsPerRecord;

  /** Learns that a load of `records` took `tookMs`; only of loads large enough that planning is the lesser part. */
  learn(records: number, tookMs: number): void {
    const msPerRecord = Math.max(0, tookMs - fixedMs) / records;
    this.#msPerRecord += (msPerRecord - this.#msPerRecord) * newestShare;
  }

  /** How long a load of `records` is likely to take, milliseconds. */
  expectedMs(records: number): number {
    return fixedMs + records * this.#msPerRecord;
  }

  /** How many records are likely to be loaded within `ms`. */
  recordsWithin(ms: number): number {
    return Math.max(0, ms - fixedMs) / this.#msPerRecord;
  }
}
