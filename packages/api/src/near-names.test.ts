import { expect, test } from 'vitest';
import { nearNames } from './near-names.ts';

const sites = Array.from({ length: 100 }, (_, n) => `STORE_${String(n + 1).padStart(3, '0')}`);

test.each([
  ['STORE_O47', 'STORE_047'],
  ['STORE047', 'STORE_047'],
  ['store_047', 'STORE_047'],
  ['STROE_047', 'STORE_047'],
  ['WAREHOUSE', undefined],
  ['', undefined],
])('%s may mean %j', (wanted, likest) => {
  const near = nearNames(wanted, sites);
  expect(near[0]).toBe(likest);
  expect(near.length).toBeLessThanOrEqual(3);
});

test('a long name costs no more than a short one may', () => {
  expect(nearNames('x'.repeat(100_000), [...sites, 'x'.repeat(150_000)])).toEqual(['x'.repeat(150_000)]);
});
