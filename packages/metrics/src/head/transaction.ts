import { deserialize, serialize } from 'node:v8';
import type { FloatHistogram } from '@sightline/query/promql';
import type { LedgerEntry } from '@sightline/record';
import { packSamples, unpackSamples } from './packed-samples.ts';

/** A series as the log names it: `sid` is good within the one file. */
export interface Definition {
  readonly sid: number;
  readonly organisation: string;
  readonly metric: string;
  readonly pairs: readonly string[];
  readonly fpLo: number;
  readonly fpHi: number;
  readonly site: string;
  readonly service: string;
  readonly type: string;
  readonly unit: string;
}

/** A histogram, or a sample with a start time. */
export interface RichEntry {
  readonly sid: number;
  readonly atMs: number;
  readonly lo: number;
  readonly hi: number;
  readonly histogram?: FloatHistogram | undefined;
  readonly startMs: number;
}

export interface ExemplarEntry {
  readonly sid: number;
  readonly atMs: number;
  readonly value: number;
  readonly labels: readonly string[];
}

/** Where a series that is sent as growth stands: what comes is added to it. */
export interface Total {
  readonly sid: number;
  readonly value: number;
  readonly histogram?: FloatHistogram | undefined;
  readonly atMs: number;
}

/** A spool segment whose frames are in the log, and what the ledger is to be told of it. */
export interface Consumed {
  readonly segment: string;
  readonly path: string;
  readonly entries: readonly LedgerEntry[];
  /** Frames that could not be read: their place in the segment, and why. */
  readonly culprits: readonly { readonly index: number; readonly message: string }[];
  readonly readBytes: number;
}

/** What of a transaction is not a plain sample. */
export interface TransactionHead {
  readonly seq: number;
  readonly consumed: readonly Consumed[];
  readonly definitions: readonly Definition[];
  readonly rich: readonly RichEntry[];
  readonly exemplars: readonly ExemplarEntry[];
  readonly totals: readonly Total[];
}

/** Plain samples as columns, staged and applied together. Values as bits, low and high half in turn. */
export class SampleColumnsStage {
  count = 0;
  sids = new Uint32Array(4096);
  times = new Float64Array(4096);
  bits = new Uint32Array(8192);

  clear(): void {
    this.count = 0;
    if (this.sids.length <= 1 << 20) return;
    // Nobody holds on to the room of one large segment.
    this.sids = new Uint32Array(4096);
    this.times = new Float64Array(4096);
    this.bits = new Uint32Array(8192);
  }

  reserve(more: number): void {
    if (this.count + more <= this.sids.length) return;
    const size = Math.max(this.count + more, this.sids.length * 2);
    const [sids, times, bits] = [new Uint32Array(size), new Float64Array(size), new Uint32Array(size * 2)];
    sids.set(this.sids.subarray(0, this.count));
    times.set(this.times.subarray(0, this.count));
    bits.set(this.bits.subarray(0, this.count * 2));
    [this.sids, this.times, this.bits] = [sids, times, bits];
  }

  push(sid: number, atMs: number, lo: number, hi: number): void {
    if (this.count === this.sids.length) this.reserve(1);
    const at = this.count++;
    this.sids[at] = sid;
    this.times[at] = atMs;
    this.bits[at * 2] = lo;
    this.bits[at * 2 + 1] = hi;
  }

  /** As `push`, of the first `count` samples of one series. */
  pushAll(sid: number, times: Float64Array, bits: Uint32Array, count: number): void {
    this.reserve(count);
    const at = this.count;
    this.count = at + count;
    const { sids, times: toTimes, bits: toBits } = this;
    for (let i = 0; i < count; i++) {
      sids[at + i] = sid;
      toTimes[at + i] = times[i] as number;
      toBits[(at + i) * 2] = bits[i * 2] as number;
      toBits[(at + i) * 2 + 1] = bits[i * 2 + 1] as number;
    }
  }
}

interface Written extends TransactionHead {
  readonly count: number;
  readonly baseMs: number;
  /** True where times do not fit into 31 bits beside the base. */
  readonly wide: boolean;
  /** Present where the samples are packed (`packed-samples.ts`), as all are but those of odd times and of earlier versions. */
  readonly packed?: true;
}

/**
 * A transaction as bytes, in pieces ready to be written: length of the head, the head, then the samples, packed or as columns (number of
 * the series, time as an offset, the value's bits). Valid until the next call.
 */
export function encodeTransaction(head: TransactionHead, samples: SampleColumnsStage): Uint8Array[] {
  const { count, times } = samples;
  const baseMs = count > 0 ? (times[0] as number) : 0;
  const packed = packSamples(samples, baseMs);
  if (packed) return [...headed({ ...head, count, baseMs, wide: false, packed: true }), packed];
  const offsets = new Int32Array(count);
  let wide = false;
  for (let i = 0; i < count; i++) {
    const offset = (times[i] as number) - baseMs;
    offsets[i] = offset;
    if (offsets[i] !== offset) wide = true;
  }
  const column = wide ? times.subarray(0, count) : offsets;
  return [
    ...headed({ ...head, count, baseMs, wide }),
    bytesOf(samples.sids.subarray(0, count)),
    bytesOf(column),
    bytesOf(samples.bits.subarray(0, count * 2)),
  ];
}

function headed(written: Written): Uint8Array[] {
  const text = serialize(written);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return [length, text];
}

function bytesOf(array: Uint32Array | Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Reads what `encodeTransaction` wrote; the samples go into `samples`, which is cleared first. Throws on bytes that are none. */
export function decodeTransaction(bytes: Buffer, samples: SampleColumnsStage): TransactionHead {
  const length = bytes.readUInt32LE(0);
  const head = deserialize(bytes.subarray(4, 4 + length)) as Written;
  const { count } = head;
  samples.clear();
  samples.reserve(count);
  let at = 4 + length;
  if (head.packed) {
    unpackSamples(bytes, at, count, head.baseMs, samples);
    samples.count = count;
    return head;
  }
  copyInto(samples.sids, bytes, at, count * 4);
  at += count * 4;
  if (head.wide) copyInto(samples.times, bytes, at, count * 8);
  else {
    const offsets = new Int32Array(count);
    copyInto(offsets, bytes, at, count * 4);
    for (let i = 0; i < count; i++) samples.times[i] = head.baseMs + (offsets[i] as number);
  }
  at += head.wide ? count * 8 : count * 4;
  copyInto(samples.bits, bytes, at, count * 8);
  if (at + count * 8 !== bytes.length) throw new Error('a transaction has another length than it says');
  samples.count = count;
  return head;
}

function copyInto(target: Uint32Array | Int32Array | Float64Array, bytes: Buffer, from: number, length: number): void {
  new Uint8Array(target.buffer, target.byteOffset, length).set(bytes.subarray(from, from + length));
}
