import {
  createPolicy,
  listPolicies,
  removePolicy,
  updatePolicy,
  type Policy as ShownPolicy,
} from '@sightline/contract';
import type { Channel, Policy, Team } from '@sightline/control';
import { refusal } from '../problem.ts';
import { answer, doneReply, type CallContext, type Route } from '../route.ts';

interface Told {
  readonly channels: readonly Channel[];
  readonly teams: readonly Team[];
}

async function readTold({ deps: { control }, caller }: CallContext): Promise<Told> {
  const [channels, teams] = await Promise.all([
    control.alerting.channels.list(caller.organisation),
    control.teams.list(caller.organisation),
  ]);
  return { channels, teams };
}

function show(policy: Policy, told: Told): ShownPolicy {
  const { id, name, steps, repeats, isDefault, updatedAt, updatedBy } = policy;
  return {
    id,
    name,
    steps: steps.map((step) => ({
      waitMs: step.waitMs,
      channels: [...step.channels],
      teams: [...(step.teams ?? [])],
    })),
    repeats,
    isDefault,
    updatedAt,
    updatedBy,
    trouble: troubleOf(policy, told),
  };
}

/** What keeps a policy from telling anybody, or a step of it; '' when all is well. */
function troubleOf({ steps }: Policy, { channels, teams }: Told): string {
  const open = channels.filter(({ enabled }) => enabled);
  const ids = new Set(open.map(({ id }) => id));
  const mail = open.some(({ type }) => type === 'email');
  const manned = new Set(teams.filter(({ members }) => mail && members > 0).map(({ slug }) => slug));
  const unmailed = !mail && steps.some((step) => (step.teams ?? []).length > 0);
  const deaf = steps.flatMap((step, at) =>
    step.channels.some((id) => ids.has(id)) || (step.teams ?? []).some((slug) => manned.has(slug)) ? [] : [at + 1],
  );
  if (deaf.length === 0 && unmailed)
    return 'Its teams are not told: there is no mail channel to reach their people by.';
  if (deaf.length === 0) return '';
  if (deaf.length === steps.length) {
    return 'It tells nobody: every channel is gone or switched off, and no team can be told. The owners are told instead, by e-mail where there is a mail channel.';
  }
  return `${deaf.length === 1 ? `Step ${deaf[0]} tells` : `Steps ${deaf.join(', ')} tell`} nobody: the channels are gone or switched off, or the teams have no members or no mail channel. The next step is taken at once instead.`;
}

export const policyRoutes: readonly Route[] = [
  answer(listPolicies, async (_, context) => {
    const [policies, told] = await Promise.all([
      context.deps.control.alerting.policies.list(context.caller.organisation),
      readTold(context),
    ]);
    return { policies: policies.map((policy) => show(policy, told)) };
  }),

  answer(createPolicy, async ({ body }, context) => {
    const { deps, caller, audit } = context;
    const { control } = deps;
    const made = await control.alerting.policies.create(caller.organisation, body, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('policy.create', made.value.name, summary(made.value));
    return show(made.value, await readTold(context));
  }),

  answer(updatePolicy, async ({ params, body }, context) => {
    const { deps, caller, audit } = context;
    const { control } = deps;
    const changed = await control.alerting.policies.update(caller.organisation, params.id, body, caller.actor);
    if (!changed.ok) return refusal(changed.error);
    await audit('policy.update', changed.value.name, summary(changed.value));
    return show(changed.value, await readTold(context));
  }),

  answer(removePolicy, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.alerting.policies.remove(caller.organisation, params.id);
    if (!removed.ok) return refusal(removed.error);
    await audit('policy.remove', removed.value.name);
    return doneReply;
  }),
];

function summary({ steps, repeats, isDefault }: Policy): string {
  const words = [`${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`];
  if (repeats > 0) words.push(`${repeats} repeats`);
  if (isDefault) words.push('default');
  return words.join(', ');
}
