import { changeFeedback, getFeedback, listFeedback, type FeedbackChange, type FeedbackRow } from '@sightline/contract';
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { tellProblem } from '../../components/tell-problem.ts';
import { useAct } from '../../data/ask.ts';
import type { ProblemError } from '../../data/call.ts';
import { backTo, changedSentence } from './words.ts';

const undoMs = 10_000;
/** So many go in one call. */
const atOnce = 200;

/** Changes feedback at once and offers to undo that for ten seconds, instead of asking first. Answers whether all were changed. */
export function useChangeFeedback(): {
  readonly change: (rows: readonly FeedbackRow[], change: FeedbackChange) => Promise<boolean>;
  readonly busy: boolean;
} {
  const act = useAct(changeFeedback, [listFeedback, getFeedback]);
  const send = async (ids: readonly string[], change: FeedbackChange): Promise<number> => {
    let changed = 0;
    for (let i = 0; i < ids.length; i += atOnce)
      changed += (await act.mutateAsync({ body: { feedback: ids.slice(i, i + atOnce), change } })).changed;
    return changed;
  };
  const undo = async (rows: readonly FeedbackRow[], wanted: FeedbackChange): Promise<void> => {
    try {
      for (const [back, ids] of backTo(rows, wanted)) await send(ids, back);
    } catch (error) {
      tellProblem(error as ProblemError);
    }
  };
  const change = async (rows: readonly FeedbackRow[], wanted: FeedbackChange): Promise<boolean> => {
    try {
      const changed = await send([...new Set(rows.map(({ eventId }) => eventId))], wanted);
      if (changed === 0) return true;
      const id = `feedback-${Date.now()}`;
      notifications.show({
        id,
        autoClose: undoMs,
        message: (
          <span className="row">
            <span className="grow">{changedSentence(changed, wanted)}</span>
            <Button
              variant="subtle"
              onClick={() => {
                notifications.hide(id);
                void undo(rows, wanted);
              }}
            >
              Undo
            </Button>
          </span>
        ),
      });
      return true;
    } catch (error) {
      tellProblem(error as ProblemError);
      return false;
    }
  };
  return { change, busy: act.isPending };
}
