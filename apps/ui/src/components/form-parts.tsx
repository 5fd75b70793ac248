import { ActionIcon } from '@mantine/core';
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

/** Who saved it last, and when; nothing before the first time. */
export function SavedBy({ at, by }: { at: number | null; by: string }): ReactNode {
  return (
    at !== null && (
      <span className="muted">
        Saved <TimeText at={at} show="relative" /> by {by}
      </span>
    )
  );
}
