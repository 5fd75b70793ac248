import { Button } from '@mantine/core';
import {
  listChannels,
  listPolicies,
  listTeams,
  removePolicy,
  type AlertChannel,
  type Policy,
  type Team,
} from '@sightline/contract';
import { IconAlertTriangle, IconArrowRight } from '@tabler/icons-react';
import { Fragment, type ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { Drawer } from '../../components/drawer.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { RoleNeededDrawer } from '../../components/role-needed.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import { PolicyForm } from './policy-form.tsx';
import { waitText } from './words.ts';

/** Who is told when: each policy as a ladder that reads from left to right. */
export function Policies(): ReactNode {
  const { may } = useMe();
  const { search, setSearch } = useAddress();
  const asked = useAsk(listPolicies);
  const channels = useAsk(listChannels);
  const teams = useAsk(listTeams);
  if (asked.data === undefined || channels.data === undefined || teams.data === undefined) {
    const error = asked.error ?? channels.error ?? teams.error;
    if (error !== null) {
      const again = () => void Promise.all([asked.refetch(), channels.refetch(), teams.refetch()]);
      return <ErrorState error={error} again={again} />;
    }
    return <SkeletonRows rows={6} />;
  }
  const { policies } = asked.data;
  const known = channels.data.channels;
  if (known.length === 0)
    return <NobodyYet admin={may('admin')} add={() => setSearch({ tab: 'channels' }, { push: true })} />;
  const opened = search['policy'] ?? '';
  const chosen = policies.find((policy) => policy.id === opened);
  const close = (): void => setSearch({ policy: '' });
  return (
    <>
      {policies.map((policy) => (
        <section key={policy.id} className="panel" aria-label={`Policy ${policy.name}`}>
          <header className="panel-head">
            <h2>{policy.name}</h2>
            {policy.isDefault && <span className="chip">default</span>}
            <span className="spread" />
            {may('admin') && (
              <Button
                variant="default"
                size="compact-xs"
                aria-label={`Change the policy ${policy.name}`}
                onClick={() => setSearch({ policy: policy.id }, { push: true })}
              >
                Change
              </Button>
            )}
          </header>
          <div className="panel-body">
            <Ladder policy={policy} channels={known} teams={teams.data.teams} />
          </div>
        </section>
      ))}
      {may('admin') && (
        <div>
          <Button variant="default" onClick={() => setSearch({ policy: 'new' }, { push: true })}>
            Add a policy
          </Button>
        </div>
      )}
      {opened !== '' && !may('admin') && (
        <RoleNeededDrawer title="Policy" need={{ role: 'admin', what: 'change policies' }} onClose={close} />
      )}
      {may('admin') && (chosen !== undefined || opened === 'new') && (
        <Drawer
          title={chosen?.name ?? 'New policy'}
          label={chosen === undefined ? 'New policy' : `Policy ${chosen.name}`}
          width={560}
          onClose={close}
          actions={chosen !== undefined && <Remove policy={chosen} onDone={close} />}
        >
          <PolicyForm key={opened} policy={chosen} channels={known} teams={teams.data.teams} onDone={close} />
        </Drawer>
      )}
    </>
  );
}

function NobodyYet({ admin, add }: { admin: boolean; add: () => void }): ReactNode {
  return (
    <EmptyState
      title="Nobody is told yet"
      text={
        admin
          ? 'Incidents open and are seen here, but reach nobody. Add a channel, such as Slack or e-mail; it becomes the first step of the default policy.'
          : 'Incidents open and are seen here, but reach nobody. An admin adds the first channel.'
      }
      {...(admin ? { action: <Button onClick={add}>Add a channel</Button> } : {})}
    />
  );
}

/** "At once: Slack → 5 min later: E-mail → then once more". */
export function Ladder({
  policy,
  channels,
  teams,
}: {
  policy: Pick<Policy, 'steps' | 'repeats' | 'trouble'>;
  channels: readonly AlertChannel[];
  teams: readonly Team[];
}): ReactNode {
  return (
    <>
      <ol className="ladder">
        {policy.steps.map((step, at) => (
          // oxlint-disable-next-line react/no-array-index-key -- a step is its place
          <Fragment key={at}>
            {at > 0 && (
              <li className="ladder-arrow" aria-hidden>
                <IconArrowRight size={16} />
              </li>
            )}
            <li className="ladder-step">
              <span className="muted">{stepWhen(step.waitMs, at)}</span>
              <span className="row ladder-channels">
                {step.channels.length + step.teams.length === 0 && <ToneBadge tone="bad">nobody</ToneBadge>}
                {step.channels.map((id) => (
                  <ChannelWord key={id} channel={channels.find((channel) => channel.id === id)} />
                ))}
                {step.teams.map((slug) => (
                  <TeamWord key={slug} slug={slug} team={teams.find((team) => team.slug === slug)} />
                ))}
              </span>
            </li>
          </Fragment>
        ))}
        <li className="ladder-end muted">{endWords(policy)}</li>
      </ol>
      {policy.trouble !== '' && (
        <p className="form-problem" role="status">
          <IconAlertTriangle size={16} aria-hidden />
          <span>{policy.trouble}</span>
        </p>
      )}
    </>
  );
}

function endWords({ steps, repeats }: Pick<Policy, 'steps' | 'repeats'>): string {
  if (repeats > 0) return `and again, ${counted(repeats, 'time')}, until somebody acknowledges`;
  return steps.length > 1 ? 'until somebody acknowledges' : 'and nobody after that';
}

function stepWhen(waitMs: number, at: number): string {
  if (at === 0) return waitMs === 0 ? 'At once' : `After ${waitText(waitMs)}`;
  return waitMs === 0 ? 'At the same time' : `${waitText(waitMs)} later`;
}

function ChannelWord({ channel }: { channel: AlertChannel | undefined }): ReactNode {
  if (channel === undefined) return <ToneBadge tone="bad">deleted channel</ToneBadge>;
  if (!channel.enabled) return <ToneBadge tone="idle">{channel.name} (off)</ToneBadge>;
  if (channel.lastError !== '') return <ToneBadge tone="bad">{channel.name} (failing)</ToneBadge>;
  return <strong>{channel.name}</strong>;
}

function TeamWord({ slug, team }: { slug: string; team: Team | undefined }): ReactNode {
  if (team === undefined) return <ToneBadge tone="bad">deleted team</ToneBadge>;
  if (team.members === 0) return <ToneBadge tone="idle">{team.name} (no members)</ToneBadge>;
  return (
    <Go to="/settings" search={{ tab: 'teams', team: slug }}>
      #{slug}
    </Go>
  );
}

function Remove({ policy, onDone }: { policy: Policy; onDone: () => void }): ReactNode {
  const removing = useAct(removePolicy, [listPolicies, listChannels]);
  return (
    <Confirm
      verb="Remove"
      harmful
      title={`Remove the policy ${policy.name}`}
      text="Rules that name it go by the default policy from then on."
      act={async () => {
        await removing.mutateAsync({ params: { id: policy.id } });
        onDone();
      }}
    />
  );
}
