import { blockMs } from '../block.ts';
import { grown } from '../series/family.ts';
import { HeadBlock } from './head-block.ts';
import { SampleSlab } from './sample-slab.ts';
import type { RichEntry, SampleColumnsStage } from './transaction.ts';

/** The blocks in memory: open ones that take samples, and those that are being cut. */
export class HeadBlocks {
  readonly slab: SampleSlab;
  readonly open = new Map<number, HeadBlock>();
  readonly cutting: HeadBlock[] = [];
  /** How many blocks hold samples of a series, by sid. */
  #holds: Uint32Array = new Uint32Array(1024);
  /** Samples of transactions up to this number are in the engine already, by start of the block. */
  readonly #cutUpTo: ReadonlyMap<number, number>;
  readonly #joined: (sid: number, atMs: number, block: HeadBlock) => void;
  appended = 0;
  late = 0;
  duplicates = 0;

  constructor(parts: {
    readonly memoryBytes: number;
    readonly cutUpTo: ReadonlyMap<number, number>;
    /** Told when a series gets its first sample of a block. */
    readonly joined: (sid: number, atMs: number, block: HeadBlock) => void;
  }) {
    this.slab = new SampleSlab(parts.memoryBytes);
    this.#cutUpTo = parts.cutUpTo;
    this.#joined = parts.joined;
  }

  /** Applies the samples of a durable transaction. `replay`: those that were cut already are left out. */
  apply(seq: number, samples: SampleColumnsStage, rich: readonly RichEntry[], nowMs: number, replay: boolean): void {
    const { count, sids, times, bits } = samples;
    this.appended += count + rich.length;
    let block: HeadBlock | undefined;
    let from = 0;
    let to = 0;
    for (let i = 0; i < count;) {
      const atMs = times[i] as number;
      if (atMs < from || atMs >= to) {
        from = Math.floor(atMs / blockMs) * blockMs;
        to = from + blockMs;
        block = this.#blockFor(from, seq, nowMs, replay);
      }
      const next = block ? block.appendRun(samples, i) : i + 1;
      if (next === i) {
        block?.append(sids[i] as number, atMs, bits[i * 2] as number, bits[i * 2 + 1] as number);
        i++;
      } else i = next;
    }
    for (const entry of rich) {
      const start = Math.floor(entry.atMs / blockMs) * blockMs;
      this.#blockFor(start, seq, nowMs, replay)?.appendRich(entry.sid, entry);
    }
  }

  /** Takes no more samples into a block: the next one for its time opens another. */
  freeze(block: HeadBlock): void {
    this.open.delete(block.startMs);
    this.cutting.push(block);
    this.late += block.lateSamples;
    this.duplicates += block.duplicates;
  }

  /** A cut block is in the engine: forgets its samples, and says which series the head holds no more. */
  drop(block: HeadBlock): number[] {
    const idle: number[] = [];
    for (let i = 0; i < block.count; i++) {
      const sid = block.members[i] as number;
      const holds = (this.#holds[sid] as number) - 1;
      this.#holds[sid] = holds;
      if (holds === 0) idle.push(sid);
    }
    block.release();
    this.cutting.splice(this.cutting.indexOf(block), 1);
    return idle;
  }

  isHeld(sid: number): boolean {
    return sid < this.#holds.length && this.#holds[sid] !== 0;
  }

  /** All blocks in order of time, those that are being cut before an open one of the same time. */
  all(): HeadBlock[] {
    return [...this.cutting, ...this.open.values()].sort((a, b) => a.startMs - b.startMs);
  }

  get bytes(): number {
    return this.slab.usedBytes + this.all().reduce((sum, block) => sum + block.bytes, 0);
  }

  /** The first transaction that has samples in memory; Infinity when there are none. */
  get firstSeq(): number {
    return this.all().reduce((first, block) => Math.min(first, block.firstSeq), Infinity);
  }

  #blockFor(startMs: number, seq: number, nowMs: number, replay: boolean): HeadBlock | undefined {
    if (replay && seq <= (this.#cutUpTo.get(startMs) ?? 0)) return undefined;
    let block = this.open.get(startMs);
    if (!block) {
      const made: HeadBlock = new HeadBlock(startMs, this.slab, (sid, atMs, first) => {
        if (first) {
          this.#holds = grown(this.#holds, sid + 1);
          this.#holds[sid] = (this.#holds[sid] as number) + 1;
        }
        this.#joined(sid, atMs, made);
      });
      block = made;
      block.firstSeq = seq;
      block.openedAtMs = nowMs;
      this.open.set(startMs, block);
    }
    block.lastSeq = seq;
    block.touchedAtMs = nowMs;
    block.touchedAtSample = this.appended;
    return block;
  }
}
