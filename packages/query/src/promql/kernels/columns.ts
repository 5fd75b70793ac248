import type { SampleColumns } from '../source.ts';

const staleLow = 0x00000002;
const staleHigh = 0x7ff00000;

/** The bits of `values`, two words each, low word first. */
export function bitsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Whether the value at `index` is a staleness mark; `bits` are those of `bitsOf`. */
export function isStale(bits: Uint32Array, index: number): boolean {
  return bits[2 * index] === staleLow && bits[2 * index + 1] === staleHigh;
}

/** The staleness mark's place: written through `bitsOf`, as a number it could lose its bits. */
export function writeStale(values: Float64Array, index: number): void {
  const bits = bitsOf(values);
  bits[2 * index] = staleLow;
  bits[2 * index + 1] = staleHigh;
}

function firstStale(samples: SampleColumns): number {
  const { values, count } = samples;
  let bits: Uint32Array | undefined;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    // oxlint-disable-next-line no-self-compare -- only a NaN differs from itself, and only a NaN can be a mark
    if (value !== value) {
      bits ??= bitsOf(values);
      if (isStale(bits, i)) return i;
    }
  }
  return -1;
}

/** The samples without staleness marks: the same object where there are none, which is the rule. */
export function withoutStale(samples: SampleColumns): SampleColumns {
  if (samples.numbersAlone === true) return samples;
  const first = firstStale(samples);
  if (first < 0) return samples;
  const bits = bitsOf(samples.values);
  const times = new Float64Array(samples.count);
  const values = new Float64Array(samples.count);
  const startTimes = samples.startTimes && new Float64Array(samples.count);
  const histograms = samples.histograms && Array.from(samples.histograms).slice(0, samples.count);
  let kept = 0;
  for (let i = 0; i < samples.count; i++) {
    if (isStale(bits, i)) continue;
    times[kept] = samples.times[i]!;
    values[kept] = samples.values[i]!;
    if (startTimes) startTimes[kept] = samples.startTimes?.[i] ?? 0;
    if (histograms) histograms[kept] = samples.histograms?.[i];
    kept++;
  }
  if (histograms) histograms.length = kept;
  return { count: kept, times, values, ...(startTimes && { startTimes }), ...(histograms && { histograms }) };
}

/** A part of the samples: `from` included, `to` not. Views, no copies. */
export function sliceSamples(samples: SampleColumns, from: number, to: number): SampleColumns {
  return {
    count: to - from,
    times: samples.times.subarray(from, to),
    values: samples.values.subarray(from, to),
    numbersAlone: samples.numbersAlone === true,
    rising: samples.rising === true,
    ...(samples.histograms && { histograms: samples.histograms.slice(from, to) }),
    ...(samples.startTimes && { startTimes: samples.startTimes.subarray(from, to) }),
  };
}
