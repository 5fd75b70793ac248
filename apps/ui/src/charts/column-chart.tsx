import { useEffect, useId, useMemo, useRef, useState, type ReactNode } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { stackColumns } from './chart-data.ts';
import { spokenColumns, topColumns, type Column } from './column-data.ts';
import './charts.css';
import { cardSide, moveByKey, seriesColour } from './time-chart.tsx';
import { bucketText } from './time-text.ts';
import { chartOptions, isStack, type ChartKind, type ChartLimit, type ChartMark } from './uplot-options.ts';
import { useColourScheme } from './use-colour-scheme.ts';

interface ColumnChartProps {
  /** Milliseconds since the epoch, ascending. */
  readonly times: readonly number[];
  readonly columns: readonly Column[];
  /** Ends of the axis. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly label: string;
  readonly kind: ChartKind;
  readonly format: (value: number) => string;
  readonly height: number;
  /** Columns drawn before the rest is "others". */
  readonly most: number;
  /** Whether values may be added: then the rest is one column. */
  readonly addable: boolean;
  readonly low?: number | null;
  readonly high?: number | null;
  readonly logarithmic?: boolean;
  readonly limits?: readonly ChartLimit[];
  readonly marks?: readonly ChartMark[];
  readonly together?: string;
  readonly onRange?: ((from: number, to: number) => void) | undefined;
}

const noMarks: readonly ChartMark[] = [];
const noLimits: readonly ChartLimit[] = [];
const cardRows = 16;

/** The columns that a chart draws, each with its colour: what its legend shows as well. */
export function drawnColumns(
  columns: readonly Column[],
  most: number,
  addable: boolean,
): { readonly kept: readonly (Column & { readonly colour: string })[]; readonly omitted: number } {
  const now = columns.filter(({ dashed }) => dashed !== true);
  const before = columns.filter(({ dashed }) => dashed === true);
  const { kept, omitted } = topColumns(now, most, addable);
  const coloured = kept.map((one, index) => ({ ...one, colour: one.colour ?? seriesColour(index) }));
  const paired = before.flatMap((one) => {
    const pair = coloured.find(({ name }) => one.name.startsWith(name));
    return pair === undefined ? [] : [{ ...one, colour: pair.colour }];
  });
  return { kept: [...coloured, ...paired], omitted };
}

/**
 * Values over time as columns: thousands of values of many series without an object for each. Gaps are gaps; all values under
 * the pointer, greatest first; a dragged range goes to `onRange` (keyboard: arrows, Shift with arrows, Enter).
 */
export function ColumnChart(props: ColumnChartProps): ReactNode {
  const { times, from, to, stepMs, label, kind, format, height, marks = noMarks, limits = noLimits, onRange } = props;
  const { columns, most, addable, low = null, high = null, logarithmic = false, together } = props;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const inside = useRef(false);
  const [cursor, setCursor] = useState<number>();
  const scheme = useColourScheme();
  const hint = useId();
  const { kept, omitted } = useMemo(() => drawnColumns(columns, most, addable), [columns, most, addable]);
  const data = useMemo(() => drawnData(times, kept, kind), [times, kept, kind]);
  const frame = useRef({ from, to, marks, data, format, onRange });
  useEffect(() => {
    frame.current = { from, to, marks, data, format, onRange };
  });
  const named = kept.map(({ name, colour, dashed }) => [name, colour, dashed]);
  const shape = JSON.stringify([named, kind, height, scheme, low, high, logarithmic, limits, together]);

  // `shape` stands for all that a new chart is made for; data, ends and marks are handed over below.
  // oxlint-disable-next-line react/exhaustive-effect-dependencies
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const options = chartOptions({
      element,
      series: kept,
      kind,
      unit: '',
      height,
      format: (value) => frame.current.format(value),
      low,
      high,
      logarithmic,
      limits,
      ...(together === undefined ? {} : { together }),
      frame: () => frame.current,
      onCursor: (index) => setCursor(inside.current ? index : undefined),
      onRange: (start, end) => frame.current.onRange?.(start, end),
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

  const at = cursor === undefined ? undefined : times[cursor];
  const values = cursor === undefined ? [] : valuesAt(kept, cursor);
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
      {at !== undefined && values.length > 0 && (
        <div className="chart-card" style={cardSide(at, from, to)} role="status">
          <div className="muted">{bucketText(at, stepMs, to - from)}</div>
          {values.slice(0, cardRows).map(({ name, value, colour }) => (
            <div key={name} className="chart-card-row">
              <span className="swatch" style={{ background: colour }} />
              <span className="grow">{name}</span>
              <span>{format(value)}</span>
            </div>
          ))}
          {values.length > cardRows && <div className="muted">and {values.length - cardRows} more</div>}
        </div>
      )}
      {omitted > 0 && <p className="muted chart-omitted">{omitted} more series are not drawn.</p>}
      <ul id={hint} className="only-read-aloud">
        {spokenColumns(kept.slice(0, cardRows), format).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

/** uPlot paints in order, so a stack goes from the greatest total to the least; what was before lies over it. */
function drawnData(times: readonly number[], columns: readonly Column[], kind: ChartKind): uPlot.AlignedData {
  if (!isStack(kind)) return [times, ...columns.map(({ values }) => values)] as uPlot.AlignedData;
  const stacked = stackColumns(columns.filter(({ dashed }) => dashed !== true).map(({ values }) => values));
  const before = columns.filter(({ dashed }) => dashed === true).map(({ values }) => values);
  return [times, ...[...stacked, ...before].toReversed()] as uPlot.AlignedData;
}

function valuesAt(
  columns: readonly (Column & { readonly colour: string })[],
  index: number,
): readonly { readonly name: string; readonly value: number; readonly colour: string }[] {
  return columns
    .map(({ name, colour, values }) => ({ name, colour, value: values[index] ?? null }))
    .filter((one): one is typeof one & { value: number } => one.value !== null)
    .toSorted((a, b) => b.value - a.value);
}
