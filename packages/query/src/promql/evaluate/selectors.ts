import type { Aggregate, Call, Expression, MatrixSelector, TimeShift, VectorSelector } from '../ast.ts';
import { kernelsByName } from '../kernels/all.ts';
import type { Grid, KernelCall, Reduction, ScanRequest } from '../source.ts';
import { arithmetic } from './operators.ts';
import { execution } from './values.ts';

/** The grid that a shifted selector reads: moved by `offset`, or standing still at `@` (one step for all, where `once`). */
export function shiftGrid(grid: Grid, { offsetMs, at }: TimeShift, once: boolean): Grid {
  // `@ start()` and `@ end()` have become times by now.
  if (typeof at !== 'number') return { ...grid, startMs: grid.startMs - offsetMs };
  return { startMs: at - offsetMs, stepMs: 0, count: once ? 1 : grid.count };
}

/** The value of an expression that needs no data: literals and arithmetic of them. */
export function constantOf(expression: Expression): number | undefined {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'parentheses':
      return constantOf(expression.inner);
    case 'unary': {
      const value = constantOf(expression.inner);
      return value === undefined || expression.operator === '+' ? value : -value;
    }
    case 'binary': {
      const left = constantOf(expression.left);
      const right = constantOf(expression.right);
      const of = arithmetic[expression.operator];
      return left === undefined || right === undefined || !of ? undefined : of(left, right);
    }
    default:
      return undefined;
  }
}

/** The place of a call's range vector among its arguments, -1 where it takes none. */
export function rangeArgument(call: Call): number {
  return call.arguments.findIndex(({ kind }) => kind === 'matrix-selector' || kind === 'subquery');
}

/** The kernel that a range function is; `absent_over_time` asks whether there is anything. */
function kernelName(call: Call): string {
  return call.name === 'absent_over_time' ? 'present_over_time' : call.name;
}

const anchoredFunctions = ['changes', 'delta', 'increase', 'rate', 'resets'];
const smoothedFunctions = ['delta', 'increase', 'rate'];

/** Throws where a function cannot read extended windows. */
function checkExtended(call: Call, { extended }: VectorSelector): void {
  if (!extended) return;
  const allowed = extended === 'anchored' ? anchoredFunctions : smoothedFunctions;
  if (allowed.includes(call.name)) return;
  throw execution(`${extended} modifier can only be used with: ${allowed.join(', ')} - not with ${call.name}`);
}

export class Selectors {
  readonly #lookbackMs: number;

  constructor(lookbackMs: number) {
    this.#lookbackMs = lookbackMs;
  }

  /** What an instant selector asks for; `kernel` for those that want something else of the sample than its value. */
  ofVector(node: VectorSelector, grid: Grid, kernel = 'last', reduction?: Reduction): ScanRequest {
    return {
      matchers: node.matchers,
      grid: shiftGrid(grid, node.shift, true),
      kernel: {
        name: kernel,
        rangeMs: this.#lookbackMs,
        parameters: [],
        ...(node.extended && { extended: node.extended, lookbackMs: this.#lookbackMs }),
        ...(node.statistics && { statistics: true }),
      },
      ...(reduction && { reduction }),
    };
  }

  /** The samples themselves of a range selector's one window. */
  ofSamples(node: MatrixSelector, grid: Grid, staleMarks = false): ScanRequest {
    const request = this.ofVector(node.selector, grid, 'samples');
    const kernel = { ...request.kernel, rangeMs: node.rangeMs };
    return { ...request, kernel: staleMarks ? { ...kernel, staleMarks } : kernel };
  }

  /** What a range function over a selector asks for, its other arguments known. */
  ofRange(
    call: Call,
    node: MatrixSelector,
    grid: Grid,
    parameters: readonly (number | Float64Array)[],
    reduction?: Reduction,
  ): ScanRequest {
    checkExtended(call, node.selector);
    const { shift, extended, matchers, statistics } = node.selector;
    const { kernel, grid: shifted } = this.kernelOf(call, node.rangeMs, shift, grid, parameters);
    return {
      matchers,
      grid: shifted,
      kernel: {
        ...kernel,
        ...(extended && { extended, lookbackMs: this.#lookbackMs }),
        ...(statistics && { statistics }),
      },
      ...(reduction && { reduction }),
    };
  }

  /** The kernel call of a range function, and the grid in the data's time. */
  kernelOf(
    call: Call,
    rangeMs: number,
    shift: TimeShift,
    grid: Grid,
    given: readonly (number | Float64Array)[],
  ): { readonly kernel: KernelCall; readonly grid: Grid } {
    const predicts = call.name === 'predict_linear';
    const once = !predicts && given.every((parameter) => typeof parameter === 'number');
    const shifted = shiftGrid(grid, shift, once);
    const parameters = predicts ? [...given, ...sinceWindow(grid, shift)] : given;
    return { kernel: { name: kernelName(call), rangeMs, parameters }, grid: shifted };
  }

  /** The one scan that a selector or a range function over one is, when nothing else has to be known for it. */
  ofExpression(node: Expression, grid: Grid, reduction?: Omit<Reduction, 'dropName'>): ScanRequest | undefined {
    if (node.kind === 'parentheses') return this.ofExpression(node.inner, grid, reduction);
    if (node.kind === 'vector-selector') {
      return this.ofVector(node, grid, 'last', reduction && { ...reduction, dropName: false });
    }
    if (node.kind !== 'call' || !kernelsByName.has(kernelName(node))) return undefined;
    const index = rangeArgument(node);
    const range = node.arguments[index];
    if (range?.kind !== 'matrix-selector') return undefined;
    const parameters: number[] = [];
    for (const [place, argument] of node.arguments.entries()) {
      if (place === index) continue;
      const value = constantOf(argument);
      if (value === undefined) return undefined;
      parameters.push(value);
    }
    return this.ofRange(node, range, grid, parameters, reduction && { ...reduction, dropName: !keepsName(node) });
  }

  /** The scan that does an aggregation's work where the samples are, for those that can be done in parts. */
  ofAggregate(node: Aggregate, grid: Grid): ScanRequest | undefined {
    const { operator, grouping, without } = node;
    if (!isReducible(operator)) return undefined;
    // A name that is dropped in the end may still be grouped by: such groups are not made out of sight.
    if (!without && grouping.some((name) => name === '__name__' || name === '__type__' || name === '__unit__')) {
      return undefined;
    }
    return this.ofExpression(node.inner, grid, { operator, grouping, without });
  }
}

/** Milliseconds from the window's end to the evaluation time, where they differ: one number, or one a step. */
function sinceWindow(grid: Grid, { offsetMs, at }: TimeShift): (number | Float64Array)[] {
  if (typeof at !== 'number') return offsetMs === 0 ? [] : [offsetMs];
  return [Float64Array.from({ length: grid.count }, (_, step) => grid.startMs + step * grid.stepMs - (at - offsetMs))];
}

function isReducible(operator: Aggregate['operator']): operator is Reduction['operator'] {
  return ['sum', 'avg', 'count', 'min', 'max', 'group'].includes(operator);
}

/** Whether a range function's values are still of the metric itself. */
export function keepsName(call: Call): boolean {
  return kernelsByName.get(call.name)?.keepsName === true;
}
