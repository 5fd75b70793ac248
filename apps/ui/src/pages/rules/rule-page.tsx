import { Button, Switch } from '@mantine/core';
import { deleteRule, enableRule, getRule, listRuleGroups, listRules, listTeams, type Rule } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatDuration } from '../../charts/number-format.ts';
import { Confirm } from '../../components/confirm.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { TeamLink } from '../../shell/team-link.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { parseSearch, usePathParam } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { Go, useGo } from '../../shell/go.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { draftOf } from './draft.ts';
import { writeWhere } from './label-pairs.ts';
import { RulePreview } from './rule-preview.tsx';
import { RuleState, SeverityWord } from './rule-words.tsx';
import './rules.css';

/** One rule: what it says now, which groups are not well, and what it would have said in the last hours. */
export default function RulePage(): ReactNode {
  const id = usePathParam('rule');
  const asked = useAsk(getRule, { params: { id } }, { everyMs: 10_000, keepOld: false });
  usePageTitle(asked.data?.name ?? 'Rule');
  if (asked.error?.status === 404) {
    return (
      <div className="page">
        <EmptyState
          title="There is no such rule"
          text="It was deleted, or the address is mistyped."
          action={
            <Go to="/rules">
              <Button component="span">All rules</Button>
            </Go>
          }
        />
      </div>
    );
  }
  if (asked.data === undefined) {
    return (
      <div className="page">
        {asked.error === null ? (
          <SkeletonRows rows={10} />
        ) : (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        )}
      </div>
    );
  }
  return <RuleView rule={asked.data} />;
}

function RuleView({ rule }: { rule: Rule }): ReactNode {
  const me = useMe();
  const go = useGo();
  const removing = useAct(deleteRule, [listRules]);
  const switching = useAct(enableRule, [getRule, listRules, listRuleGroups]);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{rule.name}</h1>
        <RuleState rule={rule} />
        <SeverityWord severity={rule.severity} />
        <span className="grow" />
        <Go to="/incidents" search={{ rule: rule.id }}>
          Its incidents
        </Go>
        {me.may('admin') && (
          <>
            <Switch
              size="xs"
              label="On"
              checked={rule.enabled}
              disabled={switching.isPending}
              onChange={(event) =>
                switching.mutate({ params: { id: rule.id }, body: { enabled: event.currentTarget.checked } })
              }
            />
            <Button variant="default" onClick={() => go(`/rules/${rule.id}/edit`)}>
              Change
            </Button>
            <Confirm
              verb="Delete"
              harmful
              title={`Delete the rule ${rule.name}`}
              text="Nobody is told of what it watches any more, and what it found counts as over. This cannot be undone."
              button={{ size: 'xs' }}
              act={async () => {
                await removing.mutateAsync({ params: { id: rule.id } });
                go('/rules');
              }}
            />
          </>
        )}
      </div>
      <FormProblem problem={switching.error} known={[]} />
      {rule.description !== '' && <p>{rule.description}</p>}
      {rule.lastError !== '' && (
        <p className="form-problem" role="status">
          <span>
            <strong>Its last evaluation failed.</strong> {rule.lastError} Its groups keep the state they had.
          </span>
        </p>
      )}
      <Facts rule={rule} />
      <Groups rule={rule} />
      <section className="panel rule-part" aria-label="The last hours">
        <h2>The last hours</h2>
        <RulePreview draft={draftOf(rule)} />
      </section>
    </div>
  );
}

function Facts({ rule }: { rule: Rule }): ReactNode {
  const teams = useAsk(listTeams);
  const team = teams.data?.teams.find(({ slug }) => slug === rule.labels['team']?.toLowerCase());
  const facts: [string, ReactNode][] = [
    ['Limit', rule.limit],
    ['Window', rule.windowMs === 0 ? '–' : formatDuration(rule.windowMs)],
    ['Evaluated', `each ${formatDuration(rule.everyMs)}`],
    ['Told after', rule.forMs === 0 ? 'at once' : formatDuration(rule.forMs)],
    ['Last run', rule.lastRunAt === null ? 'not yet' : <TimeText key="run" at={rule.lastRunAt} show="relative" />],
    [
      'Changed',
      <span key="by">
        <TimeText at={rule.updatedAt} show="relative" /> by {rule.updatedBy === '' ? 'Sightline' : rule.updatedBy}
      </span>,
    ],
    ['Team', team === undefined ? 'none' : <TeamLink key="team" {...team} />],
    ['Labels', writeWhere(Object.entries(rule.labels)) || 'none'],
    ['Runbook', rule.runbook === '' ? 'none' : <Runbook key="book" text={rule.runbook} />],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Runbook({ text }: { text: string }): ReactNode {
  if (!/^https?:\/\/\S+$/.test(text)) return text;
  return (
    <a href={text} target="_blank" rel="noreferrer">
      {text}
    </a>
  );
}

function Groups({ rule }: { rule: Rule }): ReactNode {
  const asked = useAsk(listRuleGroups, { params: { id: rule.id } }, { everyMs: 10_000 });
  return (
    <section className="panel rule-part" aria-label="What is not well">
      <h2>Not well now</h2>
      {asked.data === undefined && asked.error === null && <SkeletonRows rows={3} />}
      {asked.error !== null && asked.data === undefined && (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
      {asked.data?.groups.length === 0 && (
        <p className="muted">
          {rule.enabled ? 'Nothing breaks the limit at the moment.' : 'The rule is off: it looks at nothing.'}
        </p>
      )}
      {asked.data !== undefined && asked.data.groups.length > 0 && (
        <ScrollX label="Groups that are not well">
          <table className="table one-line stacks">
            <thead>
              <tr>
                <th>State</th>
                <th>What</th>
                <th>Measure</th>
                <th>Since</th>
              </tr>
            </thead>
            <tbody>
              {asked.data.groups.map((group) => (
                <tr key={JSON.stringify(group.labels)}>
                  <td>
                    <ToneBadge tone={group.state === 'firing' ? 'bad' : 'warn'}>
                      {group.state === 'firing' ? 'fires' : 'waits'}
                    </ToneBadge>
                  </td>
                  <td className="row-name">
                    <Go to={group.link.split('?')[0] ?? '/'} search={parseSearch(group.link.split('?')[1] ?? '')}>
                      {group.title}
                    </Go>
                  </td>
                  <td data-title="Measure">{group.summary}</td>
                  <td data-title="Since">
                    <TimeText at={group.since} show="relative" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </section>
  );
}
