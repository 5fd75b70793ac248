import { expect, test } from 'vitest';
import { coloursBeside, seriesColour } from './series-colour.ts';

test('a colour that one series chose comes last for the others', () => {
  const inTurn = coloursBeside(new Set(['var(--series-2)', 'var(--bad)']));
  expect([0, 1, 6, 7, 8].map(inTurn)).toEqual([
    'var(--series-1)',
    'var(--series-3)',
    'var(--series-8)',
    'var(--series-2)',
    'var(--series-1)',
  ]);
  const plain = coloursBeside(new Set());
  expect([0, 7, 9].map(plain)).toEqual([0, 7, 9].map(seriesColour));
});
