import { changeIssues, getIssue, listIssues, type IssueChange } from '@sightline/contract';
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useAct } from '../../data/ask.ts';
import type { ProblemError } from '../../data/call.ts';
import { changedSentence, statusBefore, type IssueStatus } from './issue-words.ts';

interface Changed {
  readonly issue: string;
  readonly status: IssueStatus;
}

const undoMs = 10_000;

/** Changes issues at once and offers to undo a new state for ten seconds, instead of asking first. */
export function useChangeIssues(): {
  readonly change: (issues: readonly Changed[], change: IssueChange) => Promise<void>;
  readonly busy: boolean;
} {
  const act = useAct(changeIssues, [listIssues, getIssue]);

  const put = async (issues: readonly string[], change: IssueChange): Promise<number> => {
    try {
      return (await act.mutateAsync({ body: { issues: [...issues], change } })).changed;
    } catch (error) {
      const { title, detail } = error as ProblemError;
      notifications.show({ color: 'red', message: `${title}. ${detail}`, autoClose: 10_000 });
      return 0;
    }
  };

  const change = async (issues: readonly Changed[], wanted: IssueChange): Promise<void> => {
    const done = await put(
      issues.map(({ issue }) => issue),
      wanted,
    );
    if (done === 0 || wanted.status === undefined) return;
    const id = `issues-${Date.now()}`;
    const undo = () => {
      notifications.hide(id);
      const before = Map.groupBy(issues, ({ status }) => statusBefore(status));
      for (const [status, some] of before)
        void put(
          some.map(({ issue }) => issue),
          { status },
        );
    };
    notifications.show({
      id,
      autoClose: undoMs,
      message: (
        <span className="row">
          <span className="grow">{changedSentence(done, wanted.status)}</span>
          <Button variant="subtle" onClick={undo}>
            Undo
          </Button>
        </span>
      ),
    });
  };
  return { change, busy: act.isPending };
}
