import { Button, TextInput } from '@mantine/core';
import { createTeam, listTeams, type Team } from '@sightline/contract';
import { IconPlus } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorState } from '../../../components/error-state.tsx';
import { FormProblem } from '../../../components/form-problem.tsx';
import { ScrollX } from '../../../components/scroll-x.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { useAddress } from '../../../data/address.ts';
import { useAct, useAsk } from '../../../data/ask.ts';
import { useMe } from '../../../data/session.tsx';
import { Go } from '../../../shell/go.tsx';
import { TeamView } from './team-view.tsx';
import { slugOf } from './team-words.ts';
import './teams.css';

/** Teams of the organisation: the list, or one of them opened (`team=` in the address). */
export function Teams(): ReactNode {
  const { search } = useAddress();
  const opened = search['team'] ?? '';
  if (opened === 'new') return <NewTeam />;
  return opened === '' ? <TeamList /> : <TeamView key={opened} slug={opened} />;
}

function TeamList(): ReactNode {
  const asked = useAsk(listTeams);
  const me = useMe();
  const { setSearch } = useAddress();
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const add = me.may('admin') && (
    <Button
      size="compact-sm"
      leftSection={<IconPlus size={14} />}
      onClick={() => setSearch({ team: 'new' }, { push: true })}
    >
      Add a team
    </Button>
  );
  if (asked.data.teams.length === 0)
    return (
      <section className="panel panel-body" aria-label="Teams">
        <EmptyState
          title="No teams yet"
          text="A team owns issues, rules and steps of escalation together, so that nothing hangs on one person. Ownership rules name it as #payments."
          {...(add === false ? {} : { action: add })}
        />
      </section>
    );
  return (
    <section className="panel" aria-label="Teams">
      <div className="panel-head">
        <span className="muted grow">Issues, rules and steps of escalation may belong to a team.</span>
        {add}
      </div>
      <ScrollX label="Teams">
        <table className="table one-line stacks">
          <thead>
            <tr>
              <th>Team</th>
              <th>Named as</th>
              <th className="number">Members</th>
            </tr>
          </thead>
          <tbody>
            {asked.data.teams.map((team) => (
              <TeamRow key={team.slug} team={team} />
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

function TeamRow({ team }: { readonly team: Team }): ReactNode {
  return (
    <tr>
      <td className="row-name">
        <Go to="/settings" search={{ tab: 'teams', team: team.slug }}>
          {team.name}
        </Go>{' '}
        {team.mine && <span className="muted">(yours)</span>}
      </td>
      <td className="code">#{team.slug}</td>
      <td className="number" data-title="Members">
        {team.members}
      </td>
    </tr>
  );
}

function NewTeam(): ReactNode {
  const { setSearch } = useAddress();
  const [name, setName] = useState('');
  const [given, setSlug] = useState<string | undefined>();
  const creating = useAct(createTeam, [listTeams]);
  const slug = given ?? slugOf(name);
  const open = (team: string): void => setSearch({ team }, { push: true });
  return (
    <section className="panel panel-body" aria-label="A new team">
      <form
        className="team-form"
        onSubmit={(event) => {
          event.preventDefault();
          creating.mutate({ body: { slug, name: name.trim() } }, { onSuccess: (team) => open(team.slug) });
        }}
      >
        <TextInput
          autoFocus
          label="Name"
          placeholder="Payments"
          maxLength={100}
          value={name}
          error={creating.error?.fields['name']}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Slug"
          description={`Rules and searches name the team as #${slug === '' ? 'payments' : slug}. It stays as it is.`}
          leftSection="#"
          maxLength={50}
          spellCheck={false}
          value={slug}
          error={creating.error?.fields['slug']}
          onChange={(event) => setSlug(event.currentTarget.value.toLowerCase())}
        />
        <FormProblem problem={creating.error} known={['name', 'slug']} />
        <div className="row">
          <Button type="submit" loading={creating.isPending}>
            Make the team
          </Button>
          <Button variant="default" onClick={() => open('')}>
            Cancel
          </Button>
        </div>
      </form>
    </section>
  );
}
