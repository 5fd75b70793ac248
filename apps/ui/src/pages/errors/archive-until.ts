import type { IssueChange } from '@sightline/contract';

export type ArchiveUnit = 'hours' | 'days' | 'events' | 'users';

interface Unit {
  readonly title: string;
  readonly most: number;
  /** Of a time; absent for counts. */
  readonly ms?: number;
}

/** What an issue may be archived until, and how much of it at most. */
export const archiveUnits: Readonly<Record<ArchiveUnit, Unit>> = {
  hours: { title: 'hours', most: 8760, ms: 3_600_000 },
  days: { title: 'days', most: 365, ms: 86_400_000 },
  events: { title: 'more events', most: 1_000_000 },
  users: { title: 'more users', most: 1_000_000 },
};

/** The change that archives an issue so long; undefined for a count that is out of bounds or no whole number. */
export function archiveUntil(count: number, unit: ArchiveUnit, nowMs: number): IssueChange | undefined {
  const { most, ms } = archiveUnits[unit];
  if (!Number.isInteger(count) || count < 1 || count > most) return undefined;
  return ms === undefined
    ? { status: 'ignored', ignoredUntil: unit === 'users' ? 'users' : 'events', ignoredLimit: count }
    : { status: 'ignored', ignoredUntil: 'time', ignoredLimit: nowMs + count * ms };
}
