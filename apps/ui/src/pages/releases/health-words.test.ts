import { expect, test } from 'vitest';
import {
  changeText,
  crashFreeSessions,
  crashFreeUsers,
  errorFreeSessions,
  isTroubled,
  shareText,
} from './health-words.ts';

test.each([
  [null, '–'],
  [1, '100 %'],
  [0.99999, '99.99 %'],
  [0.9951, '99.51 %'],
  [0.9, '90.0 %'],
  [0, '0.0 %'],
])('the share %s reads %s', (share, text) => {
  expect(shareText(share)).toBe(text);
});

test('crash-free shares are of what was counted', () => {
  const counts = { sessions: 200, crashedSessions: 1, erroredSessions: 9, users: 4, crashedUsers: 1 };
  expect(crashFreeSessions(counts)).toBe(0.995);
  expect(crashFreeUsers(counts)).toBe(0.75);
  expect(errorFreeSessions(counts)).toBe(0.95);
  expect(errorFreeSessions({ ...counts, sessions: 0 })).toBeNull();
  expect(crashFreeSessions({ ...counts, sessions: 0 })).toBeNull();
  expect(isTroubled(0.98)).toBe(true);
  expect(isTroubled(null)).toBe(false);
});

test.each([
  [5, 3, 'count', '+2'],
  [3, 5, 'count', '−2'],
  [0.99, 0.995, 'share', '−0.50 points'],
  [0.99001, 0.99, 'share', '+<0.01 points'],
  [1, 1, 'share', ''],
  [null, 1, 'share', ''],
] as const)('%s beside %s (%s) reads "%s"', (own, other, kind, text) => {
  expect(changeText(own, other, kind)).toBe(text);
});
