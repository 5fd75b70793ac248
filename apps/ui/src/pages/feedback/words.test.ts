import type { FeedbackRow } from '@sightline/contract';
import { expect, it } from 'vitest';
import { backTo, changedSentence, withRead } from './words.ts';

it.each([
  [1, { status: 'resolved' }, 'Message resolved'],
  [3, { status: 'spam' }, '3 messages marked as spam'],
  [2, { status: 'unresolved' }, '2 messages back in the inbox'],
  [1, { assignee: '#tills' }, 'Message assigned to #tills'],
  [1, { assignee: '' }, 'Message unassigned'],
  [4, { read: false }, '4 messages marked as unread'],
] as const)('%i, %o: %s', (count, change, sentence) => expect(changedSentence(count, change)).toBe(sentence));

it('brings each back to what it was, and no more than was changed', () => {
  const row = (eventId: string, status: 'unresolved' | 'spam', assignee = '') => ({
    eventId,
    status,
    assignee,
    read: true,
  });
  const rows = [
    row('a', 'unresolved'),
    row('b', 'spam', '#web'),
    row('c', 'unresolved', 'ann'),
    row('a', 'unresolved'),
  ];
  expect(backTo(rows, { status: 'resolved' })).toEqual([
    [{ status: 'unresolved' }, ['a', 'c']],
    [{ status: 'spam' }, ['b']],
  ]);
  expect(backTo(rows.slice(0, 2), { assignee: 'bob' })).toEqual([
    [{ assignee: '' }, ['a']],
    [{ assignee: '#web' }, ['b']],
  ]);
});

it('counts one message less as unread on every page, once', () => {
  const row = (eventId: string, read: boolean) => ({ eventId, read, status: 'unresolved' }) as FeedbackRow;
  const counts = { unresolved: 3, resolved: 0, spam: 0, unread: 2 };
  const pages = [
    { feedback: [row('a', false), row('b', true)], counts, next: 'x' },
    { feedback: [row('c', false)], counts, next: '' },
  ];
  const once = withRead(pages, 'a');
  expect(once.map((page) => [page.counts.unread, page.feedback.map(({ read }) => read)])).toEqual([
    [1, [true, true]],
    [1, [false]],
  ]);
  expect(withRead(once, 'a')).toEqual(once);
  expect(withRead(pages, 'b')).toEqual(pages);
});
