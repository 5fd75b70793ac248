import { Button } from '@mantine/core';
import type { Agent } from '@sightline/contract';
import type { ReactNode } from 'react';
import { LinkBadge, SkewText, SpoolText } from '../../components/agent-words.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import { ContainersPanel } from './containers-panel.tsx';
import { ServiceLogs } from './service-logs.tsx';
import { SystemInfo } from './system-info.tsx';

/** What can be done at a site from here, over its agent. `agents` is undefined until they are known. */
export function SiteActions({ code, agents }: { code: string; agents: readonly Agent[] | undefined }): ReactNode {
  const { may } = useMe();
  if (agents === undefined) return <Skeleton height={420} />;
  if (agents.length === 0) {
    return (
      <EmptyState
        title={`No agent at ${code}`}
        text="An agent on a machine of the store reads its system, containers and logs from here, and restarts services that the store allows."
        action={
          may('admin') && (
            <Go to="/settings" search={{ tab: 'agents', enrol: code }}>
              <Button component="span">Enrol an agent</Button>
            </Go>
          )
        }
      />
    );
  }
  const connected = agents.some((agent) => agent.link === 'up');
  return (
    <>
      {agents.map((agent) => (
        <AgentLine key={agent.id} agent={agent} />
      ))}
      {agents.some((agent) => agent.containersAt !== null) && <ContainersPanel code={code} agents={agents} />}
      <div className="site-columns">
        <SystemInfo code={code} when={connected} />
        <ServiceLogs code={code} agents={agents} />
      </div>
    </>
  );
}

function AgentLine({ agent }: { agent: Agent }): ReactNode {
  return (
    <p className="site-facts">
      <span>
        Agent <strong>{agent.name}</strong>
      </span>
      <LinkBadge agent={agent} />
      {agent.version !== '' && <span>{`version ${agent.version}`}</span>}
      {agent.lastSeenAt !== null && (
        <span>
          last heard <TimeText at={agent.lastSeenAt} show="relative" />
        </span>
      )}
      <SkewText agent={agent} />
      <SpoolText agent={agent} />
      {agent.linkVerdict !== '' && <span>{agent.linkVerdict}</span>}
    </p>
  );
}
