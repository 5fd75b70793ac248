/** Rolls up one day of one organisation: reads its chunks metric by metric and writes files of rows. */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { kindOf, RolledColumns, RolledHistograms, rollUp, rollUpHistograms, widen } from '@sightline/query/promql';
import { appendChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { RowBinaryWriter } from '../head/row-binary.ts';
import { escaped, whole } from '../query/chunk-sql.ts';
import type { EngineReader } from '../query/engine-reader.ts';
import { mergeOverlap } from '../query/merge-samples.ts';
import { dayMs, fiveMinutesMs, hourMs, type ResolutionMs } from './resolutions.ts';
import { encodeRolled, histogramsMark } from './rolled-chunk.ts';
import { encodeRolledHistograms } from './rolled-histogram-chunk.ts';

export interface DayJob {
  readonly organisation: string;
  /** Start of the day. */
  readonly dayMs: number;
  /** Greater than that of any earlier attempt: of two rows of the same series and day the greater counts. */
  readonly version: number;
  /** Where files lie until they are in the engine. */
  readonly folder: string;
}

/** Rows of `rowStructure` in RowBinary. */
export interface RowsFile {
  readonly path: string;
  readonly resolutionMs: ResolutionMs;
}

/** What was left by an end in the middle is known by it. */
export const rowsFilePrefix = 'rollup-';

export const rowStructure = 'organisation String, metric String, fp UInt64, t Int64, version UInt64, chunk String';

export interface DayTools {
  readonly reader: EngineReader;
  /** Takes files into the engine and removes them; no further ones are written until it resolves. */
  readonly store: (files: readonly RowsFile[]) => Promise<void>;
  /** A damaged chunk is told and left out. */
  readonly damaged: (message: string) => void;
  /** Lets others work for a while; told how long the work before took. */
  readonly rest: (workedMs: number) => Promise<void>;
}

export interface DayFigures {
  series: number;
  samples: number;
}

/** Series that are written before they are stored: a bound of files and statements, some 60 MB. */
const mostSeries = 20_000;
/** Series of small metrics that are gathered before they are stored. */
const fewSeries = 5_000;
const writeBytes = 1_000_000;
const readMs = 300_000;

/** Throws what the reader throws; files that were not stored are removed. */
export async function rollUpDay(job: DayJob, tools: DayTools): Promise<DayFigures> {
  const figures = { series: 0, samples: 0 };
  const metrics = await metricsOf(job, tools);
  let files: DayFiles | undefined;
  try {
    let gathered = 0;
    for (const { metric, series } of metrics) {
      const slices = Math.ceil(series / mostSeries);
      for (let slice = 0; slice < slices; slice++) {
        const began = performance.now();
        files ??= new DayFiles(job);
        const before = figures.series;
        await rollUpSlice(job, metric, [slice, slices], files, tools, figures);
        gathered += figures.series - before;
        if (gathered >= fewSeries) {
          await tools.store(files.finish());
          files = undefined;
          gathered = 0;
        }
        await tools.rest(performance.now() - began);
      }
    }
    if (files) await tools.store(files.finish());
    files = undefined;
  } finally {
    files?.remove();
  }
  return figures;
}

function condition({ organisation, dayMs: startMs }: DayJob): { where: string; parameters: Record<string, string> } {
  return {
    where: `organisation = {organisation:String} AND t >= ${whole(startMs)} AND t < ${whole(startMs + dayMs)}`,
    parameters: { organisation: escaped(organisation) },
  };
}

const utf8 = new TextDecoder();

/** Names in order, and how many series each has that day. */
async function metricsOf(job: DayJob, tools: DayTools): Promise<{ metric: string; series: number }[]> {
  const { where, parameters } = condition(job);
  const found: { metric: string; series: number }[] = [];
  // The reader knows rows of (fp, t, chunk) alone: the number stands for the first, the name for the last.
  const sql = `SELECT series AS fp, toInt64(0) AS t, CAST(metric, 'String') AS chunk FROM
    (SELECT metric, uniqExact(fp) AS series FROM metric_chunks WHERE ${where} GROUP BY metric) ORDER BY metric`;
  await tools.reader.rows(
    { sql, parameters, timeoutMs: readMs },
    (low, high, _, bytes) => found.push({ metric: utf8.decode(bytes), series: high * 2 ** 32 + low }),
    () => undefined,
  );
  return found;
}

/** The series of a metric whose fingerprint is in one of `of` equal parts. */
async function rollUpSlice(
  job: DayJob,
  metric: string,
  [slice, of]: readonly [number, number],
  files: DayFiles,
  tools: DayTools,
  figures: DayFigures,
): Promise<void> {
  const { where, parameters } = condition(job);
  const width = 2n ** 64n / BigInt(of);
  const from = width * BigInt(slice);
  const part = of === 1 ? '' : ` AND fp >= ${from}${slice === of - 1 ? '' : ` AND fp < ${from + width}`}`;
  const sql = `SELECT fp, t, chunk FROM metric_chunks WHERE ${where} AND metric = {metric:String}${part} ORDER BY metric, fp, t`;
  const buffer = new SampleBuffer(8192);
  const scratch = new SampleBuffer(16);
  let low = 0;
  let high = 0;
  const finish = (): void => {
    if (buffer.count === 0) return;
    figures.series++;
    figures.samples += buffer.count;
    files.write(metric, low, high, buffer);
    buffer.clear();
  };
  await tools.reader.rows(
    { sql, parameters: { ...parameters, metric: escaped(metric) }, timeoutMs: readMs },
    (fpLow, fpHigh, _, bytes) => {
      if (fpLow !== low || fpHigh !== high) finish();
      low = fpLow;
      high = fpHigh;
      const at = buffer.count;
      const fault = appendChunk(bytes, buffer);
      if (fault !== undefined) tools.damaged(fault);
      else mergeOverlap(buffer, at, scratch);
    },
    () => undefined,
  );
  finish();
}

/** A file for each resolution. Written at once: this is no thread that anybody waits for. */
class DayFiles {
  readonly #job: DayJob;
  readonly #open: readonly { readonly file: RowsFile; readonly handle: number; readonly rows: RowBinaryWriter }[];
  readonly #fine = new RolledColumns();
  readonly #coarse = new RolledColumns();
  readonly #histograms = new RolledHistograms();
  #closed = false;
  static #count = 0;

  constructor(job: DayJob) {
    this.#job = job;
    this.#open = ([fiveMinutesMs, hourMs] as const).map((resolutionMs) => {
      const name = `${rowsFilePrefix}${job.dayMs}-${resolutionMs / 1000}-${job.version}-${DayFiles.#count++}.rows`;
      const target = path.join(job.folder, name);
      return {
        file: { path: target, resolutionMs },
        handle: openSync(target, 'w', 0o600),
        rows: new RowBinaryWriter(),
      };
    });
  }

  write(metric: string, low: number, high: number, samples: SampleBuffer): void {
    const rolled = this.#rolled(samples);
    if (!rolled) return;
    for (const { file, handle, rows } of this.#open) {
      rows.string(this.#job.organisation);
      rows.string(metric);
      rows.halves(low, high);
      rows.int64(this.#job.dayMs);
      rows.int64(this.#job.version);
      rows.bytes(rolled(file.resolutionMs));
      if (rows.length >= writeBytes) writeSync(handle, rows.take());
    }
  }

  /** A series' buckets as bytes; undefined where there are none. */
  #rolled(samples: SampleBuffer): ((resolutionMs: ResolutionMs) => Uint8Array) | undefined {
    const kind = kindOf(samples);
    if (kind === 'both') return () => histogramsMark;
    if (kind === 'histograms') {
      return (resolutionMs) => {
        this.#histograms.clear();
        rollUpHistograms(samples, resolutionMs, this.#histograms);
        return encodeRolledHistograms(this.#histograms);
      };
    }
    this.#fine.clear();
    this.#coarse.clear();
    rollUp(samples, fiveMinutesMs, this.#fine);
    widen(this.#fine, hourMs, this.#coarse);
    if (this.#fine.count === 0) return undefined;
    return (resolutionMs) => encodeRolled(resolutionMs === hourMs ? this.#coarse : this.#fine);
  }

  finish(): readonly RowsFile[] {
    for (const { handle, rows } of this.#open) {
      writeSync(handle, rows.take());
      fsyncSync(handle);
    }
    this.#close();
    return this.#open.map(({ file }) => file);
  }

  remove(): void {
    this.#close();
    for (const { file } of this.#open) rmSync(file.path, { force: true });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { handle } of this.#open) closeSync(handle);
  }
}
