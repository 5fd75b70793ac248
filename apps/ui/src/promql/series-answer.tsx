import type { MetricColumns } from '@sightline/contract';
import { useMemo, type ReactNode } from 'react';
import { ColumnChart, drawnColumns } from '../charts/column-chart.tsx';
import { reduceValues, type Column } from '../charts/column-data.ts';
import { formatCount } from '../charts/number-format.ts';
import type { ChartMark } from '../charts/uplot-options.ts';
import { EmptyState } from '../components/empty-state.tsx';
import { ScrollX } from '../components/scroll-x.tsx';
import { seriesNames, seriesText } from './series-names.ts';

const chartPx = 320;
const rowsAtMost = 200;
/** As many digits as tell two series apart; the value in full is under the pointer. */
const sixDigits = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
const noMarks: readonly ChartMark[] = [];

/** What a query over time answered: its series as lines, and as a table with their last values, the greatest first. */
export function SeriesAnswer(props: {
  data: MetricColumns;
  /** For labels. */
  query: string;
  from: number;
  to: number;
  stepMs: number;
  marks?: readonly ChartMark[] | undefined;
  renderOver?: ((share: (at: number) => number) => ReactNode) | undefined;
  /** Series as areas that stand on each other, where they may be added. */
  stacked?: boolean;
  /** Series that stand on the axis at the right: another measure than the rest. */
  atRight?: ((labels: Readonly<Record<string, string>>) => boolean) | undefined;
  /** Writes a value where its unit is known; plain numbers otherwise. */
  format?: ((value: number) => string) | undefined;
  /** Stands below the chart. */
  under?: ReactNode;
  /** Stands in place of the chart of lines. */
  instead?: ReactNode;
  onRange: (from: number, to: number) => void;
}): ReactNode {
  const {
    data,
    query,
    from,
    to,
    stepMs,
    marks = noMarks,
    stacked = false,
    atRight,
    renderOver,
    format,
    under,
    instead,
    onRange,
  } = props;
  const columns = useMemo(() => {
    const names = seriesNames(
      data.series.map(({ labels }) => labels),
      '',
      query,
    );
    return data.series.map(({ labels, values }, index): Column => ({
      name: names[index] ?? '',
      values,
      ...(atRight?.(labels) === true ? { axis: 'right', draw: 'lines' } : {}),
    }));
  }, [data, query, atRight]);
  const order = useMemo(() => {
    const rows = data.series.map((one, index) => ({
      ...one,
      index,
      last: reduceValues(one.values, 'last') ?? -Infinity,
    }));
    // An instant vector has an order of its own: sort() and topk() mean it.
    return data.type === 'matrix' ? rows.toSorted((a, b) => b.last - a.last) : rows;
  }, [data]);
  const overTime = data.type === 'matrix' && data.stepMs > 0 && data.series.length > 0;
  const chart = overTime && instead === undefined;
  if (data.type === 'string') return <pre className="code">{data.text}</pre>;
  if (data.series.length === 0)
    return (
      <EmptyState
        compact
        title="No data"
        text="The query is right, but no series has a value in this range and scope."
      />
    );
  const colours = chart
    ? new Map(drawnColumns(columns, 20, false).kept.map(({ name, colour }) => [name, colour]))
    : undefined;
  return (
    <>
      {chart && (
        <ColumnChart
          times={data.times}
          columns={columns}
          from={from}
          to={to}
          stepMs={stepMs}
          label={`${query} over time`}
          kind={stacked ? 'stacked' : 'lines'}
          format={format ?? formatCount}
          height={chartPx}
          most={20}
          addable={false}
          marks={marks}
          renderOver={renderOver}
          onRange={onRange}
        />
      )}
      {overTime && instead}
      {overTime && under}
      <ScrollX label="Table of series">
        <table className="table one-line">
          <thead>
            <tr>
              <th>Series</th>
              <th className="number">{overTime ? 'Last' : 'Value'}</th>
            </tr>
          </thead>
          <tbody>
            {order.slice(0, rowsAtMost).map(({ labels, values, index }) => {
              const odd = data.odd.find((one) => one.series === index && one.index === values.length - 1);
              const value = reduceValues(values, 'last');
              return (
                <tr key={seriesText(labels)}>
                  <td className="code">
                    <span className="row">
                      {colours !== undefined && (
                        <span
                          className="swatch"
                          style={{ background: colours.get(columns[index]?.name ?? '') ?? 'var(--chart-others)' }}
                        />
                      )}
                      {seriesText(labels)}
                    </span>
                  </td>
                  <td className="number" title={value === null || odd !== undefined ? undefined : String(value)}>
                    {odd?.value ?? (value === null ? '–' : (format ?? sixDigits)(value))}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollX>
      {data.series.length + data.more > rowsAtMost && (
        <p className="muted">{data.series.length + data.more - rowsAtMost} more series are not listed.</p>
      )}
    </>
  );
}
