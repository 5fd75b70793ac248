import { shortIssueId } from '@sightline/contract';
import { Button, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { TimeText } from '../components/time-text.tsx';
import type { ProblemError } from '../data/call.ts';
import { useMe } from '../data/session.tsx';
import { Go } from '../shell/go.tsx';
import './records.css';

interface Entry {
  readonly at: number;
  readonly actor: string;
  readonly text: string;
  readonly kind: 'change' | 'comment';
}

/** What people did with a thing and said about it, the newest first, and a field to say more. */
export function Activity({
  entries,
  comment,
  busy,
  problem,
}: {
  readonly entries: readonly Entry[];
  /** `done` is called when the remark is kept. */
  readonly comment: (text: string, done: () => void) => void;
  readonly busy: boolean;
  readonly problem: ProblemError | null;
}): ReactNode {
  const { may } = useMe();
  const [text, setText] = useState('');
  if (entries.length === 0 && !may('responder')) return null;
  const send = () => {
    if (text.trim() !== '') comment(text.trim(), () => setText(''));
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
            error={problem?.detail}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {text.trim() !== '' && (
            <Button type="submit" variant="default" loading={busy}>
              Comment
            </Button>
          )}
        </form>
      )}
      <ol className="activity">
        {entries.map((entry, index) => (
          <li key={index}>
            <b>{entry.actor}</b> {entry.kind === 'change' && <ChangeText text={entry.text} />}{' '}
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

/** Issues that a change names by their id are led to, under the short id that people know. */
function ChangeText({ text }: { text: string }): ReactNode {
  return text.split(/\b([0-9a-f]{16})\b/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <Go key={index} to={`/errors/${part}`}>
        {shortIssueId(part)}
      </Go>
    ),
  );
}
