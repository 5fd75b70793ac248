/** Reads a share's samples, series by series, and computes what is asked of each. */
import {
  accumulate,
  GroupReduction,
  KernelNotes,
  runKernel,
  runKernelInto,
  type GroupPart,
  type FloatHistogram,
  type Reduction,
  type SampleColumns,
} from '@sightline/query/promql';
import { blockMs } from '../block.ts';
import { appendChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { VectorRates } from '../vector/vector-rates.ts';
import type { Vectors, VectorsLease } from '../vector/vectors.ts';
import { HistogramsNotRolled } from '../rollup/histograms-not-rolled.ts';
import { RolledShareRun } from '../rollup/run-rolled-share.ts';
import type { ChunkCache } from './chunk-cache.ts';
import { chunkQuery } from './chunk-sql.ts';
import type { EngineReader } from './engine-reader.ts';
import { FpTable } from './fp-table.ts';
import { HistogramMet } from './histogram-met.ts';
import { mergeOverlap } from './merge-samples.ts';
import { HeadReader } from './head-reader.ts';
import { endAtLimits, type Share, type ShareResult } from './share.ts';

export interface ShareTools {
  readonly reader: EngineReader;
  readonly cache: ChunkCache;
  /** Absent: JavaScript does it all. */
  readonly vectors?: VectorsLease;
  /** A damaged chunk is told and left out. */
  readonly damaged: (message: string) => void;
}

/** Series after which the limits are looked at. */
const series = 32;

/** What a step of a group takes, and what of it all stays in the processor's second cache, about. */
const columnBytes = 24;
const nearBytes = 2 ** 21;

/** Throws `QueryFailure` at a limit, and when the engine cannot be read. */
export async function runShare(share: Share, tools: ShareTools): Promise<ShareResult> {
  const vectors = tools.vectors?.take();
  const run = share.rolled ? new RolledShareRun(share, share.rolled, tools) : new ShareRun(share, tools, vectors);
  try {
    await run.read();
    return run.result();
  } catch (error) {
    if (error instanceof HistogramMet) {
      return { samples: run.samples, annotations: run.annotations, sawHistogram: true };
    }
    if (error instanceof HistogramsNotRolled) {
      return { samples: run.samples, annotations: [], sawHistogram: false, notRolled: true };
    }
    throw error;
  } finally {
    if (vectors) tools.vectors?.giveBack(vectors);
  }
}

class ShareRun {
  readonly #share: Share;
  readonly #tools: ShareTools;
  readonly #words: Uint32Array;
  readonly #buffer: SampleBuffer;
  readonly #scratch = new SampleBuffer(16);
  readonly #notes = new KernelNotes();
  readonly #head: HeadReader;
  readonly #groups: GroupPart[] = [];
  readonly #reduction: GroupReduction | undefined;
  readonly #blocks: Blocks;
  readonly #rates: VectorRates | undefined;
  readonly #steps: number;
  readonly #values: Float64Array;
  readonly #present: Uint8Array;
  readonly #rows: Uint32Array;
  readonly #histograms: [number, (FloatHistogram | undefined)[]][] = [];
  readonly #samplesOf: [number, SampleColumns][] = [];
  #row = 0;
  #done = 0;
  samples = 0;

  constructor(share: Share, tools: ShareTools, vectors: Vectors | undefined) {
    this.#share = share;
    this.#tools = tools;
    this.#buffer = new SampleBuffer(8192, vectors);
    this.#rates = VectorRates.of(vectors, share.kernel, share.grid);
    this.#words = new Uint32Array(share.fps.buffer, share.fps.byteOffset, 2 * share.fps.length);
    this.#blocks = new Blocks(share);
    this.#steps = share.grid.count;
    const count = share.fps.length;
    this.#head = new HeadReader(share.head, count, share.startMs, share.endMs);
    if (share.reduction && share.groups) {
      const reduction = new GroupReduction(share.reduction, this.#steps, share.groups.length);
      this.#groups = share.groups.map((labels) => reduction.groupOf(labels));
      this.#reduction = reduction;
    }
    const rows = this.#reduction ? 1 : count;
    this.#values = new Float64Array(rows * this.#steps);
    this.#present = new Uint8Array(rows * this.#steps);
    this.#rows = new Uint32Array(this.#reduction ? 0 : count);
  }

  get annotations(): ShareResult['annotations'] {
    return this.#notes.annotations;
  }

  async read(): Promise<void> {
    const missing = this.#fromCache();
    if (missing.length > 0) await this.#fromEngine(missing);
  }

  /** Computes what is known already; returns the series of which chunks have to be read. */
  #fromCache(): Uint32Array {
    const { fps } = this.#share;
    const blocks = this.#blocks;
    const missing = new Uint32Array(fps.length);
    let missed = 0;
    for (const i of this.#order()) {
      if (blocks.none || (blocks.known && this.#cached(i))) this.#finish(i);
      else {
        this.#buffer.clear();
        missing[missed++] = i;
      }
    }
    return missing.subarray(0, missed).sort();
  }

  /**
   * All series, those of a group together and in their order: what is added up then stays near the processor, or in the vectors' memory. Where all of it does anyway,
   * and where nothing is added up, as chunks lie in the cache.
   */
  #order(): Uint32Array {
    const { fps, groupOf, groups = [] } = this.#share;
    const order = new Uint32Array(fps.length);
    if (!groupOf || (!this.#rates && columnBytes * groups.length * this.#steps <= nearBytes))
      return order.map((_, i) => i);
    const next = new Uint32Array(groups.length + 1);
    for (const group of groupOf) next[group + 1]!++;
    for (let g = 0; g < groups.length; g++) next[g + 1]! += next[g]!;
    for (let i = 0; i < order.length; i++) order[next[groupOf[i]!]!++] = i;
    return order;
  }

  #cached(i: number): boolean {
    const { cache } = this.#tools;
    const blocks = this.#blocks;
    const [low, high] = [this.#words[2 * i] ?? 0, this.#words[2 * i + 1] ?? 0];
    const organisation = cache.organisation(cacheOwner(this.#share));
    this.#buffer.clear();
    const length = cache.read(organisation, low, high, blocks.first, blocks.last, blocks.changes);
    const { bytes } = cache;
    for (let at = 0; at < length;) {
      const to = at + 3 + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16));
      this.#append(bytes, at + 3, to);
      at = to;
    }
    return length >= 0;
  }

  async #fromEngine(missing: Uint32Array): Promise<void> {
    const { organisation, metrics, family, limits } = this.#share;
    const blocks = this.#blocks;
    const table = new FpTable(this.#words, missing);
    const seen = new Uint8Array(this.#share.fps.length);
    const keep = new BlockKeeper(this.#tools.cache, cacheOwner(this.#share), blocks);
    let current = -1;
    const end = (): void => {
      if (current < 0) return;
      keep.endSeries(this.#words[2 * current] ?? 0, this.#words[2 * current + 1] ?? 0);
      this.#finish(current);
    };
    await this.#tools.reader.rows(
      chunkQuery({
        organisation,
        metrics,
        words: this.#words,
        members: missing,
        ...(family === undefined ? {} : { family }),
        startMs: blocks.first * blockMs,
        endMs: (blocks.last + 1) * blockMs - 1,
        timeoutMs: Math.max(100, limits.deadlineMs - Date.now()),
      }),
      (low, high, t, bytes) => {
        const i = table.find(low, high);
        if (i < 0) return;
        if (i !== current) {
          end();
          current = i;
          seen[i] = 1;
          this.#buffer.clear();
        }
        keep.chunk(Math.floor(t / blockMs), bytes);
        this.#append(bytes);
      },
      () => this.#look(),
    );
    end();
    for (const i of missing) {
      if (seen[i] === 1) continue;
      this.#buffer.clear();
      keep.endSeries(this.#words[2 * i] ?? 0, this.#words[2 * i + 1] ?? 0);
      this.#finish(i);
    }
  }

  #append(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const buffer = this.#buffer;
    const { count, rising } = buffer;
    const fault = appendChunk(bytes, buffer, from, to);
    if (fault === undefined) this.#putInOrder(count, rising);
    else this.#tools.damaged(fault);
  }

  /** Samples from `from` on were appended to others, which were known to be `rising`: they may be of times that are there already. */
  #putInOrder(from: number, rising: boolean): void {
    const { times, count } = this.#buffer;
    if (from > 0 && from < count && (times[from] ?? 0) <= (times[from - 1] ?? 0))
      mergeOverlap(this.#buffer, from, this.#scratch, rising);
  }

  #appendHead(i: number): void {
    const buffer = this.#buffer;
    const head = this.#head;
    for (let p = head.first(i); head.isOf(p, i); p++) {
      const { count, rising } = buffer;
      const fault = head.append(p, buffer);
      if (fault === undefined) this.#putInOrder(count, rising);
      else this.#tools.damaged(fault);
    }
  }

  /** The series' chunks are in the buffer: adds what the head has, runs the kernel, keeps the result. */
  #finish(i: number): void {
    const { reduction, groupOf, metrics, metricOf } = this.#share;
    const buffer = this.#buffer;
    if (this.#blocks.none) buffer.clear();
    this.#appendHead(i);
    if (++this.#done % series === 0) this.#look();
    if (buffer.count === 0) return;
    this.samples += buffer.count;
    this.#notes.metric = metrics[metricOf[i] ?? 0] ?? '';
    if (!this.#reduction || !reduction) return this.#keepRow(i);
    if (buffer.histograms) throw new HistogramMet();
    const group = this.#groups[groupOf?.[i] ?? 0];
    if (group) this.#addTo(group, reduction.operator);
  }

  #addTo(group: GroupPart, operator: Reduction['operator']): void {
    const rates = this.#rates;
    if (rates?.suit(this.#buffer)) {
      if (operator === 'sum') return rates.add(this.#buffer, group, this.#notes);
      rates.write(this.#buffer, this.#notes);
      return accumulate(operator, group, rates);
    }
    rates?.settle();
    const output = { values: this.#values, present: this.#present };
    const { from, to } = runKernelInto(this.#share.kernel, this.#buffer, this.#share.grid, this.#notes, output);
    accumulate(operator, group, output, from, to);
  }

  #keepRow(i: number): void {
    const { kernel, grid } = this.#share;
    const from = this.#row * this.#steps;
    const values = this.#values.subarray(from, from + this.#steps);
    const present = this.#present.subarray(from, from + this.#steps);
    if (kernel.name === 'samples' || this.#buffer.histograms) {
      const result = runKernel(kernel, this.#buffer, grid, this.#notes);
      values.set(result.values);
      present.set(result.present);
      if (result.histograms) this.#histograms.push([this.#row, result.histograms]);
      if (result.samples) this.#samplesOf.push([this.#row, ownSamples(result.samples)]);
    } else if (this.#rates?.suit(this.#buffer)) {
      this.#rates.write(this.#buffer, this.#notes);
      values.set(this.#rates.values);
      present.set(this.#rates.present);
    } else runKernelInto(kernel, this.#buffer, grid, this.#notes, { values, present });
    if (present.includes(1)) this.#rows[this.#row++] = i;
  }

  /** Ends the query at its limits. */
  #look(): void {
    endAtLimits(this.#share.limits, this.samples);
  }

  result(): ShareResult {
    this.#look();
    this.#rates?.settle();
    const { samples, annotations } = this;
    if (this.#reduction) return { samples, annotations, sawHistogram: false, groups: this.#reduction.parts() };
    const size = this.#row * this.#steps;
    const all = this.#row === this.#rows.length;
    return {
      samples,
      annotations,
      sawHistogram: false,
      rows: {
        series: this.#rows.slice(0, this.#row),
        values: all ? this.#values : this.#values.slice(0, size),
        present: all ? this.#present : this.#present.slice(0, size),
        histograms: this.#histograms,
        samples: this.#samplesOf,
      },
    };
  }
}

/** Samples in arrays of their own: those of the kernel may be views of the buffer that the next series fills. */
function ownSamples(samples: SampleColumns): SampleColumns {
  const { count, times, values, histograms, startTimes } = samples;
  return {
    count,
    times: times.slice(0, count),
    values: values.slice(0, count),
    ...(histograms ? { histograms: histograms.slice(0, count) } : {}),
    ...(startTimes ? { startTimes: startTimes.slice(0, count) } : {}),
  };
}

/** Whose cached blocks a share may use: numbers of changes are of one process. */
const cacheOwner = ({ organisation, stored }: Share): string =>
  stored?.process === undefined ? organisation : `${organisation}\u0000${stored.process}`;

/** The blocks that a share reads, numbered by their start. */
class Blocks {
  readonly first: number;
  readonly last: number;
  /** True where nothing has to be read. */
  readonly none: boolean;
  /** True where the numbers of changes are known, so that blocks may be cached. */
  readonly known: boolean;
  readonly #changes = new Map<number, number>();

  constructor({ stored, startMs, endMs }: Share) {
    this.known = stored !== undefined;
    let firstMs = stored ? stored.firstMs : -Infinity;
    let lastMs = stored ? stored.lastMs : Infinity;
    for (const [i, ms] of (stored?.changedMs ?? []).entries()) {
      // A block that was cut since the range was looked up is in the engine as well.
      if (!(ms >= firstMs)) firstMs = ms;
      if (!(ms <= lastMs)) lastMs = ms;
      this.#changes.set(Math.floor(ms / blockMs), stored?.changes[i] ?? 0);
    }
    this.first = Math.floor(Math.max(startMs, firstMs) / blockMs);
    this.last = Math.floor(Math.min(endMs, lastMs) / blockMs);
    // Not the same as `first > last`: there is no first block where nothing is stored.
    this.none = !(this.first <= this.last);
  }

  readonly changes = (block: number): number => this.#changes.get(block) ?? 0;
}

const nothing = new Uint8Array(0);
/** Blocks of one query that are cached for each series; a query over years would only push the others out. */
const mostBlocks = 400;

/** Gathers the chunks of a series as they are read, block by block, and puts them into the cache. */
class BlockKeeper {
  readonly #cache: ChunkCache;
  readonly #organisation: number;
  readonly #blocks: Blocks;
  readonly #on: boolean;
  #bytes = new Uint8Array(16_384);
  #length = 0;
  /** Block numbers and where their content ends. */
  readonly #kept: number[] = [];

  constructor(cache: ChunkCache, organisation: string, blocks: Blocks) {
    this.#cache = cache;
    this.#organisation = cache.organisation(organisation);
    this.#blocks = blocks;
    this.#on = blocks.known && blocks.last - blocks.first < mostBlocks;
  }

  chunk(block: number, bytes: Uint8Array): void {
    if (!this.#on || bytes.length >= 2 ** 24) return;
    if (this.#length + 3 + bytes.length > this.#bytes.length) {
      const wider = new Uint8Array(2 * (this.#length + 3 + bytes.length));
      wider.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = wider;
    }
    const at = this.#length;
    this.#bytes[at] = bytes.length & 255;
    this.#bytes[at + 1] = (bytes.length >>> 8) & 255;
    this.#bytes[at + 2] = bytes.length >>> 16;
    this.#bytes.set(bytes, at + 3);
    this.#length += 3 + bytes.length;
    if (this.#kept.at(-2) === block) this.#kept[this.#kept.length - 1] = this.#length;
    else this.#kept.push(block, this.#length);
  }

  endSeries(low: number, high: number): void {
    if (!this.#on) return;
    const blocks = this.#blocks;
    for (let b = blocks.first, k = 0, from = 0; b <= blocks.last; b++) {
      let content: Uint8Array = nothing;
      if (this.#kept[k] === b) {
        const to = this.#kept[k + 1] ?? 0;
        content = this.#bytes.subarray(from, to);
        from = to;
        k += 2;
      }
      this.#cache.put(this.#organisation, low, high, b, blocks.changes(b), content);
    }
    this.#length = 0;
    this.#kept.length = 0;
  }
}
