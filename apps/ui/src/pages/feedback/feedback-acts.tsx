import type { FeedbackChange, FeedbackRow } from '@sightline/contract';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';

/** What can be made of feedback: resolved, spam, back in the inbox, unread. */
export function FeedbackActs({
  rows,
  busy,
  act,
}: {
  readonly rows: readonly FeedbackRow[];
  readonly busy: boolean;
  readonly act: (change: FeedbackChange) => void;
}): ReactNode {
  const some = (status: FeedbackRow['status']): boolean => rows.some((row) => row.status === status);
  const open = some('unresolved');
  return (
    <div className="row feedback-acts">
      {open && (
        <Button disabled={busy} onClick={() => act({ status: 'resolved' })}>
          Resolve
        </Button>
      )}
      {(some('resolved') || some('spam')) && (
        <Button variant={open ? 'default' : 'filled'} disabled={busy} onClick={() => act({ status: 'unresolved' })}>
          Move to inbox
        </Button>
      )}
      {(open || some('resolved')) && (
        <Button variant="default" disabled={busy} onClick={() => act({ status: 'spam' })}>
          Spam
        </Button>
      )}
      <Button variant="default" disabled={busy} onClick={() => act({ read: !rows.some(({ read }) => read) })}>
        {rows.some(({ read }) => read) ? 'Mark unread' : 'Mark read'}
      </Button>
    </div>
  );
}
