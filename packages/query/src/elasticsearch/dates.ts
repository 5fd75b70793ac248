import { zoneOffsetMs } from '@sightline/base';
import { illegal, parsing } from './fault.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  H: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** How far a zone is ahead of UTC at a moment, ms. Zones are names or `+02:00`. Refuses what is neither. */
export function dateZoneOffsetMs(zone: string, atMs: number): number {
  const fixed = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
  if (zone === 'Z' || zone === 'UTC' || zone === '') return 0;
  const offsetMs = zoneOffsetMs(zone, atMs);
  if (offsetMs === undefined) throw illegal(`The datetime zone id '${zone}' is not recognised`);
  return offsetMs;
}

/**
 * Milliseconds of a date as Elasticsearch takes it: epoch milliseconds, ISO 8601, or date math (`now-1h/d`, `2026-01-01||+1M/d`).
 * `up` rounds to the end of a unit: for bounds that are included at the top or excluded at the bottom.
 */
export function parseDate(value: unknown, nowMs: number, { up, zone }: { up: boolean; zone: string }): number {
  if (typeof value === 'number') return value;
  const text = String(value);
  const [, anchor = '', math = ''] = /^(now|.+?\|\||[^|]+)(.*)$/s.exec(text) ?? [];
  const base = anchor === 'now' ? nowMs : instant(anchor.replace(/\|\|$/, ''), zone, up && math === '');
  return base === undefined ? refuse(text) : dateMath(base, math, text, { up, zone });
}

function refuse(text: string): never {
  throw parsing(`failed to parse date field [${text}] with format [strict_date_optional_time||epoch_millis]`);
}

function instant(text: string, zone: string, up: boolean): number | undefined {
  if (/^-?\d{5,}$/.test(text)) return Number(text);
  const parts =
    /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?)?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(
      text,
    );
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction, offset] = parts;
  const local = Date.UTC(
    Number(year),
    Number(month ?? 1) - 1,
    Number(day ?? 1),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
    Math.trunc(Number(`0.${fraction ?? 0}`) * 1000),
  );
  // A date without a time means the whole of it, where its end counts.
  const span = up && hour === undefined && day !== undefined ? 86_400_000 - 1 : 0;
  return local - dateZoneOffsetMs(offset ?? zone, local) + span;
}

function dateMath(baseMs: number, math: string, text: string, { up, zone }: { up: boolean; zone: string }): number {
  let ms = baseMs;
  let rest = math;
  while (rest !== '') {
    const [whole, op = '', count = '1', unit = ''] = /^([+/-])(\d{0,6})([yMwdhHms])/.exec(rest) ?? [];
    if (whole === undefined) refuse(text);
    rest = rest.slice(whole.length);
    const amount = Number(count || 1) * (op === '-' ? -1 : 1);
    const offset = dateZoneOffsetMs(zone, ms);
    const date = new Date(ms + offset);
    if (op !== '/') {
      if (unit === 'y') date.setUTCFullYear(date.getUTCFullYear() + amount);
      else if (unit === 'M') date.setUTCMonth(date.getUTCMonth() + amount);
      else date.setTime(date.getTime() + amount * (unitMs[unit] ?? 0));
      ms = date.getTime() - offset;
      continue;
    }
    const start = new Date(date);
    if (unit === 'y') start.setUTCMonth(0, 1);
    if (unit === 'M') start.setUTCDate(1);
    if (unit === 'w') start.setUTCDate(start.getUTCDate() - ((start.getUTCDay() + 6) % 7));
    if ('yMwd'.includes(unit)) start.setUTCHours(0, 0, 0, 0);
    else start.setTime(Math.floor(start.getTime() / (unitMs[unit] ?? 1)) * (unitMs[unit] ?? 1));
    if (up) {
      if (unit === 'y') start.setUTCFullYear(start.getUTCFullYear() + 1);
      else if (unit === 'M') start.setUTCMonth(start.getUTCMonth() + 1);
      else start.setTime(start.getTime() + (unitMs[unit] ?? 0));
      start.setTime(start.getTime() - 1);
    }
    ms = start.getTime() - offset;
  }
  return ms;
}

/** Milliseconds of `30s`, `5m`, `1d`; undefined when it is none. */
export function fixedInterval(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const ms = parts ? Number(parts[1]) * (unitMs[parts[2] ?? ''] ?? 0) : 0;
  return ms >= 1 ? Math.round(ms) : undefined;
}
