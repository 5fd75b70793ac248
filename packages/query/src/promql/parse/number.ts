import { quote } from './quote.ts';

const integer = /^(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/;
const decimal = /^(?:[0-9](?:_?[0-9])*)?(?:\.(?:[0-9](?:_?[0-9])*)?)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?$/;
const greatestInteger = 2n ** 63n - 1n;

/** The value of a number as Go reads it (octal with a leading 0, underscores between digits), or why it has none. */
export function readNumber(text: string): number | string {
  const lower = text.toLowerCase();
  if (lower === 'inf') return Number.POSITIVE_INFINITY;
  if (lower === 'nan') return Number.NaN;
  const digits = text.replaceAll('_', '');
  if (integer.test(text)) {
    const prefixed = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
    const value = BigInt(prefixed);
    if (value <= greatestInteger) return Number(value);
  }
  if (!decimal.test(text) || !/[0-9]/.test(text)) return fault(text, 'invalid syntax');
  const value = Number(digits);
  return Number.isFinite(value) ? value : fault(text, 'value out of range');
}

function fault(text: string, why: string): string {
  return `error parsing number: strconv.ParseFloat: parsing ${quote(text)}: ${why}`;
}
