import type { SiteState, SiteSummary } from '@sightline/contract';
import { longText } from '../../components/time-format.ts';
import { troubleText } from '../../components/trouble-text.ts';

/** A piece of the sentence: words, that lead to a page where they name one, or a site to press. */
export type SentencePart = { readonly text: string; readonly to?: string } | { readonly site: string };

/** What the fleet's first line says, and how bad it is. */
export interface FleetSentence {
  readonly tone: 'good' | 'warn' | 'bad' | 'idle';
  readonly parts: readonly SentencePart[];
}

/** Kinds of trouble the sentence tells apart, and stores it names for each. */
const mostKinds = 3;
const mostNamed = 2;

/** How much a state wants a person: 0 nothing, 1 watch, 2 act. */
export function urgency(state: SiteState): 0 | 1 | 2 {
  if (state === 'offline' || state === 'unhealthy') return 2;
  return state === 'healthy' ? 0 : 1;
}

function failsPayments(site: SiteSummary): boolean {
  return troubleText(site).startsWith('payments failing');
}

/** Worst first; equals by code, so that the order is steady. */
export function byTrouble(a: SiteSummary, b: SiteSummary): number {
  return (
    urgency(b.state) - urgency(a.state) ||
    b.openIncidents - a.openIncidents ||
    Number(failsPayments(b)) - Number(failsPayments(a)) ||
    b.errorsPerMin - a.errorsPerMin ||
    a.code.localeCompare(b.code)
  );
}

/**
 * Since when a site is as it is, in ms: an offline or late site since it was last heard; others since the first bad (or
 * warned) minute after which never more than `quietMinutes` in a row were good. Undefined where it is well or not known.
 */
export function troubleSince(site: SiteSummary, now: number): number | undefined {
  if (site.state === 'healthy') return undefined;
  if (site.state === 'offline' || site.state === 'late') return site.lastSeenAt ?? undefined;
  let first = 0;
  let quiet = 0;
  for (const [ago, minute] of site.health.toReversed().entries()) {
    if (minute === 'bad' || minute === 'warn') {
      first = ago + 1;
      quiet = 0;
    } else {
      quiet += 1;
      if (quiet > quietMinutes) break;
    }
  }
  return first === 0 ? undefined : now - first * 60_000;
}

/** A quiet store sells every few minutes: after more good ones in a row, the trouble before was another. */
const quietMinutes = 5;

/** What is wrong in a few words: `payment errors`, `offline`, `silent`, `slow or failing`. */
export function troubleWords(site: SiteSummary): string {
  // The server's words carry their own length ("offline 12 min"); the sentence says since when instead.
  const words = troubleText(site).replace(/\s+\d+\s*(s|min|h|d)$/, '');
  if (words !== '') return words;
  return { healthy: '', degraded: 'slow or failing', unhealthy: 'errors', late: 'silent', offline: 'offline' }[
    site.state
  ];
}

/**
 * One sentence that answers: is anything wrong, where, since when.
 * `3 stores need you: payments failing at STORE_012 and STORE_014 since 21:04; offline at STORE_047 since 21:18.`
 * Where most of the fleet is only to be watched, it says what for: `99 more to watch: silent at STORE_001, STORE_002 and 97 more since 21:26.`
 * Where the stores are well and something else is not, it says so: `All 100 stores are well, but 1 incident is open.`
 * `clock` writes a moment (ms); `openIncidents` are those of the whole organisation.
 */
export function fleetSentence(
  sites: readonly SiteSummary[],
  now: number,
  clock: (at: number) => string,
  openIncidents = 0,
): FleetSentence {
  if (sites.length === 0) return { tone: 'idle', parts: [{ text: 'No store reports yet.' }] };
  const act = sites.filter((s) => urgency(s.state) === 2).sort(byTrouble);
  const watch = sites.filter((s) => urgency(s.state) === 1).sort(byTrouble);
  if (act.length === 0 && watch.length === 0) {
    const well = sites.length === 1 ? 'The store is well' : `All ${sites.length} stores are well`;
    if (openIncidents === 0) return { tone: 'good', parts: [{ text: `${well}.` }] };
    return { tone: 'warn', parts: [{ text: `${well}, but ` }, incidentsOpen(openIncidents), { text: '.' }] };
  }
  const worst = act.length > 0 ? act : watch;
  const lead =
    act.length > 0
      ? `${stores(act.length)} ${act.length === 1 ? 'needs' : 'need'} you: `
      : `${openIncidents === 0 ? 'Nothing' : 'No store'} is down. ${stores(watch.length)} to watch: `;
  const parts: SentencePart[] = [{ text: lead }, ...list(worst, now, clock)];
  if (act.length > 0 && watch.length > 0) {
    // What most of the fleet has is the news, however mild at each store: a dead uplink makes all of them silent at first.
    const most = watch.length * 2 >= sites.length && watch.length > act.length;
    parts.push(
      { text: ` ${watch.length} more to watch${most ? ': ' : '.'}` },
      ...(most ? list(watch, now, clock) : []),
    );
  }
  if (act.length === 0 && openIncidents > 0) parts.push({ text: ' ' }, incidentsOpen(openIncidents), { text: '.' });
  return { tone: act.length > 0 ? 'bad' : 'warn', parts };
}

function incidentsOpen(count: number): SentencePart {
  return { text: count === 1 ? '1 incident is open' : `${count} incidents are open`, to: '/incidents' };
}

/** Words that only say something beside their figure, said without it. */
const kindWords: Readonly<Record<string, string>> = {
  'error rate': 'requests failing',
  CPU: 'CPU high',
  memory: 'memory short',
  disk: 'disk nearly full',
  queue: 'queue long',
};

/** The kind of a trouble: its words without the figures, which differ from store to store. */
function kindOf(site: SiteSummary): string {
  const kind = troubleWords(site)
    .replace(/,? ((?:p95|median) )?[\d.,]+ ?(%|s|ms)?( full)?$/, '')
    .trim();
  return kindWords[kind] ?? kind;
}

function list(sites: readonly SiteSummary[], now: number, clock: (at: number) => string): SentencePart[] {
  const kinds = [...Map.groupBy(sites, kindOf)];
  const parts: SentencePart[] = [];
  let told = 0;
  for (const [kind, members] of kinds.slice(0, mostKinds)) {
    parts.push({ text: `${parts.length === 0 ? '' : '; '}${kind} at ` }, ...nameSome(members));
    const begun = members.map((site) => troubleSince(site, now)).filter((at) => at !== undefined);
    if (begun.length > 0) parts.push({ text: ` since ${moment(Math.min(...begun), now, clock)}` });
    told += members.length;
  }
  const rest = sites.length - told;
  parts.push({ text: rest > 0 ? `; other trouble at ${rest} more.` : '.' });
  return parts;
}

/** `A`, `A and B`, `A, B and C`, `A, B and 7 more`. */
function nameSome(sites: readonly SiteSummary[]): SentencePart[] {
  const shown = sites.length <= mostNamed + 1 ? sites : sites.slice(0, mostNamed);
  const rest = sites.length - shown.length;
  const parts = shown.flatMap((site, i): SentencePart[] => {
    const before = i === 0 ? '' : i === shown.length - 1 && rest === 0 ? ' and ' : ', ';
    return before === '' ? [{ site: site.code }] : [{ text: before }, { site: site.code }];
  });
  return rest > 0 ? [...parts, { text: ` and ${rest} more` }] : parts;
}

function moment(at: number, now: number, clock: (at: number) => string): string {
  return now - at > 43_200_000 ? `${longText(now - at)} ago` : clock(at);
}

function stores(count: number): string {
  return count === 1 ? '1 store' : `${count} stores`;
}
