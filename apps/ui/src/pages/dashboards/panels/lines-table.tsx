import type { ReactNode } from 'react';
import { ErrorState } from '../../../components/error-state.tsx';
import { ScrollX } from '../../../components/scroll-x.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import type { ProblemError } from '../../../data/problem.ts';

export interface Line {
  readonly key: string;
  readonly cells: readonly ReactNode[];
}
export interface Head {
  readonly title: string;
  readonly number?: boolean;
}

const rowsAtMost = 200;

const minuteMs = 60_000;

/** The minutes that a range touches: the same question for a minute, whatever the clock says. */
export const wholeMinutes = ({ from, to }: { from: number; to: number }): { from: number; to: number } => ({
  from: Math.floor(from / minuteMs) * minuteMs,
  to: Math.ceil(to / minuteMs) * minuteMs,
});

/** In the place of lines that are on their way, or could not be read. */
export function NoLinesYet({
  asked,
}: {
  asked: { readonly error: ProblemError | null; readonly refetch: () => unknown };
}): ReactNode {
  return asked.error === null ? (
    <SkeletonRows rows={4} />
  ) : (
    <ErrorState error={asked.error} again={() => void asked.refetch()} />
  );
}

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
  /** Said below the lines, and where there is none: what was not looked at. */
  said?: string;
}): ReactNode {
  if (lines.length === 0) return <p className="panel-none">{said === '' ? none : `${none}. ${said}`}</p>;
  return (
    <ScrollX label={label} className="panel-scroll">
      <table className="table one-line stacks">
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
                <td
                  key={heads[index]?.title}
                  data-title={heads[index]?.title}
                  className={heads[index]?.number === true ? 'number' : ''}
                >
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {said !== '' && <p className="muted">{said}</p>}
    </ScrollX>
  );
}
