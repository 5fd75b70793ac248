import type { Agent, Container } from '@sightline/contract';
import type { Tone } from '../../components/state-badge.tsx';

/** A container as it is shown: with the agent that told of it, its times on our clock. */
export interface ShownContainer extends Container {
  readonly agent: Agent;
  /** Since when it is as it is, ms by the server's clock; null when Docker does not say. */
  readonly since: number | null;
}

/** Containers of all agents of a site: what does not run first, then by name. */
export function containersOf(agents: readonly Agent[]): ShownContainer[] {
  return agents
    .flatMap((agent) =>
      agent.containers.map((container) => {
        const at = container.state === 'running' ? container.startedAt : (container.finishedAt ?? container.startedAt);
        return { ...container, agent, since: at === null ? null : at - (agent.clockSkewMs ?? 0) };
      }),
    )
    .sort((a, b) => rank(a) - rank(b) || a.service.localeCompare(b.service) || a.name.localeCompare(b.name));
}

const rank = (container: Container): number => ({ bad: 0, warn: 1, good: 2, idle: 3 })[toneOfContainer(container)];

/** Stopped is red whatever its exit code: a store's container has no reason to be stopped. */
export function toneOfContainer({ state, health }: Pick<Container, 'state' | 'health'>): Tone {
  if (state === 'running') return health === 'unhealthy' ? 'bad' : health === 'starting' ? 'warn' : 'good';
  if (state === 'exited' || state === 'dead') return 'bad';
  return state === 'created' ? 'idle' : 'warn';
}

/** The state in words: "running, unhealthy", "exited (137)". */
export function stateWords({ state, health, exitCode }: Pick<Container, 'state' | 'health' | 'exitCode'>): string {
  if (state === 'running') return health === '' || health === 'healthy' ? state : `${state}, ${health}`;
  return exitCode === null ? state : `${state} (${exitCode})`;
}

/** Whether a site's policy allows `what` of a service. '*' is any. */
export function policyAllows(agent: Pick<Agent, 'policy'>, what: 'logs' | 'restart', service: string): boolean {
  const allowed = agent.policy?.[what] ?? [];
  return allowed.includes('*') || allowed.includes(service);
}
