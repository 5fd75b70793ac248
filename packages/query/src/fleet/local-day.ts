import { zoneOffsetMs } from '@sightline/base';

/** Midnight where the site is, through changes of daylight saving time. */

/** The wall clock at `atMs` in the zone, read as if it were UTC. Unknown zones count as UTC. */
function wallClockMs(atMs: number, timeZone: string): number {
  return Math.floor(atMs / 1000) * 1000 + (zoneOffsetMs(timeZone, atMs) ?? 0);
}

/**
 * The instant at which the local day of `nowMs` began in `timeZone` (an IANA name; unknown or '' means UTC), `daysBack`
 * days earlier. Where midnight does not exist, the first instant of the day.
 */
export function startOfLocalDay(nowMs: number, timeZone: string, daysBack = 0): number {
  const midnight = Math.floor(wallClockMs(nowMs, timeZone) / 86_400_000) * 86_400_000 - daysBack * 86_400_000;
  // The zone's offset at the guess may differ from that at the answer; a second turn settles it.
  let instant = midnight;
  for (let turn = 0; turn < 2; turn++) instant += midnight - wallClockMs(instant, timeZone);
  const missed = midnight - wallClockMs(instant, timeZone);
  return missed > 0 ? instant + missed : instant;
}
