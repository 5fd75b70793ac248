import type { GroupingPart } from '@sightline/contract';
import { IconCheck, IconMinus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import './errors.css';

const words: Readonly<Record<GroupingPart['kind'], string>> = {
  type: 'type',
  cause: 'caused by',
  frame: 'frame',
  line: 'source line',
  message: 'message',
  culprit: 'place',
  fingerprint: 'fingerprint',
  rule: '',
};

/** What makes the issue, in order, and what was looked at and left out, each with its reason. */
export function WhyGrouped({ parts }: { parts: readonly GroupingPart[] }): ReactNode {
  const counted = parts.filter(({ used }) => used).length;
  return (
    <details className="fold">
      <summary>Why is this one issue?</summary>
      {parts.length === 0 ? (
        <p className="muted">Events of the same type and place.</p>
      ) : (
        <>
          <p className="muted">
            Events are one issue when {counted === 1 ? 'this is' : `these ${counted} are`} the same.
          </p>
          <ol className="grouping">
            {parts.map(({ kind, value, used, why }, index) => (
              <li key={index} data-used={used ? '' : undefined}>
                {used ? (
                  <IconCheck size={14} aria-label="counts" />
                ) : (
                  <IconMinus size={14} aria-label="does not count" />
                )}
                <span>
                  {words[kind] !== '' && <span className="muted">{words[kind]} </span>}
                  <span className="code">{value}</span>
                  {why !== '' && <span className="muted"> – {why}</span>}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </details>
  );
}
