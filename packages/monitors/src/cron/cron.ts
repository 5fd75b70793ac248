import { fail, isTimeZone, ok, zoneOffsetMs, type Result } from '@sightline/base';

const minuteMs = 60_000;
/** 29 February on a Monday comes within 40 years; what does not come within eight is no schedule of a job. */
const daysAhead = 8 * 366;

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly title: string;
  readonly from: number;
  readonly to: number;
  readonly names: readonly string[];
}
const fields: readonly Field[] = [
  { title: 'minute', from: 0, to: 59, names: [] },
  { title: 'hour', from: 0, to: 23, names: [] },
  { title: 'day of the month', from: 1, to: 31, names: [] },
  { title: 'month', from: 1, to: 12, names: months },
  { title: 'day of the week', from: 0, to: 7, names: days },
];

/** When a job is due, as crontab(5) writes it: five fields, or `@daily` and the like. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly monthDays: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekDays: ReadonlySet<number>;
  /** Where both kinds of days are named, either will do. */
  readonly eitherDay: boolean;
  readonly timeZone: string;
}

/** Reads a schedule; fails with a sentence for who wrote it. */
export function parseCron(text: string, timeZone: string): Result<Cron, string> {
  const zone = timeZone === '' ? 'UTC' : timeZone;
  if (!isTimeZone(zone)) return fail(`there is no time zone "${zone.slice(0, 64)}"`);
  const plain = text.trim().toLowerCase();
  const parts = (macros[plain] ?? plain).split(/\s+/);
  if (parts.length !== fields.length) return fail('expected five fields: minute, hour, day, month, weekday');
  const read: number[][] = [];
  for (const [index, field] of fields.entries()) {
    const values = readField(parts[index] ?? '', field);
    if (!values) return fail(`"${parts[index]?.slice(0, 40)}" is no ${field.title}`);
    read.push(values);
  }
  const [minutes = [], hours = [], monthDays = [], ofMonths = [], weekDays = []] = read;
  return ok({
    minutes,
    hours,
    monthDays: new Set(monthDays),
    months: new Set(ofMonths),
    // Sunday is 0 and 7.
    weekDays: new Set(weekDays.map((day) => day % 7)),
    eitherDay: !/^[*?]/.test(parts[2] ?? '') && !/^[*?]/.test(parts[4] ?? ''),
    timeZone: zone,
  });
}

function readField(text: string, field: Field): number[] | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(?:[*?]|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/(\d{1,3}))?$/.exec(part);
    if (!match) return undefined;
    const [, low, high, every] = match;
    const from = low === undefined ? field.from : numberIn(low, field);
    // `5/15` means from 5 to the end.
    const open =
      high === undefined ? (low === undefined || every !== undefined ? field.to : from) : numberIn(high, field);
    const step = every === undefined ? 1 : Number(every);
    if (from === undefined || open === undefined || from > open || step < 1) return undefined;
    for (let value = from; value <= open; value += step) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

function numberIn(text: string, { from, to, names }: Field): number | undefined {
  const named = names.indexOf(text.slice(0, 3));
  const value = named >= 0 && /^[a-z]+$/.test(text) ? named + from : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

/**
 * The first moment after `afterMs` at which the job is due; undefined where there is none for years. A time that the clocks skip
 * in spring is due on the next day on which it is.
 */
export function nextDue(cron: Cron, afterMs: number): number | undefined {
  const offsetMs = offsetsOf(cron.timeZone);
  const start = afterMs + offsetMs(afterMs);
  const firstDay = Math.floor(start / 86_400_000);
  for (let day = firstDay - 1; day <= firstDay + daysAhead; day++) {
    const date = new Date(day * 86_400_000);
    if (!isDay(cron, date)) continue;
    for (const hour of cron.hours) {
      for (const minute of cron.minutes) {
        const local = day * 86_400_000 + (hour * 60 + minute) * minuteMs;
        const at = instantOf(local, offsetMs);
        if (at !== undefined && at > afterMs) return at;
      }
    }
  }
  return undefined;
}

/** The longest that the job stays away in its next twenty turns, between 10 s and 31 days. */
export function longestGapMs(cron: Cron, fromMs: number): number {
  let longest = 10_000;
  let last = nextDue(cron, fromMs);
  for (let turn = 0; turn < 20 && last !== undefined; turn++) {
    const next = nextDue(cron, last);
    if (next === undefined) break;
    longest = Math.max(longest, next - last);
    last = next;
  }
  return Math.min(longest, 31 * 86_400_000);
}

function isDay(cron: Cron, date: Date): boolean {
  if (!cron.months.has(date.getUTCMonth() + 1)) return false;
  const [ofMonth, ofWeek] = [cron.monthDays.has(date.getUTCDate()), cron.weekDays.has(date.getUTCDay())];
  return cron.eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}

/** The instant at which the zone's clocks show `localMs`; undefined where they never do. */
function instantOf(localMs: number, offsetMs: (atMs: number) => number): number | undefined {
  const first = localMs - offsetMs(localMs);
  for (const at of [first, localMs - offsetMs(first)]) if (at + offsetMs(at) === localMs) return at;
  return undefined;
}

/** What the zone's clocks are ahead of UTC at a moment. */
function offsetsOf(timeZone: string): (atMs: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const known = new Map<number, number>();
  return (atMs) => {
    // Clocks change at full quarters of an hour.
    const quarter = Math.floor(atMs / 900_000);
    const offset = known.get(quarter) ?? zoneOffsetMs(timeZone, quarter * 900_000) ?? 0;
    known.set(quarter, offset);
    return offset;
  };
}
