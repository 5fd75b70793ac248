import { listMembers, type getIssue } from '@sightline/contract';
import { Button, Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { TimeText } from '../../components/time-text.tsx';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import './errors.css';
import { WhyGrouped } from './why-grouped.tsx';
import { useChangeIssues } from './use-change-issues.tsx';

/** The right column: what to do with the issue, who has it, since when, and why its events count as one. */
export function IssueSide({ answer }: { answer: Reply<typeof getIssue> }): ReactNode {
  const { issue, grouping, activity } = answer;
  const { may } = useMe();
  const { change, busy } = useChangeIssues();
  const open = issue.status === 'unresolved' || issue.status === 'regressed';
  return (
    <aside className="issue-side" aria-label="About this issue">
      {may('responder') && (
        <div className="row">
          {open ? (
            <>
              <Button disabled={busy} onClick={() => void change([issue], 'resolved')}>
                Resolve
              </Button>
              <Button variant="default" disabled={busy} onClick={() => void change([issue], 'ignored')}>
                Ignore
              </Button>
            </>
          ) : (
            <Button disabled={busy} onClick={() => void change([issue], 'unresolved')}>
              Reopen
            </Button>
          )}
        </div>
      )}
      <Assignee issue={issue.issue} assignee={issue.assignee} />
      <dl className="side-facts">
        <dt>First seen</dt>
        <dd>
          <TimeText at={issue.firstSeenAt} show="relative" />
          {issue.firstRelease !== '' && <span className="muted"> in {issue.firstRelease}</span>}
        </dd>
        <dt>Last seen</dt>
        <dd>
          <TimeText at={issue.lastSeenAt} show="relative" />
          {issue.lastRelease !== '' && <span className="muted"> in {issue.lastRelease}</span>}
        </dd>
        <dt>Severity</dt>
        <dd>{issue.severity || 'not given'}</dd>
      </dl>
      <WhyGrouped parts={grouping} />
      {activity.length > 0 && (
        <section>
          <h3 className="part-title">Activity</h3>
          <ol className="activity">
            {activity.map((entry) => (
              <li key={`${entry.at}${entry.text}`}>
                <b>{entry.actor}</b> {entry.text}{' '}
                <span className="muted">
                  <TimeText at={entry.at} show="relative" />
                </span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </aside>
  );
}

function Assignee({ issue, assignee }: { issue: string; assignee: string }): ReactNode {
  const me = useMe();
  const { assign } = useChangeIssues();
  const people = useAsk(listMembers, {}, { when: me.may('responder') });
  if (!me.may('responder')) return <p>{assignee === '' ? 'Nobody has it' : assignee}</p>;
  const emails = new Set([me.person.email, ...(people.data?.members.map(({ email }) => email) ?? []), assignee]);
  return (
    <Select
      label="Assigned to"
      placeholder="Nobody"
      clearable
      searchable
      value={assignee === '' ? null : assignee}
      data={[...emails]
        .filter((email) => email !== '')
        .map((value) => ({ value, label: value === me.person.email ? `${value} (me)` : value }))}
      onChange={(value) => assign(issue, value ?? '')}
    />
  );
}
