import { describe, expect, it } from 'vitest';
import { matcherText, readWait, waitText } from './words.ts';

describe('waits', () => {
  it.each([
    [0, 'at once'],
    [40_000, '40 s'],
    [300_000, '5 min'],
    [5_400_000, '1 h 30 min'],
    [172_800_000, '2 d'],
    [90_061_000, '1 d 1 h'],
  ])('%i ms read as %s', (ms, text) => expect(waitText(ms)).toBe(text));

  it.each([
    ['', 0],
    ['at once', 0],
    ['5', 300_000],
    ['5 min', 300_000],
    ['90s', 90_000],
    ['1 h 30 min', 5_400_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['soon', undefined],
    ['-5', undefined],
    ['5 weeks', undefined],
  ])('%s is read as %s', (text, ms) => expect(readWait(text)).toBe(ms));

  it('that are shown can be read again', () => {
    for (const ms of [0, 1000, 60_000, 300_000, 3_600_000, 5_400_000, 86_400_000])
      expect(readWait(waitText(ms))).toBe(ms);
  });
});

describe('matchers', () => {
  it.each([
    [{ name: 'site', value: 'STORE_047', isRegex: false, isEqual: true }, 'site is STORE_047'],
    [{ name: 'site', value: 'STORE_.*', isRegex: true, isEqual: false }, 'site does not match STORE_.*'],
    [{ name: 'team', value: '', isRegex: false, isEqual: false }, 'team is not (empty)'],
  ])('read as words', (matcher, text) => expect(matcherText(matcher)).toBe(text));
});
