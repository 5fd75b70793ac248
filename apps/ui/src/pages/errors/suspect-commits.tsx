import type { getIssue } from '@sightline/contract';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { TimeText } from '../../components/time-text.tsx';
import type { Reply } from '../../data/call.ts';

/** Commits of the release in which the issue was first seen that touched a file of its stack. */
export function SuspectCommits({
  commits,
  assignee,
  assign,
}: {
  readonly commits: Reply<typeof getIssue>['suspectCommits'];
  readonly assignee: string;
  /** Absent where the person may not. */
  readonly assign: ((author: string) => void) | undefined;
}): ReactNode {
  if (commits.length === 0) return null;
  return (
    <section aria-label="Suspect commits">
      <h2>Suspect commits</h2>
      <ul className="suspect-commits">
        {commits.map(({ id, author, message, file, at, repository }) => (
          <li key={`${repository} ${id}`}>
            <p>
              <code title={id}>{id.slice(0, 8)}</code> {message.split('\n')[0]}
            </p>
            <p className="muted">
              {author === '' ? 'Its author is not known' : author}
              {at !== null && (
                <>
                  , <TimeText at={at} show="relative" />
                </>
              )}
              {assign && assignee === '' && author.includes('@') && (
                <Button variant="subtle" onClick={() => assign(author)}>
                  Assign
                </Button>
              )}
            </p>
            <p className="muted">
              changed <span className="code">{file}</span>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
