import { fillVariables, searchLogs } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ErrorState } from '../../../components/error-state.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { useAsk } from '../../../data/ask.ts';
import { LogLine } from '../../../records/log-line.tsx';
import { useGo } from '../../../shell/go.tsx';
import type { PanelProps } from '../panel-props.ts';

const linesAtMost = 100;
const dayMs = 86_400_000;

/** The newest lines that a search finds; a line opens on the Logs page. */
export default function LogListPanel({ panel, values, scope, label }: PanelProps): ReactNode {
  const go = useGo();
  const query = panel.queries.find((one) => one.kind === 'logs');
  const q = fillVariables(query?.q ?? '', values, 'logs');
  const asked = useAsk(searchLogs, { query: { ...scope, q, limit: linesAtMost } });
  if (asked.data === undefined)
    return asked.error === null ? (
      <SkeletonRows rows={8} height={26} />
    ) : (
      <ErrorState error={asked.error} again={() => void asked.refetch()} />
    );
  const { rows, words } = asked.data;
  if (rows.length === 0) return <p className="panel-none">No line matches in this range</p>;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
    <div className="panel-scroll" tabIndex={0} role="region" aria-label={label}>
      {rows.map((row) => (
        <LogLine
          key={row.id}
          row={row}
          words={words}
          withDay={scope.to - scope.from > dayMs}
          onOpen={(id) => go('/logs', { q, row: id })}
        />
      ))}
    </div>
  );
}
