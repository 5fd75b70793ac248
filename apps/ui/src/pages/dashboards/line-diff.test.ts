import { expect, test } from 'vitest';
import { lineDiff, withContext } from './line-diff.ts';

const signs = { same: ' ', added: '+', removed: '-' } as const;
const diff = (before: string, after: string): string =>
  lineDiff(before.replaceAll(' ', '\n'), after.replaceAll(' ', '\n'))
    .map(({ kind, text }) => signs[kind] + text)
    .join(' ');

test.each([
  ['a b c', 'a b c', ' a  b  c'],
  ['a b c', 'a x c', ' a -b +x  c'],
  ['a b c d', 'a c d e', ' a -b  c  d +e'],
  ['a a', 'a', ' a -a'],
  ['x', 'y', '-x +y'],
])('%s to %s', (before, after, expected) => {
  expect(diff(before, after)).toBe(expected);
});

test('only what is near a change is shown', () => {
  const lines = lineDiff('a\nb\nc\nd\ne\nf', 'a\nb\nc\nd\ne\nX');
  expect(withContext(lines, 1).map((line) => line?.text)).toEqual(['e', 'f', 'X']);
  expect(withContext(lineDiff('a\nb\nc\nd', 'X\nb\nc\nd'), 1).map((line) => line?.text)).toEqual([
    'a',
    'X',
    'b',
    undefined,
  ]);
});
