import type { Channel, Policy, PolicyStep, TeamReceivers } from '@sightline/control';

type Usable = Pick<Channel, 'id' | 'name' | 'type' | 'enabled'>;
/** What of a policy is walked. */
export type Ladder = Pick<Policy, 'name' | 'steps' | 'repeats'>;

/** Whom steps can reach at one moment. */
export interface Reach {
  /** In the order in which they were made. */
  readonly channels: ReadonlyMap<string, Usable>;
  /** The teams that steps may name; one without receivers reaches nobody. */
  readonly teams: ReadonlyMap<string, TeamReceivers>;
}

/** Who is told by a step: channels by their own receivers, and people of teams by e-mail. */
export interface StepReach {
  readonly channels: readonly Usable[];
  /** The mail channel that is used for teams; undefined where no team of the step can be told. */
  readonly mail: Usable | undefined;
  readonly teams: readonly TeamReceivers[];
}

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

/** Channels of a step that are there and switched on, and its teams as far as they can be told. */
export function reachOf(step: PolicyStep, { channels, teams }: Reach): StepReach {
  const own = [...new Set(step.channels)].flatMap((id) => {
    const channel = channels.get(id);
    return channel?.enabled === true ? [channel] : [];
  });
  const mail = [...channels.values()].find(({ type, enabled }) => enabled && type === 'email');
  const told = [...new Set(step.teams)].flatMap((slug) => {
    const team = teams.get(slug);
    return team !== undefined && team.receivers.length > 0 ? [team] : [];
  });
  return mail === undefined || told.length === 0
    ? { channels: own, mail: undefined, teams: [] }
    : { channels: own, mail, teams: told };
}

/** The first step from `from` on that reaches somebody; undefined when none does. */
export function nextUsableStep(policy: Ladder | undefined, from: number, reach: Reach): number | undefined {
  if (!policy || policy.steps.length === 0) return undefined;
  // One walk sees every step.
  const last = Math.min(stepCount(policy), from + policy.steps.length);
  for (let step = from; step < last; step++) {
    const { channels, teams } = reachOf(stepOf(policy, step), reach);
    if (channels.length > 0 || teams.length > 0) return step;
  }
  return undefined;
}

/**
 * The policy with the teams that own what fires told in its first step; without a policy, or with one without steps, the
 * teams alone. As it is where nobody owns it.
 */
export function withOwners(policy: Ladder | undefined, owners: readonly TeamReceivers[]): Ladder | undefined {
  if (owners.length === 0) return policy;
  const slugs = owners.map(({ slug }) => slug);
  const [first, ...rest] = policy?.steps ?? [];
  if (policy === undefined || first === undefined) {
    const name = `${owners.length === 1 ? 'The team' : 'The teams'} ${owners.map((team) => team.name).join(', ')}`;
    return { name, steps: [{ waitMs: 0, channels: [], teams: slugs }], repeats: 0 };
  }
  return { ...policy, steps: [{ ...first, teams: [...(first.teams ?? []), ...slugs] }, ...rest] };
}

/** `Slack, Mail to the team Payments (2 people)`. */
export function reachWords({ channels, mail, teams }: StepReach): string {
  const people = new Set(teams.flatMap(({ receivers }) => receivers)).size;
  const named = `${teams.length === 1 ? 'the team' : 'the teams'} ${teams.map(({ name }) => name).join(', ')}`;
  return [
    ...channels.map(({ name }) => name),
    ...(mail === undefined ? [] : [`${named} by ${mail.name} (${people} ${people === 1 ? 'person' : 'people'})`]),
  ].join(', ');
}

/** Why a step reaches nobody. */
export function deafWords(steps: readonly PolicyStep[]): string {
  const channels = steps.some((step) => step.channels.length > 0);
  const teams = steps.some((step) => (step.teams ?? []).length > 0);
  return [
    channels || !teams ? 'its channels are deleted or switched off' : '',
    teams ? 'its teams have no members, or there is no mail channel to reach them by' : '',
  ]
    .filter((part) => part !== '')
    .join(', and ');
}
