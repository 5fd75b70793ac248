/** Reads a share's roll-ups, series by series, and computes what is asked of each. */
import {
  accumulate,
  GroupReduction,
  KernelNotes,
  QueryFailure,
  canRunRolledHistograms,
  RolledColumns,
  RolledHistograms,
  runRolledHistograms,
  runRolledInto,
  type FloatHistogram,
  type GroupPart,
} from '@sightline/query/promql';
import { blockStartOf } from '../block.ts';
import { appendChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { chunkQuery } from '../query/chunk-sql.ts';
import { FpTable } from '../query/fp-table.ts';
import { HeadReader } from '../query/head-reader.ts';
import { HistogramMet } from '../query/histogram-met.ts';
import { mergeOverlap } from '../query/merge-samples.ts';
import type { ShareTools } from '../query/run-share.ts';
import { endAtLimits, type Share, type ShareResult } from '../query/share.ts';
import { dayMs, rollupTables } from './resolutions.ts';
import { HistogramsNotRolled } from './histograms-not-rolled.ts';
import { appendRolled, isHistogramsMark } from './rolled-chunk.ts';
import { appendRolledHistograms, encodeRolledHistograms, isRolledHistograms } from './rolled-histogram-chunk.ts';
import { rolledTail, since } from './rolled-tail.ts';

/** Series after which the limits are looked at. */
const turnSeries = 32;
/** Bytes of days that are rolled up on the way; a query that needs more ends. */
const tailBytes = 256_000_000;

export class RolledShareRun {
  readonly #share: Share;
  readonly #rolled: NonNullable<Share['rolled']>;
  readonly #tools: ShareTools;
  readonly #words: Uint32Array;
  readonly #buckets = new RolledColumns();
  /** The same of a series of native histograms: one of both is empty. */
  readonly #histograms = new RolledHistograms();
  readonly #notes = new KernelNotes();
  readonly #groups: GroupPart[] = [];
  readonly #reduction: GroupReduction | undefined;
  readonly #steps: number;
  readonly #values: Float64Array;
  readonly #present: Uint8Array;
  readonly #rows: Uint32Array;
  readonly #histogramsOf: [row: number, values: (FloatHistogram | undefined)[]][] = [];
  /** Of each series, the days that nobody has rolled up yet. */
  readonly #tails: (Uint8Array | undefined)[] = [];
  #tailBytes = 0;
  #row = 0;
  #done = 0;
  samples = 0;

  constructor(share: Share, rolled: NonNullable<Share['rolled']>, tools: ShareTools) {
    this.#share = share;
    this.#rolled = rolled;
    this.#tools = tools;
    this.#words = new Uint32Array(share.fps.buffer, share.fps.byteOffset, 2 * share.fps.length);
    this.#steps = share.grid.count;
    if (share.reduction && share.groups) {
      const reduction = new GroupReduction(share.reduction, this.#steps);
      this.#groups = share.groups.map((labels) => reduction.groupOf(labels));
      this.#reduction = reduction;
    }
    const rows = this.#reduction ? 1 : share.fps.length;
    this.#values = new Float64Array(rows * this.#steps);
    this.#present = new Uint8Array(rows * this.#steps);
    this.#rows = new Uint32Array(this.#reduction ? 0 : rows);
  }

  get annotations(): ShareResult['annotations'] {
    return this.#notes.annotations;
  }

  /** First what is not rolled up yet, kept as bytes; then the roll-ups, each series computed as soon as it is read. */
  async read(): Promise<void> {
    const { startMs, endMs, fps } = this.#share;
    const { upToMs, resolutionMs } = this.#rolled;
    const members = Uint32Array.from(fps, (_, i) => i);
    if (endMs >= upToMs) await this.#readTails(members, Math.max(startMs, upToMs));
    const finished = new Uint8Array(fps.length);
    const finish = (i: number): void => {
      finished[i] = 1;
      this.#finish(i);
      this.#buckets.clear();
      this.#histograms.clear();
    };
    if (startMs < upToMs) {
      let current = -1;
      let lastMs = Number.NaN;
      await this.#eachRow(
        {
          members,
          startMs: Math.floor(startMs / dayMs) * dayMs,
          endMs: Math.min(endMs, upToMs - 1),
          rollups: rollupTables[resolutionMs],
        },
        (i, t, bytes) => {
          if (i !== current) {
            if (current >= 0) finish(current);
            current = i;
          } else if (t === lastMs) return;
          lastMs = t;
          this.#append(bytes);
        },
      );
      if (current >= 0) finish(current);
    }
    for (const i of members) if (finished[i] === 0) finish(i);
  }

  /** Rolls up the samples from `fromMs` on of every series. */
  async #readTails(members: Uint32Array, fromMs: number): Promise<void> {
    const { head, endMs, stored } = this.#share;
    const buffer = new SampleBuffer(8192);
    const scratch = new SampleBuffer(16);
    const read = new Uint8Array(members.length);
    // A sample at the very start of a day belongs to it.
    const pieces = new HeadReader(head, members.length, fromMs - 1, endMs);
    const append = (take: (into: SampleBuffer) => string | undefined): void => {
      const from = buffer.count;
      const fault = take(buffer);
      if (fault !== undefined) this.#tools.damaged(fault);
      else mergeOverlap(buffer, from, scratch);
    };
    const finish = (i: number): void => {
      read[i] = 1;
      for (let p = pieces.first(i); pieces.isOf(p, i); p++) append((into) => pieces.append(p, into));
      this.samples += buffer.count;
      const bytes = rolledTail(since(buffer, fromMs), this.#rolled.resolutionMs);
      buffer.clear();
      if (++this.#done % turnSeries === 0) this.#look();
      if (!bytes) return;
      this.#tails[i] = bytes;
      this.#tailBytes += bytes.length;
      if (this.#tailBytes > tailBytes) {
        const message =
          'the query reads too many series of days that are not rolled up yet: choose a shorter range or fewer series';
        throw new QueryFailure({ kind: 'execution', message });
      }
    };
    const storedLater =
      !stored || stored.lastMs >= blockStartOf(fromMs) || stored.changedMs.some((ms) => ms >= blockStartOf(fromMs));
    if (storedLater) {
      let current = -1;
      await this.#eachRow({ members, startMs: blockStartOf(fromMs), endMs }, (i, _, bytes) => {
        if (i !== current && current >= 0) finish(current);
        current = i;
        append((into) => appendChunk(bytes, into));
      });
      if (current >= 0) finish(current);
    }
    for (const i of members) if (read[i] === 0 && pieces.first(i) >= 0) finish(i);
  }

  async #eachRow(
    wanted: {
      readonly members: Uint32Array;
      readonly startMs: number;
      readonly endMs: number;
      readonly rollups?: string;
    },
    take: (series: number, t: number, bytes: Uint8Array) => void,
  ): Promise<void> {
    const { organisation, metrics, family, limits } = this.#share;
    const table = new FpTable(this.#words, wanted.members);
    await this.#tools.reader.rows(
      chunkQuery({
        organisation,
        metrics,
        words: this.#words,
        ...(family === undefined ? {} : { family }),
        ...wanted,
        timeoutMs: Math.max(100, limits.deadlineMs - Date.now()),
      }),
      (low, high, t, bytes) => {
        const i = table.find(low, high);
        if (i >= 0) take(i, t, bytes);
      },
      () => this.#look(),
    );
  }

  #finish(i: number): void {
    const { kernel, grid, reduction, groupOf, metrics, metricOf } = this.#share;
    const { resolutionMs } = this.#rolled;
    const tail = this.#tails[i];
    if (tail) {
      this.#append(tail);
      this.#tails[i] = undefined;
    }
    if (++this.#done % turnSeries === 0) this.#look();
    this.#notes.metric = metrics[metricOf[i] ?? 0] ?? '';
    if (this.#histograms.count > 0) return this.#finishHistograms(i);
    if (this.#buckets.count === 0) return;
    this.samples += this.#buckets.count;
    const from = this.#row * this.#steps;
    const output = {
      values: this.#values.subarray(from, from + this.#steps),
      present: this.#present.subarray(from, from + this.#steps),
    };
    runRolledInto(kernel, this.#buckets, resolutionMs, grid, this.#notes, output);
    if (this.#reduction && reduction) {
      const group = this.#groups[groupOf?.[i] ?? 0];
      if (group) accumulate(reduction.operator, group, output);
    } else if (output.present.includes(1)) this.#rows[this.#row++] = i;
  }

  #finishHistograms(i: number): void {
    const { kernel, grid } = this.#share;
    if (!canRunRolledHistograms(kernel)) throw new HistogramsNotRolled();
    if (this.#reduction) throw new HistogramMet();
    this.samples += this.#histograms.times.length;
    const result = runRolledHistograms(kernel, this.#histograms, this.#rolled.resolutionMs, grid, this.#notes);
    if (!result.present.includes(1)) return;
    this.#values.set(result.values, this.#row * this.#steps);
    this.#present.set(result.present, this.#row * this.#steps);
    if (result.histograms?.some((histogram) => histogram !== undefined))
      this.#histogramsOf.push([this.#row, result.histograms]);
    this.#rows[this.#row++] = i;
  }

  /** Takes over a day of the series, or the days after the last one that is rolled up. */
  #append(bytes: Uint8Array): void {
    if (isHistogramsMark(bytes)) throw new HistogramsNotRolled();
    const fault = isRolledHistograms(bytes)
      ? appendRolledHistograms(bytes, this.#histograms)
      : appendRolled(bytes, this.#buckets);
    if (fault !== undefined) this.#tools.damaged(fault);
    // A day of nothing but marks of staleness looks like one of floats.
    if (this.#histograms.count === 0 || this.#buckets.count === 0) return;
    if (this.#buckets.counts.subarray(0, this.#buckets.count).some((samples) => samples > 0))
      throw new HistogramsNotRolled();
    this.#joinMarks();
  }

  /** Puts buckets of marks alone among those of histograms, which are before them or, of the first day, behind. */
  #joinMarks(): void {
    const [marks, histograms] = [this.#buckets, this.#histograms];
    if ((marks.ends[0] ?? 0) < (histograms.ends[0] ?? 0)) {
      const days = encodeRolledHistograms(histograms);
      histograms.clear();
      for (let i = 0; i < marks.count; i++) histograms.add(marks.ends[i] ?? 0, 0, marks.stale[i] ?? 0);
      appendRolledHistograms(days, histograms);
    } else for (let i = 0; i < marks.count; i++) histograms.add(marks.ends[i] ?? 0, 0, marks.stale[i] ?? 0);
    marks.clear();
  }

  /** Ends the query at its limits. */
  #look(): void {
    endAtLimits(this.#share.limits, this.samples);
  }

  result(): ShareResult {
    this.#look();
    const { samples, annotations } = this;
    if (this.#reduction) return { samples, annotations, sawHistogram: false, groups: this.#reduction.parts() };
    const size = this.#row * this.#steps;
    return {
      samples,
      annotations,
      sawHistogram: false,
      rows: {
        series: this.#rows.slice(0, this.#row),
        values: this.#values.slice(0, size),
        present: this.#present.slice(0, size),
        histograms: this.#histogramsOf,
        samples: [],
      },
    };
  }
}
