import { expect, test } from 'vitest';
import { barsPath, linePath } from './sparkline-path.ts';

const points = (...values: (number | undefined)[]) => values.map((value, at) => ({ at, value }));

test.each([
  ['a line through all values', points(1, 2, 1), 'M0.0 10.0L10.0 2.0L20.0 10.0'],
  ['nothing measured is a gap, not zero', points(2, undefined, 2, 2), 'M0.0 2.0h0M13.3 2.0L20.0 2.0'],
  ['a value by itself is a dot', points(undefined, 2, undefined), 'M10.0 2.0h0'],
  ['nothing at all', points(undefined, undefined), ''],
])('%s', (_what, line, path) => expect(linePath(line, 2, 20, 19)).toBe(path));

test('bars leave out what is nothing', () => {
  expect(barsPath(points(0, 2, undefined), 2, 30, 10)).toBe('M10.0 10v-8.0h7.5v8.0z');
});
