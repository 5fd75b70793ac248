import {
  createTeam,
  getTeam,
  listTeams,
  putTeamMember,
  removeTeam,
  removeTeamMember,
  renameTeam,
} from '@sightline/contract';
import { teamOwner, type Team } from '@sightline/control';
import { readOwnershipRules, withoutTeam } from '@sightline/ingest';
import { myTeams } from '../issues/my-teams.ts';
import { refusal } from '../problem.ts';
import { answer, doneReply, refuse, type Route } from '../route.ts';

const show = ({ slug, name, createdAt, members }: Team, mine: readonly string[]) => ({
  slug,
  name,
  createdAt,
  members,
  mine: mine.includes(slug),
});

/** How many ownership rules name a team. */
function rulesNaming(text: string, slug: string): number {
  const rules = readOwnershipRules(text);
  return rules.ok ? rules.value.filter(({ owners }) => owners.includes(teamOwner(slug))).length : 0;
}

export const teamRoutes: readonly Route[] = [
  answer(listTeams, async (_, context) => {
    const [teams, mine] = await Promise.all([
      context.deps.control.teams.list(context.caller.organisation),
      myTeams(context),
    ]);
    return { teams: teams.map((team) => show(team, mine)) };
  }),

  answer(getTeam, async ({ params: { slug } }, context) => {
    const { control } = context.deps;
    const { organisation } = context.caller;
    const team = await control.teams.find(organisation, slug);
    if (!team) return refuse(404, 'No such team', `There is no team ${slug} in this organisation.`);
    const [members, owns, rules, mine] = await Promise.all([
      control.teams.members(organisation, slug),
      control.teams.owns(organisation, slug),
      control.issues.rules.read(organisation),
      myTeams(context),
    ]);
    const ownershipRules = rulesNaming(rules.ownership.content, slug);
    return {
      team: show(team, mine),
      members,
      owns: { ...owns, rules: [...owns.rules], policies: [...owns.policies], ownershipRules },
    };
  }),

  answer(createTeam, async ({ body }, { deps, caller, audit }) => {
    const made = await deps.control.teams.create(caller.organisation, body, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('team.create', made.value.slug, made.value.name);
    return show(made.value, []);
  }),

  answer(renameTeam, async ({ params, body }, context) => {
    const { deps, caller, audit } = context;
    const renamed = await deps.control.teams.rename(caller.organisation, params.slug, body.name);
    if (!renamed.ok) return refusal(renamed.error);
    await audit('team.rename', renamed.value.slug, renamed.value.name);
    return show(renamed.value, await myTeams(context));
  }),

  answer(removeTeam, async ({ params: { slug } }, { deps, caller, audit }) => {
    let ownershipRules = 0;
    const removed = await deps.control.teams.remove(caller.organisation, slug, caller.actor, (text) => {
      ownershipRules = rulesNaming(text, slug);
      return withoutTeam(text, slug);
    });
    if (!removed.ok) return refusal(removed.error);
    const { name, ...owned } = removed.value;
    const { issues, rules, policies } = owned;
    await audit(
      'team.remove',
      slug,
      `${name}: ${issues} issues, ${rules.length} rules, ${policies.length} policies, ${ownershipRules} ownership rules`,
    );
    return { owned: { ...owned, rules: [...rules], policies: [...policies], ownershipRules } };
  }),

  answer(putTeamMember, async ({ params, body }, { deps, caller, audit }) => {
    const put = await deps.control.teams.putMember(caller.organisation, params.slug, params.person, body.role);
    if (!put.ok) return refusal(put.error);
    await audit('team.member', params.slug, `${put.value.email} ${put.value.role}`);
    return put.value;
  }),

  answer(removeTeamMember, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.teams.removeMember(caller.organisation, params.slug, params.person);
    if (!removed.ok) return refusal(removed.error);
    await audit('team.member-removed', params.slug, removed.value.email);
    return doneReply;
  }),
];
