import type { FeedbackChange, FeedbackRow, FeedbackStatus } from '@sightline/contract';

/** The states as the inbox offers them; `''` in the address is the first. */
export const boxes = ['unresolved', 'resolved', 'spam', 'all'] as const;
export type Box = (typeof boxes)[number];
export const boxWord: Readonly<Record<Box, string>> = {
  unresolved: 'Inbox',
  resolved: 'Resolved',
  spam: 'Spam',
  all: 'All',
};

/** `2 messages resolved`, `Message marked as spam`. */
export function changedSentence(count: number, { status, assignee, read }: FeedbackChange): string {
  const done: Readonly<Record<FeedbackStatus, string>> = {
    unresolved: 'back in the inbox',
    resolved: 'resolved',
    spam: 'marked as spam',
  };
  const word =
    status !== undefined
      ? done[status]
      : assignee !== undefined
        ? assignee === ''
          ? 'unassigned'
          : `assigned to ${assignee}`
        : read === true
          ? 'marked as read'
          : 'marked as unread';
  return count === 1 ? `Message ${word}` : `${count} messages ${word}`;
}

/** What brings rows back to what they were before a change of theirs, with the ids that need it. */
export function backTo(
  rows: readonly Pick<FeedbackRow, 'eventId' | 'status' | 'assignee' | 'read'>[],
  wanted: FeedbackChange,
): [FeedbackChange, string[]][] {
  const groups = new Map<string, [FeedbackChange, string[]]>();
  for (const { eventId, status, assignee, read } of rows) {
    const back: FeedbackChange = {
      ...(wanted.status === undefined ? {} : { status }),
      ...(wanted.assignee === undefined ? {} : { assignee }),
      ...(wanted.read === undefined ? {} : { read }),
    };
    const key = JSON.stringify(back);
    const group = groups.get(key) ?? [back, []];
    groups.set(key, group);
    if (!group[1].includes(eventId)) group[1].push(eventId);
  }
  return [...groups.values()];
}

interface ListPage {
  readonly feedback: FeedbackRow[];
  readonly counts: {
    readonly unresolved: number;
    readonly resolved: number;
    readonly spam: number;
    readonly unread: number;
  };
}

/** Pages of the list in which one message counts as read: it stays where it is, though only the unread are asked for. */
export function withRead<Page extends ListPage>(pages: readonly Page[], id: string): Page[] {
  const isIt = (row: FeedbackRow): boolean => row.eventId === id;
  const counted = pages.some(({ feedback }) =>
    feedback.some((row) => isIt(row) && !row.read && row.status === 'unresolved'),
  );
  return pages.map((page) => ({
    ...page,
    feedback: page.feedback.map((row) => (isIt(row) ? { ...row, read: true } : row)),
    counts: { ...page.counts, unread: Math.max(0, page.counts.unread - (counted ? 1 : 0)) },
  }));
}
