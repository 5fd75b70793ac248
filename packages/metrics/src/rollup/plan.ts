/** From what each step of a scan is answered: samples, or roll-ups of five minutes or an hour. */
import {
  canRunRolled,
  isExactRolled,
  rolledReachMs,
  type Grid,
  type KernelCall,
  type ScanAnnotation,
  type ScanRequest,
} from '@sightline/query/promql';
import { dayMs, fiveMinutesMs, hourMs, resolutionNames, type ResolutionMs } from './resolutions.ts';
import type { RollupState } from './rollup-state.ts';

/** Steps `first` to `first + count - 1` of a scan's grid. */
export interface PlannedSteps {
  readonly first: number;
  readonly count: number;
  /** Undefined: from samples. */
  readonly resolutionMs?: ResolutionMs;
}

export interface ScanPlan {
  /** In order, every step once. */
  readonly parts: readonly PlannedSteps[];
  readonly annotations: readonly ScanAnnotation[];
}

/** Samples of fewer days than this are read themselves, even where roll-ups would give the same. */
const leastDays = 3;
/** How far two answers may be apart by rounding alone, of the greatest value that was added. */
const rounding = '1e-12';

/**
 * Plans a scan. Where samples are kept, roll-ups are taken only if they give the same at every step and much is to be read; where they
 * are gone, roll-ups are taken whatever the steps, the finer ones as far as they reach. `state` undefined: there are none.
 */
export function planScan(
  { grid, kernel }: Pick<ScanRequest, 'grid' | 'kernel'>,
  state: RollupState | undefined,
): ScanPlan {
  const all: ScanPlan = { parts: [{ first: 0, count: grid.count }], annotations: [] };
  if (!state || state.firstMs >= state.upToMs) return all;
  const firstWindowMs = grid.startMs - kernel.rangeMs;
  const endMs = endOf(grid);
  const gone = isGone({ grid, kernel }, state);
  if (!canRunRolled(kernel)) return gone ? { ...all, annotations: [cannot(kernel.name, state.rawFromMs)] } : all;
  const exact = ([hourMs, fiveMinutesMs] as const).filter((resolutionMs) => isExactRolled(kernel, grid, resolutionMs));
  const rolledMs = Math.min(endMs, state.upToMs) - Math.max(firstWindowMs, state.firstMs);
  const wide = rolledMs >= leastDays * dayMs;
  if (!gone && (exact.length === 0 || !wide)) return all;

  const parts: PlannedSteps[] = [];
  const annotations: ScanAnnotation[] = [];
  let at = 0;
  /** The steps that are left and whose window begins before `beforeMs`. */
  const take = (beforeMs: number, resolutionMs: ResolutionMs | undefined): void => {
    const count = Math.min(grid.count, stepsBefore(grid, beforeMs + kernel.rangeMs)) - at;
    if (count <= 0) return;
    parts.push({ first: at, count, ...(resolutionMs === undefined ? {} : { resolutionMs }) });
    if (resolutionMs !== undefined) {
      annotations.push(
        exact.includes(resolutionMs)
          ? same(resolutionMs)
          : near(resolutionMs, kernel, grid.startMs + (at + count - 1) * grid.stepMs),
      );
    }
    at += count;
  };
  const [widest] = exact;
  const fine = widest === hourMs ? hourMs : fiveMinutesMs;
  take(state.fiveMinutesFromMs, hourMs);
  take(state.rawFromMs, fine);
  take(Infinity, wide ? widest : undefined);
  return { parts: joined(parts), annotations: unique(annotations) };
}

const endOf = ({ startMs, stepMs, count }: Grid): number => startMs + (count - 1) * stepMs;

/** Whether samples that a scan asks for are kept as roll-ups alone. */
function isGone({ grid, kernel }: Pick<ScanRequest, 'grid' | 'kernel'>, state: RollupState): boolean {
  const { rawFromMs, firstMs } = state;
  return grid.startMs - kernel.rangeMs < rawFromMs && firstMs < rawFromMs && endOf(grid) > firstMs;
}

/** From samples alone, for native histograms of which roll-ups hold too little for the call. */
export function planSamples(scan: Pick<ScanRequest, 'grid' | 'kernel'>, state: RollupState | undefined): ScanPlan {
  const parts = [{ first: 0, count: scan.grid.count }];
  return { parts, annotations: state && isGone(scan, state) ? [histogramsGone(state.rawFromMs)] : [] };
}

/** How many steps lie before a time. */
function stepsBefore({ startMs, stepMs, count }: Grid, atMs: number): number {
  if (atMs <= startMs) return 0;
  return stepMs === 0 || atMs === Infinity ? count : Math.ceil((atMs - startMs) / stepMs);
}

function joined(parts: readonly PlannedSteps[]): PlannedSteps[] {
  const result: PlannedSteps[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (last && last.resolutionMs === part.resolutionMs)
      result[result.length - 1] = { ...last, count: last.count + part.count };
    else result.push(part);
  }
  return result;
}

function unique(annotations: readonly ScanAnnotation[]): ScanAnnotation[] {
  return [...new Map(annotations.map((annotation) => [annotation.message, annotation])).values()];
}

const instantOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

function cannot(kernel: string, rawFromMs: number): ScanAnnotation {
  const what = kernel === 'samples' ? 'samples themselves' : kernel;
  return {
    level: 'warning',
    message: `PromQL warning: samples before ${instantOf(rawFromMs)} are kept as roll-ups alone, which cannot give ${what}: they are left out`,
  };
}

/** Said of the whole scan: floats beside the histograms are read the same way. */
function histogramsGone(rawFromMs: number): ScanAnnotation {
  return {
    level: 'warning',
    message: `PromQL warning: native histograms are answered from samples alone, as roll-ups hold too little of these for it: what was before ${instantOf(rawFromMs)} is left out`,
  };
}

function same(resolutionMs: ResolutionMs): ScanAnnotation {
  return {
    level: 'info',
    message: `PromQL info: answered from roll-ups of ${resolutionNames[resolutionMs]}: as from samples but for rounding, ${rounding} of the greatest value`,
  };
}

function near(resolutionMs: ResolutionMs, kernel: KernelCall, lastMs: number): ScanAnnotation {
  const name = resolutionNames[resolutionMs];
  const ranges =
    rolledReachMs(kernel, resolutionMs) === kernel.rangeMs ? '' : `, its range rounded to whole multiples of ${name}`;
  return {
    level: 'info',
    message: `PromQL info: steps up to ${instantOf(lastMs)} are answered from roll-ups of ${name}: each as of the last full ${name} before it${ranges}`,
  };
}
