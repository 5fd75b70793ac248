import { ManualClock } from '@sightline/base';
import { expect, test } from 'vitest';
import { SignInLimiter, triesPerSubject } from './sign-in-limiter.ts';

test('spaces and capitals make no other subject: they sign in to the same account', () => {
  const limiter = new SignInLimiter(new ManualClock(0));
  const spellings = ['ann@stores.example', ' ann@stores.example', 'Ann@Stores.example\t', '\u00a0ANN@stores.example\n'];
  const tries = Array.from({ length: triesPerSubject + 4 }, (_, i) =>
    limiter.begin(`10.0.0.${i}`, spellings[i % spellings.length] ?? ''),
  );
  expect(tries.filter((waitS) => waitS === 0)).toHaveLength(triesPerSubject);
});
