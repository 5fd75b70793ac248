import { formatGoNumber, plainDigits } from '@sightline/query/promql';
import { printValue, TemplateFailure, type TemplateValue } from './template-value.ts';

const verb = /%([-+# 0]*)(\d+)?(?:\.(\d+)?)?([a-zA-Z%])/gu;
const widthMax = 1000;

/** Go's `fmt.Sprintf`, for the verbs that templates use. */
export function formatWords(format: string, args: readonly TemplateValue[]): string {
  let next = 0;
  const text = format.replaceAll(
    verb,
    (whole: string, flags: string, width?: string, precision?: string, letter = '') => {
      if (letter === '%') return '%';
      if (Number(width ?? 0) > widthMax || Number(precision ?? 0) > widthMax)
        throw new TemplateFailure('a width of more than 1000 characters');
      if (next >= args.length) return `%!${letter}(MISSING)`;
      const value = args[next++] ?? null;
      const dot = whole.includes('.');
      const digits = dot ? Number(precision ?? 0) : undefined;
      return pad(formatOne(letter, value, digits, flags), flags, Number(width ?? 0), typeof value !== 'string');
    },
  );
  const surplus = args.slice(next).map((value) => `${typeName(value)}=${printValue(value)}`);
  return surplus.length === 0 ? text : `${text}%!(EXTRA ${surplus.join(', ')})`;
}

function formatOne(letter: string, value: TemplateValue, digits: number | undefined, flags: string): string {
  const wrong = `%!${letter}(${typeName(value)}=${printValue(value)})`;
  const signed = (text: string) => (flags.includes('+') && !text.startsWith('-') ? `+${text}` : text);
  switch (letter) {
    case 'v':
      return typeof value === 'number' && digits !== undefined ? general(value, digits) : printValue(value);
    case 's':
      return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
        ? wrong
        : printValue(value).slice(0, digits);
    case 'q':
      return typeof value === 'string' ? JSON.stringify(value) : wrong;
    case 't':
      return typeof value === 'boolean' ? String(value) : wrong;
    case 'd':
      return typeof value === 'bigint' ? signed(String(value)) : wrong;
    case 'x':
    case 'X': {
      if (typeof value !== 'bigint') return wrong;
      const hex = value.toString(16);
      return letter === 'X' ? hex.toUpperCase() : hex;
    }
    case 'f':
    case 'F':
      return typeof value === 'number' ? signed(fixed(value, digits ?? 6)) : wrong;
    case 'e':
    case 'E': {
      if (typeof value !== 'number') return wrong;
      const text = signed(exponent(value, digits ?? 6));
      return letter === 'E' ? text.toUpperCase() : text;
    }
    case 'g':
    case 'G':
      if (typeof value !== 'number') return wrong;
      return signed(digits === undefined ? formatGoNumber(value) : general(value, digits));
    default:
      return wrong;
  }
}

function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return plainDigits(value);
  return Math.abs(value) < 1e21 ? value.toFixed(Math.min(digits, 100)) : `${plainDigits(value)}.${'0'.repeat(digits)}`;
}

function exponent(value: number, digits: number): string {
  if (!Number.isFinite(value)) return plainDigits(value);
  return value.toExponential(Math.min(digits, 100)).replace(/e([+-])(\d)$/u, 'e$10$2');
}

/** `%.4g`: so many significant digits, an exponent where it is shorter, no zeros at the end. */
export function general(value: number, digits: number): string {
  if (!Number.isFinite(value)) return plainDigits(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const precision = Math.min(Math.max(digits, 1), 100);
  const [mantissa = '', power = '0'] = value.toExponential(precision - 1).split('e');
  const bare = mantissa.includes('.') ? mantissa.replace(/\.?0+$/u, '') : mantissa;
  const at = Number(power);
  if (at < -4 || at >= precision) return `${bare}e${at < 0 ? '-' : '+'}${String(Math.abs(at)).padStart(2, '0')}`;
  return plainDigits(Number(value.toPrecision(precision)));
}

function pad(text: string, flags: string, width: number, number: boolean): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0') || !number) return text.padStart(width);
  const sign = /^[+-]/u.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

function typeName(value: TemplateValue): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'boolean') return 'bool';
  return value === null ? '<nil>' : 'value';
}
