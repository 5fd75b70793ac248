import type { Aggregate, Binary, Call, Expression, MatrixSelector, Subquery } from '../ast.ts';
import { negateHistogram } from '../histogram/histogram.ts';
import { KernelNotes } from '../kernels/kernel.ts';
import { runKernel } from '../kernels/run-kernel.ts';
import { typeOf } from '../parse/check.ts';
import type { Grid, ScanRequest, ScanResult } from '../source.ts';
import { aggregate, type Parameter } from './aggregate.ts';
import { vectorScalar } from './binary-scalar.ts';
import { vectorVector } from './binary-vector.ts';
import { type Evaluation, mapFloats, nonEmpty, timeAt } from './evaluation.ts';
import { absent } from './functions/absent.ts';
import { vectorFunctions } from './functions/all.ts';
import { InfoJoin } from './functions/info.ts';
import { type Argument, FunctionInput } from './functions/input.ts';
import { scalarOf } from './functions/scalars.ts';
import { scalarOperation } from './operators.ts';
import { checkQuantiles } from './quantile.ts';
import { keepsName, rangeArgument, Selectors } from './selectors.ts';
import { setOperation } from './set-operators.ts';
import { samplesOf, subqueryGrid } from './subquery.ts';
import { execution, type VectorSeries } from './values.ts';

/** Everything by which `group` counts: whether there is anything at all. */
const anything = { operator: 'group', grouping: [], without: false, dropName: true } as const;

/** Evaluates nodes of a prepared expression over grids. Reads are sent ahead by `prefetch`; the rest is computing. */
export class Evaluator {
  readonly #evaluation: Evaluation;
  readonly #selectors: Selectors;

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation;
    this.#selectors = new Selectors(evaluation.options.lookbackMs);
  }

  get selectors(): Selectors {
    return this.#selectors;
  }

  /** Sends every read that is known without computing anything, so that they run side by side. */
  prefetch(node: Expression, grid: Grid): void {
    const whole =
      node.kind === 'aggregate' ? this.#selectors.ofAggregate(node, grid) : this.#selectors.ofExpression(node, grid);
    if (whole) {
      void this.#evaluation.scan(whole);
      return;
    }
    switch (node.kind) {
      case 'parentheses':
      case 'unary':
        return this.prefetch(node.inner, grid);
      case 'binary':
        this.prefetch(node.left, grid);
        return this.prefetch(node.right, grid);
      case 'aggregate':
        this.prefetch(node.inner, grid);
        if (node.parameter) this.prefetch(node.parameter, grid);
        return;
      case 'call': {
        const special = this.#specialScan(node, grid);
        if (special) void this.#evaluation.scan(special);
        else if (node.name === 'info') this.prefetch(node.arguments[0]!, grid);
        else for (const argument of node.arguments) this.prefetch(argument, grid);
        return;
      }
      case 'subquery':
        return this.prefetch(node.inner, this.#subqueryGrid(node, grid));
      default:
    }
  }

  /** Functions that ask something else of a selector than its values. */
  #specialScan(call: Call, grid: Grid): ScanRequest | undefined {
    const [argument] = call.arguments;
    if (argument?.kind === 'vector-selector') {
      if (call.name === 'timestamp' || call.name === 'start_timestamp') {
        return this.#selectors.ofVector(argument, grid, call.name);
      }
      if (call.name === 'absent') return this.#selectors.ofVector(argument, grid, 'last', anything);
    }
    if (call.name === 'absent_over_time') return this.#selectors.ofExpression(call, grid, anything);
    return undefined;
  }

  async scalar(node: Expression, grid: Grid): Promise<Float64Array> {
    const steps = grid.count;
    switch (node.kind) {
      case 'number':
        return new Float64Array(steps).fill(node.value);
      case 'parentheses':
        return this.scalar(node.inner, grid);
      case 'unary': {
        const values = await this.scalar(node.inner, grid);
        return node.operator === '-' ? values.map((value) => -value) : values;
      }
      case 'binary':
        return scalarOperation(node.operator, await this.scalar(node.left, grid), await this.scalar(node.right, grid));
      case 'call':
        return this.#scalarCall(node, grid);
      default:
        throw new Error(`a ${node.kind} is no scalar`);
    }
  }

  async #scalarCall(call: Call, grid: Grid): Promise<Float64Array> {
    const [first, second] = call.arguments;
    switch (call.name) {
      case 'pi':
        return new Float64Array(grid.count).fill(Math.PI);
      case 'time':
        return Float64Array.from({ length: grid.count }, (_, step) => timeAt(grid, step) / 1000);
      case 'scalar':
        return scalarOf(await this.vector(first!, grid), grid.count);
      case 'max_of':
      case 'min_of': {
        const [left, right] = [await this.scalar(first!, grid), await this.scalar(second!, grid)];
        const of = call.name === 'max_of' ? Math.max : Math.min;
        return left.map((value, step) => of(value, right[step]!));
      }
      default:
        throw new Error(`no function ${call.name}`);
    }
  }

  async vector(node: Expression, grid: Grid): Promise<readonly VectorSeries[]> {
    await this.#evaluation.limits.pause();
    const series = await this.#vector(node, grid);
    const kept = nonEmpty(series);
    this.#evaluation.limits.hold(kept.length * grid.count);
    return kept;
  }

  async #vector(node: Expression, grid: Grid): Promise<readonly VectorSeries[]> {
    switch (node.kind) {
      case 'parentheses':
        return this.vector(node.inner, grid);
      case 'unary':
        return negated(node.operator, await this.vector(node.inner, grid));
      case 'binary':
        return this.#binary(node, grid);
      case 'aggregate':
        return this.#aggregate(node, grid);
      case 'call':
        return this.#call(node, grid);
      case 'vector-selector': {
        const result = await this.#evaluation.scan(this.#selectors.ofVector(node, grid));
        return this.#scanned(result, grid, node.span.start, false);
      }
      default:
        throw new Error(`a ${node.kind} is no vector`);
    }
  }

  /** A scan's series over the grid's steps; what stood still at `@` is the same at each. */
  #scanned({ series, annotations }: ScanResult, grid: Grid, position: number, dropName: boolean): VectorSeries[] {
    for (const { level, message, count } of annotations)
      this.#evaluation.annotations.add(level, message, position, count);
    const { bounds } = this.#evaluation.limits;
    if (series.length > bounds.series) {
      throw execution(`query matches ${series.length} series, more than the ${bounds.series} that are allowed`);
    }
    this.#evaluation.limits.hold(series.length * grid.count);
    return series.map((one) => {
      if (one.values.length === grid.count) return { ...one, dropName };
      const histogram = one.histograms?.[0];
      return {
        labels: one.labels,
        values: new Float64Array(grid.count).fill(one.values[0]!),
        present: new Uint8Array(grid.count).fill(one.present[0]!),
        ...(histogram && { histograms: Array.from({ length: grid.count }, () => histogram) }),
        dropName,
      };
    });
  }

  async #binary(node: Binary, grid: Grid): Promise<readonly VectorSeries[]> {
    if (typeOf(node.left) === 'scalar') {
      const scalar = await this.scalar(node.left, grid);
      return vectorScalar(this.#evaluation, node, await this.vector(node.right, grid), scalar, true);
    }
    const left = await this.vector(node.left, grid);
    if (typeOf(node.right) === 'scalar') {
      return vectorScalar(this.#evaluation, node, left, await this.scalar(node.right, grid), false);
    }
    const right = await this.vector(node.right, grid);
    const set = node.operator === 'and' || node.operator === 'or' || node.operator === 'unless';
    const operation = set ? setOperation : vectorVector;
    return operation(this.#evaluation, node, left, right, grid.count);
  }

  async #aggregate(node: Aggregate, grid: Grid): Promise<readonly VectorSeries[]> {
    const reduced = this.#selectors.ofAggregate(node, grid);
    let series: readonly VectorSeries[];
    if (reduced) {
      const result = await this.#evaluation.scan(reduced);
      const position = innermost(node.inner).span.start;
      series = this.#scanned(result, grid, position, reduced.reduction?.dropName ?? false);
      if (result.reduced) return series;
    } else {
      series = await this.vector(node.inner, grid);
    }
    return aggregate(this.#evaluation, node, nonEmpty(series), await this.#parameter(node, grid), grid.count);
  }

  async #parameter({ parameter, operator }: Aggregate, grid: Grid): Promise<Parameter> {
    if (!parameter) return undefined;
    if (parameter.kind === 'string') return parameter.value;
    const values = await this.scalar(parameter, grid);
    if (operator === 'quantile') checkQuantiles(this.#evaluation, values, parameter.span.start);
    return values;
  }

  async #call(call: Call, grid: Grid): Promise<readonly VectorSeries[]> {
    const special = this.#specialScan(call, grid);
    if (special) {
      const result = await this.#evaluation.scan(special);
      const series = this.#scanned(result, grid, call.span.start, true);
      return call.name.startsWith('absent') ? absent(series, call.arguments[0], grid.count) : series;
    }
    const range = rangeArgument(call);
    if (range >= 0) {
      const series = await this.#rangeCall(call, range, grid);
      return call.name === 'absent_over_time' ? absent(series, call.arguments[0], grid.count) : series;
    }
    if (call.name === 'absent')
      return absent(await this.vector(call.arguments[0]!, grid), call.arguments[0], grid.count);
    if (call.name === 'info') return this.#info(call, grid);
    const given: Argument[] = [];
    for (const argument of call.arguments) given.push(await this.#argument(argument, grid));
    const of = vectorFunctions.get(call.name);
    if (!of) throw new Error(`no function ${call.name}`);
    return of(new FunctionInput(this.#evaluation, call, grid, given));
  }

  async #argument(argument: Expression, grid: Grid): Promise<Argument> {
    if (argument.kind === 'string') return argument.value;
    return typeOf(argument) === 'scalar' ? this.scalar(argument, grid) : this.vector(argument, grid);
  }

  async #rangeCall(call: Call, index: number, grid: Grid): Promise<readonly VectorSeries[]> {
    const parameters: (number | Float64Array)[] = [];
    for (const [place, argument] of call.arguments.entries()) {
      if (place === index) continue;
      const values = await this.scalar(argument, grid);
      // Constants travel as such: such a scan may have been sent ahead, and needs no array.
      parameters.push(values.every((value) => Object.is(value, values[0])) ? values[0]! : values);
    }
    const range = call.arguments[index] as MatrixSelector | Subquery;
    const position = call.arguments[0]!.span.start;
    if (range.kind === 'matrix-selector') {
      const request = this.#selectors.ofRange(call, range, grid, parameters);
      return this.#scanned(await this.#evaluation.scan(request), grid, position, !keepsName(call));
    }
    const inner = await this.subquery(range, grid);
    const { kernel, grid: shifted } = this.#selectors.kernelOf(call, range.rangeMs, range.shift, grid, parameters);
    const notes = new KernelNotes();
    const series = inner.series.map((one) => {
      this.#evaluation.limits.check();
      notes.metric = one.labels['__name__'] ?? '';
      const values = runKernel(kernel, samplesOf(one, inner.grid), shifted, notes);
      return { labels: one.labels, ...values, dropName: one.dropName || !keepsName(call) };
    });
    const result = { series, reduced: false, samples: 0, annotations: notes.annotations };
    return this.#scanned(result, grid, position, false).map((one, at) => ({ ...one, dropName: series[at]!.dropName }));
  }

  /** The inner expression over the subquery's own steps. */
  async subquery(
    node: Subquery,
    grid: Grid,
  ): Promise<{ readonly series: readonly VectorSeries[]; readonly grid: Grid }> {
    const inner = this.#subqueryGrid(node, grid);
    if (inner.count === 0) return { series: [], grid: inner };
    this.#evaluation.limits.hold(inner.count);
    if (typeOf(node.inner) !== 'scalar') return { series: await this.vector(node.inner, inner), grid: inner };
    const values = await this.scalar(node.inner, inner);
    return {
      series: [{ labels: {}, values, present: new Uint8Array(inner.count).fill(1), dropName: false }],
      grid: inner,
    };
  }

  #subqueryGrid(node: Subquery, grid: Grid): Grid {
    return subqueryGrid(node, grid, this.#evaluation.options.subqueryStepMs);
  }

  async #info(call: Call, grid: Grid): Promise<readonly VectorSeries[]> {
    const [argument, selector] = call.arguments;
    const join = new InfoJoin(argument!, selector?.kind === 'vector-selector' ? selector : undefined);
    const scan = this.#evaluation.scan({
      matchers: join.matchers,
      grid: join.grid(grid),
      kernel: { name: 'info_timestamp', rangeMs: this.#evaluation.options.lookbackMs, parameters: [] },
    });
    const base = await this.vector(argument!, grid);
    return join.join(base, this.#scanned(await scan, grid, call.span.start, false), grid.count);
  }
}

/** The range vector's own place, for what its kernel says: the first argument of the function. */
function innermost(node: Expression): Expression {
  if (node.kind === 'parentheses') return innermost(node.inner);
  return node.kind === 'call' ? (node.arguments[0] ?? node) : node;
}

function negated(operator: '+' | '-', series: readonly VectorSeries[]): readonly VectorSeries[] {
  if (operator === '+') return series;
  return series.map((one) => {
    if (!one.histograms) return mapFloats(one, (value) => -value);
    const histograms = one.histograms.map((histogram) => histogram && negateHistogram(histogram));
    return { ...one, values: one.values.map((value) => -value), histograms, dropName: true };
  });
}
