import { expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { WholeMatcher } from './whole-match.ts';

const matcher = () => new WholeMatcher(new ManualClock(1_800_000_000_000));
const runaway = '(a+)+b';

test.each([
  ['STORE_04.', 'STORE_047', true],
  ['STORE', 'STORE_047', false],
  ['X|STORE_047', 'STORE_047', true],
  ['a.b', 'a\nb', true],
  ['', '', true],
  ['(', '(', undefined],
])('%j against %j', (pattern, value, matches) => {
  expect(matcher().matches(pattern, value)).toBe(matches);
});

test('one expression that does not end costs its time once, whatever it is tried on', () => {
  const { matches, tests } = counted();
  for (let n = 0; n < 200; n++) expect(matches(runaway, 'a'.repeat(40 + n))).toBeUndefined();
  expect(tests()).toBe(1);
});

test('many expressions that do not end share one budget; those known to be quick still count', () => {
  const { matches, tests } = counted();
  expect(matches('STORE_.*', 'STORE_001')).toBe(true);
  for (let n = 0; n < 300; n++) expect(matches(`(a+)+b{${n}}c`, 'a'.repeat(40))).toBeUndefined();
  expect(tests()).toBeLessThan(10);
  expect(matches('STORE_.*', 'STORE_002')).toBe(true);
});

test('an expression that rested is tried again', () => {
  const clock = new ManualClock(1_800_000_000_000);
  const { matches } = bound(new WholeMatcher(clock));
  expect(matches(runaway, 'a'.repeat(40))).toBeUndefined();
  expect(matches(runaway, 'ab')).toBeUndefined();
  clock.advance(61_000);
  expect(matches(runaway, 'ab')).toBe(true);
});

function bound(one: WholeMatcher) {
  return { matches: (pattern: string, value: string) => one.matches(pattern, value) };
}

/** A matcher for which what does not end takes 200 ms and all else nothing, and how often it tested. */
function counted() {
  let [readings, usedMs, costMs] = [0, 0, 0];
  const one = new WholeMatcher(new ManualClock(1_800_000_000_000), () =>
    readings++ % 2 === 0 ? usedMs : (usedMs += costMs),
  );
  return {
    matches: (pattern: string, value: string) => {
      costMs = pattern.startsWith('(a+)+') ? 200 : 0;
      return one.matches(pattern, value);
    },
    tests: () => readings / 2,
  };
}
