import type { IncidentSeverity } from '@sightline/contract';
import type { ReactNode } from 'react';
import { severityTone } from './words.ts';

/** Severity as shape, word and colour: critical a filled octagon, high a triangle, medium a diamond, low a ring. */
export function IncidentSeverityBadge({ severity }: { severity: IncidentSeverity }): ReactNode {
  return (
    <span className="state-badge" data-tone={severityTone[severity]}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden>
        <Shape severity={severity} />
      </svg>
      {severity}
    </span>
  );
}

function Shape({ severity }: { severity: IncidentSeverity }): ReactNode {
  const fill = 'var(--tone-fill)';
  if (severity === 'critical') return <path d="M3.5 0h5L12 3.5v5L8.5 12h-5L0 8.5v-5Z" fill={fill} />;
  if (severity === 'high') return <path d="M6 0.5 12 11.5H0Z" fill={fill} />;
  if (severity === 'medium') return <path d="M6 0.5 11.5 6 6 11.5 0.5 6Z" fill={fill} />;
  return <circle cx="6" cy="6" r="4.5" fill="none" stroke={fill} strokeWidth="2" />;
}
