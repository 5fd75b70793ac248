import type { Reduction } from '@sightline/contract';
import { useMemo, useState, type ReactNode } from 'react';
import { ColumnChart, drawnColumns } from '../../../charts/column-chart.tsx';
import { reduceValues, type Column } from '../../../charts/column-data.ts';
import { isStack } from '../../../charts/chart-data.ts';
import type { ChartKind } from '../../../charts/uplot-options.ts';
import { ExemplarLine, ExemplarPoints } from '../../../promql/exemplars.tsx';
import { useExemplars } from '../../../promql/use-exemplars.ts';
import type { PanelProps } from '../panel-props.ts';
import { filledExpression } from '../use-frames.ts';
import { joinFrames } from './join-frames.ts';
import { axesOf } from './query-look.ts';

const legendLine = 25;
const tableRows = 6;
const exemplarLine = 26;
const reductionWords: Readonly<Record<Reduction, string>> = {
  last: 'Last',
  mean: 'Mean',
  min: 'Least',
  max: 'Greatest',
  sum: 'Sum',
  count: 'Count',
  first: 'First',
  range: 'Range',
};

/** Lines, areas, stacks, bars or points over time, with the same a week before as broken lines. */
export default function TimeSeriesPanel(props: PanelProps): ReactNode {
  const { panel, data, values, scope, label, width, height, marks, onRange } = props;
  const [only, setOnly] = useState('');
  const { options } = panel;
  const kind: ChartKind = options.draw;
  const { left, right } = useMemo(() => axesOf(panel), [panel]);
  const { times, columns } = useMemo(() => joinFrames(data.frames, panel), [data.frames, panel]);
  const alike = columns.every(
    ({ axis, draw, dashed }) => dashed === true || (axis === undefined && draw === undefined),
  );
  const addable = isStack(kind) && alike;
  const bothSides = columns.some(({ axis }) => axis === 'right') && columns.some(({ axis }) => axis === undefined);
  const textOf = ({ values, format = left.format }: Column, how: Reduction): string => {
    const value = reduceValues(values, how);
    return value === null ? '–' : format(value);
  };
  const shown = drawnColumns(columns, options.most, addable).kept;
  const legendItem = ({ name, colour, axis }: (typeof shown)[number], values?: ReactNode): ReactNode => (
    <button
      key={name}
      type="button"
      className="legend-item"
      aria-pressed={only === name}
      onClick={() => setOnly(only === name ? '' : name)}
    >
      <span className="swatch" style={{ background: colour }} />
      {name}
      {bothSides && axis === 'right' && <span className="muted">right axis</span>}
      {values}
    </button>
  );
  const alone = shown.filter(
    ({ name, dashed }) => only !== '' && (name === only || (dashed === true && name.startsWith(only))),
  );
  const legend = options.legend;
  const rows = Math.min(shown.length, tableRows) + 1;
  // A second line where the names need it and the chart keeps its room; the rest is scrolled to.
  const namesPx = shown.reduce((sum, { name }) => sum + name.length * 6.5 + 36 + options.legendValues.length * 70, 0);
  const lines = namesPx > width && height >= 200 ? 2 : 1;
  const legendHeight =
    legend === 'none' || shown.length === 0 ? 0 : legend === 'table' ? rows * legendLine + 4 : lines * legendLine + 2;
  const { from, to, stepMs } = data;
  const { environment, site, service } = scope;
  const exemplars = useExemplars(
    { from, to, environment, site, service },
    options.exemplars && columns.length > 0
      ? panel.queries.flatMap((query) =>
          query.kind === 'promql' &&
          !query.hidden &&
          query.look?.axis !== 'right' &&
          !query.instant &&
          query.expression.trim() !== ''
            ? [filledExpression(query, values, { from, to, stepMs })]
            : [],
        )
      : [],
  );
  const limits = options.thresholdLines ? panel.thresholds.steps.filter((step) => step.tone !== 'idle') : undefined;
  const named = options.legendValues.length === 0 ? (['last'] as const) : options.legendValues;
  const now = shown.filter(({ dashed }) => dashed !== true);
  if (columns.length === 0) return <p className="panel-none">No values in this range</p>;
  return (
    <>
      <ColumnChart
        times={times}
        columns={alone.length > 0 ? alone : columns}
        from={data.from}
        to={data.to}
        stepMs={data.stepMs}
        label={label}
        kind={kind}
        format={left.format}
        height={Math.max(80, height - legendHeight - (options.exemplars ? exemplarLine : 0))}
        most={options.most}
        addable={addable}
        low={left.low}
        high={left.high}
        right={right}
        logarithmic={options.logarithmic}
        {...(limits === undefined ? {} : { limits })}
        marks={marks}
        together="dashboard"
        renderOver={
          options.exemplars
            ? (share) => (
                <ExemplarPoints exemplars={exemplars.found} from={from} to={to} share={share} format={left.format} />
              )
            : undefined
        }
        onRange={onRange}
      />
      {options.exemplars && <ExemplarLine exemplars={exemplars} format={left.format} />}
      {legend === 'list' && now.length > 0 && (
        <div className="legend-list" data-lines={lines}>
          {now.map((one) =>
            legendItem(
              one,
              options.legendValues.map((how) => (
                <span key={how} className="muted">
                  {reductionWords[how].toLowerCase()} {textOf(one, how)}
                </span>
              )),
            ),
          )}
        </div>
      )}
      {legend === 'table' && now.length > 0 && (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
        <div
          className="legend-table"
          style={{ height: legendHeight }}
          tabIndex={0}
          role="region"
          aria-label={`Legend of ${label}`}
        >
          <table className="table">
            <thead>
              <tr>
                <th>Series</th>
                {named.map((how) => (
                  <th key={how} className="number">
                    {reductionWords[how]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {now.map((one) => (
                <tr key={one.name}>
                  <td>{legendItem(one)}</td>
                  {named.map((how) => (
                    <td key={how} className="number">
                      {textOf(one, how)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
