import { expect, test } from 'vitest';
import { costGrowth, nearlyLinear } from './testing.ts';

const numbers = (length: number): number[] => Array.from({ length }, (_, i) => i);

test('tells a cost by the number from one by its square', async () => {
  const sum = (of: readonly number[]): number => of.reduce((total, value) => total + Math.sqrt(value), 0);
  expect(await costGrowth(400_000, numbers, sum)).toBeLessThan(nearlyLinear);
  const pairs = (of: readonly number[]): number => of.reduce((total) => total + sum(of), 0);
  expect(await costGrowth(4000, numbers, pairs)).toBeGreaterThan(nearlyLinear);
});
