import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { libraryPages, type MemoryRange, unchangedRanges } from './library-pages.ts';

interface Mapping {
  readonly from: string;
  readonly to: string;
  readonly mode: string;
  readonly name: string;
  readonly anonymousKb?: number;
  readonly swapKb?: number;
}

const smapsOf = (mappings: readonly Mapping[]): string =>
  mappings
    .map(
      ({ from, to, mode, name, anonymousKb = 0, swapKb = 0 }) =>
        `${from}-${to} ${mode} 00000000 fe:00 ${name === '' ? '0' : '1234   '}${name}\nSize:  4096 kB\nRss:  2048 kB\n` +
        `Anonymous:  ${anonymousKb} kB\nSwap:  ${swapKb} kB\nVmFlags: rd mr mw me\n`,
    )
    .join('');

const lib = { from: '10000000', to: '10400000', mode: 'r--p', name: '/a/lib.so' };

test.each<[string, Mapping, boolean]>([
  ['constants', lib, true],
  ['code', { ...lib, mode: 'r-xp' }, true],
  ['data', { ...lib, mode: 'rw-p' }, false],
  ['what is shared with others', { ...lib, mode: 'r--s' }, false],
  ['pages that were changed', { ...lib, anonymousKb: 4 }, false],
  ['changed pages that are swapped out', { ...lib, swapKb: 4 }, false],
  ['a few pages', { ...lib, to: '10001000' }, false],
  ['another library', { ...lib, name: '/a/other.so' }, false],
  ['a name that only ends alike', { ...lib, name: '/a/other-lib.so' }, false],
  ['memory without a file', { ...lib, name: '' }, false],
])('%s', (_, mapping, given) => {
  const before = { ...lib, from: '0f000000', to: '0f400000' };
  const range = (from: bigint): MemoryRange => ({ from, bytes: 0x400000n });
  const found = unchangedRanges(smapsOf([before, mapping, { ...mapping, name: '[heap]' }]), 'lib.so');
  expect(found).toEqual([range(0x0f000000n), ...(given ? [range(0x10000000n)] : [])]);
});

/** Resident bytes of mappings, as the system says. */
function residentBytes(ranges: readonly MemoryRange[]): number {
  const smaps = readFileSync('/proc/self/smaps', 'utf8');
  return ranges.reduce((sum, { from }) => {
    const [, mapped = ''] = smaps.split(`\n${from.toString(16).padStart(8, '0')}-`);
    return sum + 1024 * Number(/^Rss:\s+(\d+) kB$/m.exec(mapped)?.[1]);
  }, 0);
}

test.runIf(process.platform === 'linux')('pages are given back, again and again, and the program goes on', async () => {
  const node = path.basename(process.execPath);
  // The first mapping of all has no line before it; it is left out of the sums.
  const ranges = unchangedRanges(readFileSync('/proc/self/smaps', 'utf8'), node).slice(1);
  const before = residentBytes(ranges);
  expect(before).toBeGreaterThan(10_000_000);
  const release = await libraryPages(node, (reason) => expect.unreachable(reason));
  for (let round = 0; round < 3; round++) {
    release?.();
    expect(residentBytes(ranges)).toBeLessThan(before / 2);
  }
});

test('of a library that is not loaded nothing is given back', async () => {
  expect(await libraryPages('no such library', (reason) => expect.unreachable(reason))).toBeUndefined();
});
