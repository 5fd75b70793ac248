import type { FloatHistogram } from '../histogram/float-histogram.ts';
import { detectReset } from '../histogram/histogram.ts';
import { sameBounds } from '../histogram/arithmetic.ts';
import { bitsOf, isStale } from '../kernels/columns.ts';
import { isStartReset, startsOverlap } from '../kernels/start-times.ts';
import type { SampleColumns } from '../source.ts';

/** What a series' samples are; marks of staleness alone are floats. */
export function kindOf({ count, histograms, values }: SampleColumns): 'floats' | 'histograms' | 'both' {
  if (!histograms?.some((histogram, i) => histogram && i < count)) return 'floats';
  const bits = bitsOf(values);
  for (let i = 0; i < count; i++) if (!histograms[i] && !isStale(bits, i)) return 'both';
  return 'histograms';
}

/**
 * Native histograms of one series, rolled up: one entry for each bucket that has samples, in order of time. A bucket holds the samples later
 * than `end - resolution` and up to `end`. Of its samples it keeps the first, the last, and both of each pair of neighbours between which the
 * counter began anew or the layout changed. Between two that are kept nothing of the kind happened, so that a window of whole buckets
 * shows the same resets, resolutions and differences as all of its samples.
 */
export class RolledHistograms {
  count = 0;
  readonly ends: number[] = [];
  /** Samples without staleness marks; 0 where a bucket has nothing but marks. */
  readonly counts: number[] = [];
  /** 1 where the bucket's last sample is a staleness mark. */
  readonly stale: number[] = [];
  /** Kept samples of bucket i end before `keptTo[i]`. */
  readonly keptTo: number[] = [];
  readonly times: number[] = [];
  /** Start timestamps, 0 where not known. */
  readonly starts: number[] = [];
  readonly histograms: FloatHistogram[] = [];

  clear(): void {
    this.count = 0;
    for (const column of [this.ends, this.counts, this.stale, this.keptTo, this.times, this.starts]) column.length = 0;
    this.histograms.length = 0;
  }

  /** A bucket at the end, or more samples of the last one where that has the same end. */
  add(endMs: number, samples: number, stale: number): void {
    const last = this.count - 1;
    if (this.ends[last] === endMs) {
      this.counts[last]! += samples;
      this.stale[last] = stale;
      return;
    }
    this.count++;
    this.ends.push(endMs);
    this.counts.push(samples);
    this.stale.push(stale);
    this.keptTo.push(this.times.length);
  }

  /** Keeps a sample of the last bucket. */
  keep(atMs: number, start: number, histogram: FloatHistogram): void {
    this.keptTo[this.count - 1] = this.times.push(atMs);
    this.starts.push(start);
    this.histograms.push(histogram);
  }
}

/** Adds the samples of a series of histograms (`kindOf`) behind the buckets that are there. */
export function rollUpHistograms(samples: SampleColumns, resolutionMs: number, into: RolledHistograms): void {
  const { times, values, count, histograms, startTimes } = samples;
  const bits = bitsOf(values);
  let previous: { at: number; kept: boolean } | undefined;
  const keep = (at: number): void => into.keep(times[at]!, startTimes?.[at] ?? 0, histograms![at]!);
  /** The last sample of a bucket. */
  const finish = (): void => {
    if (previous && !previous.kept) keep(previous.at);
  };
  for (let i = 0; i < count; i++) {
    const endMs = Math.ceil(times[i]! / resolutionMs) * resolutionMs;
    const begins = into.ends[into.count - 1] !== endMs;
    if (begins) finish();
    const current = histograms?.[i];
    if (!current) {
      into.add(endMs, 0, isStale(bits, i) ? 1 : 0);
      if (begins) previous = previous && { ...previous, kept: true };
      continue;
    }
    const turns =
      previous !== undefined &&
      isTurn(
        { atMs: times[previous.at]!, start: startTimes?.[previous.at] ?? 0, histogram: histograms[previous.at]! },
        { atMs: times[i]!, start: startTimes?.[i] ?? 0, histogram: current },
      );
    if (turns && !begins) finish();
    const opens = begins || previous === undefined || turns || into.counts[into.count - 1] === 0;
    into.add(endMs, 1, 0);
    if (opens) keep(i);
    previous = { at: i, kept: opens };
  }
  finish();
}

interface Kept {
  readonly atMs: number;
  readonly start: number;
  readonly histogram: FloatHistogram;
}

/** Whether something happens between two neighbours that a comparison of others would not show, or would show elsewhere. */
function isTurn(before: Kept, after: Kept): boolean {
  const [a, b] = [before.histogram, after.histogram];
  return (
    a.schema !== b.schema ||
    a.zeroThreshold !== b.zeroThreshold ||
    !sameBounds(a.customValues, b.customValues) ||
    (a.counterResetHint === 3) !== (b.counterResetHint === 3) ||
    Number.isNaN(a.count) ||
    Number.isNaN(b.count) ||
    before.start !== after.start ||
    isStartReset(before.start, before.atMs, after.start, after.atMs) ||
    startsOverlap(before.start, before.atMs, after.start) ||
    b.counterResetHint === 1 ||
    // Whatever its hint says: the one after it is compared with what is kept.
    detectReset({ ...b, counterResetHint: 0 }, a)
  );
}
