import type { SiteSummary } from '@sightline/contract';

export type HealthMinute = SiteSummary['health'][number];

/** Neighbours that are equal, as one: a well store is one shape to draw, not thirty. */
export function healthRuns(
  health: readonly HealthMinute[],
): readonly { readonly start: number; readonly length: number; readonly minute: HealthMinute }[] {
  const runs: { start: number; length: number; minute: HealthMinute }[] = [];
  health.forEach((minute, start) => {
    const last = runs.at(-1);
    if (last !== undefined && last.minute === minute) last.length += 1;
    else runs.push({ start, length: 1, minute });
  });
  return runs;
}

/** For those who hear the page: `last 30 minutes: 18 good, 12 silent`. */
export function healthWords(health: readonly HealthMinute[]): string {
  const words = { good: 'good', warn: 'slow or failing', bad: 'bad', none: 'silent' } as const;
  const parts = (['good', 'warn', 'bad', 'none'] as const)
    .map((minute) => ({ minute, count: health.filter((m) => m === minute).length }))
    .filter((p) => p.count > 0)
    .map((p) => `${p.count} ${words[p.minute]}`);
  return `Last ${health.length} minutes: ${parts.join(', ')}`;
}
