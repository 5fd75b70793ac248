import { commentIssue, getIssue } from '@sightline/contract';
import { useRef, type ReactNode } from 'react';
import { TimeText } from '../../components/time-text.tsx';
import { useAct } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { Activity } from '../../records/activity.tsx';
import { useKeys } from '../../shell/keys.ts';
import './errors.css';
import { IssueActs } from './issue-acts.tsx';
import { IssueReplays } from './issue-replays.tsx';
import { IssuePeople } from './issue-people.tsx';
import { IssueRelations } from './issue-relations.tsx';
import { decisionSentence } from './issue-words.ts';
import { SuspectCommits } from './suspect-commits.tsx';
import { useChangeIssues } from './use-change-issues.tsx';
import { WhyGrouped } from './why-grouped.tsx';

/** The right column: what to do with the issue, who has it, since when, and why its events count as one. */
export function IssueSide({ answer }: { answer: Reply<typeof getIssue> }): ReactNode {
  const { issue, grouping, activity, decision, owner, suspectRelease, suspectCommits } = answer;
  const { may } = useMe();
  const { change, busy } = useChangeIssues();
  const remark = useAct(commentIssue, [getIssue]);
  const field = useRef<HTMLInputElement>(null);
  const open = issue.status === 'unresolved' || issue.status === 'regressed';
  const sentence = decisionSentence(issue, decision);
  useKeys(
    may('responder')
      ? [
          {
            keys: 'e',
            title: open ? 'Resolve the issue' : 'Reopen the issue',
            run: () => void change([issue], { status: open ? 'resolved' : 'unresolved' }),
          },
          { keys: 'a', title: 'Assign the issue', run: () => field.current?.focus() },
        ]
      : [],
  );
  return (
    <aside className="issue-side" aria-label="About this issue">
      <div className="issue-side-now">
        {may('responder') && (
          <IssueActs
            open={open}
            closed={!open}
            busy={busy}
            release={issue.lastRelease}
            act={(wanted) => void change([issue], wanted)}
          />
        )}
        {sentence !== '' && <p>{sentence}</p>}
        <IssuePeople
          issue={issue}
          owner={owner}
          given={decision?.priority ?? ''}
          field={field}
          change={(wanted) => void change([issue], wanted)}
        />
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
          {suspectRelease !== null && (
            <>
              <dt>Came with</dt>
              <dd>
                {suspectRelease.release}{' '}
                <span className="muted">
                  whose first error was <TimeText at={suspectRelease.firstHeardAt} show="relative" />
                </span>
              </dd>
            </>
          )}
          <dt>Severity</dt>
          <dd>{issue.severity || 'not given'}</dd>
        </dl>
        <SuspectCommits
          commits={suspectCommits}
          assignee={issue.assignee}
          assign={may('responder') ? (author) => void change([issue], { assignee: author }) : undefined}
        />
      </div>
      {/* On a phone this stands behind the event: at night one wants the stack first. */}
      <div className="issue-side-more">
        <WhyGrouped parts={grouping} />
        <IssueReplays issue={issue.issue} />
        <IssueRelations answer={answer} />
        <Activity
          entries={activity}
          busy={remark.isPending}
          problem={remark.error}
          comment={(text, done) =>
            remark.mutate({ params: { issue: issue.issue }, body: { text } }, { onSuccess: done })
          }
        />
      </div>
    </aside>
  );
}
