import type { ReactNode } from 'react';
import type { ProblemError } from '../data/call.ts';
import { ChartList } from './chart-list.tsx';
import type { Marks } from './chart-marks.ts';

/** What a chart marks, as a list; and why something is not marked. Nothing where nothing happened. */
export function MarkLine({ marks, error }: { marks: Marks; error: ProblemError | null }): ReactNode {
  const { rows, label, note } = marks;
  return (
    <>
      {error !== null && (
        <span role="alert" className="toned" data-tone="warn">
          Incidents or deploys could not be read: {error.detail || error.title}
        </span>
      )}
      {rows.length > 0 && <ChartList label={label} rows={rows} note={note === '' ? undefined : note} />}
      {rows.length > 0 && note !== '' && <span className="muted">not all</span>}
    </>
  );
}
