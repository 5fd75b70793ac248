import { Button, Checkbox } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Chosen } from '../components/use-chosen.ts';
import { AssigneeSelect } from './assignee-select.tsx';

interface BulkBarProps {
  /** What is chosen, in the plural: "issues". */
  readonly what: string;
  readonly chosen: Pick<Chosen<{ readonly assignee: string }>, 'rows' | 'clear'>;
  readonly busy: boolean;
  /** Gives all of them to somebody; '' to nobody. */
  readonly onAssign: (assignee: string) => void;
  /** What can be made of them, before and behind the choice of an assignee. */
  readonly acts: ReactNode;
  readonly more?: ReactNode;
}

/** What can be made of the rows that are chosen; nothing while none is. */
export function BulkBar({ what, chosen: { rows, clear }, busy, onAssign, acts, more }: BulkBarProps): ReactNode {
  if (rows.length === 0) return null;
  return (
    <div className="bulk-bar" role="toolbar" aria-label={`Chosen ${what}`}>
      <span>{rows.length} chosen</span>
      {acts}
      <AssigneeSelect
        className="bulk-assign"
        aria-label={`Assign the chosen ${what} to`}
        placeholder="Assign to…"
        disabled={busy}
        value=""
        onChoose={(assignee) => assignee !== '' && onAssign(assignee)}
      />
      {rows.some(({ assignee }) => assignee !== '') && (
        <Button variant="default" disabled={busy} onClick={() => onAssign('')}>
          Unassign
        </Button>
      )}
      {more}
      <Button variant="subtle" onClick={clear}>
        Clear
      </Button>
    </div>
  );
}

/** Chooses all rows that are listed, or none. */
export function ChooseAll({
  what,
  listed,
  chosen,
}: {
  readonly what: string;
  readonly listed: number;
  readonly chosen: Pick<Chosen<unknown>, 'rows' | 'toggleAll'>;
}): ReactNode {
  return (
    <Checkbox
      size="xs"
      aria-label={`Choose all ${listed} ${what} listed`}
      checked={chosen.rows.length === listed}
      indeterminate={chosen.rows.length > 0 && chosen.rows.length < listed}
      onChange={chosen.toggleAll}
    />
  );
}
