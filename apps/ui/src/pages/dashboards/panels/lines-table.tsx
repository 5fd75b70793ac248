import type { ReactNode } from 'react';

export interface Line {
  readonly key: string;
  readonly cells: readonly ReactNode[];
}
export interface Head {
  readonly title: string;
  readonly number?: boolean;
}

const rowsAtMost = 200;

/** Rows of a panel that knows its columns; what does not fit is scrolled. */
export function LinesTable({
  label,
  heads,
  lines,
  none,
  said = '',
}: {
  label: string;
  heads: readonly Head[];
  lines: readonly Line[];
  /** Said where there is no line. */
  none: string;
  /** Said below the lines. */
  said?: string;
}): ReactNode {
  if (lines.length === 0) return <p className="panel-none">{none}</p>;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
    <div className="panel-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="table one-line">
        <thead>
          <tr>
            {heads.map(({ title, number }) => (
              <th key={title} className={number === true ? 'number' : ''}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, rowsAtMost).map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, index) => (
                <td key={heads[index]?.title} className={heads[index]?.number === true ? 'number' : ''}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {said !== '' && <p className="muted">{said}</p>}
    </div>
  );
}
