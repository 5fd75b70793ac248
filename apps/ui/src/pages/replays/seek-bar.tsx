import { memo, type CSSProperties, type ReactNode } from 'react';
import { Go } from '../../shell/go.tsx';
import type { TimedStep } from './timeline.ts';
import { markShapes, stepWords } from './timeline.ts';
import { clockText } from './words.ts';

/** The bar that goes through the recording, with a mark for each thing that happened; marks of errors lead to their issue. */
export function SeekBar(props: {
  from: number;
  to: number;
  now: number;
  marks: readonly TimedStep[];
  onSeek: (at: number) => void;
  onRest: (at: number) => void;
}): ReactNode {
  const { from, to, now, marks, onSeek, onRest } = props;
  const lengthMs = Math.max(1, to - from);
  const atMs = Math.min(Math.max(0, now - from), lengthMs);
  return (
    <div className="seek-bar">
      <Marks from={from} lengthMs={lengthMs} marks={marks} />
      <input
        type="range"
        min={0}
        max={lengthMs}
        step={100}
        value={atMs}
        style={{ '--played': `${(atMs / lengthMs) * 100}%` } as CSSProperties}
        aria-label="Time in the replay"
        aria-valuetext={`${clockText(atMs)} of ${clockText(lengthMs)}`}
        onChange={(event) => onSeek(from + Number(event.target.value))}
        onPointerUp={(event) => onRest(from + Number(event.currentTarget.value))}
        onKeyUp={(event) => onRest(from + Number(event.currentTarget.value))}
      />
    </div>
  );
}

const Marks = memo(function Marks(props: { from: number; lengthMs: number; marks: readonly TimedStep[] }): ReactNode {
  const place = (step: TimedStep) => ({
    left: `${(Math.min(Math.max(0, step.at - props.from), props.lengthMs) / props.lengthMs) * 100}%`,
  });
  return (
    <div className="seek-marks">
      {props.marks.map((step, index) =>
        step.issue === undefined ? (
          <span key={index} className="seek-mark" data-kind={step.kind} style={place(step)} aria-hidden>
            {markShapes[step.kind]}
          </span>
        ) : (
          <Go
            key={index}
            to={`/errors/${step.issue.id}`}
            search={{ event: step.issue.event }}
            className="seek-mark"
            data-kind={step.kind}
            style={place(step)}
            aria-label={`${stepWords[step.kind]} at ${clockText(step.at - props.from)}: ${step.text}`}
            title={step.text}
          >
            {markShapes[step.kind]}
          </Go>
        ),
      )}
    </div>
  );
});
