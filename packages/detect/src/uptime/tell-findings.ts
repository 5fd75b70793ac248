import type { Clock } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { Finding, FindingSink } from '@sightline/record';
import { findingOf, labelsOf } from './finding-of-monitor.ts';

const toldAtOnce = 200;

/**
 * Tells the findings that are still to be told; answers how many. They are marked as told only after the sink has them:
 * whoever dies in between tells them again, which changes nothing. Throws when the control plane does not answer.
 */
export async function tellFindings(
  { monitors }: Pick<Control, 'monitors'>,
  sink: FindingSink,
  clock: Clock,
): Promise<number> {
  const untold = await monitors.untold(toldAtOnce);
  if (untold.length === 0) return 0;
  const now = clock.now();
  const findings = untold.flatMap((monitor): Finding[] => {
    const labels = labelsOf(monitor);
    const { toldLabels, fires, enabled, state } = monitor;
    const waits = state === 'unknown' && enabled;
    const renamed = toldLabels !== null && JSON.stringify(sorted(toldLabels)) !== JSON.stringify(sorted(labels));
    const over = toldLabels !== null && !waits && (!fires || renamed);
    return [
      ...(over ? [findingOf(monitor, 'resolved', toldLabels, now)] : []),
      ...(fires ? [findingOf(monitor, 'firing', labels, now)] : []),
    ];
  });
  if (findings.length > 0) await sink.accept(findings);
  for (const monitor of untold) await monitors.told(monitor, labelsOf(monitor));
  return untold.length;
}

function sorted(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}
