import {
  GroupReduction,
  QueryFailure,
  rolledReachMs,
  type GroupPart,
  type Matcher,
  type QueryBounds,
  type ScannedSeries,
  type ScanRequest,
  type ScanResult,
  type SeriesSource,
} from '@sightline/query/promql';
import { HistogramsNotRolled } from '../rollup/histograms-not-rolled.ts';
import { planSamples, planScan, type ScanPlan } from '../rollup/plan.ts';
import type { ResolutionMs } from '../rollup/resolutions.ts';
import type { RollupState } from '../rollup/rollup-state.ts';
import { gridOfSteps, stitched, type PartResult } from '../rollup/stitch.ts';
import { labelsAt, type LabelTable, type Selection, type SeriesIndex } from '../selection.ts';
import { shareOf, type Share, type ShareLimits, type ShareResult, type ShareRows } from './share.ts';

export interface SourceParts {
  readonly index: SeriesIndex;
  /** Computes a share on this thread. */
  readonly here: (share: Share) => Promise<ShareResult>;
  /** Computes a share on the other thread; undefined where there is none. */
  readonly there: ((share: Share) => Promise<ShareResult>) | undefined;
  /** True where this thread takes the lower half of the fingerprints: always the same half, so that caches hold it once. */
  readonly lower: boolean;
}

export interface SourceQuery {
  readonly organisation: string;
  readonly enforced: readonly Matcher[];
  /** Refused where the newest samples are missing, instead of answered with a warning. */
  readonly whole?: boolean;
  readonly bounds: QueryBounds;
  readonly deadlineMs: number;
  readonly cancelled: Int32Array;
  /** Absent: nothing is rolled up. */
  readonly rollups?: RollupState | undefined;
}

/** Fewer series than this are not worth a second thread. */
const leastForTwo = 200;

/** The samples of one query: selected by the index, read from head and engine, computed on both threads. */
export class EngineSource implements SeriesSource {
  readonly #parts: SourceParts;
  readonly #query: SourceQuery;
  #samples = 0;

  constructor(parts: SourceParts, query: SourceQuery) {
    this.#parts = parts;
    this.#query = query;
  }

  async scan(request: ScanRequest): Promise<ScanResult> {
    const { rollups } = this.#query;
    try {
      return await this.#run(request, planScan(request, rollups));
    } catch (error) {
      if (!(error instanceof HistogramsNotRolled)) throw error;
      return this.#run(request, planSamples(request, rollups));
    }
  }

  async #run(request: ScanRequest, plan: ScanPlan): Promise<ScanResult> {
    const result =
      (request.reduction && (await this.#planned(request, plan, true))) ?? (await this.#planned(request, plan, false));
    if (!result) throw new Error('series of a scan that is no reduction');
    return plan.annotations.length === 0
      ? result
      : { ...result, annotations: [...plan.annotations, ...result.annotations] };
  }

  /** Each part of the plan by itself. Undefined where a reduction met a histogram. */
  async #planned(request: ScanRequest, { parts }: ScanPlan, reduce: boolean): Promise<ScanResult | undefined> {
    const [only] = parts;
    if (parts.length === 1) return this.#scan(request, reduce, only?.resolutionMs);
    const results: PartResult[] = [];
    for (const part of parts) {
      const result = await this.#scan({ ...request, grid: gridOfSteps(request.grid, part) }, reduce, part.resolutionMs);
      if (!result) return undefined;
      results.push({ part, result });
    }
    return stitched(results, request.grid.count);
  }

  /** Undefined where a reduction met a histogram. */
  async #scan(request: ScanRequest, reduce: boolean, resolutionMs?: ResolutionMs): Promise<ScanResult | undefined> {
    const { grid, kernel } = request;
    const reduction = reduce ? request.reduction : undefined;
    const lookMs = kernel.extended ? (kernel.lookbackMs ?? 0) : 0;
    const startMs =
      resolutionMs === undefined
        ? grid.startMs - kernel.rangeMs - lookMs
        : Math.floor(grid.startMs / resolutionMs) * resolutionMs - rolledReachMs(kernel, resolutionMs);
    const endMs = grid.startMs + (grid.count - 1) * grid.stepMs + (kernel.extended === 'smoothed' ? lookMs : 0);
    const rolled = resolutionMs && { resolutionMs, upToMs: this.#query.rollups?.upToMs ?? -Infinity };
    const { organisation, enforced, bounds } = this.#query;
    const selected = await this.#parts.index.select({
      organisation,
      matchers: [...request.matchers, ...enforced],
      startMs,
      endMs,
      limit: bounds.series,
      ...(reduction
        ? { grouping: { labels: reduction.grouping, without: reduction.without, dropName: reduction.dropName } }
        : {}),
    });
    if (!selected.ok) throw new QueryFailure(selected.error);
    const selection = selected.value;
    const { incomplete } = selection;
    try {
      if (incomplete !== undefined && this.#query.whole)
        throw new QueryFailure({ kind: 'unavailable', message: incomplete });
      const reading = { startMs, endMs, ...(rolled ? { rolled } : {}) };
      const result = await this.#compute(request, reduction, selection, reading);
      if (!result || incomplete === undefined) return result;
      return { ...result, annotations: [...result.annotations, { level: 'warning', message: incomplete }] };
    } finally {
      // All shares have ended: nobody reads the head's memory for this scan any more.
      if (selection.lease !== undefined) this.#parts.index.endLease(selection.lease);
    }
  }

  async #compute(
    { grid, kernel }: ScanRequest,
    reduction: ScanRequest['reduction'],
    selection: Selection,
    reading: Pick<Share, 'startMs' | 'endMs' | 'rolled'>,
  ): Promise<ScanResult | undefined> {
    const { organisation, bounds } = this.#query;
    const rows = reduction ? (selection.groups?.labels.length ?? 0) : selection.fps.length;
    if (rows * grid.count > bounds.values) throw tooMany(rows, grid.count);
    const shares = this.#split(selection, {
      organisation,
      grid,
      kernel,
      ...reading,
      limits: this.#limits(),
      ...(reduction ? { reduction } : {}),
    });
    const results = await runAll(shares);
    for (const { result } of results) this.#samples += result.samples;
    if (results.some(({ result }) => result.notRolled)) throw new HistogramsNotRolled();
    if (results.some(({ result }) => result.sawHistogram)) return undefined;
    const annotations = new Map(
      results.flatMap(({ result }) => result.annotations).map((annotation) => [annotation.message, annotation]),
    );
    return {
      samples: results.reduce((sum, { result }) => sum + result.samples, 0),
      annotations: [...annotations.values()],
      reduced: reduction !== undefined,
      series: reduction ? merged(reduction, grid.count, results) : seriesOf(selection.labels, grid.count, results),
    };
  }

  #limits(): ShareLimits {
    const { bounds, deadlineMs, cancelled } = this.#query;
    return { samples: bounds.samples - this.#samples, deadlineMs, cancelled };
  }

  #split(selection: Selection, rest: Parameters<typeof shareOf>[2]): Running[] {
    const { here, there, lower } = this.#parts;
    const count = selection.fps.length;
    if (count === 0) return [];
    if (!there || count < leastForTwo) {
      const all = Uint32Array.from({ length: count }, (_, i) => i);
      return [{ members: all, run: () => here(shareOf(selection, all, rest)) }];
    }
    const [low, high] = halves(selection.fps);
    const [own, other] = lower ? [low, high] : [high, low];
    // The other thread first: it works while this one does.
    return [
      { members: other, run: () => there(shareOf(selection, other, rest)) },
      { members: own, run: () => here(shareOf(selection, own, rest)) },
    ];
  }
}

/** The members of either half of the fingerprints. */
function halves(fps: BigUint64Array): [low: Uint32Array, high: Uint32Array] {
  const words = new Uint32Array(fps.buffer, fps.byteOffset, 2 * fps.length);
  const [low, high] = [new Uint32Array(fps.length), new Uint32Array(fps.length)];
  let [lows, highs] = [0, 0];
  for (let i = 0; i < fps.length; i++) {
    if ((words[2 * i + 1] ?? 0) < 2 ** 31) low[lows++] = i;
    else high[highs++] = i;
  }
  return [low.slice(0, lows), high.slice(0, highs)];
}

interface Running {
  readonly members: Uint32Array;
  readonly run: () => Promise<ShareResult>;
}
interface Ran {
  readonly members: Uint32Array;
  readonly result: ShareResult;
}

/** Starts all and waits for all, so that none is still at work when one has failed. */
async function runAll(shares: readonly Running[]): Promise<Ran[]> {
  const ended = await Promise.allSettled(shares.map(({ run }) => run()));
  return ended.map((end, i) => {
    if (end.status === 'rejected') throw end.reason;
    return { members: shares[i]?.members ?? new Uint32Array(0), result: end.value };
  });
}

function merged(
  reduction: NonNullable<ScanRequest['reduction']>,
  steps: number,
  results: readonly Ran[],
): readonly ScannedSeries[] {
  const whole = new GroupReduction(reduction, steps);
  for (const { result } of results) whole.merge(result.groups ?? []);
  const series = whole.finish();
  giveBack(
    results.flatMap(({ result }) => result.groups ?? []),
    series,
  );
  return series;
}

/** Frees the columns that did not become the answer's: tens of megabytes, which would lie about until the next collection. */
function giveBack(parts: readonly GroupPart[], series: readonly ScannedSeries[]): void {
  const kept = new Set(series.map(({ values }) => values.buffer));
  const columns = parts.flatMap(({ values, counts, compensation, running }) => [values, counts, compensation, running]);
  for (const buffer of new Set(columns.map((column) => column?.buffer)))
    if (buffer instanceof ArrayBuffer && !kept.has(buffer)) buffer.transfer(0);
}

function seriesOf(labels: LabelTable | undefined, steps: number, results: readonly Ran[]): ScannedSeries[] {
  const series: [member: number, series: ScannedSeries][] = [];
  for (const { members, result } of results) {
    if (!result.rows || !labels) continue;
    const histograms = new Map(result.rows.histograms);
    const samples = new Map(result.rows.samples);
    for (const [r, i] of result.rows.series.entries()) {
      const member = members[i] ?? 0;
      series.push([member, rowOf(result.rows, r, steps, labelsAt(labels, member), histograms.get(r), samples.get(r))]);
    }
  }
  // As the index has them, whichever thread computed them.
  return series.sort((a, b) => a[0] - b[0]).map(([, scanned]) => scanned);
}

function rowOf(
  rows: ShareRows,
  r: number,
  steps: number,
  labels: ScannedSeries['labels'],
  histograms: ScannedSeries['histograms'],
  samples: ScannedSeries['samples'],
): ScannedSeries {
  return {
    labels,
    values: rows.values.subarray(r * steps, (r + 1) * steps),
    present: rows.present.subarray(r * steps, (r + 1) * steps),
    ...(histograms ? { histograms } : {}),
    ...(samples ? { samples } : {}),
  };
}

function tooMany(rows: number, steps: number): QueryFailure {
  return new QueryFailure({
    kind: 'execution',
    message: `query would hold ${rows} series of ${steps} steps each, more than it may: choose a longer step, a shorter range or fewer series`,
  });
}
