import { formatCount } from '../charts/number-format.ts';

/** `0`, `0.42`, `12.4`, `1,204`, `48.2k`, `3.1M`: at most `digits` after the point (1 unless told). */
export function compactNumber(value: number, digits = 1): string {
  const size = Math.abs(value);
  if (size >= 10_000) return formatCount(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  if (size > 0 && size < 1) return fixed(value, Math.max(digits, 2));
  return fixed(value, digits);
}

/** A share 0…1 as `99.2 %`; a dash for null. */
export function percent(share: number | null): string {
  if (share === null) return '–';
  const value = share * 100;
  return `${fixed(value, value > 99.9 && value < 100 ? 2 : 1)} %`;
}

/** `$48,210`: whole dollars from 1,000 on, cents below. */
export function money(amount: number): string {
  const digits = Math.abs(amount) >= 1000 ? 0 : 2;
  return amount.toLocaleString('en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** `1 store`, `3 stores`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

function fixed(value: number, digits: number): string {
  return value
    .toFixed(digits)
    .replace(/\.0+$/, '')
    .replace(/(\.\d*?)0+$/, '$1');
}
