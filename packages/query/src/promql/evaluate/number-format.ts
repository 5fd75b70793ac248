import { formatGoNumber } from '../histogram/format.ts';

/** As labels of OpenMetrics hold numbers: `1.0`, `0.5`, `1e+06`. */
export function formatOpenMetrics(value: number): string {
  const text = formatGoNumber(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Go's `%.2g`. */
export function formatTwoDigits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return formatGoNumber(value);
  const [mantissa = '0', exponent = '0'] = value.toExponential(1).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 2) return String(Number(`${mantissa}e${exponent}`));
  return `${String(Number(mantissa))}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
