import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  getErrorRules,
  getIssue,
  getTeam,
  listIssues,
  listPolicies,
  listRules,
  listTeams,
  removeTeam,
  renameTeam,
} from '@sightline/contract';
import { IconChevronLeft } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Confirm } from '../../../components/confirm.tsx';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorState } from '../../../components/error-state.tsx';
import { NameForm } from '../../../components/name-form.tsx';
import { SkeletonRows } from '../../../components/skeleton.tsx';
import { useAddress } from '../../../data/address.ts';
import { useAct, useAsk } from '../../../data/ask.ts';
import type { Reply } from '../../../data/call.ts';
import { useMe } from '../../../data/session.tsx';
import { Go } from '../../../shell/go.tsx';
import { TeamMembers } from './team-members.tsx';
import { ownedWords } from './team-words.ts';
import './teams.css';

/** One team: who is in it, and what belongs to it. */
export function TeamView({ slug }: { readonly slug: string }): ReactNode {
  const asked = useAsk(getTeam, { params: { slug } }, { keepOld: false });
  const back = (
    <Go to="/settings" search={{ tab: 'teams' }} className="row team-back">
      <IconChevronLeft size={14} aria-hidden /> All teams
    </Go>
  );
  if (asked.data === undefined) {
    if (asked.error === null) return <SkeletonRows rows={8} />;
    return (
      <>
        {back}
        {asked.error.status === 404 ? (
          <EmptyState
            compact
            title="There is no such team"
            text="It was deleted, or the address is mistyped. What it owned is nobody’s now."
            action={
              <Go to="/settings" search={{ tab: 'teams', team: '' }}>
                All teams
              </Go>
            }
          />
        ) : (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        )}
      </>
    );
  }
  return (
    <>
      {back}
      <TeamHead {...asked.data} />
      <div className="team-parts">
        <TeamMembers slug={slug} members={asked.data.members} />
        <Owned {...asked.data} />
      </div>
    </>
  );
}

function TeamHead({ team, owns }: Reply<typeof getTeam>): ReactNode {
  const { may } = useMe();
  const { setSearch } = useAddress();
  const [naming, setNaming] = useState(false);
  const renaming = useAct(renameTeam, [listTeams, getTeam]);
  const removing = useAct(removeTeam, [listTeams, getErrorRules, listIssues, getIssue, listRules, listPolicies]);
  const params = { slug: team.slug };
  if (naming)
    return (
      <NameForm
        label="Name of the team"
        initial={team.name}
        fault={renaming.error?.detail}
        busy={renaming.isPending}
        onSave={(name) => renaming.mutate({ params, body: { name } }, { onSuccess: () => setNaming(false) })}
        onCancel={() => {
          renaming.reset();
          setNaming(false);
        }}
      />
    );
  const owned = ownedWords(owns);
  return (
    <header className="team-head">
      <h2>{team.name}</h2>
      <span className="code muted">#{team.slug}</span>
      {team.mine && <span className="chip">yours</span>}
      {may('admin') && (
        <span className="row team-acts">
          <Button variant="default" size="compact-xs" onClick={() => setNaming(true)}>
            Rename
          </Button>
          <Confirm
            verb="Delete"
            harmful
            title={`Delete the team ${team.name}`}
            text={
              owned === ''
                ? 'It owns nothing. Its members stay in the organisation.'
                : `It owns ${owned}. The issues become nobody’s, and the rules and policies lose it. Its members stay in the organisation.`
            }
            act={async () => {
              const { owned: was } = await removing.mutateAsync({ params });
              const words = ownedWords(was);
              setSearch({ team: '' }, { push: true });
              notifications.show({
                message: `The team ${team.name} is deleted.${words === '' ? '' : ` It was taken off ${words}.`}`,
                autoClose: 10_000,
              });
            }}
          />
        </span>
      )}
    </header>
  );
}

function Owned({ team, owns }: Reply<typeof getTeam>): ReactNode {
  return (
    <section className="panel" aria-label="What the team owns">
      <header className="panel-head">
        <h2>What it owns</h2>
      </header>
      <dl className="team-owns">
        <dt>Issues</dt>
        <dd>
          <Go to="/errors" search={{ q: `assigned:"#${team.slug}"` }}>
            {owns.openIssues === 0 ? 'none open' : `${owns.openIssues} open`}
          </Go>
          {owns.issues > owns.openIssues && <span className="muted"> of {owns.issues}</span>}
        </dd>
        <dt>Ownership rules</dt>
        <dd>
          <Go to="/error-rules">{owns.ownershipRules === 0 ? 'none' : owns.ownershipRules}</Go>
        </dd>
        <dt>Alert rules</dt>
        <dd>
          <Names rows={owns.rules} none="none: give a rule the label team" to={(id) => `/rules/${id}`} />
        </dd>
        <dt>Told by policies</dt>
        <dd>
          <Names rows={owns.policies} none="none" to={() => '/alerting'} search={{ tab: 'policies' }} />
        </dd>
      </dl>
    </section>
  );
}

function Names({
  rows,
  none,
  to,
  search = {},
}: {
  readonly rows: readonly { readonly id: string; readonly name: string }[];
  readonly none: string;
  readonly to: (id: string) => string;
  readonly search?: Readonly<Record<string, string>>;
}): ReactNode {
  if (rows.length === 0) return <span className="muted">{none}</span>;
  return (
    <ul className="team-names">
      {rows.map(({ id, name }) => (
        <li key={id}>
          <Go to={to(id)} search={search}>
            {name}
          </Go>
        </li>
      ))}
    </ul>
  );
}
