import { siteHistory } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { formatDuration } from '../../charts/number-format.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { Pager } from '../../components/pager.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { AuditEntries } from '../../records/audit-entries.tsx';
import { Go } from '../../shell/go.tsx';

type History = Reply<typeof siteHistory>;

/** What was done to a store and what happened to it: incidents, and people's acts from the audit, newest first. */
export function SiteHistory({ code }: { code: string }): ReactNode {
  const [cursors, setCursors] = useState<readonly string[]>(['']);
  const asked = useAsk(
    siteHistory,
    { params: { code }, query: { limit: 50, cursor: cursors.at(-1) ?? '' } },
    { everyMs: 15_000 },
  );
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={10} />;
  }
  const { entries, incidents, next } = asked.data;
  if (entries.length === 0 && incidents.length === 0 && cursors.length === 1) {
    return (
      <EmptyState
        compact
        title="Nothing was done here yet"
        text={`Incidents of ${code}, and what people do to it from here (restarts, changes, agents), are written down in order.`}
      />
    );
  }
  return (
    <>
      {incidents.length > 0 && <Incidents incidents={incidents} />}
      {(entries.length > 0 || cursors.length > 1) && (
        <section className="panel" aria-label="What people did">
          <header className="panel-head">
            <h2>What people did</h2>
          </header>
          <AuditEntries label="Table of what people did" entries={entries} />
          <Pager cursors={cursors} next={next} onChange={setCursors} />
        </section>
      )}
    </>
  );
}

const statusTones = { open: 'bad', acknowledged: 'warn', resolved: 'good' } as const;

function Incidents({ incidents }: { incidents: History['incidents'] }): ReactNode {
  return (
    <section className="panel" aria-label="Incidents">
      <header className="panel-head">
        <h2>Incidents</h2>
      </header>
      <ScrollX label="Table of incidents">
        <table className="table one-line stacks">
          <thead>
            <tr>
              <th>Opened</th>
              <th>State</th>
              <th>Incident</th>
              <th>Severity</th>
              <th className="number">Lasted</th>
              <th>How it ended</th>
            </tr>
          </thead>
          <tbody>
            {incidents.map((incident) => (
              <tr key={incident.number}>
                <td data-title="Opened">
                  <TimeText at={incident.openedAt} />
                </td>
                <td>
                  <ToneBadge tone={statusTones[incident.status]}>{incident.status}</ToneBadge>
                </td>
                <td className="row-name">
                  <Go to={`/incidents/${incident.number}`}>
                    #{incident.number} {incident.title}
                  </Go>
                </td>
                <td data-title="Severity">{incident.severity}</td>
                <td className="number" data-title="Lasted">
                  {incident.resolvedAt === null ? '' : formatDuration(incident.resolvedAt - incident.openedAt)}
                </td>
                <td data-title="How it ended">{incident.resolvedHow.replaceAll('-', ' ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}
