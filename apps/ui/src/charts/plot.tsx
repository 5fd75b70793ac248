import { useCallback, useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './charts.css';
import { bucketText } from './time-text.ts';
import { Go } from '../shell/go.tsx';
import {
  chartOptions,
  heightOn,
  type ChartKind,
  type ChartLimit,
  type ChartMark,
  type RightAxis,
  type ValueAxis,
} from './uplot-options.ts';
import type { LineLook } from './column-data.ts';
import { useColourScheme } from './use-colour-scheme.ts';

/** What is drawn of one series besides its values. */
interface PlotSeries {
  readonly name: string;
  readonly colour: string;
  readonly dashed?: boolean;
  readonly bridged?: boolean;
  readonly draw?: ChartKind | undefined;
  readonly axis?: 'right' | undefined;
  readonly line?: LineLook | undefined;
  readonly format?: ((value: number) => string) | undefined;
}

/** One series at the pointer. */
export interface PlotValue {
  readonly name: string;
  readonly value: number;
  readonly colour: string;
  readonly format?: ((value: number) => string) | undefined;
}

interface PlotProps {
  /** In the order in which they are painted. */
  readonly series: readonly PlotSeries[];
  /** Times (ms since the epoch) and a column for each series. */
  readonly data: uPlot.AlignedData;
  /** Ends of the axis, ms since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly label: string;
  readonly kind: ChartKind;
  readonly format: (value: number) => string;
  readonly height: number;
  readonly low?: number | null;
  readonly high?: number | null;
  readonly logarithmic?: boolean;
  readonly right?: RightAxis | undefined;
  readonly limits?: readonly ChartLimit[];
  readonly marks?: readonly ChartMark[] | undefined;
  /** Charts of one name share their crosshair. */
  readonly together?: string | undefined;
  /** The values at an index of the times, greatest first. */
  readonly valuesAt: (index: number) => readonly PlotValue[];
  /** What is read aloud, a line for each series. */
  readonly spoken: readonly string[];
  /** Said below the chart, of what it does not draw. */
  readonly note?: string | undefined;
  readonly empty?: boolean;
  /**
   * Lies over the plot's own area, which is as wide as the axis from `from` to `to`; `share` says how high a value stands on it (0 the
   * foot, 1 the top).
   */
  readonly renderOver?: ((share: (value: number) => number) => ReactNode) | undefined;
  readonly onRange?: ((from: number, to: number) => void) | undefined;
}

const noMarks: readonly ChartMark[] = [];
const noLimits: readonly ChartLimit[] = [];
const cardRows = 16;

/**
 * The frame of every chart over time: it keeps one uPlot through changes of data, shows all values under the pointer and
 * hands a dragged range to `onRange` (keyboard: arrows, Shift with arrows, Enter).
 */
export function Plot(props: PlotProps): ReactNode {
  const { series, data, from, to, stepMs, label, kind, format, height, marks = noMarks, limits = noLimits } = props;
  const { low = null, high = null, logarithmic = false, right, together, onRange } = props;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  // A chart whose crosshair is moved by another shows no card.
  const inside = useRef(false);
  const [cursor, setCursor] = useState<number>();
  const [area, setArea] = useState<HTMLElement>();
  const [axis, setAxis] = useState<ValueAxis>();
  const scheme = useColourScheme();
  const hint = useId();
  const share = useCallback((value: number) => (axis === undefined ? NaN : heightOn(axis, value)), [axis]);
  const needsAxis = props.renderOver !== undefined;
  const frame = useRef({ from, to, marks, data, format, right, onRange, needsAxis });
  useEffect(() => {
    frame.current = { from, to, marks, data, format, right, onRange, needsAxis };
  });
  const named = series.map(({ name, colour, dashed, draw, axis: side, line }) => [
    name,
    colour,
    dashed,
    draw,
    side,
    line,
  ]);
  const ends = [low, high, right?.low, right?.high];
  const shape = JSON.stringify([named, kind, height, scheme, ends, logarithmic, limits, together]);

  // `shape` stands for all that a new chart is made for; data, ends and marks are handed over below.
  // oxlint-disable-next-line react/exhaustive-effect-dependencies
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const options = chartOptions({
      element,
      series,
      kind,
      height,
      format: (value) => frame.current.format(value),
      low,
      high,
      logarithmic,
      right: {
        low: right?.low ?? null,
        high: right?.high ?? null,
        format: (value) => (frame.current.right ?? frame.current).format(value),
      },
      limits,
      ...(together === undefined ? {} : { together }),
      frame: () => frame.current,
      onAxis: (min, max) => {
        if (!frame.current.needsAxis) return;
        setAxis((old) =>
          old?.low === min && old.high === max && old.logarithmic === logarithmic
            ? old
            : { low: min, high: max, logarithmic },
        );
      },
      onCursor: (index) => setCursor(inside.current ? index : undefined),
      onRange: (start, end) => frame.current.onRange?.(start, end),
    });
    const made = new uPlot(options, frame.current.data, element);
    chart.current = made;
    setArea(made.over);
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(120, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
    // oxlint-disable-next-line react/exhaustive-deps
  }, [shape]);

  // The ends, the marks and the labels are read from `frame` while drawing: a change of theirs draws again.
  // oxlint-disable-next-line react/exhaustive-effect-dependencies
  useEffect(() => {
    chart.current?.setData(data, true);
  }, [data, from, to, marks, format, right, needsAxis]);

  const at = cursor === undefined ? undefined : data[0][cursor];
  const values = cursor === undefined ? [] : props.valuesAt(cursor);
  return (
    <div className="time-chart" style={{ minHeight: height }}>
      <div
        ref={host}
        role="group"
        aria-roledescription="chart"
        aria-label={label}
        aria-describedby={hint}
        tabIndex={0}
        onPointerEnter={() => (inside.current = true)}
        onPointerLeave={() => {
          inside.current = false;
          setCursor(undefined);
        }}
        onFocus={() => (inside.current = true)}
        onKeyDown={(event) => moveByKey(event, chart.current, onRange)}
        onBlur={() => {
          chart.current?.setCursor({ left: -10, top: -10 });
          inside.current = false;
        }}
      />
      {area !== undefined && createPortal(<MarkTops marks={marks} from={from} to={to} />, area)}
      {area !== undefined && props.renderOver !== undefined && createPortal(props.renderOver(share), area)}
      {props.empty === true && <div className="chart-empty">No values in this range</div>}
      {at !== undefined && values.length > 0 && (
        <div className="chart-card" style={cardSide(at, from, to)} role="status">
          <div className="muted">{bucketText(at, stepMs, to - from)}</div>
          {values.slice(0, cardRows).map(({ name, value, colour, format: own }) => (
            <div key={name} className="chart-card-row">
              <span className="swatch" style={{ background: colour }} />
              <span className="grow">{name}</span>
              <span>{(own ?? format)(value)}</span>
            </div>
          ))}
          {values.length > cardRows && <div className="muted">and {values.length - cardRows} more</div>}
        </div>
      )}
      {props.note !== undefined && <p className="muted chart-omitted">{props.note}</p>}
      <ul id={hint} className="only-read-aloud">
        {props.spoken.slice(0, cardRows).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

/** The ends of the marks' lines that lead somewhere. A finger and a mouse press them; the keyboard has the list beside the chart. */
function MarkTops({ marks, from, to }: { marks: readonly ChartMark[]; from: number; to: number }): ReactNode {
  return marks
    .filter((mark) => mark.to !== undefined && mark.at >= from && mark.at <= to)
    .map(({ at, label, tone, title = label, to: way = '', search = {} }) => (
      <Go
        key={`${at} ${way} ${title}`}
        to={way}
        search={search}
        className="chart-mark"
        title={title}
        data-tone={tone}
        tabIndex={-1}
        aria-hidden
        style={{ left: `${((100 * (at - from)) / Math.max(1, to - from)).toFixed(2)}%` }}
        // A press here follows the link; it begins no range.
        onMouseDown={(event) => event.stopPropagation()}
      />
    ));
}

/** The values of all series at one index, greatest first; those of the right axis after those of the left. */
export function valuesOf(
  series: readonly PlotSeries[],
  valueAt: (position: number) => number | null | undefined,
): readonly PlotValue[] {
  return series
    .map(({ name, colour, format, axis }, position) => ({
      name,
      colour,
      format,
      place: axis === 'right' ? 1 : 0,
      value: valueAt(position) ?? null,
    }))
    .filter((one): one is typeof one & { value: number } => one.value !== null)
    .toSorted((a, b) => a.place - b.place || b.value - a.value);
}

function cardSide(at: number, from: number, to: number): { left: string } | { right: string } {
  const share = (at - from) / Math.max(1, to - from);
  return share > 0.55
    ? { right: `calc(${((1 - share) * 100).toFixed(1)}% + 8px)` }
    : { left: `calc(${(share * 100).toFixed(1)}% + 56px)` };
}

/** Arrows move the crosshair, Shift with arrows spans a range, Enter takes it, Escape lets it go. */
function moveByKey(
  event: KeyboardEvent<HTMLDivElement>,
  chart: uPlot | null,
  onRange: ((from: number, to: number) => void) | undefined,
): void {
  if (chart === null) return;
  const times = chart.data[0];
  const last = times.length - 1;
  const index = chart.cursor.idx ?? last + 1;
  const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
  if (step !== 0 && last >= 0) {
    event.preventDefault();
    const target = Math.max(0, Math.min(last, index + step));
    const left = chart.valToPos(times[target] ?? 0, 'x');
    if (event.shiftKey) {
      const { left: start, width } = chart.select;
      const now = chart.valToPos(times[Math.min(index, last)] ?? 0, 'x');
      const anchor = width === 0 ? now : Math.abs(start - now) < 1 ? start + width : start;
      chart.setSelect(
        {
          left: Math.min(anchor, left),
          width: Math.abs(left - anchor),
          top: 0,
          height: chart.bbox.height / devicePixelRatio,
        },
        false,
      );
    } else chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    chart.setCursor({ left, top: 10 });
  } else if (event.key === 'Enter' && chart.select.width > 0) {
    event.preventDefault();
    const { left, width } = chart.select;
    chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    onRange?.(chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x'));
  } else if (event.key === 'Escape' && chart.select.width > 0) {
    event.stopPropagation();
    chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  }
}
