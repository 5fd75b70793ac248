import { afterEach, expect, test } from 'vitest';
import { lostSince, onReach, tellLost, tellReached } from './reach.ts';

afterEach(tellReached);

test('it is lost since the first call that was not answered', () => {
  tellLost(1000);
  tellLost(4000);
  expect(lostSince()).toBe(1000);
});

test('any answer ends it, and the next loss is a new one', () => {
  tellLost(1000);
  tellReached();
  expect(lostSince()).toBeUndefined();
  tellLost(9000);
  expect(lostSince()).toBe(9000);
});

test('listeners hear of changes alone', () => {
  let heard = 0;
  const stop = onReach(() => (heard += 1));
  tellReached();
  tellLost(1000);
  tellLost(2000);
  tellReached();
  stop();
  tellLost(3000);
  expect(heard).toBe(2);
});
