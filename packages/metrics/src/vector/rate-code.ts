/** `rate`, `increase` and `delta` of a series, two steps at a time: number for number what the kernel in JavaScript computes. */
import { asLongAs, f64, f64x2, i32, i32x4, i64x2, select, v128, when, type Code } from './code.ts';
import { compensation, counts, edges, present, results, values as valuesAt, times as timesAt } from './layout.ts';
import { FunctionCode, type Local } from './module.ts';

const valuesBehindTimes = valuesAt - timesAt;

/** Times an index as an address. */
const eights = (index: Code): Code => i32.shl(index, i32.const(3));

/** From a sample's address to the numbers of two samples, whose addresses are given. */
const pair = (first: Code, second: Code, offset: number): Code =>
  v128.loadSecond(second, v128.load64(first, offset), offset);

/**
 * `name(samples, count, firstMs, stepMs, steps, shift, row, rangeMs, seconds, counter)`: `count` samples whose times lie at `samples`, all of them numbers, a counter's without resets; `steps` windows that
 * end at `firstMs` and every `stepMs` after it; the range is `shift` steps. `row` is the first step's index in the results. With
 * `sum` they are added to what stands there, otherwise written. Answers whether there was a value.
 */
export function rateCode(name: string, sum: boolean): FunctionCode {
  const f = new FunctionCode(name, 'i32');
  const [samples, count] = f.parametersOf('i32', 2);
  const [firstMs, stepMs] = f.parametersOf('f64', 2);
  const [steps, shift, row] = f.parametersOf('i32', 3);
  const [rangeMs, seconds] = f.parametersOf('f64', 2);
  const counter = f.parameter('i32');
  const [step, all] = f.variablesOf('i32', 2);

  f.body = [
    ...all.set(i32.add(steps.get, shift.get)),
    ...edgesCode(f, samples, count, firstMs, stepMs, all, rangeMs),
    ...ratesCode(f, { samples, firstMs, stepMs, steps, shift, row, rangeMs, seconds, counter, step }, sum),
  ];
  return f;
}

/**
 * How many samples are not later than each edge. Samples come at a steady pace, a little early or late: so many more than at the edge before, or one more or less, which is
 * reckoned without a branch; where that is wrong the edge is sought sample by sample, and the pace is that of this edge.
 */
function edgesCode(
  f: FunctionCode,
  samples: Local,
  count: Local,
  firstMs: Local,
  stepMs: Local,
  all: Local,
  rangeMs: Local,
): Code {
  const [guess, pace, found, before, edge, address] = f.variablesOf('i32', 6);
  const ms = f.variable('f64');
  /** The sample at an index is not later than the edge; with the sample before it: is later. */
  const reached = (index: Code): Code => f64.le(f64.load(i32.add(samples.get, eights(index))), ms.get);
  const beyond = (index: Code): Code =>
    f64.gt(f64.load(i32.add(i32.sub(samples.get, i32.const(8)), eights(index))), ms.get);
  return [
    ...ms.set(f64.sub(firstMs.get, rangeMs.get)),
    ...pace.set(i32.const(1)),
    ...asLongAs(i32.ltS(edge.get, all.get), [
      ...found.set(select(guess.get, count.get, i32.ltS(guess.get, count.get))),
      ...found.set(i32.sub(i32.add(found.get, reached(found.get)), beyond(found.get))),
      ...when(i32.or(reached(found.get), beyond(found.get)), [
        ...asLongAs(reached(found.get), found.set(i32.add(found.get, i32.const(1)))),
        ...asLongAs(beyond(found.get), found.set(i32.sub(found.get, i32.const(1)))),
        ...pace.set(i32.sub(found.get, before.get)),
        ...guess.set(found.get),
      ]),
      ...i32.store(address.get, found.get, edges),
      ...before.set(found.get),
      ...guess.set(i32.add(guess.get, pace.get)),
      ...ms.set(f64.add(ms.get, stepMs.get)),
      ...edge.set(i32.add(edge.get, i32.const(1))),
      ...address.set(i32.add(address.get, i32.const(4))),
    ]),
    // A step behind the last has no samples.
    ...v128.store(address.get, v128.zero, edges),
  ];
}

interface RateLocals {
  readonly samples: Local;
  readonly firstMs: Local;
  readonly stepMs: Local;
  readonly steps: Local;
  readonly shift: Local;
  readonly row: Local;
  readonly rangeMs: Local;
  readonly seconds: Local;
  readonly counter: Local;
  readonly step: Local;
}

function ratesCode(f: FunctionCode, locals: RateLocals, sum: boolean): Code {
  const { samples, firstMs, stepMs, steps, shift, row, rangeMs, seconds, counter, step } = locals;
  const [low, high, firstOf, lastOf, firstOfNext, lastOfNext, into] = f.variablesOf('i32', 7);
  const [range, second, endMs, ahead, gaps, valid, any] = f.variablesOf('v128', 7);
  const [first, difference, firstAtMs, lastAtMs, span, value] = f.variablesOf('v128', 6);
  const [before, after, mask] = f.variablesOf('v128', 3);
  const number = (n: number): Code => f64x2.splat(f64.const(n));
  const ones = i32.const(1);

  /** An edge that is farther than 110 % of the average gap is half a gap away; where that is close, it is reckoned in seconds as Prometheus does. */
  const drawnIn = (edge: Local): Code => {
    const over = f64x2.sub(f64x2.mul(edge.get, gaps.get), f64x2.mul(number(1.1), span.get));
    const tie = f64x2.mul(number(1e-9), span.get);
    const inSeconds = f64x2.ge(
      f64x2.div(edge.get, number(1000)),
      f64x2.mul(f64x2.div(f64x2.div(span.get, number(1000)), gaps.get), number(1.1)),
    );
    return [
      ...value.set(over),
      ...mask.set(f64x2.gt(value.get, tie)),
      ...when(
        v128.anyTrue(f64x2.le(f64x2.abs(value.get), tie)),
        mask.set(v128.or(mask.get, v128.and(f64x2.le(f64x2.abs(value.get), tie), inSeconds))),
      ),
      ...when(
        v128.anyTrue(mask.get),
        edge.set(v128.select(f64x2.div(f64x2.div(span.get, gaps.get), number(2)), edge.get, mask.get)),
      ),
    ];
  };

  /** A counter is extrapolated to zero at most. */
  const notBelowZero: Code = [
    ...mask.set(
      v128.and(
        v128.and(f64x2.gt(difference.get, v128.zero), f64x2.ge(first.get, v128.zero)),
        f64x2.lt(f64x2.mul(span.get, first.get), f64x2.mul(before.get, difference.get)),
      ),
    ),
    ...when(
      v128.anyTrue(mask.get),
      before.set(v128.select(f64x2.mul(span.get, f64x2.div(first.get, difference.get)), before.get, mask.get)),
    ),
  ];

  const loadSamples: Code = [
    ...firstOf.set(i32.add(samples.get, eights(i32.load(low.get, edges)))),
    ...firstOfNext.set(i32.add(samples.get, eights(i32.load(low.get, edges + 4)))),
    ...lastOf.set(i32.add(samples.get, eights(i32.sub(i32.load(high.get, edges), ones)))),
    ...lastOfNext.set(i32.add(samples.get, eights(i32.sub(i32.load(high.get, edges + 4), ones)))),
    ...firstAtMs.set(pair(firstOf.get, firstOfNext.get, 0)),
    ...lastAtMs.set(pair(lastOf.get, lastOfNext.get, 0)),
    ...first.set(pair(firstOf.get, firstOfNext.get, valuesBehindTimes)),
    ...difference.set(f64x2.sub(pair(lastOf.get, lastOfNext.get, valuesBehindTimes), first.get)),
  ];

  return [
    ...range.set(f64x2.splat(rangeMs.get)),
    ...second.set(f64x2.splat(seconds.get)),
    ...endMs.set(f64x2.of(firstMs.get, f64.add(firstMs.get, stepMs.get))),
    ...ahead.set(f64x2.splat(f64.add(stepMs.get, stepMs.get))),
    ...high.set(i32.shl(shift.get, i32.const(2))),
    ...asLongAs(i32.ltS(step.get, steps.get), [
      ...gaps.set(i32x4.sub(v128.load64(high.get, edges), v128.load64(low.get, edges))),
      ...gaps.set(i32x4.sub(gaps.get, i32x4.splat(ones))),
      ...valid.set(i64x2.extendLow(i32x4.gtS(gaps.get, v128.zero))),
      ...when(v128.anyTrue(valid.get), [
        ...any.set(v128.or(any.get, valid.get)),
        ...gaps.set(f64x2.convertLow(gaps.get)),
        ...loadSamples,
        ...span.set(f64x2.sub(lastAtMs.get, firstAtMs.get)),
        ...before.set(f64x2.add(f64x2.sub(firstAtMs.get, endMs.get), range.get)),
        ...after.set(f64x2.sub(endMs.get, lastAtMs.get)),
        ...drawnIn(before),
        ...when(counter.get, notBelowZero),
        ...drawnIn(after),
        ...value.set(
          f64x2.mul(
            difference.get,
            f64x2.div(f64x2.div(f64x2.add(f64x2.add(span.get, before.get), after.get), span.get), second.get),
          ),
        ),
        ...into.set(eights(i32.add(row.get, step.get))),
        ...(sum ? addTwo(f, into, value, valid) : v128.store(into.get, value.get, results)),
      ]),
      ...(sum
        ? []
        : i32.store16(
            i32.add(row.get, step.get),
            i32.or(
              i32.gtS(i32.sub(i32.load(high.get, edges), i32.load(low.get, edges)), ones),
              i32.shl(
                i32.gtS(i32.sub(i32.load(high.get, edges + 4), i32.load(low.get, edges + 4)), ones),
                i32.const(8),
              ),
            ),
            present,
          )),
      ...endMs.set(f64x2.add(endMs.get, ahead.get)),
      ...low.set(i32.add(low.get, i32.const(8))),
      ...high.set(i32.add(high.get, i32.const(8))),
      ...step.set(i32.add(step.get, i32.const(2))),
    ]),
    ...v128.anyTrue(any.get),
  ];
}

/** Knuth's two-sum, as groups are added up everywhere, of the lanes that are valid. */
function addTwo(f: FunctionCode, into: Local, value: Local, valid: Local): Code {
  const [sum, total, added] = f.variablesOf('v128', 3);
  const error = f64x2.add(f64x2.sub(sum.get, f64x2.sub(total.get, added.get)), f64x2.sub(value.get, added.get));
  const old = (at: number): Code => v128.load(into.get, at);
  return [
    ...sum.set(old(results)),
    ...total.set(f64x2.add(sum.get, value.get)),
    ...added.set(f64x2.sub(total.get, sum.get)),
    ...v128.store(into.get, v128.select(total.get, sum.get, valid.get), results),
    ...v128.store(
      into.get,
      v128.select(f64x2.add(old(compensation), error), old(compensation), valid.get),
      compensation,
    ),
    ...v128.store(into.get, f64x2.add(old(counts), v128.and(valid.get, f64x2.splat(f64.const(1)))), counts),
  ];
}
