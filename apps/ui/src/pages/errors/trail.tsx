import { getTrace, type ErrorEvent } from '@sightline/contract';
import { useMemo, useState, type ReactNode } from 'react';
import { Button, Select, TextInput } from '@mantine/core';
import { SeverityTick, type Severity } from '../../components/severity-tick.tsx';
import { timeOfDay } from '../../components/time-format.ts';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { Go } from '../../shell/go.tsx';
import { filterTrail, joinTrail, trailKinds } from './crumb-trail.ts';
import './errors.css';

const shownAtFirst = 25;
/** So few need no filter. */
const fewSteps = 5;
const leastLevels = [
  { value: 'info', label: 'info and worse' },
  { value: 'warn', label: 'warning and worse' },
  { value: 'error', label: 'error and worse' },
];
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
  const { search, setSearch } = useAddress();
  // What is typed stands here first: the address follows.
  const [text, setText] = useState(search['crumbText'] ?? '');
  const filter = { kind: search['crumb'] ?? '', level: search['crumbLevel'] ?? '', text };
  const filtered = filter.kind !== '' || filter.level !== '' || filter.text !== '';
  const left = filterTrail(steps, filter);
  const shown = all ? left : left.slice(-shownAtFirst);
  if (steps.length === 0) {
    return <p className="muted">Neither breadcrumbs nor logs of the trace are known for this event.</p>;
  }
  return (
    <>
      {error !== null && <p className="muted">The logs of the trace could not be joined: {error.detail}</p>}
      {(steps.length > fewSteps || filtered) && (
        <div className="trail-filter" role="search" aria-label="Filter the steps">
          <Select
            size="xs"
            w={150}
            aria-label="Type of the steps"
            placeholder="Every type"
            clearable
            data={[...trailKinds(steps)]}
            value={filter.kind === '' ? null : filter.kind}
            onChange={(kind) => setSearch({ crumb: kind ?? '' })}
          />
          <Select
            size="xs"
            w={150}
            aria-label="Least level of the steps"
            placeholder="Every level"
            clearable
            data={leastLevels}
            value={filter.level === '' ? null : filter.level}
            onChange={(level) => setSearch({ crumbLevel: level ?? '' })}
          />
          <TextInput
            size="xs"
            className="grow"
            aria-label="Words of the steps"
            placeholder="Words"
            maxLength={200}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setSearch({ crumbText: event.currentTarget.value });
            }}
          />
          {filtered && (
            <span className="muted" role="status">
              {left.length} of {steps.length} steps
            </span>
          )}
        </div>
      )}
      {shown.length < left.length && (
        <Button variant="subtle" onClick={() => setAll(true)}>
          Show {left.length - shown.length} earlier steps
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
