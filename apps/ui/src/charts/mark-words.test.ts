import { expect, test } from 'vitest';
import { placeWords } from './mark-words.ts';

const room = { left: 0, right: 400, gap: 4 };

test.each([
  ['at the right of the line', [[100, 80]], [104]],
  ['at the left where the chart ends', [[380, 80]], [296]],
  [
    'two that happened together: one at each side',
    [
      [200, 80],
      [202, 80],
    ],
    [204, 118],
  ],
  [
    'a third at the same moment has no room',
    [
      [200, 80],
      [202, 80],
      [201, 80],
    ],
    [204, 118, undefined],
  ],
  [
    'far apart, each at its right',
    [
      [10, 80],
      [200, 80],
    ],
    [14, 204],
  ],
  ['wider than the chart: none', [[100, 500]], [undefined]],
  [
    'no words',
    [
      [100, 0],
      [101, 50],
    ],
    [undefined, 105],
  ],
] as const)('%s', (_, marks, begins) => {
  expect(
    placeWords(
      marks.map(([x, width]) => ({ x, width })),
      room,
    ),
  ).toEqual(begins);
});
