import type { LogRow } from '@sightline/contract';

export type Severity = LogRow['severity'];

/** Worst first: the order in which severities are listed and stacked from the bottom up. */
export const severityOrder = [
  'fatal',
  'error',
  'warn',
  'info',
  'debug',
  'trace',
  '',
] as const satisfies readonly Severity[];

/** The fill of a severity in charts. Only warn and worse carry a state's colour. */
export const severityFill: Readonly<Record<Severity, string>> = {
  fatal: 'var(--sev-fatal)',
  error: 'var(--bad-fill)',
  warn: 'var(--warn-fill)',
  info: 'var(--sev-info)',
  debug: 'var(--sev-debug)',
  trace: 'var(--sev-trace)',
  '': 'var(--sev-trace)',
};

/** The protocol's word for a severity, and a word for none. */
export function severityWord(severity: Severity): string {
  return severity === '' ? 'unspecified' : severity;
}
