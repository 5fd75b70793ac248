import type { FindingRecord, IncidentRecord } from '@sightline/control';

/** "45 s", "12 min", "3 h 5 min", "2 d 4 h": how long, for sentences. */
export function lasting(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 90) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 36) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  const d = Math.floor(h / 24);
  return h % 24 === 0 ? `${d} d` : `${d} d ${h % 24} h`;
}

/** "1 finding", "3 findings". */
export function counted(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

/** What and how bad: "Payment failures at STORE_047: 31 % of 42 payments". */
export function measured({ title, summary }: { readonly title: string; readonly summary: string }): string {
  return summary === '' ? title : `${title}: ${summary}`;
}

/** "A, B and C"; at most `most`, then "and 4 more". */
export function listed(words: readonly string[], most = 3): string {
  const shown = words.slice(0, most);
  const more = words.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}

/** What it is called without the place: "Payment failures" of "Payment failures at STORE_047", "Link lost" of "Link to STORE_047 lost". */
export function titleWithoutPlace(finding: Pick<FindingRecord, 'title' | 'site'>): string {
  const { title, site } = finding;
  if (site === '' || !title.includes(site)) return title;
  const words = title.split(site).map((part) => part.trim());
  const bare = words
    .map((part, i) =>
      i < words.length - 1
        ? part.replace(/(^|\s)(at|on|of|to|in|for|from|with)$/i, '').trim()
        : part.replace(/^(:|–|-|is|has|was)\s+/i, ''),
    )
    .filter((part) => part !== '')
    .join(' ');
  return bare === '' ? title : capital(bare);
}

/** 10:42 UTC, for sentences that name a moment. */
export function timeOfDay(at: number): string {
  return `${new Date(at).toISOString().slice(11, 16)} UTC`;
}

/** Title and summary of an incident as its findings are now. One that holds none keeps its words. */
export function describeIncident(
  incident: Pick<IncidentRecord, 'groupKey' | 'title' | 'summary'>,
  findings: readonly FindingRecord[],
): { title: string; summary: string } {
  const [worst] = findings;
  if (worst === undefined) return { title: incident.title, summary: incident.summary };
  const firing = findings.filter(({ state }) => state === 'firing');
  const first = firing[0] ?? worst;
  const sites = new Set(findings.map(({ site }) => site).filter((site) => site !== ''));
  if (incident.groupKey.startsWith('rule:') && sites.size > 1) {
    const still = new Set(firing.map(({ site }) => site).filter((site) => site !== ''));
    const title = `${titleWithoutPlace(worst)} at ${sites.size} stores`;
    const where = listed([...still].sort(), 5);
    const summary =
      still.size === 0
        ? `All ${sites.size} stores are well again`
        : still.size === sites.size
          ? `${where}; worst ${first.site}: ${first.summary}`
          : `${still.size} of ${sites.size} stores still affected: ${where}`;
    return { title: bounded(title, 300), summary: bounded(summary, 1000) };
  }
  const others = new Set(findings.map(({ title }) => title)).size - 1;
  const title = others > 0 ? `${worst.title} and ${others} more` : worst.title;
  const summary =
    firing.length === 0
      ? worst.summary
      : firing.length < findings.length && findings.length > 1
        ? `${first.summary}; ${firing.length} of ${findings.length} findings still fire`
        : first.summary;
  return { title: bounded(title, 300), summary: bounded(summary, 1000) };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** PostgreSQL holds no NUL; half characters would not come back as they went. */
export function bounded(text: string, most: number): string {
  const whole = text.toWellFormed().replaceAll('\0', '\uFFFD');
  return whole.length <= most ? whole : `${whole.slice(0, most - 1).toWellFormed()}…`;
}
