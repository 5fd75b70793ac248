import type { Clock } from '@sightline/base';
import type { Control } from '@sightline/control';

const lookEveryMs = 1000;

/** The id of the organisation that the set-up made, as soon as there is one; undefined when `signal` aborts before. */
export async function firstOrganisation(
  control: Control,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  while (!signal.aborted) {
    // The control plane may be away for a moment: it is asked again.
    const [organisation] = await control.organisations.list(1).catch(() => []);
    if (organisation) return organisation.id;
    await clock.sleep(lookEveryMs, signal);
  }
  return undefined;
}
