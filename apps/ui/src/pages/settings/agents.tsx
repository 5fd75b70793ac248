import { Autocomplete, Button } from '@mantine/core';
import {
  createEnrolment,
  listAgents,
  listEnrolments,
  revokeAgent,
  revokeEnrolment,
  scopes,
  type Agent,
} from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { LinkBadge, SkewText, SpoolText } from '../../components/agent-words.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import { ShownOnce } from './shown-once.tsx';

/** Agents of the sites: enrol one with a command to paste, see how each is, revoke. */
export function Agents(): ReactNode {
  const { may } = useMe();
  const asked = useAsk(listAgents, {}, { everyMs: 5000 });
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const { agents } = asked.data;
  return (
    <>
      {may('admin') && <Enrol />}
      {may('admin') && <OpenTokens />}
      {agents.length === 0 ? (
        <EmptyState
          compact
          title="No agents yet"
          text="An agent keeps a store's records while its line is down, and lets you look at and mend the store from here."
        />
      ) : (
        <section className="panel" aria-label="Agents">
          <ScrollX label="Table of agents">
            <table className="table one-line stacks">
              <thead>
                <tr>
                  <th>Site</th>
                  <th>Agent</th>
                  <th>Link</th>
                  <th>Version</th>
                  <th>Spool</th>
                  <th>Its policy allows</th>
                  <th>Enrolled</th>
                  <th>
                    <span className="only-read-aloud">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {agents.map((agent) => (
                  <Row key={agent.id} agent={agent} />
                ))}
              </tbody>
            </table>
          </ScrollX>
        </section>
      )}
    </>
  );
}

function Row({ agent }: { agent: Agent }): ReactNode {
  const { may } = useMe();
  const revoking = useAct(revokeAgent, [listAgents]);
  return (
    <tr>
      <td className="row-name">
        <Go to={`/sites/${encodeURIComponent(agent.site)}`} search={{ tab: 'actions' }}>
          {agent.site}
        </Go>
      </td>
      <td>
        {agent.name} <span className="muted">{[agent.host.os, agent.lastAddress].filter(Boolean).join(', ')}</span>
      </td>
      <td>
        <LinkBadge agent={agent} /> <SkewText agent={agent} />
      </td>
      <td data-title="Version">{agent.version}</td>
      <td data-title="Spool">
        <SpoolText agent={agent} />
      </td>
      <td data-title="Its policy allows">{policyWords(agent)}</td>
      <td data-title="Enrolled">
        <TimeText at={agent.enrolledAt} show="relative" /> <span className="muted">by {agent.enrolledBy}</span>
      </td>
      <td className="number">
        {may('admin') && (
          <Confirm
            verb="Revoke"
            harmful
            title={`Revoke the agent ${agent.name} of ${agent.site}`}
            text="Its link ends and its token opens nothing any more. Records that still wait in its spool stay there. To connect the store again, enrol it anew."
            act={async () => revoking.mutateAsync({ params: { id: agent.id } })}
          />
        )}
      </td>
    </tr>
  );
}

function policyWords({ policy }: Agent): string {
  if (policy === null) return '–';
  const list = (services: readonly string[]): string => (services.includes('*') ? 'any service' : services.join(', '));
  const parts = [
    policy.systemInfo ? 'system info' : '',
    policy.dockerStatus ? 'containers' : '',
    policy.logs.length > 0 ? `logs of ${list(policy.logs)}` : '',
    policy.restart.length > 0 ? `restart of ${list(policy.restart)}` : '',
  ].filter(Boolean);
  return parts.length === 0 ? 'nothing' : parts.join('; ');
}

function Enrol(): ReactNode {
  const { search } = useAddress();
  const [site, setSite] = useState(search['enrol'] ?? '');
  const known = useAsk(scopes);
  const creating = useAct(createEnrolment, [listEnrolments]);
  if (creating.data !== undefined) {
    const { command, enrolment } = creating.data;
    return (
      <ShownOnce
        what="Command"
        secret={command}
        text={
          <>
            Run this on a machine of <strong>{enrolment.site}</strong>, in the folder of Sightline. The token in it
            works once, until <TimeText at={enrolment.expiresAt} />. It is shown once.
          </>
        }
        onDone={() => {
          creating.reset();
          setSite('');
        }}
      />
    );
  }
  return (
    <form
      className="line-form"
      onSubmit={(event) => {
        event.preventDefault();
        creating.mutate({ body: { site: site.trim() } });
      }}
    >
      <Autocomplete
        className="grow"
        label="Enrol an agent for the site"
        placeholder="STORE_047"
        limit={50}
        data={known.data?.sites ?? []}
        value={site}
        error={creating.error?.fields['site']}
        onChange={setSite}
      />
      <Button type="submit" loading={creating.isPending}>
        Make the command
      </Button>
      <FormProblem problem={creating.error} known={['site']} />
    </form>
  );
}

function OpenTokens(): ReactNode {
  const asked = useAsk(listEnrolments, {}, { everyMs: 10_000 });
  const withdrawing = useAct(revokeEnrolment, [listEnrolments]);
  const open = asked.data?.enrolments ?? [];
  if (open.length === 0) return null;
  return (
    <section className="panel" aria-label="Open tokens">
      <header className="panel-head">
        <h2>Waiting for their agent</h2>
      </header>
      <ScrollX label="Table of open tokens">
        <table className="table one-line stacks">
          <tbody>
            {open.map((one) => (
              <tr key={one.id}>
                <td className="row-name">{one.site}</td>
                <td>
                  made <TimeText at={one.createdAt} show="relative" /> <span className="muted">by {one.createdBy}</span>
                </td>
                <td>
                  ends <TimeText at={one.expiresAt} show="relative" />
                </td>
                <td className="number">
                  <Confirm
                    verb="Withdraw"
                    harmful
                    title={`Withdraw the token for ${one.site}`}
                    text="Whoever has the command can no longer enrol with it."
                    act={async () => withdrawing.mutateAsync({ params: { id: one.id } })}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}
