import type { Labels } from '../source.ts';
import type { SequenceValue } from './series-notation.ts';

/** A series of a `load`: values a step apart, and start times where an `@st` line gave them. */
export interface ScriptSeries {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
  /** Milliseconds from the sample's own time; `undefined` where none is known. */
  readonly startOffsets?: readonly (number | undefined)[];
}

export interface LoadCommand {
  readonly kind: 'load';
  readonly line: number;
  readonly stepMs: number;
  /** `load_with_nhcb`: classic histograms are loaded as native ones with custom buckets too. */
  readonly withCustomBuckets: boolean;
  readonly series: readonly ScriptSeries[];
}

export type ExpectationType = 'ordered' | 'fail' | 'warn' | 'no_warn' | 'info' | 'no_info';

/** `expect warn msg: …`: an exact text, a regular expression, or anything. */
export interface Expectation {
  readonly type: ExpectationType;
  readonly message?: string;
  readonly pattern?: string;
}

export interface ExpectedRow {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
  /** From 1, in the order of the script. */
  readonly position: number;
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly expression: string;
  readonly range: boolean;
  /** The instant of an instant query is `endMs`. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** An instant query whose answer is a range vector: `startMs` to `endMs` are the times of the expected samples. */
  readonly rangeVector: boolean;
  readonly expectations: readonly Expectation[];
  readonly rows: readonly ExpectedRow[];
  readonly scalar?: number;
  readonly text?: string;
}

export type ScriptCommand = LoadCommand | EvalCommand | { readonly kind: 'clear'; readonly line: number };
