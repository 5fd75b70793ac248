import { expect, test } from 'vitest';
import { Family } from './family.ts';

/** A small generator with a seed: a failure can be repeated. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
}

test.each([
  [3, 3],
  [100, 5000],
  [2500, 5000],
  [5000, 5000],
  [2500, 60_000],
])('%d of %d members in order of their fingerprints, which share upper halves', (wanted, count) => {
  const random = randomOf(count);
  const family = new Family('acme', 'up');
  // A tenth of them shares its upper half with others; the rest goes to the ends of the range.
  for (let i = 0; i < count; i++) family.add(random(), i % 10 === 0 ? 7 + (i % 3) : random(), ['pod', `p${i}`], 0, 1);
  const fp = (member: number): bigint => (BigInt(family.fpHi[member] ?? 0) << 32n) | BigInt(family.fpLo[member] ?? 0);
  const every = Math.floor(count / wanted);
  const members = Uint32Array.from({ length: wanted }, (_, i) => count - 1 - i * every);
  const sorted = [...members].sort((a, b) => (fp(a) < fp(b) ? -1 : 1));
  expect([...family.byFingerprint(members)]).toEqual(sorted);
});
