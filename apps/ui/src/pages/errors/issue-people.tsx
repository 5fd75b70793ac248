import { listMembers, type IssueChange, type IssueRow } from '@sightline/contract';
import { Button, Select } from '@mantine/core';
import type { ReactNode, Ref } from 'react';
import { useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
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
  const people = useAsk(listMembers, {}, { when: me.may('responder') });
  if (!me.may('responder')) {
    return (
      <p>
        {issue.assignee === '' ? 'Nobody has it' : issue.assignee} · {issue.priority} priority
      </p>
    );
  }
  const emails = new Set([
    me.person.email,
    ...(people.data?.members.map(({ email }) => email) ?? []),
    ...(owner?.owners ?? []),
    issue.assignee,
  ]);
  const suggested = owner?.owners.find((one) => one !== issue.assignee.toLowerCase());
  return (
    <>
      <Select
        ref={field}
        label="Assigned to"
        placeholder="Nobody"
        clearable
        searchable
        value={issue.assignee === '' ? null : issue.assignee}
        data={[...emails]
          .filter((email) => email !== '')
          .map((value) => ({ value, label: value === me.person.email ? `${value} (me)` : value }))}
        onChange={(value) => change({ assignee: value ?? '' })}
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
