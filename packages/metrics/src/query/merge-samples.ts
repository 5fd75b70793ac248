import type { SampleBuffer } from '../chunk/sample-buffer.ts';

/**
 * Puts the samples from `from` on, in order themselves, among those before them, when they overlap in time: chunks that came late,
 * or that were seen in the head and in the engine. Of two samples of one time the first stays. `rising`: it was known of the samples before `from`.
 */
export function mergeOverlap(buffer: SampleBuffer, from: number, scratch: SampleBuffer, rising = false): void {
  const { times, count } = buffer;
  if (from === 0 || from >= count || (times[from] ?? 0) > (times[from - 1] ?? 0)) return;
  const start = dropRepeated(buffer, from) ? from : mergeOrdered(buffer, from, scratch);
  buffer.rising = rising && isRising(buffer.values, start, buffer.count);
}

/** Drops the samples from `from` on that are there already. False, with nothing changed, where others lie between those before. */
function dropRepeated(buffer: SampleBuffer, from: number): boolean {
  const { times, values, count } = buffer;
  if (buffer.histograms || buffer.startTimes) return false;
  const first = times[from] ?? 0;
  let known = from;
  while (known > 0 && (times[known - 1] ?? 0) >= first) known--;
  let next = from;
  for (; known < from && next < count; known++) if (times[known] === times[next]) next++;
  if (next < count && (times[next] ?? 0) <= (times[from - 1] ?? 0)) return false;
  times.copyWithin(from, next, count);
  values.copyWithin(from, next, count);
  buffer.count = from + count - next;
  return true;
}

function isRising(values: Float64Array, from: number, to: number): boolean {
  for (let i = Math.max(1, from); i < to; i++) if (!((values[i] ?? 0) >= (values[i - 1] ?? 0))) return false;
  return true;
}

/** Returns the first sample that is not where it was. */
function mergeOrdered(buffer: SampleBuffer, from: number, scratch: SampleBuffer): number {
  const { times, count } = buffer;
  let start = from;
  while (start > 0 && (times[start - 1] ?? 0) >= (times[from] ?? 0)) start--;
  scratch.clear();
  scratch.reserve(count - start);
  const histograms = buffer.histograms && scratch.withHistograms();
  const startTimes = buffer.startTimes && scratch.withStartTimes();
  const bits = wordsOf(buffer.values);
  const into = wordsOf(scratch.values);
  let kept = 0;
  for (let a = start, b = from; a < from || b < count;) {
    const first = b >= count || (a < from && (times[a] ?? 0) <= (times[b] ?? 0));
    const i = first ? a++ : b++;
    const t = times[i] ?? 0;
    if (kept > 0 && scratch.times[kept - 1] === t) continue;
    scratch.times[kept] = t;
    into[2 * kept] = bits[2 * i] ?? 0;
    into[2 * kept + 1] = bits[2 * i + 1] ?? 0;
    if (histograms) histograms[kept] = buffer.histograms?.[i];
    if (startTimes) startTimes[kept] = buffer.startTimes?.[i] ?? 0;
    kept++;
  }
  buffer.times.set(scratch.times.subarray(0, kept), start);
  bits.set(into.subarray(0, 2 * kept), 2 * start);
  for (let k = 0; k < kept; k++) {
    if (histograms && buffer.histograms) buffer.histograms[start + k] = histograms[k];
    if (startTimes && buffer.startTimes) buffer.startTimes[start + k] = startTimes[k] ?? 0;
  }
  buffer.count = start + kept;
  if (buffer.histograms) buffer.histograms.length = buffer.count;
  return start;
}

function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
}
