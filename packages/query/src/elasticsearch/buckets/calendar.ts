import { dateZoneOffsetMs } from '../dates.ts';

/** Units of the calendar by what clients call them. */
export const calendarUnits: Readonly<Record<string, string>> = {
  second: 'second',
  '1s': 'second',
  minute: 'minute',
  '1m': 'minute',
  hour: 'hour',
  '1h': 'hour',
  day: 'day',
  '1d': 'day',
  week: 'week',
  '1w': 'week',
  month: 'month',
  '1M': 'month',
  quarter: 'quarter',
  '1q': 'quarter',
  year: 'year',
  '1y': 'year',
};
/** The start of a unit in SQL. */
export const calendarSql: Readonly<Record<string, (time: string, zone: string) => string>> = {
  hour: (time) => `toStartOfHour(${time})`,
  day: (time) => `toStartOfDay(${time})`,
  week: (time, zone) => `toDateTime(toMonday(${time}), ${zone})`,
  month: (time, zone) => `toDateTime(toStartOfMonth(${time}), ${zone})`,
  quarter: (time, zone) => `toDateTime(toStartOfQuarter(${time}), ${zone})`,
  year: (time, zone) => `toDateTime(toStartOfYear(${time}), ${zone})`,
};

/** The start of the calendar's unit that a moment lies in. */
export function startOfUnit(at: number, unit: string, zone: string): number {
  const date = new Date(at + dateZoneOffsetMs(zone, at));
  if (unit === 'year') date.setUTCMonth(0, 1);
  else if (unit === 'quarter') date.setUTCMonth(Math.floor(date.getUTCMonth() / 3) * 3, 1);
  else if (unit === 'month') date.setUTCDate(1);
  else if (unit === 'week') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  if (unit === 'hour') date.setUTCMinutes(0, 0, 0);
  else date.setUTCHours(0, 0, 0, 0);
  return utcOf(date.getTime(), zone);
}

/** The start of the unit behind the one that begins at `at`. */
export function nextUnit(at: number, unit: string, zone: string): number {
  if (unit === 'hour') return at + 3_600_000;
  const date = new Date(at + dateZoneOffsetMs(zone, at));
  if (unit === 'year') date.setUTCFullYear(date.getUTCFullYear() + 1);
  else if (unit === 'quarter') date.setUTCMonth(date.getUTCMonth() + 3);
  else if (unit === 'month') date.setUTCMonth(date.getUTCMonth() + 1);
  else date.setUTCDate(date.getUTCDate() + (unit === 'week' ? 7 : 1));
  return utcOf(date.getTime(), zone);
}

/** The moment of a local time; the offset is the one that holds there. */
function utcOf(local: number, zone: string): number {
  const first = local - dateZoneOffsetMs(zone, local);
  return local - dateZoneOffsetMs(zone, first);
}
