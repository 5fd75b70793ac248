import { changeIssue, getIssue, listIssues } from '@sightline/contract';
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useAct } from '../../data/ask.ts';
import type { ProblemError } from '../../data/call.ts';
import { changedSentence, statusBefore, type ChosenStatus, type IssueStatus } from './issue-words.ts';

interface Changed {
  readonly issue: string;
  readonly status: IssueStatus;
}

const undoMs = 10_000;

/** Changes the state of issues at once and offers to undo it for ten seconds, instead of asking first. */
export function useChangeIssues(): {
  readonly change: (issues: readonly Changed[], status: ChosenStatus) => Promise<void>;
  readonly assign: (issue: string, assignee: string) => void;
  readonly busy: boolean;
} {
  const act = useAct(changeIssue, [listIssues, getIssue]);
  const [busy, setBusy] = useState(false);

  const put = async (wanted: readonly { issue: string; status: ChosenStatus }[]): Promise<readonly string[]> => {
    setBusy(true);
    const done: string[] = [];
    try {
      for (const { issue, status } of wanted) {
        await act.mutateAsync({ params: { issue }, body: { status } });
        done.push(issue);
      }
    } catch (error) {
      refuse(error as ProblemError, done.length, wanted.length);
    } finally {
      setBusy(false);
    }
    return done;
  };

  const change = async (issues: readonly Changed[], status: ChosenStatus): Promise<void> => {
    const done = new Set(await put(issues.map(({ issue }) => ({ issue, status }))));
    if (done.size === 0) return;
    const before = issues.filter(({ issue }) => done.has(issue));
    const id = `issues-${Date.now()}`;
    const undo = () => {
      notifications.hide(id);
      void put(before.map((one) => ({ issue: one.issue, status: statusBefore(one.status) })));
    };
    notifications.show({
      id,
      autoClose: undoMs,
      message: (
        <span className="row">
          <span className="grow">{changedSentence(done.size, status)}</span>
          <Button variant="subtle" onClick={undo}>
            Undo
          </Button>
        </span>
      ),
    });
  };

  const assign = (issue: string, assignee: string) =>
    act.mutate({ params: { issue }, body: { assignee } }, { onError: (error) => refuse(error, 0, 1) });
  return { change, assign, busy };
}

function refuse(error: ProblemError, done: number, all: number): void {
  const part = all > 1 ? ` ${done} of ${all} were changed.` : '';
  notifications.show({ color: 'red', message: `${error.title}. ${error.detail}${part}`, autoClose: 10_000 });
}
