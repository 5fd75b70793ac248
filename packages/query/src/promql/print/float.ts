/** A number's shortest digits without exponent, as Go's `strconv.FormatFloat(value, 'f', -1, 64)`. */
export function showFloat(value: number): string {
  const odd = showOdd(value);
  if (odd !== undefined) return odd;
  const shown = value.toString();
  const at = shown.indexOf('e');
  if (at < 0) return shown;
  const exponent = Number(shown.slice(at + 1));
  const sign = value < 0 ? '-' : '';
  const [whole = '', fraction = ''] = shown.slice(sign.length, at).split('.');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${whole}${fraction}`;
  return sign + whole + fraction.padEnd(exponent, '0');
}

/** As Go's `%v` and as Prometheus' JSON has sample values: an exponent of two digits below 1e-6 and from 1e21 on. */
export function showSampleValue(value: number): string {
  const odd = showOdd(value);
  if (odd !== undefined) return odd;
  const shown = value.toString();
  return shown.includes('e-') ? shown.replace(/e-(\d)$/, 'e-0$1') : shown;
}

function showOdd(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Object.is(value, -0) ? '-0' : undefined;
}
