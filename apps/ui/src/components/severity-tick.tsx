import type { ReactNode } from 'react';
import type { Tone } from './state-badge.tsx';
import './states.css';

/** The protocol's severity words ('' where the sender gave none). */
export type Severity = '' | 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

const tones: Readonly<Record<Severity, Tone>> = {
  '': 'idle',
  trace: 'idle',
  debug: 'idle',
  info: 'idle',
  warn: 'warn',
  error: 'bad',
  fatal: 'bad',
};

/** The tone of a severity. */
export function severityTone(severity: Severity): Tone {
  return tones[severity];
}

/** A tick in the severity's colour with the protocol's word beside it (`bare`: the word is only read aloud). */
export function SeverityTick({ severity, bare = false }: { severity: Severity; bare?: boolean }): ReactNode {
  const word = severity === '' ? 'no severity' : severity;
  return (
    <span className="severity" data-tone={tones[severity]} data-level={severity} title={bare ? word : undefined}>
      <span className="severity-tick" aria-hidden />
      <span className={bare ? 'only-read-aloud' : undefined}>{severity === '' && !bare ? '–' : word}</span>
    </span>
  );
}
