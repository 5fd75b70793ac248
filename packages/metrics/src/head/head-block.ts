import type { FloatHistogram, SampleColumns } from '@sightline/query/promql';
import { blockMs } from '../block.ts';
import { appendChunk, borrowChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { grown } from '../series/family.ts';
import type { PieceList } from './piece-list.ts';
import { leastSamples, mostSamples, PieceArena, type SampleSlab } from './sample-slab.ts';
import type { SampleColumnsStage } from './transaction.ts';

/** A sample with more than a time and a value. */
export interface RichSample {
  readonly atMs: number;
  /** The value's bits, low and high half. */
  readonly lo: number;
  readonly hi: number;
  readonly histogram?: FloatHistogram | undefined;
  /** 0 where not known. */
  readonly startMs: number;
}

const largestSize = Math.log2(mostSamples / leastSamples);

/**
 * The samples of two hours that are not in the engine yet. Of each series: a small open piece that grows to 64 samples, encoded
 * pieces of those before, and beside them samples that came late or carry a histogram or a start time.
 */
export class HeadBlock {
  readonly startMs: number;
  readonly endMs: number;
  /** Number of the first and last transaction that has samples here. */
  firstSeq = 0;
  lastSeq = 0;
  /** When a sample came last, by the clock. */
  touchedAtMs = 0;
  /** How many samples the head had then. */
  touchedAtSample = 0;
  openedAtMs = 0;
  samples = 0;
  lateSamples = 0;
  duplicates = 0;
  /** Series with samples here, in order of their coming. */
  members: Uint32Array = new Uint32Array(64);
  count = 0;
  readonly #slab: SampleSlab;
  readonly #pieces = new PieceArena();
  readonly #rich = new Map<number, SampleBuffer>();
  #richSamples = 0;
  #ref: Uint32Array = new Uint32Array(64);
  #counts: Uint8Array = new Uint8Array(64);
  #sizes: Uint8Array = new Uint8Array(64);
  #last: Float64Array = new Float64Array(64);
  #firstPiece: Uint32Array = new Uint32Array(64);
  #lastPiece: Uint32Array = new Uint32Array(64);
  readonly #joined: (sid: number, atMs: number, first: boolean) => void;

  /** `joined` is told when the first sample of a series comes, and of samples that may be earlier than it. */
  constructor(startMs: number, slab: SampleSlab, joined: (sid: number, atMs: number, first: boolean) => void) {
    this.startMs = startMs;
    this.endMs = startMs + blockMs;
    this.#slab = slab;
    this.#joined = joined;
  }

  /** Bytes beside the slab. */
  get bytes(): number {
    return this.#pieces.bytes + this.#richSamples * 40 + this.#ref.length * 22 + this.members.length * 4;
  }

  /** Takes one sample of a float series; the value as the two halves of its bits. A second value for one time is left out. */
  append(sid: number, atMs: number, lo: number, hi: number): void {
    const ref = sid < this.#ref.length ? (this.#ref[sid] as number) : 0;
    if (ref === 0) {
      if (sid < this.#ref.length && this.#firstPiece[sid] !== 0 && atMs <= (this.#last[sid] as number))
        this.#late(sid, 0, 0, atMs, lo, hi);
      else this.#start(sid, atMs, lo, hi);
      return;
    }
    const count = this.#counts[sid] as number;
    if (atMs <= (this.#last[sid] as number)) {
      this.#late(sid, ref, count, atMs, lo, hi);
      return;
    }
    const capacity = leastSamples << (this.#sizes[sid] as number);
    if (count === capacity) this.#makeRoom(sid, ref, count, atMs, lo, hi);
    else this.#write(sid, ref, capacity, count, atMs, lo, hi);
  }

  /**
   * Takes the samples from number `from` on, as long as they are of one series, later than what it has, within the block and have room in the
   * series' open piece. Returns the number of the first that it did not take: that one is for `append`.
   */
  appendRun({ sids, times, bits, count }: SampleColumnsStage, from: number): number {
    const sid = sids[from] as number;
    const ref = sid < this.#ref.length ? (this.#ref[sid] as number) : 0;
    if (ref === 0) return from;
    const capacity = leastSamples << (this.#sizes[sid] as number);
    const held = this.#counts[sid] as number;
    const { doubles, words } = this.#slab;
    const end = Math.min(count, from + capacity - held);
    let last = this.#last[sid] as number;
    let i = from;
    for (let at = ref + held; i < end && sids[i] === sid; i++, at++) {
      const atMs = times[i] as number;
      if (!(atMs > last) || atMs >= this.endMs) break;
      doubles[at] = last = atMs;
      words[(at + capacity) * 2] = bits[i * 2] as number;
      words[(at + capacity) * 2 + 1] = bits[i * 2 + 1] as number;
    }
    this.#counts[sid] = held + i - from;
    this.#last[sid] = last;
    this.samples += i - from;
    return i;
  }

  /** Takes a sample with a histogram or a start time. */
  appendRich(sid: number, sample: RichSample): void {
    this.samples++;
    this.#keepRich(sid, sample);
  }

  has(sid: number): boolean {
    return (sid < this.#ref.length && (this.#ref[sid] !== 0 || this.#firstPiece[sid] !== 0)) || this.#rich.has(sid);
  }

  /**
   * Tells `into` where a series' samples between the times lie, in order of time; an open piece goes as a whole. False when the series has
   * late samples: then use `gather`.
   */
  piecesOf(sid: number, afterMs: number, endMs: number, into: PieceList): boolean {
    if (this.#rich.has(sid)) return false;
    if (sid >= this.#ref.length) return true;
    const count = this.#counts[sid] as number;
    const last = this.#last[sid] as number;
    const ref = this.#ref[sid] as number;
    const first = this.#firstPiece[sid] as number;
    // A question about now is answered by the open piece: all others are before it.
    if (first !== 0 && (count === 0 || (this.#slab.doubles[ref] as number) > afterMs)) {
      for (let piece = first; piece !== 0; piece = this.#pieces.next(piece)) {
        if (this.#pieces.lastMs(piece) > afterMs && this.#pieces.firstMs(piece) <= endMs)
          into.chunk(this.#pieces.place(piece));
      }
    }
    if (count === 0 || last <= afterMs) return true;
    // The slab is looked into only where it matters: a look at each of ten thousand series costs as much as all the rest.
    if (last <= endMs || (this.#slab.doubles[ref] as number) <= endMs)
      into.open(this.#slab.memory, ref, count, leastSamples << (this.#sizes[sid] as number));
    return true;
  }

  /** Appends all samples of a series to `into`, in order of their coming. True when they are in order of time, each time once. */
  gather(sid: number, into: SampleBuffer): boolean {
    let ordered = true;
    const startsAt = into.count;
    if (sid < this.#ref.length) {
      for (let piece = this.#firstPiece[sid] as number; piece !== 0; piece = this.#pieces.next(piece)) {
        const problem = appendChunk(this.#pieces.chunk(piece), into);
        if (problem !== undefined) throw new Error(`a piece of the head cannot be read: ${problem}`);
      }
      const count = this.#counts[sid] as number;
      if (count > 0) appendColumns(this.#open(sid), into);
    }
    const rich = this.#rich.get(sid);
    if (rich) {
      appendColumns(rich, into);
      ordered = into.count - startsAt === 0 || isOrdered(into, startsAt);
    }
    return ordered;
  }

  /** Gives the slab's room back; the block is of no use afterwards. */
  release(): void {
    for (let i = 0; i < this.count; i++) {
      const sid = this.members[i] as number;
      const ref = sid < this.#ref.length ? (this.#ref[sid] as number) : 0;
      if (ref !== 0) this.#slab.give(ref, this.#sizes[sid] as number);
    }
    this.#ref.fill(0);
    this.count = 0;
  }

  #start(sid: number, atMs: number, lo: number, hi: number): void {
    if (sid >= this.#ref.length) this.#grow(sid + 1);
    const ref = this.#slab.take(0);
    if (ref === 0) {
      // No room for a piece of its own: kept beside, until the block is cut for it.
      this.samples++;
      this.#keepRich(sid, { atMs, lo, hi, startMs: 0 });
      return;
    }
    if (!this.has(sid)) this.#join(sid, atMs);
    this.#ref[sid] = ref;
    this.#sizes[sid] = 0;
    this.#counts[sid] = 0;
    this.#write(sid, ref, leastSamples, 0, atMs, lo, hi);
  }

  #write(sid: number, ref: number, capacity: number, count: number, atMs: number, lo: number, hi: number): void {
    this.#slab.doubles[ref + count] = atMs;
    const word = (ref + capacity + count) * 2;
    this.#slab.words[word] = lo;
    this.#slab.words[word + 1] = hi;
    this.#counts[sid] = count + 1;
    this.#last[sid] = atMs;
    this.samples++;
  }

  /** The open piece is full: it grows, or is encoded and a small one begun. */
  #makeRoom(sid: number, ref: number, count: number, atMs: number, lo: number, hi: number): void {
    const size = this.#sizes[sid] as number;
    const larger = size < largestSize ? this.#slab.take(size + 1) : 0;
    if (larger !== 0) {
      const capacity = leastSamples << size;
      const { doubles, words } = this.#slab;
      doubles.copyWithin(larger, ref, ref + count);
      words.copyWithin((larger + capacity * 2) * 2, (ref + capacity) * 2, (ref + capacity + count) * 2);
      this.#slab.give(ref, size);
      this.#ref[sid] = larger;
      this.#sizes[sid] = size + 1;
      this.#write(sid, larger, capacity * 2, count, atMs, lo, hi);
      return;
    }
    const open = this.#open(sid);
    const before = this.#lastPiece[sid] as number;
    const firstMs = open.times[0] as number;
    const piece = this.#pieces.add(borrowChunk(open), before, firstMs, this.#last[sid] as number);
    if (before === 0) this.#firstPiece[sid] = piece;
    this.#lastPiece[sid] = piece;
    // Not written over: who asked before may still be reading it.
    this.#slab.give(ref, size);
    this.#ref[sid] = 0;
    this.#counts[sid] = 0;
    this.#start(sid, atMs, lo, hi);
  }

  #late(sid: number, ref: number, count: number, atMs: number, lo: number, hi: number): void {
    if (count > 0 && atMs === this.#last[sid]) {
      const word = (ref + (leastSamples << (this.#sizes[sid] as number)) + count - 1) * 2;
      // The same once more, as a client sends it that did not hear our answer: nothing to say. Another value: the first one stays.
      if (this.#slab.words[word] !== lo || this.#slab.words[word + 1] !== hi) this.duplicates++;
      return;
    }
    this.lateSamples++;
    this.samples++;
    this.#keepRich(sid, { atMs, lo, hi, startMs: 0 });
  }

  #keepRich(sid: number, sample: RichSample): void {
    let rich = this.#rich.get(sid);
    if (!rich) {
      if (!this.has(sid)) this.#join(sid, sample.atMs);
      rich = new SampleBuffer(4);
      this.#rich.set(sid, rich);
    }
    const at = rich.count;
    rich.reserve(1);
    rich.times[at] = sample.atMs;
    const words = new Uint32Array(rich.values.buffer);
    words[at * 2] = sample.lo;
    words[at * 2 + 1] = sample.hi;
    if (sample.histogram) rich.withHistograms()[at] = sample.histogram;
    if (sample.startMs !== 0) rich.withStartTimes()[at] = sample.startMs;
    rich.count = at + 1;
    this.#richSamples++;
    this.#joined(sid, sample.atMs, false);
  }

  #join(sid: number, atMs: number): void {
    this.members = grown(this.members, this.count + 1);
    this.members[this.count++] = sid;
    this.#joined(sid, atMs, true);
  }

  #open(sid: number): SampleColumns {
    const ref = this.#ref[sid] as number;
    const capacity = leastSamples << (this.#sizes[sid] as number);
    const count = this.#counts[sid] as number;
    const { doubles } = this.#slab;
    return {
      count,
      times: doubles.subarray(ref, ref + count),
      values: doubles.subarray(ref + capacity, ref + capacity + count),
    };
  }

  #grow(length: number): void {
    const size = Math.max(length, this.#ref.length * 2);
    const wider = <T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#ref = wider(this.#ref, new Uint32Array(size));
    this.#counts = wider(this.#counts, new Uint8Array(size));
    this.#sizes = wider(this.#sizes, new Uint8Array(size));
    this.#last = wider(this.#last, new Float64Array(size));
    this.#firstPiece = wider(this.#firstPiece, new Uint32Array(size));
    this.#lastPiece = wider(this.#lastPiece, new Uint32Array(size));
  }
}

/** Appends columns to a buffer; values bit by bit. */
export function appendColumns(from: SampleColumns, into: SampleBuffer): void {
  const at = into.count;
  into.unknown();
  into.reserve(from.count);
  into.times.set(from.times.subarray(0, from.count), at);
  into.values.set(from.values.subarray(0, from.count), at);
  if (from.histograms) {
    const histograms = into.withHistograms();
    for (let i = 0; i < from.count; i++) if (from.histograms[i]) histograms[at + i] = from.histograms[i];
  }
  if (from.startTimes) into.withStartTimes().set(from.startTimes.subarray(0, from.count), at);
  into.count = at + from.count;
}

function isOrdered(samples: SampleColumns, from: number): boolean {
  for (let i = from + 1; i < samples.count; i++)
    if ((samples.times[i] as number) <= (samples.times[i - 1] as number)) return false;
  return true;
}
