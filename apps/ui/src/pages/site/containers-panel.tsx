import { Button, Tooltip } from '@mantine/core';
import { listAgents, restartService, type Agent } from '@sightline/contract';
import type { ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { counted } from '../../components/number-text.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import { containersOf, policyAllows, type ShownContainer, stateWords, toneOfContainer } from './container-words.ts';

/** The containers of a site, as its agents told them last: state, since when, and what can be done from here. */
export function ContainersPanel({ code, agents }: { code: string; agents: readonly Agent[] }): ReactNode {
  const containers = containersOf(agents);
  const toldAt = Math.max(0, ...agents.map((agent) => agent.containersAt ?? 0));
  const connected = agents.some((agent) => agent.link === 'up');
  const restarting = useAct(restartService, [listAgents]);
  const down = containers.filter((one) => toneOfContainer(one) === 'bad').length;
  return (
    <section className="panel" aria-label="Containers">
      <header className="panel-head">
        <h2>Containers</h2>
        {down > 0 && <ToneBadge tone="bad">{`${down} of ${containers.length} down`}</ToneBadge>}
        <span className="muted">
          {connected ? (
            counted(containers.length, 'container')
          ) : (
            <>
              as they were <TimeText at={toldAt} show="relative" />, when the link was last up
            </>
          )}
        </span>
      </header>
      {restarting.data !== undefined && (
        <p className="panel-body" role="status">
          {`${restarting.data.service} was restarted in ${(restarting.data.tookMs / 1000).toFixed(1)} s: ${restarting.data.stateBefore}, now ${restarting.data.stateAfter}.`}
        </p>
      )}
      <ScrollX label="Table of containers">
        <table className="table one-line stacks">
          <thead>
            <tr>
              <th>Service</th>
              <th>State</th>
              <th>Since</th>
              <th>Container</th>
              <th>Image</th>
              <th className="number">Restarts</th>
              <th>
                <span className="only-read-aloud">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {containers.map((one) => (
              <tr key={`${one.agent.id} ${one.id}`} data-tone={toneOfContainer(one)} className="container-row">
                <td className="row-name">
                  <strong>{one.service}</strong>
                </td>
                <td>
                  <ToneBadge tone={toneOfContainer(one)}>{stateWords(one)}</ToneBadge>
                </td>
                <td data-title="Since">{one.since === null ? '–' : <TimeText at={one.since} show="relative" />}</td>
                <td className="code" data-title="Container">
                  {one.name}
                </td>
                <td className="code muted" data-title="Image">
                  {one.image}
                </td>
                <td className="number" data-title="Restarts">
                  {one.restarts}
                </td>
                <td className="number">
                  <Doings
                    code={code}
                    container={one}
                    restart={async () =>
                      restarting.mutateAsync({ params: { site: code }, body: { service: one.service } })
                    }
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

function Doings(props: { code: string; container: ShownContainer; restart: () => Promise<unknown> }): ReactNode {
  const { code, container, restart } = props;
  const { may } = useMe();
  const { service, agent } = container;
  const why = !may('responder')
    ? 'Restarting needs the role responder'
    : agent.link !== 'up'
      ? `${code} is not connected`
      : '';
  const unlisted = policyAllows(agent, 'restart', service)
    ? ''
    : ` The policy at ${code} did not list it when it was last told, so the store may refuse.`;
  return (
    <span className="row container-doings">
      <Go to={`/sites/${encodeURIComponent(code)}`} search={{ tab: 'actions', logs: service }}>
        Logs
      </Go>
      {why === '' ? (
        <Confirm
          verb="Restart"
          harmful
          title={`Restart ${service} on ${code}`}
          text={`It is ${stateWords(container)} now. It gets 10 s to stop before it is killed, and starts again. Who did it is kept in the audit trail.${unlisted}`}
          act={restart}
        />
      ) : (
        <Tooltip label={why}>
          <Button variant="default" size="compact-xs" data-disabled aria-disabled aria-label={`Restart: ${why}`}>
            Restart
          </Button>
        </Tooltip>
      )}
    </span>
  );
}
