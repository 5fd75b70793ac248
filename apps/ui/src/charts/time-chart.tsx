import { useCallback, useMemo, type ReactNode } from 'react';
import type uPlot from 'uplot';
import { alignSeries, stackColumns, summariseSeries, topSeries, type ChartSeries } from './chart-data.ts';
import { formatValue } from './number-format.ts';
import { Plot, valuesOf } from './plot.tsx';
import { seriesColour } from './series-colour.ts';
import type { ChartKind, ChartMark } from './uplot-options.ts';

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
  readonly renderOver?: ((share: (value: number) => number) => ReactNode) | undefined;
  readonly onRange?: ((from: number, to: number) => void) | undefined;
}

const mostSeries = 8;

/**
 * Values over time. Missing buckets are gaps; at most eight series and "others"; all values under the pointer, greatest
 * first; a dragged range is handed to `onRange` (keyboard: arrows, Shift with arrows, Enter).
 */
export function TimeChart(props: TimeChartProps): ReactNode {
  const { from, to, stepMs, label, kind = 'lines', unit = '', height = 200, marks, onRange } = props;
  const addable = props.addable ?? kind !== 'lines';
  const { kept, omitted } = useMemo(() => {
    const now = props.series.filter(({ dashed }) => dashed !== true);
    const top = topSeries(now, mostSeries, addable ? 'sum' : 'omit');
    const coloured = top.kept.map((one, index) => ({ ...one, colour: one.colour ?? seriesColour(index) }));
    // What was is drawn of those that are drawn, each in the colour of its pair.
    const before = props.series.filter(({ dashed }) => dashed === true);
    const paired = before.flatMap((one) => {
      const [pair] = coloured
        .filter(({ name }) => one.name.startsWith(name))
        .toSorted((a, b) => b.name.length - a.name.length);
      return pair === undefined ? [] : [{ ...one, colour: pair.colour }];
    });
    return { ...top, kept: [...coloured, ...paired] };
  }, [props.series, addable]);
  const aligned = useMemo(() => alignSeries(kept, from, to, stepMs), [kept, from, to, stepMs]);
  const data = useMemo(() => drawnData(aligned.times, aligned.columns, kept, kind), [aligned, kept, kind]);
  const format = useCallback((value: number) => formatValue(value, unit), [unit]);
  return (
    <Plot
      series={kind === 'lines' ? kept : kept.toReversed()}
      data={data}
      from={from}
      to={to}
      stepMs={stepMs}
      label={label}
      kind={kind}
      format={format}
      height={height}
      marks={marks}
      valuesAt={(index) => valuesOf(kept, (position) => aligned.columns[position]?.[index])}
      spoken={summariseSeries(kept, format)}
      note={omitted > 0 ? `${omitted} more series are not drawn; narrow the query to see them.` : undefined}
      empty={aligned.columns.every((column) => column.every((value) => value === null))}
      renderOver={props.renderOver}
      onRange={onRange}
    />
  );
}

type Column = readonly (number | null)[];

/** uPlot paints in order, so a stack goes from the greatest total to the least; what was before lies over it. */
function drawnData(
  times: readonly number[],
  columns: readonly Column[],
  series: readonly ChartSeries[],
  kind: ChartKind,
): uPlot.AlignedData {
  const dashed = (index: number): boolean => series[index]?.dashed === true;
  const now = columns.filter((_, index) => !dashed(index));
  const before = columns.filter((_, index) => dashed(index));
  const drawn = kind === 'lines' ? columns : [...stackColumns(now), ...before].toReversed();
  return [[...times], ...drawn.map((column) => [...column])] as uPlot.AlignedData;
}
