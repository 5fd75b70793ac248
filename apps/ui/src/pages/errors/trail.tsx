import { getTrace, type ErrorEvent } from '@sightline/contract';
import { useMemo, useState, type ReactNode } from 'react';
import { Button } from '@mantine/core';
import { SeverityTick, type Severity } from '../../components/severity-tick.tsx';
import { timeOfDay } from '../../components/time-format.ts';
import { useAsk } from '../../data/ask.ts';
import { Go } from '../../shell/go.tsx';
import { joinTrail } from './crumb-trail.ts';
import './errors.css';

const shownAtFirst = 25;
const words: readonly Severity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** What happened before the error: breadcrumbs of the SDK joined with the log lines of its trace, newest last. */
export function Trail({ event }: { event: ErrorEvent }): ReactNode {
  const [all, setAll] = useState(false);
  const traced = /^[0-9a-f]{32}$/i.test(event.traceId);
  const { data, error } = useAsk(getTrace, { params: { id: event.traceId } }, { when: traced, keepOld: false });
  const steps = useMemo(
    () => joinTrail(event.breadcrumbs, data?.logs ?? [], event.at),
    [event.breadcrumbs, event.at, data],
  );
  const shown = all ? steps : steps.slice(-shownAtFirst);
  if (steps.length === 0) {
    return <p className="muted">Neither breadcrumbs nor logs of the trace are known for this event.</p>;
  }
  return (
    <>
      {error !== null && <p className="muted">The logs of the trace could not be joined: {error.detail}</p>}
      {shown.length < steps.length && (
        <Button variant="subtle" onClick={() => setAll(true)}>
          Show {steps.length - shown.length} earlier steps
        </Button>
      )}
      <ol className="trail">
        {shown.map((step, index) => (
          <li key={index} data-kind={step.kind}>
            <span className="muted code">{step.at === null ? '' : timeOfDay(step.at, true)}</span>
            <SeverityTick severity={severityOf(step.level)} bare />
            <span className="trail-category muted">{step.category}</span>
            <span className="trail-message code">
              {step.logId === '' ? (
                step.message || step.data
              ) : (
                <Go to="/logs" search={{ row: step.logId, q: `trace:${event.traceId}` }}>
                  {step.message}
                </Go>
              )}
              {step.message !== '' && step.data !== '' && <span className="muted"> {step.data}</span>}
            </span>
          </li>
        ))}
        <li data-kind="error">
          <span className="muted code">{timeOfDay(event.at, true)}</span>
          <SeverityTick severity={event.severity} bare />
          <span className="trail-category">this error</span>
          <span className="trail-message code">
            {event.type}: {event.message}
          </span>
        </li>
      </ol>
    </>
  );
}

function severityOf(level: string): Severity {
  if (level === 'warning') return 'warn';
  return words.find((word) => word === level) ?? '';
}
