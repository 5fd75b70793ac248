/** The relative ranges that are offered; an address may name others (`range=3h`). */
export const relativeRanges = ['15m', '1h', '3h', '6h', '24h', '7d', '30d', '90d', '1y'] as const;
/** A number and a unit: minutes, hours, days, weeks or years. */
export type RelativeRange = `${number}${'m' | 'h' | 'd' | 'w' | 'y'}`;
export const defaultRange: RelativeRange = '1h';

const units = {
  m: { ms: 60_000, word: 'minute' },
  h: { ms: 3_600_000, word: 'hour' },
  d: { ms: 86_400_000, word: 'day' },
  w: { ms: 7 * 86_400_000, word: 'week' },
  y: { ms: 365 * 86_400_000, word: 'year' },
} as const;
/** As long as the coarsest measurements are kept. */
const longestMs = 2 * units.y.ms;

function partsOf(
  range: string,
): { readonly count: number; readonly unit: (typeof units)[keyof typeof units] } | undefined {
  const [, count = '', letter = ''] = /^([1-9]\d{0,5})([mhdwy])$/.exec(range) ?? [];
  if (letter === '') return undefined;
  const unit = units[letter as keyof typeof units];
  return Number(count) * unit.ms <= longestMs ? { count: Number(count), unit } : undefined;
}

/** Either "the last so long" or two fixed ends, in ms since the epoch. */
export type TimeRange =
  | { readonly kind: 'relative'; readonly range: RelativeRange }
  | { readonly kind: 'fixed'; readonly from: number; readonly to: number };

/**
 * Reads `range=` or `from=`&`to=`, also as Grafana writes it (`from=now-6h&to=now`). What cannot be read is the default, never an error:
 * addresses are typed by hand.
 */
export function readTimeRange(search: Readonly<Record<string, string | undefined>>): TimeRange {
  const from = readMs(search['from']);
  const to = readMs(search['to']);
  if (from !== undefined && to !== undefined && from < to) return { kind: 'fixed', from, to };
  const back = (search['to'] ?? 'now') === 'now' ? /^now-(\w+)$/.exec(search['from'] ?? '')?.[1] : undefined;
  const range = search['range'] ?? back ?? '';
  return { kind: 'relative', range: partsOf(range) ? (range as RelativeRange) : defaultRange };
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
  const { count, unit } = partsOf(range.range) ?? { count: 1, unit: units.h };
  return { from: now - count * unit.ms, to: now };
}

/** For people: "last 15 minutes", "20 Nov 21:00 – 22:15". */
export function describeTimeRange(range: TimeRange, timeZone?: string): string {
  if (range.kind === 'relative') {
    const { count, unit } = partsOf(range.range) ?? { count: 1, unit: units.h };
    return count === 1 ? `Last ${unit.word}` : `Last ${count} ${unit.word}s`;
  }
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...zone });
  const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', ...zone });
  const sameDay = day.format(range.from) === day.format(range.to);
  const end = sameDay ? clock.format(range.to) : `${day.format(range.to)} ${clock.format(range.to)}`;
  return `${day.format(range.from)} ${clock.format(range.from)} – ${end}`;
}

function readMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const ms = Number(text);
  return ms <= 8_640_000_000_000_000 ? ms : undefined;
}
