import { useState, type ReactNode } from 'react';
import { bucketText, tickText } from '../../../charts/time-text.ts';
import type { PanelProps } from '../panel-props.ts';
import { formatOf, toneOf } from '../values.ts';
import { stateRuns } from './state-runs.ts';

const lanesAtMost = 40;

/** For each series a lane of its states over time: colour and word for each stretch. */
export default function StateTimelinePanel({ panel, data, label, height }: PanelProps): ReactNode {
  const [pointed, setPointed] = useState('');
  const format = formatOf(panel);
  const lanes = data.frames.flatMap((frame) =>
    frame.instant
      ? []
      : frame.columns.map(({ name, values }) => ({ name, runs: stateRuns(frame.times, values, data.stepMs) })),
  );
  const shown = lanes.slice(0, lanesAtMost);
  if (shown.length === 0) return <p className="panel-none">No values in this range</p>;
  const tall = Math.max(18, Math.min(34, (height - 40) / shown.length));
  const share = (at: number): number => Math.max(0, Math.min(100, ((at - data.from) / (data.to - data.from)) * 100));
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
    <div className="state-lanes" tabIndex={0} role="region" aria-label={label} style={{ maxHeight: height }}>
      {shown.map(({ name, runs }) => (
        <div key={name} className="state-lane">
          <span className="state-lane-name" title={name}>
            {name}
          </span>
          <div
            className="state-track"
            style={{ height: tall }}
            role="img"
            aria-label={spoken(name, runs.at(-1)?.value ?? null, format)}
          >
            {runs.map((run) => {
              const left = share(run.from);
              const wide = share(run.to) - left;
              return (
                <span
                  key={run.from}
                  className="state-run"
                  data-tone={toneOf(panel, run.value)}
                  style={{ left: `${left}%`, width: `${wide}%` }}
                  onPointerEnter={() =>
                    setPointed(
                      `${name}: ${format(run.value)}, ${bucketText(run.from, run.to - run.from, data.to - data.from)}`,
                    )
                  }
                  onPointerLeave={() => setPointed('')}
                >
                  {wide > 8 ? format(run.value) : ''}
                </span>
              );
            })}
          </div>
        </div>
      ))}
      <div className="chart-ticks state-ticks" aria-hidden>
        {pointed === '' ? (
          [0, 0.5, 1].map((part) => (
            <span key={part}>{tickText(data.from + (data.to - data.from) * part, data.to - data.from)}</span>
          ))
        ) : (
          <span>{pointed}</span>
        )}
      </div>
      {lanes.length > shown.length && <p className="muted">{lanes.length - shown.length} more</p>}
    </div>
  );
}

function spoken(name: string, value: number | null, format: (value: number | null) => string): string {
  return `${name}: at last ${format(value)}`;
}
