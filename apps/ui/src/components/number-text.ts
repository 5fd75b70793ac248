/** `0`, `0.42`, `12.4`, `1,204`, `48.2 k`, `3.1 M`: at most `digits` after the point (1 unless told). */
export function compactNumber(value: number, digits = 1): string {
  const size = Math.abs(value);
  if (size >= 1_000_000_000) return `${fixed(value / 1_000_000_000, 1)} G`;
  if (size >= 1_000_000) return `${fixed(value / 1_000_000, 1)} M`;
  if (size >= 10_000) return `${fixed(value / 1000, 1)} k`;
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

/** `512 B`, `48.2 kB`, `3.1 MB`, `1.2 GB` (powers of 1000). */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : fixed(size, 1)} ${units[unit] ?? ''}`;
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
