import { expect, test } from 'vitest';
import { leastSamples, mostSamples, SampleSlab } from './sample-slab.ts';

const sizes = Math.log2(mostSamples / leastSamples);
const bytesOf = (samples: number): number => samples * 16;

/** Pieces of many series that all grow from the smallest to the largest, one series after the other; 0 where there was no room. */
function grow(slab: SampleSlab, series: number): number[] {
  let refs = Array.from({ length: series }, () => slab.take(0));
  for (let size = 0; size < sizes; size++) {
    refs = refs.map((ref) => {
      const larger = slab.take(size + 1);
      slab.give(ref, size);
      return larger;
    });
  }
  return refs;
}

test('series that grow together need little more room than they have samples in the end, again and again', () => {
  const series = 20_000;
  const slab = new SampleSlab(bytesOf(series * mostSamples * 1.15));
  for (let round = 0; round < 3; round++) {
    const refs = grow(slab, series);
    expect(refs).not.toContain(0);
    expect(slab.usedBytes).toBe(bytesOf(series * mostSamples));
    const sorted = Float64Array.from(refs).sort();
    // No piece lies within another.
    expect(sorted.every((ref, i) => i === 0 || ref - (sorted[i - 1] as number) >= mostSamples * 2)).toBe(true);
    for (const ref of refs) slab.give(ref, sizes);
    expect(slab.usedBytes).toBe(0);
  }
});

test('what is given back under a lease is not joined before the lease ends', () => {
  const slab = new SampleSlab(bytesOf(8192));
  const small = Array.from({ length: 8192 / leastSamples }, () => slab.take(0)).filter((ref) => ref !== 0);
  const lease = slab.lease();
  for (const ref of small) slab.give(ref, 0);
  expect(slab.take(sizes)).toBe(0);
  slab.endLease(lease);
  expect(slab.take(sizes)).not.toBe(0);
});
