import type { IssueRow } from '@sightline/contract';
import type { Tone } from '../../components/state-badge.tsx';

export type IssueStatus = IssueRow['status'];
/** What a person can make of an issue. */
export type ChosenStatus = Exclude<IssueStatus, 'regressed'>;

export const statusTone: Readonly<Record<IssueStatus, Tone>> = {
  unresolved: 'bad',
  regressed: 'bad',
  resolved: 'good',
  ignored: 'idle',
};

/** `TypeError: x is undefined`, or whichever half is known. */
export function issueTitle({ type, message }: { readonly type: string; readonly message: string }): string {
  if (type === '' || message.startsWith(`${type}:`)) return message || 'Error without a message';
  return message === '' ? type : `${type}: ${message}`;
}

/** What undoing returns to: a regression was an open issue, and nobody can make one by hand. */
export function statusBefore(status: IssueStatus): ChosenStatus {
  return status === 'regressed' ? 'unresolved' : status;
}

/** `2 issues resolved`, `Issue ignored`. */
export function changedSentence(count: number, status: ChosenStatus): string {
  const word = status === 'unresolved' ? 'reopened' : status;
  return count === 1 ? `Issue ${word}` : `${count} issues ${word}`;
}
