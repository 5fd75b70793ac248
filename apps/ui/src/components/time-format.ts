const made = new Map<string, Intl.DateTimeFormat>();

/** Formats are dear to make and few: one per shape and zone. */
function format(shape: string, options: Intl.DateTimeFormatOptions, timeZone?: string): Intl.DateTimeFormat {
  const key = `${shape} ${timeZone ?? ''}`;
  const kept = made.get(key);
  if (kept !== undefined) return kept;
  const zone = timeZone === undefined || timeZone === '' ? {} : { timeZone };
  const fresh = new Intl.DateTimeFormat('en-GB', { ...options, ...zone });
  made.set(key, fresh);
  return fresh;
}

/** `21:04:07`, or `21:04:07.123`, in the zone (the viewer's unless told). `at` in ms since the epoch. */
export function timeOfDay(at: number, withMs = false, timeZone?: string): string {
  const base = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  return withMs
    ? format('ms', { ...base, fractionalSecondDigits: 3 }, timeZone).format(at)
    : format('s', base, timeZone).format(at);
}

/** `21:04`. */
export function hourAndMinute(at: number, timeZone?: string): string {
  return format('hm', { hour: '2-digit', minute: '2-digit' }, timeZone).format(at);
}

/** `20 Nov 21:04:07`. */
export function dayAndTime(at: number, timeZone?: string): string {
  return `${format('d', { day: 'numeric', month: 'short' }, timeZone).format(at)} ${timeOfDay(at, false, timeZone)}`;
}

/** `2026-11-20 21:04:07 UTC`. */
export function utcText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `just now`, `40 s ago`, `3 min ago`, `2 h ago`, `5 d ago`, `in 3 d`. Both in ms since the epoch. */
export function relative(at: number, now: number): string {
  const ms = now - at;
  const size = Math.abs(ms);
  // The page's clock moves every ten seconds: what happened since lies ahead of it, and is not to come.
  if (ms > -10_000 && ms < 5000) return 'just now';
  const text = longText(size);
  return ms >= 0 ? `${text} ago` : `in ${text}`;
}

/** A length for people, whole units: `40 s`, `12 min`, `3 h`, `5 d`. */
export function longText(ms: number): string {
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}
