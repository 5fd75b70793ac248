import { expect, test } from 'vitest';
import { heldText, isAddress, lastingText, leftText, placeText, storyOf } from './words.ts';

test.each([
  [192_000, '3:12'],
  [1, '0:01'],
  [0, 'now'],
  [-5000, 'now'],
  [3_900_000, '1:05:00'],
])('%s ms left reads %s', (ms, text) => {
  expect(leftText(1_000_000 + ms, 1_000_000)).toBe(text);
});

test.each([
  [0, '0 s'],
  [59_000, '59 s'],
  [12 * 60_000, '12 min'],
  [185 * 60_000, '3 h 5 min'],
  [52 * 3_600_000, '2 d 4 h'],
])('%s ms lasted reads %s', (ms, text) => {
  expect(lastingText(ms)).toBe(text);
});

test('places, holds and addresses', () => {
  expect(placeText({ site: 'STORE_047', sites: 1 })).toBe('STORE_047');
  expect(placeText({ site: '', sites: 34 })).toBe('34 stores');
  expect(placeText({ site: '', sites: 0 })).toBe('');
  expect(heldText('link:STORE_047')).toBe('the link to STORE_047 is lost');
  expect(heldText('silence:sil_1')).toBe('a silence holds it back');
  expect(isAddress('https://wiki.example/runbook')).toBe(true);
  expect(isAddress('javascript:alert(1)')).toBe(false);
});

test('the story of an incident leaves out what its title says', () => {
  const line = 'Payment failures at STORE_047: 31 % of 42 → #42 opened → Slack told in 0.4 s';
  expect(storyOf({ line })).toBe('#42 opened → Slack told in 0.4 s');
});
