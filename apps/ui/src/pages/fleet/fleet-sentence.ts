import type { SiteState, SiteSummary } from '@sightline/contract';
import { longText } from '../../components/time-format.ts';

/** A piece of the sentence: plain words, or a site to press. */
export type SentencePart = { readonly text: string } | { readonly site: string };

/** What the fleet's first line says, and how bad it is. */
export interface FleetSentence {
  readonly tone: 'good' | 'warn' | 'bad' | 'idle';
  readonly parts: readonly SentencePart[];
}

const named = 4;

/** How much a state wants a person: 0 nothing, 1 watch, 2 act. */
export function urgency(state: SiteState): 0 | 1 | 2 {
  if (state === 'offline' || state === 'unhealthy') return 2;
  return state === 'healthy' ? 0 : 1;
}

/** Worst first; equals by code, so that the order is steady. */
export function byTrouble(a: SiteSummary, b: SiteSummary): number {
  return (
    urgency(b.state) - urgency(a.state) ||
    b.openIncidents - a.openIncidents ||
    b.errorsPerMin - a.errorsPerMin ||
    a.code.localeCompare(b.code)
  );
}

/**
 * Since when a site is as it is, in ms: an offline or late site since it was last heard; others since the first minute
 * of the unbroken run of bad (or warned) minutes that lasts until now. Undefined where it is well or not known.
 */
export function troubleSince(site: SiteSummary, now: number): number | undefined {
  if (site.state === 'healthy') return undefined;
  if (site.state === 'offline' || site.state === 'late') return site.lastSeenAt ?? undefined;
  let minutes = 0;
  for (const minute of site.health.toReversed()) {
    if (minute === 'good' || minute === 'none') break;
    minutes += 1;
  }
  return minutes === 0 ? undefined : now - minutes * 60_000;
}

/** What is wrong in a few words: `payment errors`, `offline`, `silent`, `slow or failing`. */
export function troubleWords(site: SiteSummary): string {
  // The server's words carry their own length ("offline 12 min"); the sentence says since when instead.
  const words = site.worst.replace(/\s+\d+\s*(s|min|h|d)$/, '');
  if (words !== '') return words;
  return { healthy: '', degraded: 'slow or failing', unhealthy: 'errors', late: 'silent', offline: 'offline' }[
    site.state
  ];
}

/**
 * One sentence that answers: is anything wrong, where, since when.
 * `3 stores need you: payment errors at STORE_012 since 21:04, offline: STORE_047 …`. `clock` writes a moment (ms).
 */
export function fleetSentence(
  sites: readonly SiteSummary[],
  now: number,
  clock: (at: number) => string,
): FleetSentence {
  if (sites.length === 0) return { tone: 'idle', parts: [{ text: 'No store reports yet.' }] };
  const act = sites.filter((s) => urgency(s.state) === 2).sort(byTrouble);
  const watch = sites.filter((s) => urgency(s.state) === 1).sort(byTrouble);
  if (act.length === 0 && watch.length === 0) {
    return {
      tone: 'good',
      parts: [{ text: sites.length === 1 ? 'The store is well.' : `All ${sites.length} stores are well.` }],
    };
  }
  const worst = act.length > 0 ? act : watch;
  const lead =
    act.length > 0
      ? `${stores(act.length)} ${act.length === 1 ? 'needs' : 'need'} you: `
      : `Nothing is down. ${stores(watch.length)} to watch: `;
  const parts: SentencePart[] = [{ text: lead }, ...list(worst, now, clock)];
  if (act.length > 0 && watch.length > 0) parts.push({ text: ` ${watch.length} more to watch.` });
  return { tone: act.length > 0 ? 'bad' : 'warn', parts };
}

function list(sites: readonly SiteSummary[], now: number, clock: (at: number) => string): SentencePart[] {
  const parts: SentencePart[] = [];
  sites.slice(0, named).forEach((site, i) => {
    const since = troubleSince(site, now);
    parts.push({ text: `${i === 0 ? '' : ', '}${troubleWords(site)} at ` }, { site: site.code });
    if (since !== undefined)
      parts.push({ text: ` since ${now - since > 43_200_000 ? `${longText(now - since)} ago` : clock(since)}` });
  });
  const rest = sites.length - named;
  parts.push({ text: rest > 0 ? ` and ${rest} more.` : '.' });
  return parts;
}

function stores(count: number): string {
  return count === 1 ? '1 store' : `${count} stores`;
}
