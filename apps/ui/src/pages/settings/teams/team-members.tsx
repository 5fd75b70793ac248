import { Button, Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  getTeam,
  listMembers,
  listTeams,
  putTeamMember,
  removeTeamMember,
  teamRole,
  type TeamMember,
} from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { EmptyState } from '../../../components/empty-state.tsx';
import { FormProblem } from '../../../components/form-problem.tsx';
import { useAct, useAsk } from '../../../data/ask.ts';
import type { ProblemError } from '../../../data/call.ts';
import { useMe } from '../../../data/session.tsx';

const asksAgain = [getTeam, listTeams];
const tell = (problem: ProblemError): void => {
  notifications.show({ title: problem.title, message: problem.detail, color: 'red' });
};

/** Members of a team, and a way to add one. */
export function TeamMembers({
  slug,
  members,
}: {
  readonly slug: string;
  readonly members: readonly TeamMember[];
}): ReactNode {
  const admin = useMe().may('admin');
  return (
    <section className="panel" aria-label="Members">
      <header className="panel-head">
        <h2>Members</h2>
      </header>
      {admin && <AddMember slug={slug} members={members} />}
      {members.length === 0 ? (
        <EmptyState
          compact
          title="Nobody is in it yet"
          text="What is told to the team reaches nobody until somebody is in it."
        />
      ) : (
        <ul className="team-members">
          {members.map((member) => (
            <MemberRow key={member.person} slug={slug} member={member} admin={admin} />
          ))}
        </ul>
      )}
    </section>
  );
}

const reading = 'Reading who there is…';

function AddMember({ slug, members }: { readonly slug: string; readonly members: readonly TeamMember[] }): ReactNode {
  const people = useAsk(listMembers);
  const [person, setPerson] = useState<string | null>(null);
  const adding = useAct(putTeamMember, asksAgain);
  const inIt = new Set(members.map((member) => member.person));
  const others = (people.data?.members ?? []).filter(({ id }) => !inIt.has(id));
  return (
    <form
      className="line-form team-add"
      onSubmit={(event) => {
        event.preventDefault();
        if (person === null) return;
        adding.mutate({ params: { slug, person }, body: { role: 'member' } }, { onSuccess: () => setPerson(null) });
      }}
    >
      <Select
        className="grow"
        aria-label="Person to add"
        placeholder={people.isPending ? reading : others.length === 0 ? 'Everybody is in it' : 'Name or e-mail'}
        searchable
        // While it is read who there is, one may write already.
        disabled={!people.isPending && others.length === 0}
        nothingFoundMessage={people.isPending ? reading : 'Nobody of this name; people are invited under People'}
        data={others.map(({ id, email, name }) => ({ value: id, label: name === '' ? email : `${name} (${email})` }))}
        value={person}
        onChange={setPerson}
      />
      <Button type="submit" variant="default" loading={adding.isPending} disabled={person === null}>
        Add
      </Button>
      <FormProblem problem={adding.error ?? people.error} known={[]} />
    </form>
  );
}

function MemberRow({
  slug,
  member,
  admin,
}: {
  readonly slug: string;
  readonly member: TeamMember;
  readonly admin: boolean;
}): ReactNode {
  const putting = useAct(putTeamMember, asksAgain);
  const removing = useAct(removeTeamMember, asksAgain);
  const name = member.name || member.email;
  const params = { slug, person: member.person };
  return (
    <li>
      <span className="grow">
        {name} {member.name !== '' && <span className="muted">{member.email}</span>}
      </span>
      {admin ? (
        <span className="row">
          <Select
            aria-label={`Role of ${name}`}
            w={110}
            allowDeselect={false}
            data={teamRole.options}
            value={member.role}
            onChange={(value) => {
              if (value !== null && value !== member.role)
                putting.mutate({ params, body: { role: value } }, { onError: tell });
            }}
          />
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Take ${name} out of the team`}
            loading={removing.isPending}
            onClick={() => removing.mutate({ params }, { onError: tell })}
          >
            Remove
          </Button>
        </span>
      ) : (
        <span className="muted">{member.role}</span>
      )}
    </li>
  );
}
