import type { SiteSummary } from '@sightline/contract';
import { urgency } from './fleet-sentence.ts';

/**
 * The sites that a typed filter means. Words are joined by "and"; each must stand in code, name, city, region, release,
 * state or worst thing. `trouble` means every state but healthy. Letter case does not matter.
 */
export function filterSites(sites: readonly SiteSummary[], text: string): readonly SiteSummary[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return sites;
  return sites.filter((site) => words.every((word) => matches(site, word)));
}

function matches(site: SiteSummary, word: string): boolean {
  if (word === 'trouble') return urgency(site.state) > 0;
  if (word === 'online') return site.state !== 'offline';
  if (site.state.startsWith(word)) return true;
  return [site.code, site.name, site.city, site.region, site.release, site.worst].some((t) =>
    t.toLowerCase().includes(word),
  );
}

/** The revenue beside the same weekday's: `+4.2 %`; undefined where there is nothing to compare with. */
export function revenueChange(today: number, sameWeekday: number | null): { share: number; text: string } | undefined {
  if (sameWeekday === null || sameWeekday <= 0) return undefined;
  const share = today / sameWeekday - 1;
  return { share, text: `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)} %` };
}
