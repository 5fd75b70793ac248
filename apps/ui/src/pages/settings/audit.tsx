import { listAudit } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Pager } from '../../components/pager.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';

/** Who did what, newest first, a page at a time. */
export function Audit(): ReactNode {
  const [cursors, setCursors] = useState<readonly string[]>(['']);
  const asked = useAsk(listAudit, { query: { limit: 100, cursor: cursors.at(-1) ?? '' } });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={12} />;
  }
  const { entries, next } = asked.data;
  if (entries.length === 0)
    return <EmptyState compact title="Nothing yet" text="What people change is written here." />;
  return (
    <section className="panel" aria-label="Audit">
      <ScrollX label="Table of the audit">
        <table className="table one-line">
          <thead>
            <tr>
              <th>When</th>
              <th>Who</th>
              <th>What</th>
              <th>On</th>
              <th>Detail</th>
              <th>From</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.id}>
                <td>
                  <TimeText at={entry.at} />
                </td>
                <td>{entry.actor}</td>
                <td className="code">{entry.action}</td>
                <td>{entry.subject}</td>
                <td className="muted">{entry.detail}</td>
                <td className="muted">{entry.address}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      <Pager cursors={cursors} next={next} onChange={setCursors} />
    </section>
  );
}
