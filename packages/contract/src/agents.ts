import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { done } from './common.ts';

/** A container of a site, as its agent told it last. */
export const container = z.object({
  id: z.string(),
  name: z.string(),
  /** The Compose service where there is one, else the container's name. */
  service: z.string(),
  image: z.string(),
  /** `running`, `exited`, `restarting`, `paused`, `created`, `dead`. */
  state: z.string(),
  /** Docker's words: "Exited (137) 12 seconds ago", as they were when it was told. */
  status: z.string(),
  /** `healthy`, `unhealthy`, `starting`; '' without a health check. */
  health: z.string(),
  exitCode: z.number().nullable(),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  restarts: z.number(),
});
export type Container = z.infer<typeof container>;

export const agent = z.object({
  id: z.string(),
  site: z.string(),
  name: z.string(),
  version: z.string(),
  enrolledAt: z.number(),
  enrolledBy: z.string(),
  link: z.enum(['never', 'up', 'down']),
  linkSince: z.number(),
  lastSeenAt: z.number().nullable(),
  lastAddress: z.string(),
  /** Site clock minus the server's, ms; null until measured. */
  clockSkewMs: z.number().nullable(),
  /** What the last loss of the link turned out to be; '' when there was none. */
  linkVerdict: z.string(),
  host: z.object({
    host: z.string(),
    os: z.string(),
    arch: z.string(),
    cpus: z.number(),
    memoryBytes: z.number(),
    docker: z.string(),
  }),
  /** What the site's own policy file lets us ask; null before its first connection. */
  policy: z
    .object({
      systemInfo: z.boolean(),
      dockerStatus: z.boolean(),
      logs: z.array(z.string()),
      restart: z.array(z.string()),
    })
    .nullable(),
  /** What waits in the agent's spool; null before its first connection. `dropped` since it was installed, by reason. */
  spool: z
    .object({
      waitingRecords: z.number(),
      waitingBytes: z.number(),
      limitBytes: z.number(),
      oldestAt: z.number().nullable(),
      dropped: z.record(z.string(), z.number()),
    })
    .nullable(),
  containers: z.array(container),
  containersAt: z.number().nullable(),
});
export type Agent = z.infer<typeof agent>;

export const listAgents = endpoint({
  method: 'GET',
  path: '/api/v1/agents',
  summary: 'Agents of the organisation, or of one site',
  permission: 'viewer',
  query: z.object({ site: z.string().max(200).default('') }),
  reply: z.object({ at: z.number(), agents: z.array(agent) }),
});
export const revokeAgent = endpoint({
  method: 'DELETE',
  path: '/api/v1/agents/:id',
  summary: 'Revoke an agent: its link ends and its token opens nothing any more',
  permission: 'admin',
  params: z.object({ id: z.string().max(100) }),
  reply: done,
});

export const enrolment = z.object({
  id: z.string(),
  site: z.string(),
  createdAt: z.number(),
  createdBy: z.string(),
  expiresAt: z.number(),
});
export const listEnrolments = endpoint({
  method: 'GET',
  path: '/api/v1/agents/enrolments',
  summary: 'One-time tokens that are still open',
  permission: 'admin',
  reply: z.object({ enrolments: z.array(enrolment) }),
});
export const createEnrolment = endpoint({
  method: 'POST',
  path: '/api/v1/agents/enrolments',
  summary: 'Make a one-time token with which a site’s agent enrols; shown once',
  permission: 'admin',
  body: z.object({ site: z.string().trim().min(1).max(200) }),
  reply: z.object({ enrolment, token: z.string(), command: z.string() }),
});
export const revokeEnrolment = endpoint({
  method: 'DELETE',
  path: '/api/v1/agents/enrolments/:id',
  summary: 'Withdraw a one-time token',
  permission: 'admin',
  params: z.object({ id: z.string().max(100) }),
  reply: done,
});
