import type { FindingRecord, IncidentRecord } from '@sightline/control';
import { flapWindowMs, joinIncident, openIncident, startRound } from './moves.ts';
import { listed, lasting } from './words.ts';
import type { Worksheet } from './worksheet.ts';

/** So many sites with the same trouble are one incident. */
export const stormSites = 5;
/** Within so long. */
export const stormWindowMs = 10 * 60_000;

/** What came back so often is told again only when it stays: after five minutes, then ten, at most thirty. */
export const flapsTold = 3;
const flapPauseMs = 5 * 60_000;

/** Which rule found it, for findings that have the same cause at several sites: all lost links are one trouble. */
export function ruleOf({ source, sourceId }: Pick<FindingRecord, 'source' | 'sourceId'>): string {
  return source === 'link' ? 'link' : `${source}/${sourceId}`;
}

/** Where it belongs when it is no storm. A lost link is another incident than what the store itself suffers from. */
export function placeOf({ source, site, key }: Pick<FindingRecord, 'source' | 'site' | 'key'>): string {
  if (site === '') return `finding:${key}`;
  return source === 'link' ? `link:${site}` : `site:${site}`;
}

/** A finding that is to be in an incident, and how it was kept before it fired (undefined: never seen, or held back). */
export interface Newcomer {
  readonly finding: FindingRecord;
  readonly before: FindingRecord | undefined;
}

/**
 * Puts findings that fire, and that nothing holds back, into incidents: back into the one they left minutes ago, the open
 * one of their rule, one for the whole rule when many sites suffer from it, the open one of their site, or a new one.
 * Answers the incidents that are to be settled.
 */
export async function groupFindings(sheet: Worksheet, newcomers: readonly Newcomer[]): Promise<Set<string>> {
  const touched = new Set<string>();
  const left: FindingRecord[] = [];
  for (const newcomer of newcomers) {
    const back = await comesBack(sheet, newcomer);
    if (back === undefined) left.push(newcomer.finding);
    else touched.add(back);
  }
  const byRule = Map.groupBy(left, ruleOf);
  await sheet.loadGroups([...[...byRule.keys()].map((rule) => `rule:${rule}`), ...left.map(placeOf)]);
  for (const [rule, members] of byRule) {
    const groupKey = `rule:${rule}`;
    const open = await sheet.openOf(groupKey);
    if (open) {
      joinIncident(sheet, open, members);
      touched.add(open.id);
      continue;
    }
    const storm = await stormOf(sheet, members);
    if (storm) {
      touched.add((await openStorm(sheet, groupKey, storm)).id);
      continue;
    }
    for (const [place, here] of Map.groupBy(members, placeOf)) {
      const incident = await sheet.openOf(place);
      if (incident) joinIncident(sheet, incident, here);
      touched.add((incident ?? (await openIncident(sheet, place, here))).id);
    }
  }
  return touched;
}

/** The incident that still holds the finding, or did until minutes ago; that one is opened again. */
async function comesBack(sheet: Worksheet, { finding, before }: Newcomer): Promise<string | undefined> {
  const incident = sheet.incident(finding.incident);
  if (!incident || before === undefined) return undefined;
  if (incident.status !== 'resolved') {
    joinIncident(sheet, incident, [finding]);
    return incident.id;
  }
  // A person said that it is resolved although others of it still fire: it stays so until its time is up.
  if (incident.reopenAt !== null) return incident.id;
  const resolvedAt = incident.resolvedAt ?? 0;
  if (sheet.now - resolvedAt > flapWindowMs) return undefined;
  if (await sheet.openOf(incident.groupKey)) return undefined;
  const flaps = incident.flaps + 1;
  await startRound(
    sheet,
    incident,
    'reopened',
    `${finding.title} is back ${lasting(sheet.now - resolvedAt)} after it was resolved${finding.summary === '' ? '' : `: ${finding.summary}`}.${flaps > 1 ? ` It has come back ${flaps} times.` : ''}`,
  );
  const { escalateAt } = sheet.change(incident.id, { flaps });
  if (flaps >= flapsTold && escalateAt !== null)
    sheet.change(incident.id, { escalateAt: Math.max(escalateAt, sheet.now + Math.min(flaps - 2, 6) * flapPauseMs) });
  return incident.id;
}

/** Everything of the rule that fires, when it is a storm together with `members`; else undefined. */
async function stormOf(sheet: Worksheet, members: readonly FindingRecord[]): Promise<FindingRecord[] | undefined> {
  const [first] = members;
  if (first === undefined || first.site === '') return undefined;
  const sourceId = first.source === 'link' ? undefined : first.sourceId;
  const known = await sheet.tx.firingOf(first.source, sourceId, sheet.now - stormWindowMs);
  sheet.take(known);
  const firing = new Map(members.map((one) => [one.key, one]));
  for (const { key } of known) {
    const now = sheet.finding(key);
    if (now?.state === 'firing' && now.suppressedBy === '') firing.set(key, now);
  }
  const sites = new Set([...firing.values()].map(({ site }) => site).filter((site) => site !== ''));
  return sites.size >= stormSites ? [...firing.values()] : undefined;
}

/** One incident for the rule; incidents of single sites that hold nothing else, and that nobody has in hand, go up in it. */
async function openStorm(sheet: Worksheet, groupKey: string, storm: readonly FindingRecord[]): Promise<IncidentRecord> {
  await sheet.loadIncidents(storm.flatMap(({ incident }) => incident ?? []));
  const mine = new Set(storm.map(({ key }) => key));
  const gone = new Map<string, IncidentRecord>();
  const members = storm.filter((finding) => {
    const held = sheet.incident(finding.incident);
    if (!held || held.status === 'resolved') return true;
    if (held.status !== 'open' || sheet.firingOf(held.id).some(({ key }) => !mine.has(key))) return false;
    gone.set(held.id, held);
    return true;
  });
  const incident = await openIncident(sheet, groupKey, members);
  for (const { id } of gone.values()) {
    sheet.change(id, {
      status: 'resolved',
      resolvedAt: sheet.now,
      resolvedHow: 'by-itself',
      resolvedNote: `Part of #${incident.number}`,
      escalateAt: null,
      heldBy: '',
      unreachable: '',
    });
    sheet.event({
      incident: id,
      kind: 'resolved',
      text: `Goes on as part of #${incident.number}: many stores suffer from the same.`,
    });
  }
  if (gone.size > 0) {
    const numbers = [...gone.values()].map(({ number }) => `#${number}`);
    sheet.event({ incident: incident.id, kind: 'finding', text: `Takes over from ${listed(numbers, 10)}.` });
  }
  return incident;
}
