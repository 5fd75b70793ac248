import type { ReactNode } from 'react';
import { useState } from 'react';
import { reduceValues } from '../../../charts/column-data.ts';
import type { PanelProps } from '../panel-props.ts';
import { formatOf, toneOf } from '../values.ts';
import { ReadTable } from './read-table.tsx';
import { shownColumns } from './table-columns.ts';

const rowsAtMost = 200;

interface Row {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
}

/** Labels and values: one row for each set of labels, one column of numbers for each query. */
export default function TablePanel(props: PanelProps): ReactNode {
  const { panel, data, label } = props;
  const [sort, setSort] = useState<{ column: string; down: boolean }>();
  const read = panel.queries.find((query) => query.kind === 'read');
  if (read !== undefined) return <ReadTable read={read.read} {...props} />;
  const format = formatOf(panel);
  const { rows, names, titles } = joined(props);
  const columns = shownColumns(names, titles, panel.options);
  const sorted = sort === undefined ? rows : rows.toSorted((a, b) => compare(a, b, sort.column) * (sort.down ? -1 : 1));
  const head = (column: string, title: string, number: boolean): ReactNode => (
    <th
      key={column}
      className={number ? 'number' : ''}
      aria-sort={sort?.column === column ? (sort.down ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        className="sort-button"
        onClick={() => setSort({ column, down: sort?.column === column ? !sort.down : number })}
      >
        {title}
        {sort?.column === column ? (sort.down ? ' ↓' : ' ↑') : ''}
      </button>
    </th>
  );
  if (rows.length === 0) return <p className="panel-none">No rows</p>;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
    <div className="panel-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="table one-line">
        <thead>
          <tr>
            {columns.map(({ label: name, value, title }) =>
              value === undefined ? head(name, title, false) : head(`#${value}`, title, true),
            )}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, rowsAtMost).map((row) => (
            <tr key={row.key}>
              {columns.map(({ label: name, value: index }) => {
                if (index === undefined) return <td key={name}>{row.labels[name] ?? ''}</td>;
                const value = row.values[index] ?? null;
                return (
                  <td
                    key={`#${index}`}
                    className="number toned"
                    data-tone={panel.thresholds.steps.length > 0 ? toneOf(panel, value) : undefined}
                  >
                    {format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {data.frames.length > 0 && rows.length > rowsAtMost && (
        <p className="muted">{rows.length - rowsAtMost} more rows</p>
      )}
    </div>
  );
}

/** Series of all queries by their labels. */
function joined({ panel, data }: PanelProps): {
  rows: readonly Row[];
  names: readonly string[];
  titles: readonly { readonly ref: string; readonly title: string }[];
} {
  const frames = data.frames;
  const found = new Map<string, Row>();
  const names = new Set<string>();
  frames.forEach((frame, index) => {
    for (const { labels, values } of frame.columns) {
      const { __name__: _, ...shown } = labels;
      const entries = Object.entries(shown).toSorted(([a], [b]) => a.localeCompare(b));
      for (const [name] of entries) names.add(name);
      const key = JSON.stringify(entries);
      const row = found.get(key) ?? { key, labels: shown, values: frames.map(() => null) };
      found.set(key, {
        ...row,
        values: row.values.map((old, at) => (at === index ? reduceValues(values, panel.options.reduce) : old)),
      });
    }
  });
  const titles = frames.map(({ ref }) => {
    const query = panel.queries.find((one) => one.ref === ref);
    const named = query?.legend.replaceAll(/\{\{.*?\}\}/g, '').trim() ?? '';
    return { ref, title: named || (frames.length === 1 ? 'Value' : ref) };
  });
  return { rows: [...found.values()], names: [...names], titles };
}

function compare(a: Row, b: Row, column: string): number {
  if (!column.startsWith('#'))
    return (a.labels[column] ?? '').localeCompare(b.labels[column] ?? '', 'en', { numeric: true });
  const index = Number(column.slice(1));
  return (a.values[index] ?? -Infinity) - (b.values[index] ?? -Infinity);
}
