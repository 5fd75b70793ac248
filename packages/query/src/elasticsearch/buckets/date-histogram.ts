import { dateZoneOffsetMs, fixedInterval, parseDate } from '../dates.ts';
import { illegal, objectOf, textOf, type Json } from '../fault.ts';
import { findField } from '../fields.ts';
import type { QuerySql } from '../query-sql.ts';
import { type BucketKind, keysAround, leastDocuments, mostBuckets, tooManyBuckets } from './bucket-kind.ts';
import { calendarSql, calendarUnits, nextUnit, startOfUnit } from './calendar.ts';

/** Intervals that follow each other, of fixed length or of the calendar. Times are Unix milliseconds. */
interface Intervals {
  /** The start of the interval that a document's time lies in. */
  readonly sql: string;
  readonly startOf: (at: number) => number;
  /** The start of the interval behind the one that begins at `at`. */
  readonly next: (at: number) => number;
}

interface Bounds {
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** A bucket for each interval of a date; gaps are filled, to `extended_bounds` and within `hard_bounds`. */
export function dateHistogramBuckets(compiler: QuerySql, body: Json): BucketKind {
  const field = findField(textOf(body['field'], 'date_histogram'));
  if (field.kind !== 'date')
    throw illegal(`Field [${field.name}] is no date: it does not support aggregation [date_histogram]`);
  const zone = body['time_zone'] === undefined ? 'UTC' : textOf(body['time_zone'], 'time_zone');
  const intervals = intervalsOf(compiler, `toUnixTimestamp64Milli(${field.sql})`, body, zone);
  const level = { sql: `toString(${intervals.sql})`, where: '1' };
  const least = Number(body['min_doc_count'] ?? 0);
  const boundsOf = (name: string): Bounds => {
    const range = body[name] === undefined ? {} : objectOf(body[name], name);
    const at = (side: string): number | undefined =>
      range[side] === undefined ? undefined : parseDate(range[side], compiler.nowMs, { up: false, zone });
    return { min: at('min'), max: at('max') };
  };
  const [extended, hard] = [boundsOf('extended_bounds'), boundsOf('hard_bounds')];
  return {
    level,
    columns: [],
    end: (around) =>
      `${leastDocuments(least)} ORDER BY ${[...keysAround(around), `toInt64(k${around})`].join(', ')} LIMIT ${mostBuckets + 1}`,
    within: () => level,
    fills: true,
    rest: false,
    show: (buckets, sub) => {
      const counts = new Map(buckets.map(({ key, count }) => [Number(key), count]));
      const found = [...counts.keys()].sort((a, b) => a - b);
      const times = least === 0 ? filled(found, intervals, extended) : found;
      const shown = times
        .filter((at) => at >= intervals.startOf(hard.min ?? at) && at <= (hard.max ?? at))
        .map((at) => ({
          key_as_string: new Date(at).toISOString(),
          key: at,
          doc_count: counts.get(at) ?? 0,
          ...sub(String(at)),
        }));
      return {
        buckets: body['keyed'] === true ? Object.fromEntries(shown.map((one) => [one.key_as_string, one])) : shown,
      };
    },
  };
}

/** `ms`: the documents' time in SQL. */
function intervalsOf(compiler: QuerySql, ms: string, body: Json, zone: string): Intervals {
  const given = textOf(body['fixed_interval'] ?? body['calendar_interval'] ?? body['interval'], 'date_histogram');
  const unit = body['fixed_interval'] === undefined ? calendarUnits[given] : undefined;
  const offset = dateZoneOffsetMs(zone, compiler.nowMs);
  if (unit === undefined || unit === 'minute' || unit === 'second') {
    const lengthMs = fixedInterval(given.replace(/^(minute|second)$/, (word) => `1${word[0]}`)) ?? 0;
    if (lengthMs === 0) throw illegal(`The supplied interval [${given}] could not be parsed as a calendar interval.`);
    const [shift, step] = [compiler.bind('Int64', offset), compiler.bind('Int64', lengthMs)];
    return {
      sql: `(intDiv(${ms} + ${shift}, ${step}) * ${step} - ${shift})`,
      startOf: (at) => Math.floor((at + offset) / lengthMs) * lengthMs - offset,
      next: (at) => at + lengthMs,
    };
  }
  // Zones by name are the engine's for whole units of the calendar; those by offset shift the time.
  const named = !/^[+-]|^(?:UTC|Z)?$/.test(zone);
  const shift = compiler.bind('Int64', named ? 0 : offset);
  const place = compiler.bind('String', named ? zone : 'UTC');
  const start = calendarSql[unit]!(`fromUnixTimestamp64Milli(${ms} + ${shift}, ${place})`, place);
  return {
    sql: `(toInt64(toUnixTimestamp(${start})) * 1000 - ${shift})`,
    startOf: (at) => startOfUnit(at, unit, zone),
    next: (at) => nextUnit(at, unit, zone),
  };
}

/** All intervals from the first to the last that have documents or lie within `bounds`. */
function filled(times: readonly number[], { startOf, next }: Intervals, { min, max }: Bounds): number[] {
  const low = [...times.slice(0, 1), ...(min === undefined ? [] : [startOf(min)])];
  const high = [...times.slice(-1), ...(max === undefined ? [] : [startOf(max)])];
  const all: number[] = [];
  if (low.length === 0 || high.length === 0) return all;
  for (let at = Math.min(...low); at <= Math.max(...high); at = next(at)) {
    all.push(at);
    if (all.length > mostBuckets) throw tooManyBuckets();
  }
  return all;
}
