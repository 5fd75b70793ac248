/** How far a zone of the IANA database is ahead of UTC at a moment, ms; undefined for a name that it does not have. */
export function namedZoneOffsetMs(zone: string, atMs: number): number | undefined {
  try {
    const shown = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    }).formatToParts(atMs);
    const of = (type: string): number => Number(shown.find((part) => part.type === type)?.value ?? 0);
    const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return local - Math.floor(atMs / 1000) * 1000;
  } catch {
    return undefined;
  }
}
