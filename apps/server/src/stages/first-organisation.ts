import type { Clock } from '@sightline/base';
import type { Control } from '@sightline/control';

const lookEveryMs = 1000;

/** The id of the organisation that the set-up made, as soon as there is one; undefined when `signal` aborts before. */
export function firstOrganisation(control: Control, clock: Clock, signal: AbortSignal): Promise<string | undefined> {
  return awaited(() => control.organisations.first(), clock, signal);
}

/** The id of the organisation of this name or id, as soon as there is one; undefined when `signal` aborts before. */
export function namedOrganisation(
  named: string,
  control: Control,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  return awaited(() => findNamed(named, control), clock, signal);
}

/** By name or id. */
export async function findNamed(named: string, { organisations }: Control): ReturnType<typeof organisations.find> {
  return (await organisations.findByName(named)) ?? organisations.find(named);
}

async function awaited(
  look: () => Promise<{ readonly id: string } | undefined>,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  while (!signal.aborted) {
    // The control plane may be away for a moment: it is asked again.
    const found = await look().catch(() => undefined);
    if (found) return found.id;
    await clock.sleep(lookEveryMs, signal);
  }
  return undefined;
}
