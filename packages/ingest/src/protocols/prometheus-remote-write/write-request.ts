import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { Hash64, HashTable } from '@sightline/base';
import type { Reason } from '@sightline/record';
import { endOfLabels } from '../../metric-formats/write-request-cursor.ts';
import { checkHistogram } from './check-histogram.ts';
import {
  fieldHead,
  judgeTime,
  maxLabels,
  outOfTime,
  type SampleWindow,
  Tally,
  type WalkedRequest,
} from './walked-request.ts';
import { WireCursor } from './wire-cursor.ts';

const metricNameLabel = Buffer.from('__name__');

/** Labels that were found good lately, so that they are not judged anew with every sample: by hash, under seeds that nobody can guess. */
const good = new HashTable(1024);
/** Some 6 MB. */
const goodLimit = 200_000;
const seeds = randomBytes(8);
const [seedLo, seedHi] = [seeds.readUInt32LE(0), seeds.readUInt32LE(4)];
const hash = new Hash64();

/**
 * Walks a remote-write 1.0 `WriteRequest` and keeps what can be stored as it came, byte by byte. Refused alone: series whose labels are
 * none, samples of impossible times, broken native histograms. Undefined when the bytes are no such message.
 */
export function walkWriteRequest(body: Buffer, window: SampleWindow): WalkedRequest | undefined {
  const walk = new Walk(body, window);
  return walk.run() ? walk.tally.finish() : undefined;
}

class Walk {
  readonly tally: Tally;
  readonly #cursor: WireCursor;
  readonly #window: SampleWindow;
  readonly #view: DataView;
  // Of the series at hand.
  #problem = '';
  #labels = 0;
  #samples = 0;
  #histograms = 0;
  #exemplars = 0;
  #named = false;
  /** The name before, to tell whether labels come in order. */
  #nameStart = 0;
  #nameStop = 0;
  #ordered = true;
  /** Where the last label ends. */
  #labelsStop = 0;
  /** Where the names of the first `maxLabels` labels lie: start and stop in turn. */
  readonly #names = new Int32Array(2 * maxLabels);
  /** Refused of it, unless all of it is. */
  #refused: [reason: Reason, message: string][] = [];
  /** Fields to leave out, start and stop in turn; bounded by the body. */
  #out: number[] = [];

  constructor(body: Buffer, window: SampleWindow) {
    this.tally = new Tally(body);
    this.#cursor = new WireCursor(body);
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
    this.#window = window;
  }

  /** False when the request is malformed. */
  run(): boolean {
    const cursor = this.#cursor;
    const end = cursor.bytes.length;
    while (cursor.next(end)) {
      const { fieldStart, start, stop, field } = cursor;
      if (field === 1 && cursor.is(2)) this.#series(fieldStart, start, stop);
      else if (field === 3 && cursor.is(2)) {
        cursor.at = start;
        while (cursor.next(stop));
        this.tally.metadata++;
      } else this.tally.cut(fieldStart, stop);
      if (cursor.bad) return false;
    }
    return !cursor.bad;
  }

  #series(fieldStart: number, start: number, stop: number): void {
    const end = endOfLabels(this.#cursor.bytes, start, stop);
    const leading = end > stop ? start : end;
    hash.bytes(this.#view, start, leading, seedLo, seedHi);
    const { lo, hi } = hash;
    const known = leading > start && good.get(lo, hi) >= 0;
    if (!known || !this.#fields(leading, stop, true)) {
      this.#fields(start, stop, false);
      this.#judgeLabels();
      if (this.#problem === '' && this.#labelsStop === leading && !this.#cursor.bad) {
        if (good.size >= goodLimit) good.clear();
        good.set(lo, hi, 0);
      }
    }
    if (!this.#cursor.bad) this.#judge(fieldStart, start, stop);
  }

  /** Goes through the fields of a series from `start` on. False where its labels are known to be good, and another one comes. */
  #fields(start: number, stop: number, known: boolean): boolean {
    const cursor = this.#cursor;
    this.#problem = '';
    this.#labels = this.#samples = this.#histograms = this.#exemplars = 0;
    this.#nameStart = this.#nameStop = this.#labelsStop = 0;
    this.#named = false;
    this.#ordered = true;
    if (this.#out.length > 0) this.#out = [];
    if (this.#refused.length > 0) this.#refused = [];
    cursor.at = start;
    while (cursor.next(stop)) {
      const { field } = cursor;
      if (field === 1 && cursor.is(2)) {
        if (known) return false;
        this.#label();
      } else if (field === 2 && cursor.is(2)) {
        this.#sample();
        this.#usualSamples(stop);
      } else if (field === 3 && cursor.is(2)) this.#exemplar();
      else if (field === 4 && cursor.is(2)) this.#histogram();
      else this.#out.push(cursor.fieldStart, cursor.stop);
    }
    cursor.at = stop;
    return true;
  }

  #judgeLabels(): void {
    if (this.#labels > maxLabels) this.#problem ||= `a series has more than ${maxLabels} labels`;
    if (!this.#ordered && this.#problem === '' && this.#hasTwins()) this.#problem = 'a series has a label twice';
    if (!this.#named) this.#problem ||= 'a series has no label __name__';
  }

  #judge(fieldStart: number, start: number, stop: number): void {
    const { tally } = this;
    const left = this.#samples + this.#histograms;
    if (this.#problem !== '') {
      tally.refuse('malformed', left + this.#refused.length || 1, this.#problem);
      return tally.cut(fieldStart, stop);
    }
    for (const [reason, message] of this.#refused) tally.refuse(reason, 1, message);
    if (left === 0 && this.#exemplars === 0) return tally.cut(fieldStart, stop);
    tally.samples += this.#samples;
    tally.histograms += this.#histograms;
    tally.exemplars += this.#exemplars;
    if (this.#out.length === 0) return undefined;
    const { bytes } = this.#cursor;
    const parts: Uint8Array[] = [];
    let from = start;
    for (let n = 0; n < this.#out.length; n += 2) {
      parts.push(bytes.subarray(from, this.#out[n]));
      from = this.#out[n + 1] ?? stop;
    }
    parts.push(bytes.subarray(from, stop));
    return tally.cut(fieldStart, stop, fieldHead(0x0a, parts), ...parts);
  }

  #label(): void {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const { start, stop } = cursor;
    // As all clients write it: name and value, each shorter than 128 bytes.
    let nameStart = start + 2;
    let nameStop = nameStart + (bytes[start + 1] ?? 0);
    let valueStart = nameStop + 2;
    let valueStop = valueStart + (bytes[nameStop + 1] ?? 0);
    const usual = bytes[start] === 0x0a && bytes[nameStop] === 0x12 && valueStop === stop;
    if (!usual || nameStop - nameStart > 127 || valueStop - valueStart > 127) {
      nameStart = nameStop = valueStart = valueStop = 0;
      cursor.at = start;
      while (cursor.next(stop)) {
        if (cursor.field === 1 && cursor.is(2)) {
          nameStart = cursor.start;
          nameStop = cursor.stop;
        } else if (cursor.field === 2 && cursor.is(2)) {
          valueStart = cursor.start;
          valueStop = cursor.stop;
        }
      }
      cursor.at = stop;
    }
    if (this.#labels < maxLabels) {
      this.#names[2 * this.#labels] = nameStart;
      this.#names[2 * this.#labels + 1] = nameStop;
    }
    this.#labels++;
    this.#labelsStop = stop;
    if (nameStart === nameStop) this.#problem ||= 'a label has no name';
    if (!isText(bytes, nameStart, nameStop) || !isText(bytes, valueStart, valueStop))
      this.#problem ||= 'a label is no UTF-8';
    if (compare(bytes, this.#nameStart, this.#nameStop, nameStart, nameStop) >= 0) this.#ordered = false;
    this.#nameStart = nameStart;
    this.#nameStop = nameStop;
    if (nameStop - nameStart === 8 && valueStop > valueStart && bytes[nameStart] === 95)
      this.#named ||= bytes.compare(metricNameLabel, 0, 8, nameStart, nameStop) === 0;
  }

  /** Labels that come in no order may name one twice. */
  #hasTwins(): boolean {
    const names = this.#names;
    const { bytes } = this.#cursor;
    const end = 2 * this.#labels;
    for (let a = 0; a < end; a += 2) {
      const [start, stop] = [names[a] ?? 0, names[a + 1] ?? 0];
      for (let b = a + 2; b < end; b += 2) {
        const other = names[b] ?? 0;
        if ((names[b + 1] ?? 0) - other !== stop - start || bytes[other] !== bytes[start]) continue;
        if (compare(bytes, start, stop, other, other + stop - start) === 0) return true;
      }
    }
    return false;
  }

  /** Counts samples of value and time, in this order, as all clients write them, one behind the other, up to the first that is another or is out of time. */
  #usualSamples(stop: number): void {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const { fromMs, toMs } = this.#window;
    let { at } = cursor;
    // Times from 1971 to 2109 are varints of six bytes.
    for (; at + 18 <= stop; at += 18) {
      const head = bytes[at] === 0x12 && bytes[at + 1] === 16 && bytes[at + 2] === 0x09 && bytes[at + 11] === 0x10;
      if (!head) break;
      const [a, b, c, d] = [
        bytes[at + 12] as number,
        bytes[at + 13] as number,
        bytes[at + 14] as number,
        bytes[at + 15] as number,
      ];
      const e = bytes[at + 16] as number;
      const f = bytes[at + 17] as number;
      if ((a & b & c & d & e) < 128 || f > 127) break;
      const low = (a & 127) | ((b & 127) << 7) | ((c & 127) << 14) | ((d & 127) << 21);
      const atMs = ((e & 127) | (f << 7)) * 268_435_456 + low;
      if (atMs < fromMs || atMs > toMs) break;
      this.#samples++;
    }
    cursor.at = at;
  }

  #sample(): void {
    const cursor = this.#cursor;
    const { fieldStart, start, stop } = cursor;
    let atMs = 0;
    cursor.at = start;
    while (cursor.next(stop)) {
      if (cursor.field === 2) atMs = cursor.is(0) ? cursor.int64() : 0;
      else if (cursor.field === 1) cursor.is(1);
    }
    cursor.at = stop;
    if (this.#inTime(atMs, fieldStart, stop)) this.#samples++;
  }

  #histogram(): void {
    const { fieldStart, start, stop } = this.#cursor;
    const { problem, atMs } = checkHistogram(this.#cursor, start, stop);
    if (problem !== '') {
      this.#refused.push(['malformed', problem]);
      this.#out.push(fieldStart, stop);
    } else if (this.#inTime(atMs, fieldStart, stop)) this.#histograms++;
  }

  #inTime(atMs: number, fieldStart: number, stop: number): boolean {
    const judged = judgeTime(atMs, this.#window);
    if (judged === '') return true;
    this.#refused.push([judged, outOfTime(judged, this.#window)]);
    this.#out.push(fieldStart, stop);
    return false;
  }

  #exemplar(): void {
    const cursor = this.#cursor;
    const { start, stop } = cursor;
    cursor.at = start;
    while (cursor.next(stop)) {
      if (cursor.field === 1 && cursor.is(2)) {
        const { start: labelStart, stop: labelStop } = cursor;
        cursor.at = labelStart;
        while (cursor.next(labelStop)) cursor.is(2);
        cursor.at = labelStop;
      } else if (cursor.field === 2) cursor.is(1);
      else if (cursor.field === 3) cursor.is(0);
    }
    cursor.at = stop;
    this.#exemplars++;
  }
}

/** Whether bytes are UTF-8. */
export function isText(bytes: Buffer, start: number, stop: number): boolean {
  let high = 0;
  for (let at = start; at < stop; at++) high |= bytes[at] ?? 0;
  return high < 128 || isUtf8(bytes.subarray(start, stop));
}

/** Order of two texts by their bytes. */
export function compare(bytes: Buffer, aStart: number, aStop: number, bStart: number, bStop: number): number {
  let b = bStart;
  for (let a = aStart; a < aStop; a++, b++) {
    if (b >= bStop) return 1;
    const difference = (bytes[a] ?? 0) - (bytes[b] ?? 0);
    if (difference !== 0) return difference;
  }
  return b < bStop ? -1 : 0;
}
