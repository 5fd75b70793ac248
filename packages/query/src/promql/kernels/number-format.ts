/** Digits and exponent of a finite number's shortest form: `1.25e+21` → `125`, 21. */
function shortest(value: number): { readonly sign: string; readonly digits: string; readonly exponent: number } {
  const [mantissa = '0', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return {
    sign: value < 0 || Object.is(value, -0) ? '-' : '',
    digits: mantissa.replace('.', ''),
    exponent: Number(exponent),
  };
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return undefined;
}

/** Without an exponent, however long: Go's `FormatFloat(v, 'f', -1, 64)`. */
export function formatPlain(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const { sign, digits, exponent } = shortest(value);
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits + '0'.repeat(exponent + 1 - digits.length);
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function withExponent(sign: string, digits: string, exponent: number): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${power}`;
}

/** As labels of OpenMetrics hold numbers: `1.0`, `0.5`, `1e+06`. */
export function formatOpenMetrics(value: number): string {
  const text = formatGeneral(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Go's `%g`: an exponent below -4 and from 6 on. */
export function formatGeneral(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const { sign, digits, exponent } = shortest(value);
  if (value !== 0 && (exponent < -4 || exponent >= 6)) return withExponent(sign, digits, exponent);
  return formatPlain(value);
}

/** Go's `%.2g`. */
export function formatTwoDigits(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  if (value === 0) return '0';
  const [mantissa = '0', exponent = '0'] = Math.abs(value).toExponential(1).split('e');
  const digits = mantissa.replace('.', '').replace(/0$/, '');
  const sign = value < 0 ? '-' : '';
  const power = Number(exponent);
  if (power < -4 || power >= 2) return withExponent(sign, digits, power);
  return sign + String(Number(`${mantissa}e${exponent}`));
}
