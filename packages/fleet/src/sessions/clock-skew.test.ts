import { ManualClock } from '@sightline/base';
import { expect, test } from 'vitest';
import { ClockSkew } from './clock-skew.ts';
import { FloodGate } from './flood-gate.ts';

/** A site whose clock is `ahead`, over ways of so many ms there and back. */
function measured(ahead: number, ways: readonly (readonly [there: number, back: number])[]): number | null {
  const skew = new ClockSkew();
  for (const [there, back] of ways) {
    const sentAt = 1_000_000;
    skew.add(sentAt + ahead, sentAt + there, there + back);
  }
  return skew.medianMs;
}

test.each([
  ['nothing was read', 90_000, [], null],
  ['the way is even', 90_000, [[40, 40]], 90_000],
  ['the clock is behind', -3_600_000, [[200, 200]], -3_600_000],
  [
    'one way was slow once',
    500,
    [
      [10, 10],
      [10, 10],
      [3000, 0],
    ],
    500,
  ],
  ['the round trip was absurd', 500, [[20_000, 20_000]], null],
  [
    'there are two readings',
    0,
    [
      [100, 0],
      [0, 100],
    ],
    0,
  ],
] as const)('when %s', (_, ahead, ways, expected) => {
  expect(measured(ahead, ways)).toBe(expected);
});

test('an old state of the clock is forgotten after nine readings', () => {
  const skew = new ClockSkew();
  for (let n = 0; n < 20; n++) skew.add(1_000_000, 1_000_000, 0);
  for (let n = 0; n < 9; n++) skew.add(1_060_000, 1_000_000, 0);
  expect(skew.medianMs).toBe(60_000);
});

test('the flood gate lets a burst pass, then a rate, and gives back what was asked for', () => {
  const clock = new ManualClock(0);
  const gate = new FloodGate({ frames: 3, framesPerS: 1, bytes: 100, bytesPerS: 10 }, clock);
  expect([gate.pass(10), gate.pass(10), gate.pass(10), gate.pass(10)]).toEqual([true, true, true, false]);
  clock.advance(2000);
  expect(gate.pass(10)).toBe(true);
  clock.advance(60_000);
  expect(gate.pass(90)).toBe(true);
  expect(gate.pass(90)).toBe(false);
  gate.refund(90);
  gate.refund(90);
  expect(gate.pass(50)).toBe(true);
});
