import type { FloatHistogram } from '../histogram/float-histogram.ts';
import type { Grid, KernelCall, SampleColumns, ScanAnnotation } from '../source.ts';
import type { Windows } from './windows.ts';

/** Where kernels leave what is to be said of a series; one for all series of a scan. */
export class KernelNotes {
  /** The series' metric name: whoever runs a kernel sets it first. */
  metric = '';
  readonly #seen = new Map<string, ScanAnnotation>();

  warn(message: string): void {
    this.add({ level: 'warning', message: `PromQL warning: ${message}` });
  }
  info(message: string): void {
    this.add({ level: 'info', message: `PromQL info: ${message}` });
  }
  /** Counted ones add up, also those that another worker's notes hold. */
  add(annotation: ScanAnnotation): void {
    const { message, count } = annotation;
    const known = this.#seen.get(message)?.count ?? 0;
    this.#seen.set(message, count === undefined ? annotation : { ...annotation, count: known + count });
  }
  get annotations(): readonly ScanAnnotation[] {
    return [...this.#seen.values()];
  }
}

/** What a kernel writes into: both of the grid's length, `present` all 0 at first. */
export interface KernelOutput {
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

export interface KernelInput {
  readonly call: KernelCall;
  readonly grid: Grid;
  /** Without staleness marks, unless the kernel reads them. */
  readonly samples: SampleColumns;
  readonly notes: KernelNotes;
}

/** One step of a series that holds histograms, or both kinds. Both lists in order of time. */
export interface MixedWindow {
  readonly call: KernelCall;
  /** The step's time in the data: offset and `@` applied. */
  readonly atMs: number;
  readonly step: number;
  readonly floats: { readonly times: readonly number[]; readonly values: readonly number[] };
  readonly histograms: {
    readonly times: readonly number[];
    readonly values: readonly FloatHistogram[];
    /** How many there were, where not all are listed (`RolledHistograms`): the first and the last are. */
    readonly count?: number;
  };
  /** Start timestamps by kind, empty where the series has none. */
  readonly floatStarts: readonly number[];
  readonly histogramStarts: readonly number[];
}

export interface Kernel {
  readonly name: string;
  /** True where a step's value is of the metric itself and keeps its name (`last`, `last_over_time`, `first_over_time`). */
  readonly keepsName?: boolean;
  /** True where staleness marks mean something. */
  readonly readsStale?: boolean;
  /** True where the kernel finds its window itself: the windows given are empty. */
  readonly ownWindows?: boolean;
  /** A series of floats alone, all steps. */
  floats(input: KernelInput, windows: Windows, output: KernelOutput): void;
  /** A step of a series that holds histograms: undefined for no value. Absent where `any` does the work. */
  mixed?(window: MixedWindow, notes: KernelNotes): number | FloatHistogram | undefined;
}

/** The call's parameter at a step. */
export function parameterAt(call: KernelCall, index: number, step: number): number {
  const parameter = call.parameters[index];
  if (parameter === undefined) return Number.NaN;
  return typeof parameter === 'number' ? parameter : (parameter[step] ?? Number.NaN);
}
