import { expect, test } from 'vitest';
import { stateRuns } from './state-runs.ts';

test('equal neighbours are one run, gaps are none', () => {
  expect(stateRuns([0, 10, 20, 30, 40], [1, 1, null, 0, 1], 10)).toEqual([
    { from: 0, to: 20, value: 1 },
    { from: 30, to: 40, value: 0 },
    { from: 40, to: 50, value: 1 },
  ]);
  expect(stateRuns([], [], 10)).toEqual([]);
});
