import type { Answer } from '@sightline/query/promql';

/** The buffers of an answer's numbers, to be transferred with it. */
export function buffersOfAnswer({ value }: Answer): ArrayBuffer[] {
  if (value.type !== 'matrix') return [];
  const buffers = new Set<ArrayBuffer>();
  for (const { floats } of value.series) {
    for (const { buffer } of [floats.times, floats.values]) if (buffer instanceof ArrayBuffer) buffers.add(buffer);
  }
  return [...buffers];
}
