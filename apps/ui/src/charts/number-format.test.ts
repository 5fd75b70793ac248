import { describe, expect, it } from 'vitest';
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatNs,
  formatShare,
  formatValue,
} from './number-format.ts';

describe('formatCount', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [1234, '1,234'],
    [9999, '9,999'],
    [12_400, '12.4k'],
    [999_949, '999.9k'],
    [999_950, '1M'],
    [3_140_000, '3.1M'],
    [2e9, '2B'],
    [0.00123, '0.0012'],
    [12.44, '12.4'],
    [-5, '-5'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('%d → %s', (value, text) => expect(formatCount(value)).toBe(text));
});

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [0.00085, '850 ns'],
    [0.0125, '12.5 µs'],
    [0.9999, '1 ms'],
    [340, '340 ms'],
    [999.6, '1 s'],
    [2340, '2.34 s'],
    [59_996, '1 min'],
    [192_000, '3 min 12 s'],
    [7_500_000, '2 h 5 min'],
    [4 * 86_400_000 + 3 * 3_600_000, '4 d 3 h'],
    [-340, '-340 ms'],
  ])('%d ms → %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
  it('takes nanoseconds', () => expect(formatNs(2_300_000_000)).toBe('2.3 s'));
});

describe('formatValue', () => {
  it.each<[number | null, string, string]>([
    [null, 'ms', '–'],
    [1.5, 's', '1.5 s'],
    [0.25, 'seconds', '250 ms'],
    [2_300_000_000, 'By', '2.3 GB'],
    [1500, 'By/s', '1.5 kB/s'],
    [42.5, '%', '42.5 %'],
    [12, '{request}', '12 request'],
    [12, '1', '12'],
    [12, '', '12'],
    [3, 'orders', '3 orders'],
  ])('%s in %s → %s', (value, unit, text) => expect(formatValue(value, unit)).toBe(text));
});

describe('bytes, shares and money', () => {
  it.each([
    [formatBytes(512), '512 B'],
    [formatBytes(1500), '1.5 kB'],
    [formatBytes(999_999), '1 MB'],
    [formatShare(0.824), '82 %'],
    [formatShare(0.0042), '0.42 %'],
    [formatShare(0), '0 %'],
    [formatAmount(12.5), '$12.50'],
    [formatAmount(1240.2), '$1,240'],
    [formatAmount(0), '$0'],
    [formatAmount(2_500_000), '$2.5M'],
    [formatAmount(12.5, 'EUR'), '€12.50'],
    [formatAmount(1_250_000, 'JPY'), '¥1.3M'],
    [formatAmount(12.5, 'XYZ'), 'XYZ 12.50'],
    [formatAmount(1240, ''), '1,240'],
  ])('%s = %s', (actual, expected) => expect(actual).toBe(expected));
});
