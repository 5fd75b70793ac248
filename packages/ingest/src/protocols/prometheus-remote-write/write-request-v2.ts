import type { Reason } from '@sightline/record';
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
import { compare, isText } from './write-request.ts';

const metricNameLabel = Buffer.from('__name__');
/** What is known of a symbol: looked at when first named. */
const [unseen, text, noText] = [0, 1, 2];

/**
 * Walks a remote-write 2.0 `io.prometheus.write.v2.Request`
 * (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/) and keeps what can be stored as it came, byte by byte. Refused alone:
 * series whose references, labels or metadata are none, samples of impossible times, broken native histograms and exemplars. Undefined when
 * the bytes are no such message.
 */
export function walkWriteRequestV2(body: Buffer, window: SampleWindow): WalkedRequest | undefined {
  const walk = new Walk(body, window);
  return walk.run() ? walk.tally.finish() : undefined;
}

class Walk {
  readonly tally: Tally;
  readonly #cursor: WireCursor;
  readonly #window: SampleWindow;
  /** Of each symbol: where it starts and stops. */
  #symbols: number[] = [];
  #seen = new Uint8Array(0);
  #nameSymbol = -1;
  // Of the series at hand.
  #problem = '';
  #samples = 0;
  #histograms = 0;
  #exemplars = 0;
  #references: number[] = [];
  #refused: [reason: Reason, message: string][] = [];
  /** Fields to leave out, start and stop in turn; bounded by the body. */
  #out: number[] = [];

  constructor(body: Buffer, window: SampleWindow) {
    this.tally = new Tally(body);
    this.#cursor = new WireCursor(body);
    this.#window = window;
  }

  /** False when the request is malformed. Symbols first: they may stand behind the series. */
  run(): boolean {
    const cursor = this.#cursor;
    const end = cursor.bytes.length;
    while (cursor.next(end)) if (cursor.field === 4 && cursor.is(2)) this.#symbols.push(cursor.start, cursor.stop);
    if (cursor.bad) return false;
    this.#seen = new Uint8Array(this.#symbols.length / 2);
    cursor.at = 0;
    while (cursor.next(end)) {
      const { fieldStart, start, stop, field } = cursor;
      if (field === 5 && cursor.is(2)) this.#series(fieldStart, start, stop);
      // Fields of version 1.0: reserved, so that the one is not taken for the other.
      else if (field < 4) return false;
      else if (field !== 4) this.tally.cut(fieldStart, stop);
      if (cursor.bad) return false;
    }
    return !cursor.bad;
  }

  #series(fieldStart: number, start: number, stop: number): void {
    const cursor = this.#cursor;
    this.#problem = '';
    this.#samples = this.#histograms = this.#exemplars = 0;
    this.#references.length = 0;
    if (this.#out.length > 0) this.#out = [];
    if (this.#refused.length > 0) this.#refused = [];
    cursor.at = start;
    while (cursor.next(stop)) {
      const { field } = cursor;
      if (field === 1) this.#readReferences(this.#references);
      else if (field === 2 && cursor.is(2)) this.#sample();
      else if (field === 3 && cursor.is(2)) this.#histogram();
      else if (field === 4 && cursor.is(2)) this.#exemplar();
      else if (field === 5 && cursor.is(2)) this.#metadata();
      else if (field === 6) cursor.is(0);
      else this.#out.push(cursor.fieldStart, cursor.stop);
    }
    cursor.at = stop;
    if (!cursor.bad) this.#judge(fieldStart, start, stop);
  }

  #judge(fieldStart: number, start: number, stop: number): void {
    const { tally } = this;
    this.#problem ||= this.#labelProblem();
    const left = this.#samples + this.#histograms;
    if (left + this.#refused.length === 0) this.#problem ||= 'a series has neither samples nor histograms';
    if (this.#problem !== '') {
      tally.refuse('malformed', left + this.#refused.length || 1, this.#problem);
      return tally.cut(fieldStart, stop);
    }
    for (const [reason, message] of this.#refused) tally.refuse(reason, 1, message);
    if (left === 0) return tally.cut(fieldStart, stop);
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
    return tally.cut(fieldStart, stop, fieldHead(0x2a, parts), ...parts);
  }

  /** Packed, or one by one, which protobuf allows too. */
  #readReferences(into: number[]): void {
    const cursor = this.#cursor;
    if (cursor.wire === 0) {
      into.push(cursor.value);
      return;
    }
    if (!cursor.is(2)) return;
    const { start, stop } = cursor;
    cursor.at = start;
    while (cursor.at < stop) {
      const value = cursor.varint(stop);
      if (value < 0) {
        cursor.bad = true;
        return;
      }
      into.push(value);
    }
  }

  #labelProblem(): string {
    const references = this.#references;
    if (references.length > 2 * maxLabels) return `a series has more than ${maxLabels} labels`;
    const broken = this.#pairsProblem(references);
    if (broken !== '') return broken;
    const symbols = this.#symbols;
    let named = false;
    let ordered = true;
    for (let n = 0; n < references.length; n += 2) {
      const name = references[n] ?? 0;
      if (this.#isName(name) && sizeOf(symbols, references[n + 1] ?? 0) > 0) named = true;
      if (n > 0 && this.#compare(references[n - 2] ?? 0, name) >= 0) ordered = false;
    }
    if (!ordered && this.#hasTwins(references)) return 'a series has a label twice';
    return named ? '' : 'a series has no label __name__';
  }

  /** Pairs of references to texts, the first of each no empty one. */
  #pairsProblem(references: readonly number[]): string {
    if (references.length % 2 !== 0) return 'label references come in no pairs';
    for (let n = 0; n < references.length; n++) {
      const reference = references[n] ?? 0;
      if (reference >= this.#seen.length) return `a reference names symbol ${reference} of ${this.#seen.length}`;
      if (!this.#isText(reference)) return 'a label is no UTF-8';
      if (n % 2 === 0 && sizeOf(this.#symbols, reference) === 0) return 'a label has no name';
    }
    return '';
  }

  #isText(reference: number): boolean {
    const symbols = this.#symbols;
    if (this.#seen[reference] === unseen)
      this.#seen[reference] = isText(this.#cursor.bytes, symbols[reference * 2] ?? 0, symbols[reference * 2 + 1] ?? 0)
        ? text
        : noText;
    return this.#seen[reference] === text;
  }

  #isName(reference: number): boolean {
    if (reference === this.#nameSymbol) return true;
    const [start, stop] = [this.#symbols[reference * 2] ?? 0, this.#symbols[reference * 2 + 1] ?? 0];
    const { bytes } = this.#cursor;
    if (stop - start !== 8 || bytes[start] !== 95 || bytes.compare(metricNameLabel, 0, 8, start, stop) !== 0)
      return false;
    this.#nameSymbol = reference;
    return true;
  }

  #compare(a: number, b: number): number {
    const s = this.#symbols;
    return compare(this.#cursor.bytes, s[a * 2] ?? 0, s[a * 2 + 1] ?? 0, s[b * 2] ?? 0, s[b * 2 + 1] ?? 0);
  }

  /** Labels that come in no order may name one twice: seldom, so it may cost. */
  #hasTwins(references: readonly number[]): boolean {
    const names = references
      .filter((_, n) => n % 2 === 0)
      .map((at) => this.#cursor.bytes.toString('utf8', this.#symbols[at * 2], this.#symbols[at * 2 + 1]));
    return new Set(names).size < names.length;
  }

  #sample(): void {
    const cursor = this.#cursor;
    const { fieldStart, start, stop } = cursor;
    let atMs = 0;
    cursor.at = start;
    while (cursor.next(stop)) {
      if (cursor.field === 2) atMs = cursor.is(0) ? cursor.int64() : 0;
      else if (cursor.field === 1) cursor.is(1);
      else if (cursor.field === 3) cursor.is(0);
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
    const { fieldStart, start, stop } = cursor;
    const references: number[] = [];
    cursor.at = start;
    while (cursor.next(stop)) {
      if (cursor.field === 1) this.#readReferences(references);
      else if (cursor.field === 2) cursor.is(1);
      else if (cursor.field === 3) cursor.is(0);
    }
    cursor.at = stop;
    const problem = this.#pairsProblem(references);
    if (problem === '') {
      this.#exemplars++;
      return;
    }
    // Not a sample: it is told beside them, and never takes its series along.
    this.tally.refuse('malformed', 1, `an exemplar: ${problem}`);
    this.#out.push(fieldStart, stop);
  }

  #metadata(): void {
    const cursor = this.#cursor;
    const { start, stop } = cursor;
    cursor.at = start;
    while (cursor.next(stop)) {
      const { field } = cursor;
      if (field !== 1 && field !== 3 && field !== 4) continue;
      if (!cursor.is(0) || field === 1) continue;
      if (cursor.value >= this.#seen.length || !this.#isText(cursor.value))
        this.#problem ||= "a series' help or unit is no text";
    }
    cursor.at = stop;
  }
}

function sizeOf(symbols: readonly number[], reference: number): number {
  return (symbols[reference * 2 + 1] ?? 0) - (symbols[reference * 2] ?? 0);
}
