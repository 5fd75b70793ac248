import { noteCounterName, type GroupPart, type Grid, type KernelCall, type KernelNotes } from '@sightline/query/promql';
import type { SampleBuffer } from '../chunk/sample-buffer.ts';
import * as layout from './layout.ts';
import type { Vectors } from './vectors.ts';

/** Which of the extrapolated functions is asked for: whether resets count, and what it is divided by. */
const kinds: ReadonlyMap<string, { readonly counter: boolean; readonly perSecond: boolean }> = new Map([
  ['rate', { counter: true, perSecond: true }],
  ['increase', { counter: true, perSecond: false }],
  ['delta', { counter: false, perSecond: false }],
]);

/** `rate`, `increase` and `delta` of series that lie in the vectors' memory, written out or added to a group. */
export class VectorRates {
  /** The values and which of them there are, of the last series that was written out. */
  readonly values: Float64Array<ArrayBuffer>;
  readonly present: Uint8Array<ArrayBuffer>;
  readonly #vectors: Vectors;
  readonly #grid: Grid;
  readonly #call: KernelCall;
  readonly #shift: number;
  readonly #seconds: number;
  readonly #counter: boolean;
  readonly #compensation: Float64Array;
  readonly #counts: Float64Array;
  /** Whose columns lie in the memory. */
  #group: GroupPart | undefined;

  /** Undefined where the call or the grid is none for vectors. */
  static of(vectors: Vectors | undefined, call: KernelCall, grid: Grid): VectorRates | undefined {
    const { startMs, stepMs, count } = grid;
    const shift = call.rangeMs / stepMs;
    if (!vectors || !kinds.has(call.name) || call.extended || call.parameters.length > 0) return undefined;
    if (![startMs, stepMs, shift].every(Number.isSafeInteger) || stepMs < 1 || shift < 1) return undefined;
    if (count > layout.stepCapacity || count + shift > layout.edgeCapacity) return undefined;
    return new VectorRates(vectors, call, grid);
  }

  private constructor(vectors: Vectors, call: KernelCall, grid: Grid) {
    const { counter = false, perSecond = false } = kinds.get(call.name) ?? {};
    this.#vectors = vectors;
    this.#call = call;
    this.#grid = grid;
    this.#shift = call.rangeMs / grid.stepMs;
    this.#seconds = perSecond ? call.rangeMs / 1000 : 1;
    this.#counter = counter;
    this.values = vectors.doubles(layout.results, grid.count);
    this.#compensation = vectors.doubles(layout.compensation, grid.count);
    this.#counts = vectors.doubles(layout.counts, grid.count);
    this.present = vectors.bytes.subarray(layout.present, layout.present + grid.count);
  }

  /** Whether a series is one for vectors: floats alone, a counter's without a reset. */
  suit(samples: SampleBuffer): boolean {
    return (
      samples.vectors === this.#vectors &&
      samples.numbersAlone &&
      (samples.rising || !this.#counter) &&
      !samples.startTimes &&
      !samples.histograms
    );
  }

  /** Fills `values` and `present`. */
  write(samples: SampleBuffer, notes: KernelNotes): void {
    this.present.fill(0);
    this.#run(samples, notes, this.#vectors.functions.rate);
  }

  /** Adds a series to the sum of its group, whose columns are up to date after `settle` only. */
  add(samples: SampleBuffer, group: GroupPart, notes: KernelNotes): void {
    if (this.#group !== group) {
      this.settle();
      this.values.set(group.values);
      this.#compensation.set(group.compensation);
      this.#counts.set(group.counts);
      this.#group = group;
    }
    this.#run(samples, notes, this.#vectors.functions.addRate);
  }

  settle(): void {
    const group = this.#group;
    if (!group) return;
    group.values.set(this.values);
    group.compensation.set(this.#compensation);
    group.counts.set(this.#counts);
    this.#group = undefined;
  }

  #run({ times, count: all }: SampleBuffer, notes: KernelNotes, rate: Vectors['functions']['rate']): void {
    const { startMs, stepMs, count: steps } = this.#grid;
    const { rangeMs } = this.#call;
    // Samples that a window can hold, and steps whose window can hold a sample.
    const from = firstLater(times, 0, all, startMs - rangeMs);
    const to = firstLater(times, from, all, startMs + (steps - 1) * stepMs);
    if (to - from < 2) return;
    const first = Math.max(0, Math.ceil(((times[from] ?? 0) - startMs) / stepMs));
    const last = Math.min(steps, Math.ceil(((times[to - 1] ?? 0) + rangeMs - startMs) / stepMs));
    if (first >= last) return;
    const samples = layout.times + 8 * from;
    const { view } = this.#vectors;
    const [before, behind] = [samples - 8, samples + 8 * (to - from)];
    const [timeBefore, timeBehind] = [view.getFloat64(before, true), view.getFloat64(behind, true)];
    view.setFloat64(before, -Infinity, true);
    view.setFloat64(behind, Infinity, true);
    const counter = this.#counter ? 1 : 0;
    const firstMs = startMs + first * stepMs;
    const found = rate(
      samples,
      to - from,
      firstMs,
      stepMs,
      last - first,
      this.#shift,
      first,
      rangeMs,
      this.#seconds,
      counter,
    );
    view.setFloat64(before, timeBefore, true);
    view.setFloat64(behind, timeBehind, true);
    if (found !== 0 && this.#counter) noteCounterName(notes);
  }
}

/** Of times in order, at `from` and on, the first later than `ms`; `to` where there is none. */
function firstLater(times: Float64Array, from: number, to: number, ms: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}
