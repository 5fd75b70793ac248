import type { IncidentRow, IncidentSeverity, IncidentStatus, ResolvedHow } from '@sightline/contract';
import type { Tone } from '../../components/state-badge.tsx';

/** From worst to least. */
export const severityTone: Readonly<Record<IncidentSeverity, Tone>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'warn',
  low: 'idle',
};

export const statusTone: Readonly<Record<IncidentStatus, Tone>> = {
  open: 'bad',
  acknowledged: 'warn',
  resolved: 'good',
};

export const howWords: Readonly<Record<ResolvedHow, string>> = {
  remote: 'Remotely',
  'on-site': 'On site',
  'by-itself': 'By itself',
  'false-alarm': 'False alarm',
};

/** What came of an incident, of its line: "#42 opened → Slack told in 0.4 s". What it is about stands in its title and summary. */
export const storyOf = ({ line }: { readonly line: string }): string => line.slice(line.indexOf(' → ') + 3);

/** "3:12", "1:05:00": what is left until `at`; "now" when nothing is. */
export function leftText(at: number, now: number): string {
  const s = Math.ceil((at - now) / 1000);
  if (s <= 0) return 'now';
  const two = (n: number): string => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  const min = Math.floor((s % 3600) / 60);
  return h > 0 ? `${h}:${two(min)}:${two(s % 60)}` : `${min}:${two(s % 60)}`;
}

/** Where it is: a site, a number of them, or nowhere in particular. */
export function placeText({ site, sites }: Pick<IncidentRow, 'site' | 'sites'>): string {
  if (site !== '') return site;
  return sites > 1 ? `${sites} stores` : '';
}

/** "12 min", "3 h 5 min", "2 d 4 h". */
export function lastingText(ms: number): string {
  const min = Math.max(0, Math.floor(ms / 60_000));
  if (min < 1) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  if (min < 90) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 48) return `${h} h ${min % 60} min`;
  return `${Math.floor(h / 24)} d ${h % 24} h`;
}

/** Why nobody is told further: "a silence", "the link to STORE_047 is lost". */
export function heldText(heldBy: string): string {
  if (heldBy.startsWith('silence:')) return 'a silence holds it back';
  if (heldBy.startsWith('link:')) return `the link to ${heldBy.slice('link:'.length)} is lost`;
  return heldBy;
}

/** True for text that is an address to go to. */
export function isAddress(text: string): boolean {
  return /^https?:\/\/\S+$/.test(text);
}
