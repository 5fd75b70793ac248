import { timeNs } from '../../errors/event-time.ts';
import { sliceText } from './read-flat-json.ts';

const wholeSecond = '2026-11-29T12:00:00'.length;
const longestZone = 6;
const billion = 1_000_000_000;
const [dot, zero, colon, point] = [46, 48, 58, 44];

/** A moment in nanoseconds as the two halves of 64 bits, for times that are read from bytes. Used again for the next one. */
export class FlatTime {
  low = 0;
  high = 0;
  /** Whole milliseconds. */
  ms = 0;
  readonly #known = Buffer.alloc(wholeSecond + longestZone);
  #knownLength = 0;
  #knownSeconds = 0;

  /** Sets whole seconds from 1970 on, and what is beyond them. */
  set(seconds: number, nanoseconds: number): void {
    this.ms = seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
    // In halves of seconds' bits: the product would not fit into a double.
    const upper = Math.floor(seconds / 65_536) * billion;
    const lower = (seconds % 65_536) * billion + nanoseconds + (upper % 65_536) * 65_536;
    this.low = lower % 4_294_967_296;
    this.high = Math.floor(upper / 65_536) + Math.floor(lower / 4_294_967_296);
  }

  /** Sets milliseconds from 1970 on, with a fraction down to a microsecond. */
  setMs(ms: number): void {
    const micros = Math.round(ms * 1000);
    this.set(Math.floor(micros / 1_000_000), (micros % 1_000_000) * 1000);
  }

  /** Reads ISO 8601 with seconds, as `timeNs` does; false where it is anything else. */
  readIso(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start + wholeSecond;
    if (at > end || bytes[start + 16] !== colon) return false;
    let nanoseconds = 0;
    if (at < end && (bytes[at] === dot || bytes[at] === point)) {
      let unit = billion;
      for (at++; at < end; at++) {
        const digit = (bytes[at] ?? 0) - zero;
        if (digit < 0 || digit > 9) break;
        unit /= 10;
        if (unit < 1) return false;
        nanoseconds += digit * unit;
      }
      if (unit === billion) return false;
    }
    const zone = end - at;
    if (zone > longestZone) return false;
    // A second fraction is none: without its first it would read as one.
    if (zone > 0 && (bytes[at] === dot || bytes[at] === point)) return false;
    if (!this.#isKnown(bytes, start, at, zone) && !this.#learn(bytes, start, at, end)) return false;
    this.set(this.#knownSeconds, nanoseconds);
    return true;
  }

  /** Records of one request are mostly of the same second. */
  #isKnown(bytes: Uint8Array, start: number, zoneStart: number, zone: number): boolean {
    if (this.#knownLength !== wholeSecond + zone) return false;
    for (let i = wholeSecond - 1; i >= 0; i--) if (this.#known[i] !== bytes[start + i]) return false;
    for (let i = 0; i < zone; i++) if (this.#known[wholeSecond + i] !== bytes[zoneStart + i]) return false;
    return true;
  }

  #learn(bytes: Uint8Array, start: number, zoneStart: number, end: number): boolean {
    const text = sliceText(bytes, start, start + wholeSecond) + sliceText(bytes, zoneStart, end);
    const ns = text.length === wholeSecond + end - zoneStart ? timeNs(text) : undefined;
    if (ns === undefined || ns < 0n) return false;
    this.#knownLength = this.#known.write(text, 'latin1');
    this.#knownSeconds = Number(ns / 1_000_000_000n);
    return true;
  }
}
