import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { alignSeries, stackColumns, summariseSeries, topSeries, type ChartSeries } from './chart-data.ts';
import './charts.css';
import { formatValue } from './number-format.ts';
import { bucketText } from './time-text.ts';
import { chartOptions, type ChartKind, type ChartMark } from './uplot-options.ts';
import { useColourScheme } from './use-colour-scheme.ts';

export type { ChartKind, ChartMark } from './uplot-options.ts';
export type { ChartSeries } from './chart-data.ts';

interface TimeChartProps {
  readonly series: readonly ChartSeries[];
  /** Ends of the axis, ms since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly label: string;
  readonly kind?: ChartKind;
  /** UCUM or a word; see `formatValue`. */
  readonly unit?: string;
  readonly height?: number;
  readonly marks?: readonly ChartMark[];
  /** Whether values of several series may be added: then what exceeds eight becomes "others". Default: bars and stacks. */
  readonly addable?: boolean;
  readonly onRange?: ((from: number, to: number) => void) | undefined;
}

const mostSeries = 8;
const noMarks: readonly ChartMark[] = [];

/** The colour of the series at `index` of a chart. */
export function seriesColour(index: number): string {
  return `var(--series-${(index % mostSeries) + 1})`;
}

/**
 * Values over time. Missing buckets are gaps; at most eight series and "others"; all values under the pointer, greatest
 * first; a dragged range is handed to `onRange` (keyboard: arrows, Shift with arrows, Enter).
 */
export function TimeChart(props: TimeChartProps): ReactNode {
  const { from, to, stepMs, label, kind = 'lines', unit = '', height = 200, marks = noMarks, onRange } = props;
  const addable = props.addable ?? kind !== 'lines';
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const chooseRange = useRef(onRange);
  const [cursor, setCursor] = useState<number>();
  const scheme = useColourScheme();
  const hint = useId();
  const { kept, omitted } = useMemo(() => {
    const top = topSeries(props.series, mostSeries, addable ? 'sum' : 'omit');
    return { ...top, kept: top.kept.map((one, index) => ({ ...one, colour: one.colour ?? seriesColour(index) })) };
  }, [props.series, addable]);
  const aligned = useMemo(() => alignSeries(kept, from, to, stepMs), [kept, from, to, stepMs]);
  const data = useMemo(() => drawnData(aligned.times, aligned.columns, kind), [aligned, kind]);
  const frame = useRef({ from, to, marks, data });
  useEffect(() => {
    chooseRange.current = onRange;
    frame.current = { from, to, marks, data };
  });
  const shape = JSON.stringify([kept.map(({ name, colour }) => [name, colour]), kind, unit, height, scheme]);

  // `shape` stands for series, kind, unit and height: data alone is handed over below, without a new chart.
  // oxlint-disable-next-line react/exhaustive-effect-dependencies
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const options = chartOptions({
      element,
      series: kept,
      kind,
      unit,
      height,
      frame: () => frame.current,
      onCursor: setCursor,
      onRange: (start, end) => chooseRange.current?.(start, end),
    });
    const made = new uPlot(options, frame.current.data, element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(120, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
    // oxlint-disable-next-line react/exhaustive-deps
  }, [shape]);

  // The ends and the marks are read from `frame` while drawing: a change of theirs draws again.
  // oxlint-disable-next-line react/exhaustive-effect-dependencies
  useEffect(() => {
    chart.current?.setData(data, true);
  }, [data, from, to, marks]);

  const values = cursor === undefined ? [] : valuesAt(kept, aligned.columns, cursor);
  const at = cursor === undefined ? undefined : aligned.times[cursor];
  return (
    <div className="time-chart" style={{ minHeight: height }}>
      <div
        ref={host}
        role="group"
        aria-roledescription="chart"
        aria-label={label}
        aria-describedby={hint}
        tabIndex={0}
        onKeyDown={(event) => moveByKey(event, chart.current, chooseRange.current)}
        onBlur={() => chart.current?.setCursor({ left: -10, top: -10 })}
      />
      {aligned.columns.every((column) => column.every((value) => value === null)) && (
        <div className="chart-empty">No values in this range</div>
      )}
      {at !== undefined && values.length > 0 && (
        <div className="chart-card" style={cardSide(at, from, to)} role="status">
          <div className="muted">{bucketText(at, stepMs, to - from)}</div>
          {values.map(({ name, value, colour }) => (
            <div key={name} className="chart-card-row">
              <span className="swatch" style={{ background: colour }} />
              <span className="grow">{name}</span>
              <span>{formatValue(value, unit)}</span>
            </div>
          ))}
        </div>
      )}
      {omitted > 0 && <p className="muted">{omitted} more series are not drawn; narrow the query to see them.</p>}
      <ul id={hint} className="only-read-aloud">
        {summariseSeries(kept, (value) => formatValue(value, unit)).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

type Column = readonly (number | null)[];

/** uPlot paints in order, so a stack goes from the greatest total to the least. */
function drawnData(times: readonly number[], columns: readonly Column[], kind: ChartKind): uPlot.AlignedData {
  const drawn = kind === 'lines' ? columns : stackColumns(columns).toReversed();
  return [[...times], ...drawn.map((column) => [...column])] as uPlot.AlignedData;
}

function valuesAt(
  series: readonly (ChartSeries & { readonly colour: string })[],
  columns: readonly Column[],
  index: number,
): readonly { readonly name: string; readonly value: number; readonly colour: string }[] {
  return series
    .map(({ name, colour }, at) => ({ name, colour, value: columns[at]?.[index] ?? null }))
    .filter((one): one is typeof one & { value: number } => one.value !== null)
    .toSorted((a, b) => b.value - a.value);
}

export function cardSide(at: number, from: number, to: number): { left: string } | { right: string } {
  const share = (at - from) / Math.max(1, to - from);
  return share > 0.55
    ? { right: `calc(${((1 - share) * 100).toFixed(1)}% + 8px)` }
    : { left: `calc(${(share * 100).toFixed(1)}% + 56px)` };
}

/** Arrows move the crosshair, Shift with arrows spans a range, Enter takes it, Escape lets it go. */
export function moveByKey(
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
