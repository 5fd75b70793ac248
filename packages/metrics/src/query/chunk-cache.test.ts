import { readdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ChunkCache } from './chunk-cache.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-cache-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const content = (text: string): Uint8Array => new TextEncoder().encode(text);
const unchanged = (): number => 0;

function read(cache: ChunkCache, fp: number, first: number, last: number, changes = unchanged): string | undefined {
  const length = cache.read(cache.organisation('acme'), fp, 7, first, last, changes);
  return length < 0 ? undefined : new TextDecoder().decode(cache.bytes.subarray(0, length));
}
function put(cache: ChunkCache, fp: number, block: number, text: string, changes = 0): void {
  cache.put(cache.organisation('acme'), fp, 7, block, changes, content(text));
}

describe('chunks that were read before', () => {
  test('come back block by block and together, empty blocks as nothing', () => {
    const cache = new ChunkCache(1 << 20, folder);
    put(cache, 1, 10, 'ten');
    put(cache, 2, 10, 'another');
    put(cache, 1, 11, 'eleven');
    put(cache, 1, 12, '');
    put(cache, 1, 13, 'thirteen');
    expect(read(cache, 1, 10, 10)).toBe('ten');
    expect(read(cache, 1, 10, 13)).toBe('teneleventhirteen');
    expect(read(cache, 1, 12, 12)).toBe('');
    expect(read(cache, 2, 10, 10)).toBe('another');
    cache.close();
  });

  test('are not known of another block, series, organisation or number of changes', () => {
    const cache = new ChunkCache(1 << 20, folder);
    put(cache, 1, 10, 'ten');
    expect(read(cache, 1, 10, 11)).toBeUndefined();
    expect(read(cache, 3, 10, 10)).toBeUndefined();
    expect(read(cache, 1, 10, 10, () => 1)).toBeUndefined();
    expect(cache.read(cache.organisation('other'), 1, 7, 10, 10, unchanged)).toBe(-1);
    put(cache, 1, 10, 'anew', 1);
    expect(read(cache, 1, 10, 10, () => 1)).toBe('anew');
    cache.close();
  });

  test('give way to later ones, and what is there is what was put', () => {
    const size = 100_000;
    const cache = new ChunkCache(size, folder);
    const text = (i: number): string => `${i}:${'x'.repeat((i * 37) % 900)};`;
    for (let i = 0; i < 2000; i++) {
      put(cache, i, 10, text(i));
      if (i % 7 === 0) expect(read(cache, i, 10, 10)).toBe(text(i));
    }
    const kept = Array.from({ length: 2000 }, (_, i) => read(cache, i, 10, 10));
    const bytes = kept.reduce((sum, one) => sum + (one?.length ?? 0), 0);
    for (const [i, one] of kept.entries()) if (one !== undefined) expect(one).toBe(text(i));
    expect(kept.slice(0, 1000).every((one) => one === undefined)).toBe(true);
    expect(bytes).toBeGreaterThan(size / 2);
    expect(bytes).toBeLessThanOrEqual(size);
    cache.close();
  });

  test('of a day are kept of each series, as long as there is room for them', () => {
    const cache = new ChunkCache(1 << 20, folder);
    const fps = Array.from({ length: 140 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0);
    for (const fp of fps) for (let block = 0; block < 12; block++) put(cache, fp, block, 'z'.repeat(600));
    expect(fps.filter((fp) => read(cache, fp, 0, 11) === undefined)).toEqual([]);
    cache.close();
  });

  test('are the same in order, across the end of the ring, and while others are put', () => {
    const cache = new ChunkCache(400_000, folder);
    const text = (fp: number, block: number): string => `${fp}/${block}:${'y'.repeat((fp * 53 + block * 17) % 700)};`;
    let found = 0;
    for (let round = 0; round < 5; round++) {
      for (let fp = round * 150; fp < round * 150 + 150; fp++)
        for (let block = 0; block < 6; block++) put(cache, fp, block, text(fp, block));
      for (const block of [3, 5, 0]) {
        for (let fp = 0; fp < round * 150 + 150; fp++) {
          const one = read(cache, fp, block, block);
          if (one === undefined) continue;
          found++;
          expect(one).toBe(text(fp, block));
          if (fp % 40 === 0) put(cache, 10_000 + fp, block, text(fp, block));
        }
      }
    }
    expect(found).toBeGreaterThan(2000);
    cache.close();
  });

  test('lie in a file that has no name, and are forgotten without one', () => {
    const cache = new ChunkCache(1 << 20, folder);
    put(cache, 1, 10, 'ten');
    expect(readdirSync(folder)).toEqual([]);
    cache.close();
    expect(read(cache, 1, 10, 10)).toBeUndefined();
    const nowhere = new ChunkCache(1 << 20, path.join(folder, 'not', 'there'));
    put(nowhere, 1, 10, 'ten');
    expect(read(nowhere, 1, 10, 10)).toBeUndefined();
  });
});
