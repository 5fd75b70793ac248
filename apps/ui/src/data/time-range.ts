/** The relative ranges that a person may choose. */
export const relativeRanges = ['15m', '1h', '6h', '24h', '7d', '30d'] as const;
export type RelativeRange = (typeof relativeRanges)[number];
export const defaultRange: RelativeRange = '1h';

const lengthMs: Readonly<Record<RelativeRange, number>> = {
  '15m': 15 * 60_000,
  '1h': 3_600_000,
  '6h': 6 * 3_600_000,
  '24h': 24 * 3_600_000,
  '7d': 7 * 24 * 3_600_000,
  '30d': 30 * 24 * 3_600_000,
};

/** Either "the last so long" or two fixed ends, in ms since the epoch. */
export type TimeRange =
  | { readonly kind: 'relative'; readonly range: RelativeRange }
  | { readonly kind: 'fixed'; readonly from: number; readonly to: number };

/** Reads `range=` or `from=`&`to=`. What cannot be read is the default, never an error: addresses are typed by hand. */
export function readTimeRange(search: Readonly<Record<string, string | undefined>>): TimeRange {
  const from = readMs(search['from']);
  const to = readMs(search['to']);
  if (from !== undefined && to !== undefined && from < to) return { kind: 'fixed', from, to };
  const range = relativeRanges.find((r) => r === search['range']);
  return { kind: 'relative', range: range ?? defaultRange };
}

/** The values for the address; the default range leaves no trace. */
export function writeTimeRange(range: TimeRange): { from: string; to: string; range: string } {
  if (range.kind === 'fixed')
    return { from: String(Math.round(range.from)), to: String(Math.round(range.to)), range: '' };
  return { from: '', to: '', range: range.range === defaultRange ? '' : range.range };
}

/** The two ends in ms, a relative range ending at `now`. */
export function endsOf(range: TimeRange, now: number): { from: number; to: number } {
  if (range.kind === 'fixed') return { from: range.from, to: range.to };
  return { from: now - lengthMs[range.range], to: now };
}

/** For people: "last 15 minutes", "20 Nov 21:00 – 22:15". */
export function describeTimeRange(range: TimeRange, timeZone?: string): string {
  if (range.kind === 'relative') return words[range.range];
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...zone });
  const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', ...zone });
  const sameDay = day.format(range.from) === day.format(range.to);
  const end = sameDay ? clock.format(range.to) : `${day.format(range.to)} ${clock.format(range.to)}`;
  return `${day.format(range.from)} ${clock.format(range.from)} – ${end}`;
}

const words: Readonly<Record<RelativeRange, string>> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
};

function readMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const ms = Number(text);
  return ms <= 8_640_000_000_000_000 ? ms : undefined;
}
