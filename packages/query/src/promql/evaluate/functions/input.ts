import type { Call } from '../../ast.ts';
import type { Grid } from '../../source.ts';
import type { Evaluation } from '../evaluation.ts';
import type { VectorSeries } from '../values.ts';

/** A function's evaluated arguments: a vector, a scalar's value at each step, or a string. */
export type Argument = readonly VectorSeries[] | Float64Array | string;

export class FunctionInput {
  readonly evaluation: Evaluation;
  readonly call: Call;
  readonly grid: Grid;
  readonly #arguments: readonly Argument[];

  constructor(evaluation: Evaluation, call: Call, grid: Grid, given: readonly Argument[]) {
    this.evaluation = evaluation;
    this.call = call;
    this.grid = grid;
    this.#arguments = given;
  }

  get count(): number {
    return this.#arguments.length;
  }

  vector(index: number): readonly VectorSeries[] {
    return this.#arguments[index] as readonly VectorSeries[];
  }

  scalar(index: number): Float64Array {
    return this.#arguments[index] as Float64Array;
  }

  text(index: number): string {
    return this.#arguments[index] as string;
  }

  /** Where an argument stands in the query. */
  position(index: number): number {
    return this.call.arguments[index]?.span.start ?? this.call.span.start;
  }
}

export type VectorFunction = (input: FunctionInput) => readonly VectorSeries[];
