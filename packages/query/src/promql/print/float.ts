import { plainDigits } from '../histogram/histogram.ts';

/** As Prometheus' JSON has sample values: digits alone, an exponent of two digits below 1e-6 and from 1e21 on. */
export function showSampleValue(value: number): string {
  const size = Math.abs(value);
  // Here JavaScript writes the same digits, and much faster.
  if (size >= 1e-6 && size < 1e21) return value.toString();
  if (size === 0 || !Number.isFinite(value)) return plainDigits(value);
  return value.toString().replace(/e-(\d)$/, 'e-0$1');
}
