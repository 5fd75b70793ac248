import type { ReactNode } from 'react';
import { formatCount, formatDuration, formatShare } from '../../charts/number-format.ts';
import { NumberCell } from '../../components/number-cell.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { useAddress } from '../../data/address.ts';

/** Figures of a group of spans, as every table of this page shows them. */
export interface Figures {
  readonly calls: number;
  readonly callsPerMin: number;
  readonly errorRate: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly totalMs: number;
}

/** A column before or after the figures. */
export interface ExtraColumn<Row> {
  readonly title: string;
  readonly number?: boolean;
  /** How the address names the order by this column, where the page can be ordered so. */
  readonly sort?: string;
  readonly show: (row: Row) => ReactNode;
}

export type FigureSort = 'total' | 'p95' | 'calls' | 'errors';
const sorts: readonly FigureSort[] = ['total', 'p95', 'calls', 'errors'];

/** From this share of failed calls on, the figure carries a state's colour. */
const noticeable = 0.01;

const noSorts: readonly never[] = [];

/** How the table is ordered; it stands in the address as `sort`, the most time first where it does not. `own`: orders of this table alone. */
export function useFigureSort<Own extends string = never>(own: readonly Own[] = noSorts): FigureSort | Own {
  const { search } = useAddress();
  return [...sorts, ...own].find((sort) => sort === search['sort']) ?? 'total';
}

/** Says that a list ends at its bound. */
export function CutNote({ rows, most }: { rows: number; most: number }): ReactNode {
  return rows < most ? null : (
    <p className="muted" role="status">
      The first {most} in this order. There may be more: choose a site, a service or a shorter range.
    </p>
  );
}

/** A share of failures; in the colour of a state, and with a sign, where it is worth a look. */
export function Failures({ share }: { share: number }): ReactNode {
  const bad = share >= noticeable;
  return (
    <span className="toned" data-tone={bad ? 'bad' : undefined}>
      {bad ? '▲ ' : ''}
      {formatShare(share)}
    </span>
  );
}

/**
 * Groups of spans with how often, how long and how badly. `share` of the time of all rows is drawn as a bar, so that what costs
 * most is seen without reading. A row opens by click or Enter.
 */
export function FiguresTable<Row extends Figures>(props: {
  label: string;
  rows: readonly Row[];
  idOf: (row: Row) => string;
  before: readonly ExtraColumn<Row>[];
  after?: readonly ExtraColumn<Row>[];
  opened?: string | undefined;
  open?: (row: Row) => void;
}): ReactNode {
  const { rows, idOf, before, after = [], opened, open } = props;
  const { setSearch } = useAddress();
  const sorted = useFigureSort(after.flatMap(({ sort }) => (sort === undefined ? [] : [sort])));
  const all = rows.reduce((sum, { totalMs }) => sum + totalMs, 0);
  const head = (sort: string, title: string): ReactNode => (
    <th key={title} className="number" aria-sort={sorted === sort ? 'descending' : undefined}>
      <button type="button" className="sort-button" onClick={() => setSearch({ sort: sort === 'total' ? '' : sort })}>
        {title}
        {sorted === sort && ' ↓'}
      </button>
    </th>
  );
  const extraCell = ({ title, number, show }: ExtraColumn<Row>, row: Row): ReactNode => (
    <td key={title} data-title={title} className={number ? 'number' : ''}>
      {show(row)}
    </td>
  );
  return (
    <section className="panel">
      <ScrollX label={props.label}>
        <table className="table stacks figures-table">
          <thead>
            <tr>
              {before.map(({ title, number }) => (
                <th key={title} className={number ? 'number' : ''}>
                  {title}
                </th>
              ))}
              {head('total', 'Time')}
              {head('calls', 'Calls/min')}
              {head('errors', 'Errors')}
              <th className="number">p50</th>
              {head('p95', 'p95')}
              {after.map(({ title, number, sort }) =>
                sort === undefined ? (
                  <th key={title} className={number ? 'number' : ''}>
                    {title}
                  </th>
                ) : (
                  head(sort, title)
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const id = idOf(row);
              const share = all > 0 ? row.totalMs / all : 0;
              return (
                <tr
                  key={id}
                  data-open={opened === id ? '' : undefined}
                  className={open ? 'can-open' : ''}
                  onClick={open && (() => open(row))}
                >
                  {before.map((column) => extraCell(column, row))}
                  <td
                    data-title="Time"
                    className="number share-cell"
                    title={`${formatShare(share)} of the time of all rows`}
                  >
                    <span className="share-bar" style={{ inlineSize: `${(100 * share).toFixed(1)}%` }} />
                    {formatDuration(row.totalMs)}
                  </td>
                  <NumberCell title="Calls/min" tip={`${formatCount(row.calls)} calls`}>
                    {formatCount(row.callsPerMin)}
                  </NumberCell>
                  <NumberCell title="Errors">
                    <Failures share={row.errorRate} />
                  </NumberCell>
                  <NumberCell title="p50">{formatDuration(row.p50Ms)}</NumberCell>
                  <NumberCell title="p95">{formatDuration(row.p95Ms)}</NumberCell>
                  {after.map((column) => extraCell(column, row))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}
