import { bitsOf, isStale } from '../kernels/columns.ts';
import { isStartReset } from '../kernels/start-times.ts';
import type { SampleColumns } from '../source.ts';

/** The columns of `RolledColumns` that are numbers, in no particular order. */
const numbers = [
  'ends',
  'counts',
  'firstTimes',
  'lastTimes',
  'firsts',
  'lasts',
  'mins',
  'maxs',
  'sums',
  'resets',
  'firstStarts',
  'lastStarts',
] as const;

/**
 * Floats of one series, rolled up: one entry for each bucket that has samples, in order of time. A bucket holds the samples later than
 * `end - resolution` and up to `end`, as windows do; ends are multiples of the resolution. With the first and the last sample and
 * the sum of the values before each reset, a window of whole buckets has the very difference that its samples have.
 */
export class RolledColumns {
  count = 0;
  ends = new Float64Array(0);
  /** Samples without staleness marks; 0 where a bucket has nothing but marks: its values say nothing then. */
  counts = new Float64Array(0);
  firstTimes = new Float64Array(0);
  lastTimes = new Float64Array(0);
  firsts = new Float64Array(0);
  lasts = new Float64Array(0);
  /** NaN only where every value is. */
  mins = new Float64Array(0);
  maxs = new Float64Array(0);
  sums = new Float64Array(0);
  /** Sum of the values before each reset within the bucket. */
  resets = new Float64Array(0);
  /** Start timestamps of the first and the last sample, 0 where not known. */
  firstStarts = new Float64Array(0);
  lastStarts = new Float64Array(0);
  /** 1 where the bucket's last sample is a staleness mark. */
  stale = new Uint8Array(0);

  clear(): void {
    this.count = 0;
  }

  /** Makes room for so many buckets in all. */
  reserve(buckets: number): void {
    if (buckets <= this.ends.length) return;
    const capacity = Math.max(buckets, 2 * this.ends.length, 64);
    for (const name of numbers) {
      const wider = new Float64Array(capacity);
      wider.set(this[name]);
      this[name] = wider;
    }
    const stale = new Uint8Array(capacity);
    stale.set(this.stale);
    this.stale = stale;
  }

  /** An empty bucket at the end. Its place. */
  begin(endMs: number): number {
    this.reserve(this.count + 1);
    const at = this.count++;
    for (const name of numbers) this[name][at] = 0;
    this.stale[at] = 0;
    this.ends[at] = endMs;
    return at;
  }

  /** Takes over bucket `from` of another list: added to the last one here where that has the same end. `endMs` is another end for it. */
  take(other: RolledColumns, from: number, endMs = other.ends[from]!): void {
    this.reserve(this.count + 1);
    const at = this.count++;
    for (const name of numbers) this[name][at] = other[name][from]!;
    this.ends[at] = endMs;
    this.stale[at] = other.stale[from]!;
    this.joinLast();
  }

  /** Where the last two buckets have the same end they become one. */
  joinLast(): void {
    const later = this.count - 1;
    const at = later - 1;
    if (at < 0 || this.ends[at] !== this.ends[later]) return;
    this.count--;
    this.stale[at] = this.stale[later]!;
    if (this.counts[later] === 0) return;
    if (this.counts[at] === 0) {
      for (const name of numbers) this[name][at] = this[name][later]!;
      return;
    }
    this.resets[at]! += this.resets[later]! + this.lostBefore(later);
    this.counts[at]! += this.counts[later]!;
    this.sums[at]! += this.sums[later]!;
    this.mins[at] = lesser(this.mins[at]!, this.mins[later]!);
    this.maxs[at] = greater(this.maxs[at]!, this.maxs[later]!);
    this.lasts[at] = this.lasts[later]!;
    this.lastTimes[at] = this.lastTimes[later]!;
    this.lastStarts[at] = this.lastStarts[later]!;
  }

  /** The value before a reset between bucket `at` and the one before it; 0 where there was none. Both have samples. */
  lostBefore(at: number): number {
    const before = this.lasts[at - 1]!;
    const reset =
      this.firsts[at]! < before ||
      isStartReset(this.lastStarts[at - 1]!, this.lastTimes[at - 1]!, this.firstStarts[at]!, this.firstTimes[at]!);
    return reset ? before : 0;
  }
}

function lesser(left: number, right: number): number {
  return right < left || Number.isNaN(left) ? right : left;
}
function greater(left: number, right: number): number {
  return right > left || Number.isNaN(left) ? right : left;
}

/** Adds samples behind the buckets that are there; those of the last bucket's time become part of it. Histograms are passed over. */
export function rollUp(samples: SampleColumns, resolutionMs: number, into: RolledColumns): void {
  const { times, values, count, histograms, startTimes } = samples;
  const bits = bitsOf(values);
  let at = -1;
  let compensation = 0;
  const finish = (): void => {
    if (at < 0) return;
    const sum = into.sums[at]!;
    if (sum !== Infinity && sum !== -Infinity) into.sums[at] = sum + compensation;
    compensation = 0;
    into.joinLast();
  };
  for (let i = 0; i < count; i++) {
    if (histograms?.[i]) continue;
    const time = times[i]!;
    if (at < 0 || time > into.ends[at]!) {
      finish();
      at = into.begin(Math.ceil(time / resolutionMs) * resolutionMs);
    }
    const value = values[i]!;
    if (isStale(bits, i)) {
      into.stale[at] = 1;
      continue;
    }
    into.stale[at] = 0;
    const start = startTimes?.[i] ?? 0;
    if (into.counts[at]!++ === 0) {
      into.firstTimes[at] = time;
      into.firsts[at] = into.mins[at] = into.maxs[at] = into.sums[at] = value;
      into.firstStarts[at] = start;
    } else {
      const before = into.lasts[at]!;
      if (value < before || isStartReset(into.lastStarts[at]!, into.lastTimes[at]!, start, time)) {
        into.resets[at]! += before;
      }
      into.mins[at] = lesser(into.mins[at]!, value);
      into.maxs[at] = greater(into.maxs[at]!, value);
      // Knuth's two-sum: the error of each addition.
      const sum = into.sums[at]!;
      const total = sum + value;
      const added = total - sum;
      compensation += sum - (total - added) + (value - added);
      into.sums[at] = total;
    }
    into.lasts[at] = value;
    into.lastTimes[at] = time;
    into.lastStarts[at] = start;
  }
  finish();
}

/** The same samples in wider buckets; `resolutionMs` is a multiple of the buckets' own. */
export function widen(rolled: RolledColumns, resolutionMs: number, into: RolledColumns): void {
  for (let i = 0; i < rolled.count; i++) into.take(rolled, i, Math.ceil(rolled.ends[i]! / resolutionMs) * resolutionMs);
}
