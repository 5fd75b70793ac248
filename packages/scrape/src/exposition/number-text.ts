/** A number in one of the text formats; undefined when the text is none (https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information). */
export function readNumber(text: string): number | undefined {
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) return Number(text);
  const word = text.toLowerCase();
  if (word === 'nan') return NaN;
  if (word === '+inf' || word === 'inf' || word === '+infinity' || word === 'infinity') return Infinity;
  return word === '-inf' || word === '-infinity' ? -Infinity : undefined;
}

/**
 * The value of `le` and `quantile` as Prometheus 3 has it, whatever the client wrote: `1` and `1.0` are the same bucket
 * (https://prometheus.io/docs/prometheus/latest/migration/#le-and-quantile-label-values). A text that is no number stays as it is.
 */
export function canonicalBound(text: string): string {
  const value = readNumber(text);
  return value === undefined ? text : openMetricsNumber(value);
}

/** A number as OpenMetrics writes bounds: shortest digits, with `.0` or an exponent. */
export function openMetricsNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
  if (value === 0) return '0.0';
  const [digits = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const plain = String(value);
  return plain.includes('.') ? plain : `${plain}.0`;
}
