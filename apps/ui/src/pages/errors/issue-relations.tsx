import { getIssue, listIssues, mergeIssues, unmergeIssue, type RelatedIssue } from '@sightline/contract';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { TimeText } from '../../components/time-text.tsx';
import { tellProblem } from '../../components/tell-problem.ts';
import { useAct } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { issueTitle } from '../../records/issue-title.ts';
import { Go } from '../../shell/go.tsx';
import './errors.css';

/** Issues that may be the same bug, to merge; and what is merged already, to take out again. */
export function IssueRelations({ answer }: { answer: Reply<typeof getIssue> }): ReactNode {
  const { issue, similar, members, mergedInto } = answer;
  const { may } = useMe();
  const merge = useAct(mergeIssues, [getIssue, listIssues]);
  const unmerge = useAct(unmergeIssue, [getIssue, listIssues]);
  return (
    <>
      {mergedInto !== '' && (
        <p>
          Part of <Go to={`/errors/${mergedInto}`}>another issue</Go>, where its events are counted.
        </p>
      )}
      {members.length > 0 && (
        <Related title="Merged into it" issues={members}>
          {({ issue: member }) =>
            may('responder') && (
              <Button
                variant="subtle"
                disabled={unmerge.isPending}
                onClick={() => unmerge.mutate({ params: { issue: issue.issue, member } }, { onError: tellProblem })}
              >
                Take out
              </Button>
            )
          }
        </Related>
      )}
      {similar.length > 0 && mergedInto === '' && (
        <Related title="Similar issues" issues={similar}>
          {({ issue: other }) =>
            may('responder') && (
              <Button
                variant="subtle"
                disabled={merge.isPending}
                onClick={() =>
                  merge.mutate({ params: { issue: issue.issue }, body: { issues: [other] } }, { onError: tellProblem })
                }
              >
                Merge
              </Button>
            )
          }
        </Related>
      )}
    </>
  );
}

function Related({
  title,
  issues,
  children,
}: {
  title: string;
  issues: readonly RelatedIssue[];
  children: (issue: RelatedIssue) => ReactNode;
}): ReactNode {
  return (
    <section>
      <h3 className="part-title">{title}</h3>
      <ul className="related">
        {issues.map((one) => (
          <li key={one.issue}>
            <Go to={`/errors/${one.issue}`} className="related-title">
              {issueTitle(one)}
            </Go>
            <span className="row muted">
              <span className="grow">
                {formatCount(one.events)} {one.events === 1 ? 'event' : 'events'},{' '}
                <TimeText at={one.lastSeenAt} show="relative" />
              </span>
              {children(one)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
