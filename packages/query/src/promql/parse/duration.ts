import { quote } from './quote.ts';

const units: Readonly<Record<string, number>> = {
  y: 365 * 86_400_000,
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};
const order = Object.keys(units);
/** Durations are nanoseconds in 64 bits. */
const greatestMs = (2 ** 63 - 1) / 1e6;

/** Milliseconds of `1h30m`, units from great to small, or why it is none, in the words of Prometheus' `model.ParseDuration`. */
export function readDuration(text: string): number | string {
  if (text === '0') return 0;
  if (text === '') return 'empty duration string';
  const invalid = `not a valid duration string: ${quote(text)}`;
  let ms = 0;
  let last = -1;
  let at = 0;
  while (at < text.length) {
    const part = /^([0-9]+)([^0-9]+)/.exec(text.slice(at));
    if (!part) return invalid;
    const [whole, count = '', unit = ''] = part;
    const worth = units[unit];
    if (worth === undefined) return `unknown unit ${quote(unit)} in duration ${quote(text)}`;
    const rank = order.indexOf(unit);
    if (rank <= last) return invalid;
    last = rank;
    ms += Number(count) * worth;
    if (ms > greatestMs) return 'duration out of range';
    at += whole.length;
  }
  return ms;
}

/** Prometheus' `model.Duration.String()`: years, weeks and days only where they come out even. Fractions of a millisecond are cut. */
export function showDuration(durationMs: number): string {
  let left = Math.trunc(durationMs);
  if (left === 0) return '0s';
  const sign = left < 0 ? '-' : '';
  left = Math.abs(left);
  let shown = '';
  const take = (unit: string, exact: boolean): void => {
    const worth = units[unit] ?? 1;
    if (exact && left % worth !== 0) return;
    const count = Math.floor(left / worth);
    if (count > 0) shown += `${count}${unit}`;
    left -= count * worth;
  };
  for (const unit of order) take(unit, unit === 'y' || unit === 'w' || unit === 'd');
  return sign + shown;
}
