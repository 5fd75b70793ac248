const formats = new Map<string, Intl.DateTimeFormat>();
/** The runtime knows about 600 names in any letter case; what comes beyond is read anew each time. */
const formatLimit = 700;

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone);
  if (known) return known;
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formats.size < formatLimit) formats.set(zone, made);
    return made;
  } catch {
    // The only way to learn that a zone is unknown.
    return undefined;
  }
}

/** True when the runtime knows this name of the IANA time zone database. */
export function isTimeZone(zone: string): boolean {
  return zone !== '' && formatOf(zone) !== undefined;
}

/**
 * How far a zone of the IANA database is ahead of UTC at a moment (ms since the epoch), in ms; undefined for a name that it does not
 * have and for a moment that no calendar has.
 */
export function zoneOffsetMs(zone: string, atMs: number): number | undefined {
  if (!(Math.abs(atMs) <= 8.64e15)) return undefined;
  const format = zone === '' ? undefined : formatOf(zone);
  if (!format) return undefined;
  const shown: Record<string, number> = {};
  let before = false;
  for (const { type, value } of format.formatToParts(atMs)) {
    if (type === 'era') before = value.startsWith('B');
    else shown[type] = Number(value);
  }
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  const local = new Date(0);
  // Date.UTC takes years below 100 for those of 1900.
  local.setUTCFullYear(before ? 1 - year : year, month - 1, day);
  return local.setUTCHours(hour, minute, second) - Math.floor(atMs / 1000) * 1000;
}
