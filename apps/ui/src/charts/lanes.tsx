import { useElementSize } from '@mantine/hooks';
import { useState, type PointerEvent, type ReactNode } from 'react';
import { compactNumber, percent } from '../components/number-text.ts';
import { hourAndMinute, timeOfDay } from '../components/time-format.ts';
import { firstAt, pointAt, runsOf, stepOf, sumOf, type LanePoint } from './lane-shape.ts';
import './lanes.css';

export interface Lane {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'bar' | 'line';
  readonly points: readonly LanePoint[];
}

const laneHeight = 44;

/** Lanes over one time axis that runs to now. One pointer for all; a drag becomes the page's range. */
export function Lanes(props: {
  lanes: readonly Lane[];
  from: number;
  to: number;
  onRange: (from: number, to: number) => void;
}): ReactNode {
  const { lanes, from, to, onRange } = props;
  const { ref, width } = useElementSize();
  const [pointed, setPointed] = useState<number>();
  const [start, setStart] = useState<number>();
  const young = firstAt(lanes.map((lane) => lane.points)) ?? from;
  const x = (at: number): number => ((at - from) / (to - from)) * width;
  const timeAt = (event: PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return from + share * (to - from);
  };
  function release(event: PointerEvent<HTMLElement>): void {
    const end = timeAt(event);
    setStart(undefined);
    if (start !== undefined && Math.abs(x(end) - x(start)) > 6) onRange(Math.min(start, end), Math.max(start, end));
  }
  if (lanes.length === 0) return <p className="panel-body muted">Nothing was measured here in this range.</p>;
  return (
    <div className="time-lanes">
      <div className="time-lane-names">
        {lanes.map((lane) => {
          const point = pointed === undefined ? lane.points.at(-1) : pointAt(lane.points, pointed);
          return (
            <div key={lane.name} className="time-lane-name" style={{ height: laneHeight }}>
              <strong>{capital(lane.name)}</strong>
              <span className="muted">{shownText(lane, point, pointed)}</span>
            </div>
          );
        })}
      </div>
      <div
        className="time-lane-field"
        ref={ref}
        onPointerMove={(event) => setPointed(timeAt(event))}
        onPointerLeave={() => setPointed(undefined)}
        onPointerDown={(event) => {
          if (event.pointerType === 'mouse') setStart(timeAt(event));
        }}
        onPointerUp={release}
      >
        {width > 0 && (
          <svg width={width} height={lanes.length * laneHeight} role="img" aria-label={spoken(lanes)}>
            {lanes.map((lane, i) => (
              <g key={lane.name} transform={`translate(0 ${i * laneHeight})`}>
                <line x1="0" x2={width} y1={laneHeight - 0.5} y2={laneHeight - 0.5} stroke="var(--border)" />
                <LaneDrawing lane={lane} x={x} />
              </g>
            ))}
            {x(young) > 150 && (
              <>
                <rect width={x(young) - 4} height="100%" fill="var(--raised)" opacity="0.5" />
                <text className="time-lane-young" x={x(young) - 12} y={laneHeight / 2 + 4} textAnchor="end">
                  nothing before {hourAndMinute(young)}
                </text>
              </>
            )}
            {start !== undefined && pointed !== undefined && (
              <rect
                x={Math.min(x(start), x(pointed))}
                width={Math.abs(x(pointed) - x(start))}
                height="100%"
                fill="var(--accent)"
                opacity="0.18"
              />
            )}
            {pointed !== undefined && (
              <line
                x1={x(pointed)}
                x2={x(pointed)}
                y1="0"
                y2="100%"
                stroke="var(--border-strong)"
                strokeDasharray="2 3"
              />
            )}
          </svg>
        )}
        <div className="time-lane-axis muted">
          <span>{hourAndMinute(from)}</span>
          <span>{pointed === undefined ? '' : timeOfDay(pointed)}</span>
          <span>{hourAndMinute(to)}</span>
        </div>
      </div>
    </div>
  );
}

function LaneDrawing({ lane, x }: { lane: Lane; x: (at: number) => number }): ReactNode {
  // A share is seen against the whole.
  const least = lane.unit === 'share' ? 1 : Number.MIN_VALUE;
  const most = Math.max(...lane.points.map((p) => p.value), least);
  const y = (value: number): number => laneHeight - 2 - (value / most) * (laneHeight - 10);
  const colour = colourOf(lane.name);
  if (lane.kind === 'line') {
    const path = runsOf(lane.points)
      .map((run) => run.map((p, i) => `${i === 0 ? 'M' : 'L'}${x(p.at).toFixed(1)} ${y(p.value).toFixed(1)}`).join(''))
      .join('');
    return <path d={path} fill="none" stroke={colour} strokeWidth="1.5" strokeLinejoin="round" />;
  }
  const wide = Math.max(1, x(stepOf(lane.points)) - x(0) - 1);
  const path = lane.points
    .filter((p) => p.value > 0)
    .map(
      (p) => `M${x(p.at).toFixed(1)} ${laneHeight - 1}V${y(p.value).toFixed(1)}h${wide.toFixed(1)}V${laneHeight - 1}Z`,
    )
    .join('');
  return <path d={path} fill={colour} />;
}

const isPresence = (lane: Lane): boolean => /^online$/i.test(lane.name);

/** Under the pointer the moment's value; else the latest of a level, the sum over the range of a count. */
function shownText(lane: Lane, point: LanePoint | undefined, pointed: number | undefined): string {
  if (isPresence(lane)) {
    // The minute that runs may not have been heard yet.
    const lately = pointed === undefined ? lane.points.slice(-2) : point === undefined ? [] : [point];
    return lately.some(({ value }) => value > 0) ? 'heard' : 'silent';
  }
  if (point === undefined) return '–';
  if (pointed !== undefined || lane.kind === 'line' || lane.unit.includes('/') || lane.unit === 'open')
    return valueText(point.value, lane.unit);
  return `${valueText(sumOf(lane.points), lane.unit)} in all`;
}

function capital(name: string): string {
  return /^p\d/.test(name) ? name : name.charAt(0).toUpperCase() + name.slice(1);
}

/** The number with its unit; a share as a percentage. */
function valueText(value: number, unit: string): string {
  return unit === 'share'
    ? percent(value)
    : `${compactNumber(value)} ${value === 1 && /^[a-z]{3,}s$/.test(unit) ? unit.slice(0, -1) : unit}`;
}

/** State has its colours; everything else is drawn in one quiet one. */
function colourOf(name: string): string {
  if (/error|fail|declin|incident/i.test(name)) return 'var(--bad-fill)';
  if (/online|uptime/i.test(name)) return 'var(--good-fill)';
  return 'var(--quiet-fill)';
}

function spoken(lanes: readonly Lane[]): string {
  return lanes
    .map((lane) => {
      const last = lane.points.at(-1);
      return `${lane.name}: ${last === undefined ? 'nothing' : shownText(lane, last, undefined)}`;
    })
    .join('. ');
}
