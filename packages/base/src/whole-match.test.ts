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
  const { matches } = bound(matcher());
  const began = performance.now();
  for (let n = 0; n < 200; n++) expect(matches(runaway, 'a'.repeat(40 + n))).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(1000);
});

test('many expressions that do not end share one budget; those known to be quick still count', () => {
  const { matches } = bound(matcher());
  expect(matches('STORE_.*', 'STORE_001')).toBe(true);
  const began = performance.now();
  for (let n = 0; n < 300; n++) expect(matches(`(a+)+b{${n}}c`, 'a'.repeat(40))).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(4000);
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
