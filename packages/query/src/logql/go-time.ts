import { zoneOffsetMs } from '@sightline/base';

/** A moment with nanoseconds. */
export class GoTime extends Date {
  /** Nanoseconds since the epoch. */
  readonly ns: bigint;

  constructor(ns: bigint) {
    super(Number(ns / 1_000_000n));
    this.ns = ns;
  }
}

export const nanosecondsOf = (date: Date): bigint =>
  date instanceof GoTime ? date.ns : BigInt(date.getTime()) * 1_000_000n;

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
/** The parts of Go's reference time, `Mon Jan 2 15:04:05 MST 2006`, the longest first. */
const parts =
  /January|Jan|Monday|Mon|2006|06|01|02|_2|03|04|05|15|PM|pm|MST|Z07:00|-07:00|-0700|-07|[.,]0+|[.,]9+|1|2|3|4|5/g;
const two = (value: number): string => String(value).padStart(2, '0');

/** Prints a moment in Go's layout (https://pkg.go.dev/time#pkg-constants), in UTC. */
export function formatGoTime(date: Date, layout: string): string {
  const [month, day] = [months[date.getUTCMonth()] ?? '', days[date.getUTCDay()] ?? ''];
  const hour = date.getUTCHours();
  const fraction = String(((nanosecondsOf(date) % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0');
  return layout.replaceAll(parts, (part) => {
    switch (part) {
      case 'January':
        return month;
      case 'Jan':
        return month.slice(0, 3);
      case 'Monday':
        return day;
      case 'Mon':
        return day.slice(0, 3);
      case '2006':
        return String(date.getUTCFullYear()).padStart(4, '0');
      case '06':
        return two(date.getUTCFullYear() % 100);
      case '01':
        return two(date.getUTCMonth() + 1);
      case '1':
        return String(date.getUTCMonth() + 1);
      case '02':
        return two(date.getUTCDate());
      case '_2':
        return String(date.getUTCDate()).padStart(2);
      case '2':
        return String(date.getUTCDate());
      case '15':
        return two(hour);
      case '03':
        return two(hour % 12 || 12);
      case '3':
        return String(hour % 12 || 12);
      case '04':
        return two(date.getUTCMinutes());
      case '4':
        return String(date.getUTCMinutes());
      case '05':
        return two(date.getUTCSeconds());
      case '5':
        return String(date.getUTCSeconds());
      case 'PM':
        return hour < 12 ? 'AM' : 'PM';
      case 'pm':
        return hour < 12 ? 'am' : 'pm';
      case 'MST':
        return 'UTC';
      case 'Z07:00':
        return 'Z';
      case '-07:00':
        return '+00:00';
      case '-0700':
        return '+0000';
      case '-07':
        return '+00';
    }
    const digits = fraction.slice(0, Math.min(9, part.length - 1));
    if (part[1] === '0') return `${part[0]}${digits}`;
    const short = digits.replace(/0+$/, '');
    return short === '' ? '' : `${part[0]}${short}`;
  });
}

/** Reads a moment in Go's layout; a time without a zone is in `zone` (UTC where that is not known). Undefined where it does not fit. */
export function parseGoTime(text: string, layout: string, zone = 'UTC'): Date | undefined {
  const fields: string[] = [];
  let pattern = '';
  let at = 0;
  for (const found of layout.matchAll(parts)) {
    pattern += escape(layout.slice(at, found.index));
    at = found.index + found[0].length;
    const part = found[0];
    fields.push(part);
    if (part.startsWith('Jan') || part.startsWith('Mon') || /^pm$/i.test(part) || part === 'MST')
      pattern += '([A-Za-z]+)';
    else if (part === '2006') pattern += '(\\d{4})';
    else if (part.includes('07')) pattern += '(Z|[+-]\\d{2}:?(?:\\d{2})?)';
    else if (/^[.,]/.test(part)) pattern += '([.,]\\d{1,9})?';
    else pattern += '\\s?(\\d{1,2})';
  }
  const values = new RegExp(`^${pattern}${escape(layout.slice(at))}$`).exec(text)?.slice(1);
  if (!values) return undefined;
  const get = (...names: string[]): string | undefined => {
    const index = fields.findIndex((name) => names.includes(name));
    return index < 0 ? undefined : values[index];
  };
  const named = get('January', 'Jan');
  const month = named
    ? months.findIndex((name) => name.slice(0, 3) === named.slice(0, 3))
    : Number(get('01', '1') ?? 1) - 1;
  let hour = Number(get('15', '03', '3') ?? 0);
  const half = get('PM', 'pm')?.toLowerCase();
  if (half === 'pm' && hour < 12) hour += 12;
  if (half === 'am' && hour === 12) hour = 0;
  const fraction = values[fields.findIndex((name) => /^[.,]/.test(name))];
  const short = get('06');
  const year = Number(get('2006') ?? (short === undefined ? 0 : 2000 + Number(short)));
  const ms = Date.UTC(
    year,
    month,
    Number(get('02', '_2', '2') ?? 1),
    hour,
    Number(get('04', '4') ?? 0),
    Number(get('05', '5') ?? 0),
    fraction ? Math.trunc(Number(`0${fraction.replace(',', '.')}`) * 1000) : 0,
  );
  const offset = get('Z07:00', '-07:00', '-0700', '-07');
  if (offset !== undefined && offset !== 'Z') {
    const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3).replace(':', '') || 0);
    return new Date(ms - (offset.startsWith('-') ? -1 : 1) * minutes * 60_000);
  }
  return new Date(offset === undefined ? ms - offsetMsAt(ms, zone) : ms);
}

const escape = (text: string): string => text.replaceAll(/[\\^$.|?*+()[\]{}/-]/g, '\\$&');

/** How far a zone is ahead of UTC at a local time. */
function offsetMsAt(localMs: number, zone: string): number {
  if (zone === 'UTC' || zone === '' || zone === 'Local') return 0;
  return zoneOffsetMs(zone, localMs) ?? 0;
}
