import type { Channel, Policy, PolicyStep } from '@sightline/control';

type Usable = Pick<Channel, 'id' | 'name' | 'type' | 'enabled'>;

/** How many steps a policy takes over all its walks. */
export function stepCount(policy: Pick<Policy, 'steps' | 'repeats'>): number {
  return policy.steps.length * (policy.repeats + 1);
}

/** The step of this number, counted from 0 over all walks. */
export function stepOf(policy: Pick<Policy, 'steps'>, step: number): PolicyStep {
  const found = policy.steps[step % policy.steps.length];
  if (!found) throw new Error('a policy without steps has none to take');
  return found;
}

/** Channels of a step that are there and switched on. */
export function usableChannels(step: PolicyStep, channels: ReadonlyMap<string, Usable>): Usable[] {
  return [...new Set(step.channels)].flatMap((id) => {
    const channel = channels.get(id);
    return channel?.enabled === true ? [channel] : [];
  });
}

/** The first step from `from` on that reaches a channel; undefined when none does. */
export function nextUsableStep(
  policy: Policy | undefined,
  from: number,
  channels: ReadonlyMap<string, Usable>,
): number | undefined {
  if (!policy || policy.steps.length === 0) return undefined;
  // One walk sees every step.
  const last = Math.min(stepCount(policy), from + policy.steps.length);
  for (let step = from; step < last; step++) if (usableChannels(stepOf(policy, step), channels).length > 0) return step;
  return undefined;
}
