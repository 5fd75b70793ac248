import { z } from 'zod';
import { scopeQuery } from './common.ts';
import { endpoint } from './endpoint.ts';

/** Something of the audit trail that was done once or more by one person, to one subject. */
const securityAct = z.object({
  /** The last time, ms. */
  at: z.number(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  times: z.number(),
});
export type SecurityAct = z.infer<typeof securityAct>;

export const readSecurityActivity = endpoint({
  method: 'GET',
  path: '/api/v1/security/activity',
  summary: 'What the audit trail says of security within a range: sign-ins, keys, privileged actions, remote commands',
  permission: 'admin',
  query: scopeQuery.pick({ from: true, to: true }),
  reply: z.object({
    signIns: z.number(),
    refused: z.number(),
    /** Sign-ins that failed, by the address they came from, the most tries first. */
    refusedBySource: z.array(
      z.object({ address: z.string(), people: z.array(z.string()), tries: z.number(), lastAt: z.number() }),
    ),
    /** Newest first, as the two after it. */
    newKeys: z.array(securityAct),
    /** What changes who may do what, or what is kept and scrubbed. */
    privileged: z.array(securityAct),
    /** Records that were taken along: exports, evidence, restores. */
    takenOut: z.array(securityAct),
    /** What people asked of sites through their agents, the most commands first. */
    remote: z.array(
      z.object({
        actor: z.string(),
        commands: z.number(),
        sites: z.array(z.string()),
        lastAt: z.number(),
      }),
    ),
    /** True where the trail has more in this range than is read at once. */
    cut: z.boolean(),
  }),
});
