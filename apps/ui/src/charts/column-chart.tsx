import { useMemo, type ReactNode } from 'react';
import type uPlot from 'uplot';
import { stackColumns } from './chart-data.ts';
import { spokenColumns, topColumns, type Column } from './column-data.ts';
import { Plot, seriesColour, valuesOf } from './plot.tsx';
import { isStack, type ChartKind, type ChartLimit, type ChartMark } from './uplot-options.ts';

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
  readonly renderOver?: ((share: (value: number) => number) => ReactNode) | undefined;
  readonly onRange?: ((from: number, to: number) => void) | undefined;
}

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
  const { times, columns, kind, most, addable, format, ...frame } = props;
  const { kept, omitted } = useMemo(() => drawnColumns(columns, most, addable), [columns, most, addable]);
  const data = useMemo(() => drawnData(times, kept, kind), [times, kept, kind]);
  return (
    <Plot
      {...frame}
      kind={kind}
      format={format}
      series={kept}
      data={data}
      valuesAt={(index) => valuesOf(kept, (position) => kept[position]?.values[index])}
      spoken={spokenColumns(kept, format)}
      note={omitted > 0 ? `${omitted} more series are not drawn.` : undefined}
    />
  );
}

/** uPlot paints in order, so a stack goes from the greatest total to the least; what was before lies over it. */
function drawnData(times: readonly number[], columns: readonly Column[], kind: ChartKind): uPlot.AlignedData {
  if (!isStack(kind)) return [times, ...columns.map(({ values }) => values)] as uPlot.AlignedData;
  const stacked = stackColumns(columns.filter(({ dashed }) => dashed !== true).map(({ values }) => values));
  const before = columns.filter(({ dashed }) => dashed === true).map(({ values }) => values);
  return [times, ...[...stacked, ...before].toReversed()] as uPlot.AlignedData;
}
