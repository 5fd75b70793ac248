import {
  type Agent as ShownAgent,
  createEnrolment,
  listAgents,
  listEnrolments,
  revokeAgent,
  revokeEnrolment,
} from '@sightline/contract';
import type { Agent } from '@sightline/control';
import { agentSpool, containerState, hostFacts, sitePolicy } from '@sightline/fleet/messages';
import { z } from 'zod';
import { refusal } from '../problem.ts';
import { answer, doneReply, type Route } from '../route.ts';

const noFacts = { host: '', os: '', arch: '', cpus: 0, memoryBytes: 0, docker: '' };
const containers = z.array(containerState);

/** As the page shows it. What an agent said was checked when it came; an older version's words may lack a field. */
const show = (agent: Agent): ShownAgent => ({
  id: agent.id,
  site: agent.site,
  name: agent.name,
  version: agent.version,
  enrolledAt: agent.enrolledAt,
  enrolledBy: agent.enrolledBy,
  link: agent.link,
  linkSince: agent.linkSince,
  lastSeenAt: agent.lastSeenAt,
  lastAddress: agent.lastAddress,
  clockSkewMs: agent.clockSkewMs,
  linkVerdict: agent.linkVerdict,
  host: hostFacts.safeParse(agent.facts).data ?? noFacts,
  policy: sitePolicy.safeParse(agent.policy).data ?? null,
  spool: agentSpool.safeParse(agent.spool).data ?? null,
  containers: containers.safeParse(agent.containers).data ?? [],
  containersAt: agent.containersAt,
});

/** A word that a shell takes as it is; else in quotes. */
const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

export const agentRoutes: readonly Route[] = [
  answer(listAgents, async ({ query }, { deps, caller }) => {
    const agents = await deps.control.fleet.agents.list(
      caller.organisation,
      query.site === '' ? undefined : query.site,
    );
    return { at: deps.clock.now(), agents: agents.map(show) };
  }),

  answer(revokeAgent, async ({ params }, { deps, caller, audit }) => {
    const revoked = await deps.control.fleet.agents.revoke(caller.organisation, params.id);
    if (!revoked.ok) return refusal(revoked.error);
    deps.agents?.revoked(revoked.value.id);
    await audit('agent.revoke', revoked.value.site, `${revoked.value.name}, ${revoked.value.id}`);
    return doneReply;
  }),

  answer(listEnrolments, async (_, { deps, caller }) => ({
    enrolments: await deps.control.fleet.enrolments.list(caller.organisation),
  })),

  answer(createEnrolment, async ({ body }, { deps, caller, audit }) => {
    const made = await deps.control.fleet.enrolments.create(caller.organisation, body.site, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('enrolment.create', body.site);
    const { token, ...enrolment } = made.value;
    const server = shellWord(deps.settings.publicUrl);
    return { enrolment, token, command: `npm run agent -- --server ${server} --token ${token}` };
  }),

  answer(revokeEnrolment, async ({ params }, { deps, caller, audit }) => {
    const revoked = await deps.control.fleet.enrolments.revoke(caller.organisation, params.id);
    if (!revoked.ok) return refusal(revoked.error);
    await audit('enrolment.revoke', revoked.value.site);
    return doneReply;
  }),
];
