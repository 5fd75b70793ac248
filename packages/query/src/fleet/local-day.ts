/** Midnight where the site is, through changes of daylight saving time. */

const formats = new Map<string, Intl.DateTimeFormat>();
/** There are about 600 zone names; more cannot be valid. */
const formatLimit = 700;

/** True when the runtime knows this IANA time zone. */
export function isTimeZone(name: string): boolean {
  return name !== '' && format(name) !== undefined;
}

function format(timeZone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(timeZone);
  if (known) return known;
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formats.size < formatLimit) formats.set(timeZone, made);
    return made;
  } catch {
    // The only way to learn that a zone is unknown; the caller falls back to UTC.
    return undefined;
  }
}

/** The wall clock at `atMs` in the zone, read as if it were UTC. Unknown zones count as UTC. */
function wallClockMs(atMs: number, timeZone: string): number {
  const zone = format(timeZone);
  if (!zone) return Math.floor(atMs / 1000) * 1000;
  const part: Record<string, number> = {};
  for (const { type, value } of zone.formatToParts(atMs)) part[type] = Number(value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second);
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
