import {
  createPolicy,
  listPolicies,
  removePolicy,
  updatePolicy,
  type Policy as ShownPolicy,
} from '@sightline/contract';
import type { Channel, Policy } from '@sightline/control';
import { refusal } from '../problem.ts';
import { answer, doneReply, type Route } from '../route.ts';

function show(policy: Policy, channels: readonly Channel[]): ShownPolicy {
  const { id, name, steps, repeats, isDefault, updatedAt, updatedBy } = policy;
  return {
    id,
    name,
    steps: steps.map((step) => ({ waitMs: step.waitMs, channels: [...step.channels] })),
    repeats,
    isDefault,
    updatedAt,
    updatedBy,
    trouble: troubleOf(policy, channels),
  };
}

/** What keeps a policy from telling anybody, or a step of it; '' when all is well. */
function troubleOf({ steps }: Policy, channels: readonly Channel[]): string {
  const open = new Set(channels.filter(({ enabled }) => enabled).map(({ id }) => id));
  const deaf = steps.flatMap((step, at) => (step.channels.some((id) => open.has(id)) ? [] : [at + 1]));
  if (deaf.length === 0) return '';
  if (deaf.length === steps.length) {
    return 'It tells nobody: every channel is gone or switched off. The owners are told instead, by e-mail where there is a mail channel.';
  }
  return `${deaf.length === 1 ? `Step ${deaf[0]} tells` : `Steps ${deaf.join(', ')} tell`} nobody: the channels are gone or switched off. The next step is taken at once instead.`;
}

export const policyRoutes: readonly Route[] = [
  answer(listPolicies, async (_, { deps: { control }, caller }) => {
    const [policies, channels] = await Promise.all([
      control.alerting.policies.list(caller.organisation),
      control.alerting.channels.list(caller.organisation),
    ]);
    return { policies: policies.map((policy) => show(policy, channels)) };
  }),

  answer(createPolicy, async ({ body }, { deps: { control }, caller, audit }) => {
    const made = await control.alerting.policies.create(caller.organisation, body, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('policy.create', made.value.name, summary(made.value));
    return show(made.value, await control.alerting.channels.list(caller.organisation));
  }),

  answer(updatePolicy, async ({ params, body }, { deps: { control }, caller, audit }) => {
    const changed = await control.alerting.policies.update(caller.organisation, params.id, body, caller.actor);
    if (!changed.ok) return refusal(changed.error);
    await audit('policy.update', changed.value.name, summary(changed.value));
    return show(changed.value, await control.alerting.channels.list(caller.organisation));
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
