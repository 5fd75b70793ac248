import { useMemo, type ReactNode } from 'react';
import type uPlot from 'uplot';
import { paintColumns, spokenColumns, topColumns, type Column } from './column-data.ts';
import { Plot, valuesOf } from './plot.tsx';
import { coloursBeside } from './series-colour.ts';
import type { ChartKind, ChartLimit, ChartMark, RightAxis } from './uplot-options.ts';

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
  /** How the axis at the right is written and where it ends, for the columns that stand on it. */
  readonly right?: RightAxis | undefined;
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
  const inTurn = coloursBeside(new Set(kept.flatMap(({ colour }) => colour ?? [])));
  let turn = 0;
  const coloured = kept.map((one) => ({ ...one, colour: one.colour ?? inTurn(turn++) }));
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
  const painted = useMemo(() => paintColumns(kept, kind), [kept, kind]);
  const data = useMemo(() => [times, ...painted.map(({ values }) => values)] as uPlot.AlignedData, [times, painted]);
  return (
    <Plot
      {...frame}
      kind={kind}
      format={format}
      series={painted.map(({ column }) => column)}
      data={data}
      valuesAt={(index) => valuesOf(kept, (position) => kept[position]?.values[index])}
      spoken={spokenColumns(kept, format)}
      note={omitted > 0 ? `${omitted} more series are not drawn.` : undefined}
    />
  );
}
