import type { Control, IncidentRecord } from '@sightline/control';

type Asked = Pick<IncidentRecord, 'status' | 'policy' | 'nextStep' | 'escalateAt' | 'labels'>;

/** Who is told next of incidents of one organisation, by its policies and channels as they are now. */
export interface NextStep {
  of(incident: Asked): { at: number; step: number; channels: string[] } | null;
  /** The team that owns it: whom its label `team` names, where there is such a team. */
  owner(incident: Pick<IncidentRecord, 'labels'>): { slug: string; name: string } | null;
  /** '' when there is no policy. */
  policyName(incident: Asked): string;
}

export async function nextSteps(control: Pick<Control, 'alerting' | 'teams'>, organisation: string): Promise<NextStep> {
  const [policies, channels, teams] = await Promise.all([
    control.alerting.policies.list(organisation),
    control.alerting.channels.list(organisation),
    control.teams.list(organisation),
  ]);
  const names = new Map(channels.filter(({ enabled }) => enabled).map(({ id, name }) => [id, name]));
  const owner: NextStep['owner'] = ({ labels }) => {
    const team = teams.find(({ slug }) => slug === labels['team']?.toLowerCase());
    return team === undefined ? null : { slug: team.slug, name: team.name };
  };
  const policyOf = ({ policy }: Asked) =>
    policies.find(({ id }) => id === policy) ?? policies.find(({ isDefault }) => isDefault);
  return {
    owner,
    policyName: (incident) => policyOf(incident)?.name ?? '',
    of: (incident) => {
      const policy = policyOf(incident);
      const { status, escalateAt, nextStep } = incident;
      if (status !== 'open' || escalateAt === null || !policy) return null;
      const { steps, repeats } = policy;
      if (nextStep >= steps.length * (repeats + 1)) return null;
      const step = nextStep % steps.length;
      const owned = step === 0 ? (owner(incident)?.slug ?? '') : '';
      const told = [
        ...(steps[step]?.channels ?? []).flatMap((id) => names.get(id) ?? []),
        ...teams
          .filter(({ slug }) => slug === owned || (steps[step]?.teams ?? []).includes(slug))
          .map(({ name }) => name),
      ];
      return told.length === 0 ? null : { at: escalateAt, step: step + 1, channels: told };
    },
  };
}
