import { customBucketsSchema, type CounterResetHint, type FloatHistogram } from './float-histogram.ts';
import { addCompensated, lost } from './compensation.ts';
import { mergeSides, moveToBounds, reduceSide } from './side.ts';
import { histogramOf, isCustom, widenZero, workingOf, type Working } from './working.ts';

/** What came of putting two histograms together, beside the histogram: both are worth a word to whoever asked. */
export interface Combination {
  /** One says "reset", the other "no reset". */
  readonly hintsCollide: boolean;
  /** Custom buckets with different bounds: the result has the bounds that both have. */
  readonly boundsReconciled: boolean;
}
export interface Combined extends Combination {
  readonly histogram: FloatHistogram;
}

/**
 * `a + b`. Takes any two histograms: the coarser schema and the wider zero bucket win. `undefined` when one has exponential and the
 * other custom buckets: these cannot be put together.
 */
export function addHistograms(a: FloatHistogram, b: FloatHistogram): Combined | undefined {
  return combine(a, b, 1);
}

/** `a - b`; as `addHistograms`. A result that is shown to people is a gauge: see `withHint`. */
export function subtractHistograms(a: FloatHistogram, b: FloatHistogram): Combined | undefined {
  return combine(a, b, -1);
}

/** Every count and the sum times `factor`. Times a negative number it is a gauge. */
export function multiplyHistogram(histogram: FloatHistogram, factor: number): FloatHistogram {
  return scale(histogram, (value) => value * factor, factor < 0);
}

/** Every count and the sum through `divisor`. Through 0 no bucket is left. */
export function divideHistogram(histogram: FloatHistogram, divisor: number): FloatHistogram {
  const divided = scale(histogram, (value) => value / divisor, divisor < 0);
  if (divisor !== 0) return divided;
  return { ...divided, positiveSpans: [], negativeSpans: [], positiveBuckets: [], negativeBuckets: [] };
}

export function negateHistogram(histogram: FloatHistogram): FloatHistogram {
  return multiplyHistogram(histogram, -1);
}

export function withHint(histogram: FloatHistogram, counterResetHint: CounterResetHint): FloatHistogram {
  return histogram.counterResetHint === counterResetHint ? histogram : { ...histogram, counterResetHint };
}

/** The same observations in a coarser schema. `target` is at most the histogram's; custom buckets stay as they are. */
export function reduceResolution(histogram: FloatHistogram, target: number): FloatHistogram {
  if (isCustom(histogram) || target >= histogram.schema) return histogram;
  const working = workingOf(histogram);
  coarsen(working, target);
  return histogramOf(working);
}

/** True where a number has left the range of doubles. */
export function hasOverflow(histogram: FloatHistogram): boolean {
  const infinite = (value: number) => value === Infinity || value === -Infinity;
  return (
    infinite(histogram.zeroCount) ||
    infinite(histogram.count) ||
    infinite(histogram.sum) ||
    histogram.positiveBuckets.some(infinite) ||
    histogram.negativeBuckets.some(infinite)
  );
}

/** Adds `sign * other` to `into`, keeping up its losses where it has them. `undefined` when they cannot be put together. */
export function combineInto(into: Working, other: Working, sign: 1 | -1): Combination | undefined {
  if (isCustom(into) !== isCustom(other)) return undefined;
  if (Number.isNaN(into.zeroThreshold) || Number.isNaN(other.zeroThreshold)) return undefined;
  const hints = mergeHints(into.hint, other.hint);
  into.hint = hints.hint;
  let boundsReconciled = false;
  if (isCustom(into)) boundsReconciled = reconcileBounds(into, other);
  else {
    while (into.zeroThreshold !== other.zeroThreshold)
      if (into.zeroThreshold < other.zeroThreshold) widenZero(into, other.zeroThreshold);
      else widenZero(other, into.zeroThreshold);
    coarsen(into, other.schema);
    coarsen(other, into.schema);
  }
  if (into.lost === undefined) {
    into.zeroCount += sign * other.zeroCount;
    into.count += sign * other.count;
    into.sum += sign * other.sum;
  } else {
    for (const name of ['zeroCount', 'count', 'sum'] as const) {
      into[name] = addCompensated(sign * other[name], into[name], into.lost[name]);
      into.lost[name] = lost;
    }
  }
  into.positive = mergeSides(into.positive, other.positive, sign);
  into.negative = mergeSides(into.negative, other.negative, sign);
  return { hintsCollide: hints.collide, boundsReconciled };
}

function combine(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): Combined | undefined {
  if (sameLayout(a, b)) return addInPlace(a, b, sign);
  const working = workingOf(a);
  const combination = combineInto(working, workingOf(b), sign);
  return combination && { ...combination, histogram: histogramOf(working) };
}

/** Fast path: samples of one series mostly have the same buckets. */
function addInPlace(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): Combined {
  const hints = mergeHints(a.counterResetHint, b.counterResetHint);
  const added = (ofA: readonly number[], ofB: readonly number[]) =>
    ofA.map((count, at) => count + sign * (ofB[at] ?? 0));
  return {
    hintsCollide: hints.collide,
    boundsReconciled: false,
    histogram: {
      ...a,
      counterResetHint: hints.hint,
      zeroCount: a.zeroCount + sign * b.zeroCount,
      count: a.count + sign * b.count,
      sum: a.sum + sign * b.sum,
      positiveBuckets: added(a.positiveBuckets, b.positiveBuckets),
      negativeBuckets: added(a.negativeBuckets, b.negativeBuckets),
    },
  };
}

function sameLayout(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameSpans(a.negativeSpans, b.negativeSpans) &&
    sameBounds(a.customValues, b.customValues)
  );
}

function sameSpans(a: FloatHistogram['positiveSpans'], b: FloatHistogram['positiveSpans']): boolean {
  return (
    a === b ||
    (a.length === b.length && a.every((span, at) => span.offset === b[at]?.offset && span.length === b[at].length))
  );
}

export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, at) => bound === b[at]));
}

/** The bounds that both have, ascending. */
export function intersectBounds(a: readonly number[], b: readonly number[]): number[] {
  const known = new Set(b);
  return a.filter((bound) => known.has(bound));
}

function reconcileBounds(a: Working, b: Working): boolean {
  if (sameBounds(a.customValues, b.customValues)) return false;
  const bounds = intersectBounds(a.customValues, b.customValues);
  for (const working of [a, b]) {
    working.positive = moveToBounds(working.positive, working.customValues, bounds);
    working.customValues = bounds;
  }
  return true;
}

function coarsen(working: Working, target: number): void {
  if (target >= working.schema || target === customBucketsSchema) return;
  working.positive = reduceSide(working.positive, working.schema, target);
  working.negative = reduceSide(working.negative, working.schema, target);
  working.schema = target;
}

function scale(histogram: FloatHistogram, by: (value: number) => number, gauge: boolean): FloatHistogram {
  return {
    ...histogram,
    counterResetHint: gauge ? 3 : histogram.counterResetHint,
    zeroCount: by(histogram.zeroCount),
    count: by(histogram.count),
    sum: by(histogram.sum),
    positiveBuckets: histogram.positiveBuckets.map(by),
    negativeBuckets: histogram.negativeBuckets.map(by),
  };
}

/** A gauge with anything is a gauge; "unknown" with a counter is unknown; "reset" with "no reset" collides. */
function mergeHints(
  a: CounterResetHint,
  b: CounterResetHint,
): { readonly hint: CounterResetHint; readonly collide: boolean } {
  if (a === b) return { hint: a, collide: false };
  if (a === 3 || b === 3) return { hint: 3, collide: false };
  return { hint: 0, collide: a !== 0 && b !== 0 };
}
