import type { ReleaseCommit } from '@sightline/control';
import { describe, expect, test } from 'vitest';
import { suspectCommits } from './suspect-commits.ts';

const commit = (id: string, ...files: string[]): ReleaseCommit => ({
  id,
  repository: 'shop/till',
  author: 'ana@shop.example',
  message: `change ${id}`,
  at: null,
  files,
});
const suspects = (commits: ReleaseCommit[], files: string[]): string[] =>
  suspectCommits(commits, files).map(({ id, file }) => `${id} ${file}`);

describe('a file of the stack', () => {
  test.each([
    ['src/charge.ts', 'src/charge.ts'],
    ['packages/till/src/charge.ts', 'src/charge.ts'],
    ['src/charge.ts', '/app/src/charge.ts'],
    ['src/charge.ts', 'webpack://till/./src/charge.ts?a1b2'],
    ['src/charge.ts', 'https://till.example/src/charge.ts'],
    ['src/charge.cs', 'C:\\build\\src\\charge.cs'],
    ['packages/till/src/pay/charge.ts', '/srv/app/till/src/pay/charge.ts'],
    ['charge.py', 'charge.py'],
  ])('%s is %s', (changed, frame) => expect(suspects([commit('a', changed)], [frame])).toEqual([`a ${changed}`]));
  test.each([
    ['src/charge.ts', 'src/refund.ts'],
    ['src/index.ts', 'lib/index.ts'],
    ['index.ts', 'lib/index.ts'],
    ['src/charge.ts', ''],
    ['src/charge.ts', 'charge.ts'],
  ])('%s is not %s', (changed, frame) => expect(suspects([commit('a', changed)], [frame])).toEqual([]));
});

test('the file nearest to the crash comes first, then the newer commit; three are shown', () => {
  const stack = ['src/charge.ts', 'src/till.ts', 'src/main.ts'];
  const commits = [
    commit('main', 'src/main.ts'),
    commit('newer', 'src/till.ts', 'docs/a.md'),
    commit('both', 'src/main.ts', 'src/charge.ts'),
    commit('older', 'src/till.ts'),
    commit('none', 'docs/b.md'),
  ];
  expect(suspects(commits, stack)).toEqual(['both src/charge.ts', 'newer src/till.ts', 'older src/till.ts']);
  expect(suspects([], stack)).toEqual([]);
});
