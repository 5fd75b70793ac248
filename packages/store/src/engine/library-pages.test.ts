import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { libraryPages, type MemoryRange, unchangedRanges } from './library-pages.ts';

function mapping(header: string, anonymousKb = 0, swapKb = 0): string {
  return `${header}\nSize:  4096 kB\nRss:  2048 kB\nAnonymous:  ${anonymousKb} kB\nSwap:  ${swapKb} kB\nVmFlags: rd mr mw me\n`;
}

test('takes what is as the file is, and nothing that was changed, swapped out, writable, small or of another file', () => {
  const of = (from: string, to: string, mode: string, name: string): string =>
    `${from}-${to} ${mode} 00000000 fe:00 1234   ${name}`;
  const smaps = [
    mapping(of('10000000', '10400000', 'r--p', '/a/lib.so')),
    mapping(of('20000000', '20400000', 'r-xp', '/a/lib.so')),
    mapping(of('30000000', '30400000', 'r--p', '/a/lib.so'), 4),
    mapping(of('40000000', '40400000', 'r--p', '/a/lib.so'), 0, 4),
    mapping(of('50000000', '50400000', 'rw-p', '/a/lib.so')),
    mapping(of('60000000', '60001000', 'r-xp', '/a/lib.so')),
    mapping(of('70000000', '70400000', 'r-xp', '/a/other.so')),
    mapping('80000000-80400000 r--p 00000000 00:00 0'),
  ].join('');
  expect(unchangedRanges(smaps, 'lib.so')).toEqual([
    { from: 0x10000000n, bytes: 0x400000n },
    { from: 0x20000000n, bytes: 0x400000n },
  ]);
});

/** Resident bytes of mappings, as the system says. */
function residentBytes(ranges: readonly MemoryRange[]): number {
  const smaps = readFileSync('/proc/self/smaps', 'utf8');
  return ranges.reduce((sum, { from }) => {
    const [, mapped = ''] = smaps.split(`${from.toString(16)}-`);
    return sum + 1024 * Number(/^Rss:\s+(\d+) kB$/m.exec(mapped)?.[1]);
  }, 0);
}

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'gives pages back, again and again, and the program goes on',
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sightline-pages-'));
    try {
      const node = path.basename(process.execPath);
      const ranges = unchangedRanges(readFileSync('/proc/self/smaps', 'utf8'), node);
      const before = residentBytes(ranges);
      expect(before).toBeGreaterThan(10_000_000);
      const release = libraryPages(node, path.join(folder, 'pages.node'));
      expect(release).toBeTypeOf('function');
      release?.();
      expect(residentBytes(ranges)).toBeLessThan(before / 2);
      release?.();
      expect(residentBytes(ranges)).toBeLessThan(before / 2);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test('without such a library nothing is done', () => {
  expect(libraryPages('no such library', '/nowhere/pages.node')).toBeUndefined();
});
