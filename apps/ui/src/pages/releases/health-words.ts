import type { ReleaseHealth } from '@sightline/contract';

type Counts = Pick<ReleaseHealth, 'sessions' | 'crashedSessions' | 'erroredSessions' | 'users' | 'crashedUsers'>;

/** Share of sessions that did not crash, 0 to 1; null where there were none. */
export function crashFreeSessions({ sessions, crashedSessions }: Counts): number | null {
  return sessions === 0 ? null : 1 - crashedSessions / sessions;
}

/** Share of sessions without any error, 0 to 1: web pages go on after an error that nobody handled, and are not called crashed. Null where there were none. */
export function errorFreeSessions({ sessions, crashedSessions, erroredSessions }: Counts): number | null {
  return sessions === 0 ? null : 1 - (crashedSessions + erroredSessions) / sessions;
}

/** Share of people whom no session of theirs crashed, 0 to 1; null where nobody was named. */
export function crashFreeUsers({ users, crashedUsers }: Counts): number | null {
  return users === 0 ? null : 1 - crashedUsers / users;
}

/** A share as a person reads it: `99.95 %`, never rounded up to all. `–` where there is none. */
export function shareText(share: number | null): string {
  if (share === null) return '–';
  if (share === 1) return '100 %';
  const digits = share >= 0.99 ? 2 : 1;
  const factor = 100 * 10 ** digits;
  return `${(Math.floor(share * factor) / 10 ** digits).toFixed(digits)} %`;
}

/** From which share of crash-free sessions on a release is in trouble. */
export function isTroubled(share: number | null): boolean {
  return share !== null && share < 0.99;
}

/** How a figure changed against another release: `+3`, `−0.42 points`; '' where one of them is unknown or both are equal. */
export function changeText(own: number | null, other: number | null, kind: 'count' | 'share'): string {
  if (own === null || other === null || own === other) return '';
  const difference = kind === 'share' ? (own - other) * 100 : own - other;
  const size = Math.abs(difference);
  const text = kind === 'share' ? `${size < 0.01 ? '<0.01' : size.toFixed(2)} points` : String(Math.round(size));
  return `${difference > 0 ? '+' : '−'}${text}`;
}

/** The address of a release's page. */
export function releasePath(release: string): string {
  return `/releases/${encodeURIComponent(release)}`;
}
