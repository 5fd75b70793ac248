import { ActionIcon, Button } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { TimeText } from './time-text.tsx';

/** Takes one line out of a form; nothing is gone before the form is saved. `what` is read aloud: "Remove the rule". */
export function RemoveLine({ what, onRemove }: { what: string; onRemove: () => void }): ReactNode {
  return (
    <ActionIcon variant="default" size={30} aria-label={`Remove ${what}`} onClick={onRemove}>
      <IconTrash size={14} />
    </ActionIcon>
  );
}

/** Puts one more line into a form, as long as it may hold one. */
export function AddLine(props: {
  readonly full: boolean;
  readonly onAdd: () => void;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div>
      <Button variant="default" size="compact-sm" disabled={props.full} onClick={props.onAdd}>
        {props.children}
      </Button>
    </div>
  );
}

/** The end of a form that is saved as a whole: the button, and who saved it last. */
export function SaveLine(props: {
  readonly saving: boolean;
  /** False while something in it is missing. */
  readonly whole: boolean;
  readonly at: number | null;
  readonly by: string;
}): ReactNode {
  return (
    <div className="row">
      <Button type="submit" loading={props.saving} disabled={!props.whole}>
        Save
      </Button>
      <SavedBy at={props.at} by={props.by} />
    </div>
  );
}

/** The end of a form that fills a page: who may change it saves or cancels, all others go back. */
export function SaveOrBack(props: {
  readonly may: boolean;
  readonly saving: boolean;
  readonly onClose: () => void;
  /** What else may be done with it. */
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className="row">
      {props.may && (
        <Button type="submit" loading={props.saving}>
          Save
        </Button>
      )}
      <Button variant="subtle" onClick={props.onClose}>
        {props.may ? 'Cancel' : 'Back'}
      </Button>
      {props.children}
    </div>
  );
}

/** Who saved it last, and when; nothing before the first time. */
function SavedBy({ at, by }: { at: number | null; by: string }): ReactNode {
  return (
    at !== null && (
      <span className="muted">
        Saved <TimeText at={at} show="relative" /> by {by}
      </span>
    )
  );
}
