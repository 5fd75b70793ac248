import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { done } from './common.ts';

/** What rules, searches, labels and policies name a team by. It never changes. */
export const teamSlug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, '1 to 50 of a to z, 0 to 9, - and _, first a letter or digit');
export const teamRole = z.enum(['lead', 'member']);
export type TeamRole = z.infer<typeof teamRole>;
const name = z.string().trim().min(1, 'must not be empty').max(100);

export const team = z.object({
  slug: z.string(),
  name: z.string(),
  createdAt: z.number(),
  members: z.number(),
  /** True where the caller is one of its members. */
  mine: z.boolean(),
});
export type Team = z.infer<typeof team>;
export const teamMember = z.object({ person: z.string(), email: z.string(), name: z.string(), role: teamRole });
export type TeamMember = z.infer<typeof teamMember>;
const named = z.object({ id: z.string(), name: z.string() });
export const teamOwns = z.object({
  /** Assigned to it and neither resolved nor archived by anybody; and all that are assigned to it. */
  openIssues: z.number(),
  issues: z.number(),
  /** Rules whose label `team` names it. */
  rules: z.array(named),
  /** Escalation policies that tell it. */
  policies: z.array(named),
  /** Ownership rules that name it. */
  ownershipRules: z.number(),
});
export type TeamOwns = z.infer<typeof teamOwns>;

const params = z.object({ slug: z.string().max(60) });
const memberParams = params.extend({ person: z.string().max(100) });

export const listTeams = endpoint({
  method: 'GET',
  path: '/api/v1/teams',
  summary: 'Teams of the organisation',
  permission: 'viewer',
  reply: z.object({ teams: z.array(team) }),
});
export const getTeam = endpoint({
  method: 'GET',
  path: '/api/v1/teams/:slug',
  summary: 'One team: its members, and what it owns',
  permission: 'viewer',
  params,
  reply: z.object({ team, members: z.array(teamMember), owns: teamOwns }),
});
export const createTeam = endpoint({
  method: 'POST',
  path: '/api/v1/teams',
  summary: 'Make a team; its slug never changes',
  permission: 'admin',
  body: z.object({ slug: teamSlug, name }),
  reply: team,
});
export const renameTeam = endpoint({
  method: 'PATCH',
  path: '/api/v1/teams/:slug',
  summary: 'Give a team another name',
  permission: 'admin',
  params,
  body: z.object({ name }),
  reply: team,
});
export const removeTeam = endpoint({
  method: 'DELETE',
  path: '/api/v1/teams/:slug',
  summary: 'Delete a team and take it off what it owned; answers what that was',
  permission: 'admin',
  params,
  reply: z.object({ owned: teamOwns }),
});
export const putTeamMember = endpoint({
  method: 'PUT',
  path: '/api/v1/teams/:slug/members/:person',
  summary: 'Add a person to a team, or change what they are in it',
  permission: 'admin',
  params: memberParams,
  body: z.object({ role: teamRole.default('member') }),
  reply: teamMember,
});
export const removeTeamMember = endpoint({
  method: 'DELETE',
  path: '/api/v1/teams/:slug/members/:person',
  summary: 'Take a person out of a team',
  permission: 'admin',
  params: memberParams,
  reply: done,
});
