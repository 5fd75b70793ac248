import type { TeamOwns } from '@sightline/contract';
import { counted } from '../../../components/number-text.ts';

/** The slug that a name suggests: `Zahlungen & Kasse` is `zahlungen-kasse`. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 50)
    .replace(/-+$/, '');
}

/** What a team owns, in words: `2 issues, 1 rule`; '' where it owns nothing. */
export function ownedWords({ issues, rules, policies, ownershipRules }: TeamOwns): string {
  return [
    issues > 0 ? counted(issues, 'issue') : '',
    rules.length > 0 ? counted(rules.length, 'alert rule') : '',
    policies.length > 0 ? counted(policies.length, 'escalation policy', 'escalation policies') : '',
    ownershipRules > 0 ? counted(ownershipRules, 'ownership rule') : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
