import { listMembers, listTeams } from '@sightline/contract';
import { Select } from '@mantine/core';
import type { ReactNode, Ref } from 'react';
import { useAsk } from '../data/ask.ts';
import { useMe } from '../data/session.tsx';
import { assigneeGroups } from './assignee-groups.ts';

/** Who may get an issue: me, my teams and the others, people. `onChoose` gets '' for nobody. */
export function AssigneeSelect({
  value,
  also = [],
  onChoose,
  field,
  ...look
}: {
  /** Who has it; '' where nobody has. */
  readonly value: string;
  /** Offered as well: owners by the rules. */
  readonly also?: readonly string[];
  readonly onChoose: (assignee: string) => void;
  readonly field?: Ref<HTMLInputElement>;
  readonly disabled?: boolean;
  readonly placeholder: string;
  readonly className?: string;
} & ({ readonly label: string } | { readonly 'aria-label': string })): ReactNode {
  const me = useMe();
  const when = { when: me.may('responder') };
  const people = useAsk(listMembers, {}, when);
  const teams = useAsk(listTeams, {}, when);
  return (
    <Select
      {...look}
      {...(field === undefined ? {} : { ref: field })}
      clearable={value !== ''}
      searchable
      nothingFoundMessage="Nobody of this name"
      maxDropdownHeight={320}
      value={value === '' ? null : value}
      data={assigneeGroups({
        me: me.person.email,
        teams: teams.data?.teams ?? [],
        people: people.data?.members ?? [],
        also: [...also, value],
      })}
      onChange={(chosen) => onChoose(chosen ?? '')}
    />
  );
}
