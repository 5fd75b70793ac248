import type { FindingRecord, Severity } from '@sightline/control';
import { findingSeverities } from '@sightline/record';

/** 0 is the worst. */
export const rank = (severity: Severity): number => findingSeverities.indexOf(severity);

/** Worst first, firing before resolved among equals, then the oldest. */
export function worstFirst(findings: readonly FindingRecord[]): FindingRecord[] {
  return [...findings].sort(
    (a, b) =>
      Number(a.state === 'resolved') - Number(b.state === 'resolved') ||
      rank(a.severity) - rank(b.severity) ||
      a.since - b.since ||
      (a.key < b.key ? -1 : 1),
  );
}
