import { expect, test } from 'vitest';
import { YoungBuffers } from './young-buffers.ts';

const mega = 1024 * 1024;

/** Memory outside the heap that grows with each body, all of which a collection frees. */
function bodies(eachBytes: number, count: number, held = 0): { outside: number; collections: number } {
  const seen = { outside: held, collections: 0 };
  const young = new YoungBuffers(
    () => seen.outside,
    () => {
      seen.collections++;
      seen.outside = held;
    },
  );
  for (let i = 0; i < count; i++) {
    seen.outside += eachBytes;
    young.took(eachBytes);
  }
  return seen;
}

test('what bodies leave outside the heap is collected before it is much', () => {
  expect(bodies(mega, 1000, 100 * mega)).toMatchObject({ collections: 125 });
  expect(bodies(mega, 1000, 100 * mega).outside).toBeLessThan(113 * mega);
});

test('nothing is collected where little came, or where the collector came by itself', () => {
  expect(bodies(mega, 7)).toMatchObject({ collections: 0 });
  let outside = 0;
  let collections = 0;
  const young = new YoungBuffers(
    () => outside,
    () => void collections++,
  );
  for (let i = 0; i < 1000; i++) {
    outside = (outside + mega) % (8 * mega);
    young.took(mega);
  }
  expect(collections).toBe(0);
});

test('without a collector nothing is asked of it', () => {
  const young = new YoungBuffers(() => 1e9, undefined);
  for (let i = 0; i < 100; i++) expect(young.took(mega)).toBeUndefined();
});
