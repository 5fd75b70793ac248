import { expect, it } from 'vitest';
import { ownedWords, slugOf } from './team-words.ts';

it.each([
  ['Payments', 'payments'],
  ['  Zahlungen & Kaße ', 'zahlungen-kasse'],
  ['Équipe n°1', 'equipe-n-1'],
  ['支払い', ''],
  ['x'.repeat(80), 'x'.repeat(50)],
])('%s suggests %s', (name, slug) => expect(slugOf(name)).toBe(slug));

it('what a team owns is said in words, and nothing where it owns nothing', () => {
  const none = { openIssues: 0, issues: 0, rules: [], policies: [], ownershipRules: 0 };
  expect(ownedWords(none)).toBe('');
  expect(ownedWords({ ...none, issues: 1, policies: [{ id: 'a', name: 'A' }], ownershipRules: 2 })).toBe(
    '1 issue, 1 escalation policy, 2 ownership rules',
  );
});
