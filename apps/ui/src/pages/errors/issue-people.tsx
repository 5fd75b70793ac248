import type { IssueChange, IssueRow } from '@sightline/contract';
import { Button, Select } from '@mantine/core';
import type { ReactNode, Ref } from 'react';
import { useMe } from '../../data/session.tsx';
import { AssigneeSelect } from '../../records/assignee-select.tsx';
import './errors.css';

/** Who has the issue, whose it is by the rules, and how pressing it is. */
export function IssuePeople({
  issue,
  owner,
  given,
  change,
  field,
}: {
  readonly issue: IssueRow;
  readonly owner: { readonly owners: readonly string[]; readonly rule: string } | null;
  /** The priority that a person gave; '' where it follows from the issue. */
  readonly given: IssueRow['priority'] | '';
  readonly change: (change: IssueChange) => void;
  readonly field: Ref<HTMLInputElement>;
}): ReactNode {
  const me = useMe();
  if (!me.may('responder')) {
    return (
      <p>
        {issue.assignee === '' ? 'Nobody has it' : issue.assignee} · {issue.priority} priority
      </p>
    );
  }
  const suggested = owner?.owners.find((one) => one !== issue.assignee.toLowerCase());
  return (
    <>
      <AssigneeSelect
        field={field}
        label="Assigned to"
        placeholder="Nobody"
        value={issue.assignee}
        also={owner?.owners ?? []}
        onChoose={(assignee) => change({ assignee })}
      />
      {owner !== null && suggested !== undefined && issue.assignee === '' && (
        <p className="muted">
          Owned by {suggested} (<span className="code">{owner.rule}</span>){' '}
          <Button variant="subtle" onClick={() => change({ assignee: suggested })}>
            Assign
          </Button>
        </p>
      )}
      <Select
        label="Priority"
        allowDeselect={false}
        value={given}
        data={[
          { value: '', label: `By itself (${issue.priority})` },
          { value: 'high', label: 'High' },
          { value: 'medium', label: 'Medium' },
          { value: 'low', label: 'Low' },
        ]}
        onChange={(value) => change({ priority: value ?? '' })}
      />
    </>
  );
}
