import type { Rule, RuleSeverity } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ToneBadge, type Tone } from '../../components/state-badge.tsx';

const tones: Readonly<Record<RuleSeverity, Tone>> = { critical: 'bad', high: 'bad', medium: 'warn', low: 'idle' };

/** A severity in its colour; the word carries the meaning. */
export function SeverityWord({ severity }: { severity: RuleSeverity }): ReactNode {
  return (
    <span className="toned" data-tone={tones[severity]}>
      {severity}
    </span>
  );
}

/** Whether a rule fires, waits, is well, off, or cannot be evaluated. */
export function RuleState({ rule }: { rule: Rule }): ReactNode {
  if (!rule.enabled) return <ToneBadge tone="idle">off</ToneBadge>;
  if (rule.firing > 0) return <ToneBadge tone="bad">fires</ToneBadge>;
  if (rule.lastError !== '') return <ToneBadge tone="warn">faulty</ToneBadge>;
  if (rule.pending > 0) return <ToneBadge tone="warn">waits</ToneBadge>;
  return (
    <ToneBadge tone={rule.lastRunAt === null ? 'idle' : 'good'}>{rule.lastRunAt === null ? 'new' : 'well'}</ToneBadge>
  );
}
