import type { getIssue, IssueChange, IssueRow } from '@sightline/contract';
import { formatAmount } from '../../charts/number-format.ts';
import type { Tone } from '../../components/state-badge.tsx';
import type { Reply } from '../../data/call.ts';

export type IssueStatus = IssueRow['status'];

export const statusTone: Readonly<Record<IssueStatus, Tone>> = {
  unresolved: 'bad',
  regressed: 'bad',
  resolved: 'good',
  ignored: 'idle',
};

/** `$1,240`, or `about $1.2M` where a part of the orders stands for all. */
export function moneyText(
  { currency, amount }: Pick<IssueRow['money'][number], 'currency' | 'amount'>,
  about: boolean,
): string {
  return `${about ? 'about ' : ''}${formatAmount(amount, currency)}`;
}

/** The status as people say it. */
export const statusWord: Readonly<Record<IssueStatus, string>> = {
  unresolved: 'unresolved',
  regressed: 'regressed',
  resolved: 'resolved',
  ignored: 'archived',
};

/** What was decided and what became of it, in one sentence; '' where the status says it all. */
export function decisionSentence(
  issue: Pick<IssueRow, 'status' | 'regressedIn' | 'woke'>,
  decision: Reply<typeof getIssue>['decision'],
): string {
  if (issue.status === 'regressed')
    return issue.regressedIn === ''
      ? 'It was resolved and came back.'
      : `It was resolved and came back in ${issue.regressedIn}.`;
  if (issue.woke !== '') {
    return {
      time: 'Its time in the archive is over.',
      events: 'It was archived until more events came, and they came.',
      users: 'It was archived until it hit more users, and it did.',
      escalating: 'It was archived until it escalates, and it did.',
    }[issue.woke];
  }
  if (decision === null) return '';
  const { status, resolution, resolvedIn, ignoredUntil, ignoredLimit } = decision;
  if (status === 'resolved') {
    if (resolution === 'next-release')
      return `Resolved with the release after ${resolvedIn === '' ? 'the present one' : resolvedIn}.`;
    return resolution === 'now' ? '' : `Resolved in ${resolution} ${resolvedIn}.`;
  }
  if (status !== 'ignored') return '';
  const limit = ignoredLimit ?? 0;
  if (ignoredUntil === 'time') return `Archived until ${new Date(limit).toLocaleString()}.`;
  if (ignoredUntil === 'escalating') return 'Archived until it escalates.';
  return ignoredUntil === 'forever' ? 'Archived for ever.' : `Archived until ${limit} more ${ignoredUntil} come.`;
}

/** `2 issues resolved`, `Issue archived`, `3 issues assigned`. */
export function changedSentence(count: number, { status, assignee, priority }: IssueChange): string {
  const word =
    status === 'unresolved'
      ? 'reopened'
      : status !== undefined
        ? statusWord[status]
        : assignee !== undefined
          ? assignee === ''
            ? 'unassigned'
            : 'assigned'
          : priority === ''
            ? 'no longer given a priority'
            : `given ${priority ?? 'another'} priority`;
  return count === 1 ? `Issue ${word}` : `${count} issues ${word}`;
}
