import { expect, test } from 'vitest';
import { countTicks } from './count-ticks.ts';

test('half an event has no tick', () => {
  expect(countTicks([0, 0.5, 1], [[0, null, 1]])).toEqual([0, null, 1]);
});

test('levels keep every tick', () => {
  expect(
    countTicks(
      [0, 0.5, 1],
      [
        [0, 1],
        [0.25, undefined],
      ],
    ),
  ).toEqual([0, 0.5, 1]);
});

test('a chart without values keeps whole ticks only', () => {
  expect(countTicks([0, 0.5, null, 1], [])).toEqual([0, null, null, 1]);
});
