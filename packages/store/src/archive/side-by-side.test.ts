import { expect, test } from 'vitest';
import { SideBySide } from './side-by-side.ts';

test('no more runs at a time than may, a fault gives its place back, and all have their turn in order', async () => {
  const work = new SideBySide(3);
  let [running, most] = [0, 0];
  const began: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      work.run(async () => {
        began.push(n);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, n % 4));
        running--;
        if (n % 5 === 0) throw new Error('fault');
        return n;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(began).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(4);
  expect(await work.run(async () => 'after')).toBe('after');
});
