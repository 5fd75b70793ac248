import type { SampleColumns } from '@sightline/query/promql';
import { SampleBuffer } from '../chunk/sample-buffer.ts';

/** The samples in order of time, each time once: of several the one that came first stays. Values are copied bit by bit. */
export function inOrder(samples: SampleColumns): SampleBuffer {
  const { count, times, histograms, startTimes } = samples;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  order.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  const sorted = new SampleBuffer(Math.max(1, count));
  const from = new Uint32Array(samples.values.buffer, samples.values.byteOffset, count * 2);
  const to = new Uint32Array(sorted.values.buffer);
  let kept = 0;
  for (const at of order) {
    const atMs = times[at] as number;
    if (kept > 0 && sorted.times[kept - 1] === atMs) continue;
    sorted.times[kept] = atMs;
    to[kept * 2] = from[at * 2] as number;
    to[kept * 2 + 1] = from[at * 2 + 1] as number;
    if (histograms?.[at]) sorted.withHistograms()[kept] = histograms[at];
    if (startTimes && startTimes[at] !== 0) sorted.withStartTimes()[kept] = startTimes[at] as number;
    kept++;
  }
  sorted.count = kept;
  return sorted;
}
