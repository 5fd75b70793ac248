import { SegmentedControl } from '@mantine/core';
import { memo, useEffect, useRef, type ReactNode } from 'react';
import { useAddress } from '../../data/address.ts';
import { Go } from '../../shell/go.tsx';
import type { StepKind } from './steps.ts';
import { currentStep, markShapes, stepWords, type TimedStep } from './timeline.ts';
import { clockText, pathOf } from './words.ts';

const filters: readonly { readonly value: string; readonly label: string; readonly kinds: readonly StepKind[] }[] = [
  { value: 'all', label: 'All', kinds: [] },
  { value: 'errors', label: 'Errors', kinds: ['error'] },
  { value: 'clicks', label: 'Clicks', kinds: ['click', 'rage', 'dead'] },
  { value: 'pages', label: 'Pages', kinds: ['navigation'] },
  { value: 'network', label: 'Network', kinds: ['network'] },
  { value: 'console', label: 'Console', kinds: ['console'] },
  { value: 'logs', label: 'Logs', kinds: ['log'] },
  { value: 'spans', label: 'Spans', kinds: ['span'] },
];

/** What happened, beside the player: the step of the moment is lit, pressing one goes to its moment. */
export function StepList(props: {
  steps: readonly TimedStep[];
  left: number;
  from: number;
  now: number;
  busy: boolean;
  /** Said below: what the list cannot hold of what servers did. */
  note: string;
  onSeek: (at: number) => void;
}): ReactNode {
  const { steps, left, from, now, busy, note, onSeek } = props;
  const { search, setSearch } = useAddress();
  const filter = filters.find(({ value }) => value === search['show']) ?? filters[0];
  const kinds = filter?.kinds ?? [];
  const shown = kinds.length === 0 ? steps : steps.filter(({ kind }) => kinds.includes(kind));
  const current = currentStep(shown, now);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const [outer, row] = [list.current, list.current?.children[current]];
    if (outer && row instanceof HTMLElement)
      outer.scrollTop = row.offsetTop - outer.offsetTop - (outer.clientHeight - row.clientHeight) / 2;
  }, [current]);
  return (
    <section className="replay-steps" aria-label="What happened">
      <div className="scroll-x">
        <SegmentedControl
          size="xs"
          aria-label="What to list"
          value={filter?.value ?? 'all'}
          data={filters.map(({ value, label }) => ({ value, label }))}
          onChange={(value) => setSearch({ show: value === 'all' ? '' : value })}
        />
      </div>
      {shown.length === 0 ? (
        <p className="muted">{busy ? 'The recording is on its way.' : 'Nothing of this kind happened.'}</p>
      ) : (
        <ol ref={list} className="step-list">
          {shown.map((step, index) => (
            <StepLine key={index} step={step} from={from} current={index === current} onSeek={onSeek} />
          ))}
        </ol>
      )}
      {note !== '' && <p className="muted">{note}</p>}
      {left > 0 && <p className="muted">{left} later steps are not listed.</p>}
    </section>
  );
}

const StepLine = memo(function StepLine(props: {
  step: TimedStep;
  from: number;
  current: boolean;
  onSeek: (at: number) => void;
}): ReactNode {
  const { step, from, current, onSeek } = props;
  const text = step.kind === 'navigation' ? pathOf(step.text) : step.text;
  return (
    <li className="step-line" aria-current={current ? 'step' : undefined} data-tone={step.bad ? 'bad' : undefined}>
      <button type="button" className="step-seek" onClick={() => onSeek(step.at)}>
        <span className="code muted">{clockText(step.at - from)}</span>
        <span className="step-kind toned">
          <span aria-hidden>{markShapes[step.kind]}</span> {stepWords[step.kind]}
        </span>
        <span className="step-text" title={step.text}>
          {text} {step.detail !== '' && <span className="muted">{step.detail}</span>}
        </span>
      </button>
      {step.issue !== undefined && (
        <Go to={`/errors/${step.issue.id}`} search={{ event: step.issue.event }} className="step-way">
          Issue
        </Go>
      )}
      {step.trace !== undefined && (
        <Go to={`/traces/${step.trace.id}`} search={{ span: step.trace.span }} className="step-way">
          Trace
        </Go>
      )}
    </li>
  );
});
