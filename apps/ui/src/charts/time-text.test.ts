import { expect, test } from 'vitest';
import { wholeTicks } from './time-text.ts';

const minuteMs = 60_000;
const from = Date.UTC(2026, 11, 1, 12);

test.each([
  ['far from the end', 30, 300, true],
  ['where half of it fits', 58, 300, true],
  ['where it would be cut', 59, 300, false],
  ['at the very end', 60, 300, false],
  ['before the width is known', 60, 0, true],
])('a time %s: at minute %d of an hour over %d px', (_, minute, widthPx, stands) => {
  const [text] = wholeTicks([from + minute * minuteMs], { from, to: from + 60 * minuteMs, widthPx });
  expect(text !== '').toBe(stands);
});
