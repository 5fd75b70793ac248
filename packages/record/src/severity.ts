/** OpenTelemetry severity numbers (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber). */
export const severityNames = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type SeverityName = (typeof severityNames)[number];

const byWord: Readonly<Record<string, number>> = {
  trace: 1,
  verbose: 1,
  silly: 1,
  debug: 5,
  info: 9,
  information: 9,
  informational: 9,
  log: 9,
  http: 9,
  notice: 10,
  warn: 13,
  warning: 13,
  error: 17,
  err: 17,
  severe: 17,
  critical: 21,
  crit: 21,
  fatal: 21,
  alert: 22,
  emerg: 23,
  emergency: 23,
  panic: 23,
};

/** The severity number of a level word in any common spelling; 0 (unspecified) when it is none. */
export function severityNumber(word: string): number {
  const plain = word.trim().toLowerCase();
  return Object.hasOwn(byWord, plain) ? (byWord[plain] ?? 0) : 0;
}

/** The name of a severity number: 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal; 0 is ''. */
export function severityName(number: number): SeverityName | '' {
  if (number < 1 || number > 24) return '';
  return severityNames[Math.floor((number - 1) / 4)] ?? '';
}
