import {
  changeIssues,
  getIssue,
  listIssues,
  restoreIssues,
  type ChangedIssue,
  type IssueChange,
  type IssueRow,
} from '@sightline/contract';
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { tellProblem } from '../../components/tell-problem.ts';
import { useAct } from '../../data/ask.ts';
import type { ProblemError } from '../../data/call.ts';
import { changedSentence } from './issue-words.ts';

const undoMs = 10_000;
/** So many issues go in one call. */
const atOnce = 200;

/**
 * Changes issues at once and offers to undo that for ten seconds, instead of asking first: back comes exactly what was decided
 * before. `change` answers whether all were changed.
 */
export function useChangeIssues(): {
  readonly change: (issues: readonly Pick<IssueRow, 'issue'>[], change: IssueChange) => Promise<boolean>;
  readonly busy: boolean;
} {
  const act = useAct(changeIssues, [listIssues, getIssue]);
  const back = useAct(restoreIssues, [listIssues, getIssue]);

  const restore = async (undo: readonly ChangedIssue[]): Promise<void> => {
    try {
      let restored = 0;
      for (const some of parts(undo)) restored += (await back.mutateAsync({ body: { undo: some } })).restored;
      const left = undo.length - restored;
      if (left > 0)
        notifications.show({
          color: 'yellow',
          message: `${left === 1 ? 'An issue was' : `${left} issues were`} changed again meanwhile, and stay${left === 1 ? 's' : ''} so.`,
        });
    } catch (error) {
      tellProblem(error as ProblemError);
    }
  };

  const change = async (issues: readonly Pick<IssueRow, 'issue'>[], wanted: IssueChange): Promise<boolean> => {
    const undo: ChangedIssue[] = [];
    let whole = true;
    try {
      for (const some of parts(issues)) {
        const body = { issues: some.map(({ issue }) => issue), change: wanted };
        undo.push(...(await act.mutateAsync({ body })).undo);
      }
    } catch (error) {
      whole = false;
      tellProblem(error as ProblemError);
    }
    if (undo.length === 0) return whole;
    const id = `issues-${Date.now()}`;
    notifications.show({
      id,
      autoClose: undoMs,
      message: (
        <span className="row">
          <span className="grow">{changedSentence(undo.length, wanted)}</span>
          <Button
            variant="subtle"
            onClick={() => {
              notifications.hide(id);
              void restore(undo);
            }}
          >
            Undo
          </Button>
        </span>
      ),
    });
    return whole;
  };
  return { change, busy: act.isPending || back.isPending };
}

function parts<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / atOnce) }, (_, i) => all.slice(i * atOnce, (i + 1) * atOnce));
}
