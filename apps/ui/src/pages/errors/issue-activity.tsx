import { commentIssue, getIssue } from '@sightline/contract';
import { Button, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { TimeText } from '../../components/time-text.tsx';
import { useAct } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import './errors.css';

/** What people did with the issue and said about it, the newest first. */
export function IssueActivity({
  issue,
  activity,
}: {
  issue: string;
  activity: Reply<typeof getIssue>['activity'];
}): ReactNode {
  const { may } = useMe();
  const [text, setText] = useState('');
  const comment = useAct(commentIssue, [getIssue]);
  if (activity.length === 0 && !may('responder')) return null;
  const send = () => {
    if (text.trim() === '') return;
    comment.mutate({ params: { issue }, body: { text: text.trim() } }, { onSuccess: () => setText('') });
  };
  return (
    <section>
      <h3 className="part-title">Activity</h3>
      {may('responder') && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <Textarea
            aria-label="Comment"
            placeholder="What you found out"
            autosize
            minRows={1}
            maxRows={8}
            maxLength={10_000}
            value={text}
            error={comment.error === null ? undefined : comment.error.detail}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {text.trim() !== '' && (
            <Button type="submit" variant="default" loading={comment.isPending}>
              Comment
            </Button>
          )}
        </form>
      )}
      <ol className="activity">
        {activity.map((entry, index) => (
          <li key={index}>
            <b>{entry.actor}</b> {entry.kind === 'change' && entry.text}{' '}
            <span className="muted">
              <TimeText at={entry.at} show="relative" />
            </span>
            {entry.kind === 'comment' && <p className="comment">{entry.text}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}
