import type { spanExample } from '@sightline/contract';
import type { ReactNode } from 'react';
import type { z } from 'zod';
import { formatDuration } from '../../charts/number-format.ts';
import { TimeText } from '../../components/time-text.tsx';
import { Go } from '../../shell/go.tsx';

export type SpanExample = z.output<typeof spanExample>;

/** Spans that lead to their traces, the row of each in one line. */
export function ExampleList({ examples }: { examples: readonly SpanExample[] }): ReactNode {
  if (examples.length === 0) return <p className="muted">None in this range.</p>;
  const longest = examples.reduce((most, { durationMs }) => Math.max(most, durationMs), 0);
  return (
    <ul className="example-list">
      {examples.map((example) => (
        <li key={`${example.traceId}${example.spanId}`}>
          <Go to={`/traces/${example.traceId}`} search={{ span: example.spanId }}>
            <span className="trace-when">
              <TimeText at={example.at} />
            </span>
            <span className="example-name">
              {example.service} {example.name}
            </span>
            <span className="muted">{example.site}</span>
            <span className="trace-took number">
              {example.failed && <span className="only-read-aloud">failed, </span>}
              {formatDuration(example.durationMs)}
              <span
                className="trace-bar"
                data-failed={example.failed ? '' : undefined}
                style={{ inlineSize: `${longest > 0 ? (100 * example.durationMs) / longest : 0}%` }}
              />
            </span>
          </Go>
        </li>
      ))}
    </ul>
  );
}
