import { expect, test } from 'vitest';
import { BackgroundLoop, type BackgroundLoopParts } from './background-loop.ts';
import { ManualClock } from './clock.ts';
import { silentLogger } from './logger.ts';

function loopOf(rounds: readonly (boolean | Error)[], more: Partial<BackgroundLoopParts> = {}) {
  const clock = new ManualClock(0);
  const seen: string[] = [];
  let n = 0;
  const logger = { ...silentLogger, warn: (message: string) => void seen.push(message) };
  const loop = new BackgroundLoop({
    clock,
    logger,
    everyMs: 1000,
    fault: 'could not; tried again',
    failed: () => void seen.push('failed'),
    round: async () => {
      const outcome = rounds[n++] ?? false;
      seen.push(`round ${n}`);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    ...more,
  });
  return { clock, loop, seen, settle: () => new Promise((resolve) => setImmediate(resolve)) };
}

test('a round that says there is more is followed at once, any other after the time between', async () => {
  const { clock, loop, seen, settle } = loopOf([true, false, false]);
  loop.start();
  loop.start();
  await settle();
  expect(seen).toEqual(['round 1', 'round 2']);
  clock.advance(999);
  await settle();
  expect(seen).toHaveLength(2);
  clock.advance(1);
  await settle();
  expect(seen).toEqual(['round 1', 'round 2', 'round 3']);
  await loop.close();
});

test('a round that throws is told, and tried again after the time between', async () => {
  const { clock, loop, seen, settle } = loopOf([new Error('away'), false]);
  loop.start();
  await settle();
  expect(seen).toEqual(['round 1', 'failed', 'could not; tried again']);
  clock.advance(1000);
  await settle();
  expect(seen.at(-1)).toBe('round 2');
  await loop.close();
});

test('close aborts what a round waits for, waits for its end, and no other begins', async () => {
  const clock = new ManualClock(0);
  const seen: string[] = [];
  const logger = { ...silentLogger, warn: () => void seen.push('warned') };
  const loop: BackgroundLoop = new BackgroundLoop({
    clock,
    logger,
    everyMs: 1,
    fault: '',
    round: async () => {
      seen.push('began');
      await clock.sleep(60_000, loop.signal);
      seen.push('ended');
      throw new Error('cut off');
    },
  });
  loop.start();
  await loop.close();
  expect(seen).toEqual(['began', 'ended']);
});

test('one that pauses first begins its first round after the time between', async () => {
  const { clock, loop, seen, settle } = loopOf([], { pausesFirst: true });
  loop.start();
  clock.advance(999);
  await settle();
  expect(seen).toEqual([]);
  clock.advance(1);
  await settle();
  expect(seen).toEqual(['round 1']);
  await loop.close();
});

test('one that is closed before its first round does none', async () => {
  const { loop, seen } = loopOf([], { pausesFirst: true });
  loop.start();
  await loop.close();
  expect(seen).toEqual([]);
});

test('whoever wakes it ends the pause', async () => {
  const { loop, seen, settle } = loopOf([]);
  loop.start();
  await settle();
  loop.wake();
  await settle();
  expect(seen).toEqual(['round 1', 'round 2']);
  await loop.close();
});

test('woken during a round, it begins one more at once, and then pauses', async () => {
  const seen: string[] = [];
  const loop: BackgroundLoop = loopOf([], {
    round: async () => {
      seen.push('round');
      if (seen.length < 3) loop.wake();
    },
  }).loop;
  loop.start();
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toHaveLength(3);
  await loop.close();
});

test('a fault may be told in a way of its own; what was cut by closing is none', async () => {
  const told: unknown[] = [];
  const away = new Error('away');
  const { clock, loop, seen, settle } = loopOf([away], { fault: (error) => void told.push(error) });
  loop.start();
  await settle();
  expect(told).toEqual([away]);
  expect(seen).toEqual(['round 1', 'failed']);
  clock.advance(1000);
  await loop.close();
  expect(told).toHaveLength(1);
});

test('one that was never started closes', async () => {
  const { loop, seen } = loopOf([]);
  await loop.close();
  expect(seen).toEqual([]);
});
