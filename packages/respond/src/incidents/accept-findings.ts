import type { FindingRecord, RespondTransaction } from '@sightline/control';
import type { Finding } from '@sightline/record';
import { findingKey } from './finding-key.ts';
import { groupFindings, type Newcomer } from './group.ts';
import { noteEnded, settle } from './moves.ts';
import { readSuppression, type Suppression } from './suppression.ts';
import { bounded } from './words.ts';
import { Worksheet } from './worksheet.ts';

/** What a call of `acceptFindings` changed. */
export interface Accepted {
  readonly fired: number;
  readonly resolved: number;
  readonly suppressed: number;
}

/**
 * Brings findings of one organisation (at most 1,000) into its incidents, in one transaction: new ones open or join
 * incidents unless something holds them back, ended ones may end incidents, and those told before change nothing but when
 * they were seen.
 */
export async function acceptFindings(
  tx: RespondTransaction,
  organisation: string,
  findings: readonly Finding[],
  now: number,
): Promise<Accepted> {
  const told = new Map(findings.map((finding) => [findingKey(finding), finding]));
  const sheet = new Worksheet(tx, organisation, now);
  await sheet.loadFindings([...told.keys()]);
  await sheet.loadIncidents([...told.keys()].flatMap((key) => sheet.finding(key)?.incident ?? []));
  const suppression = await readSuppression(sheet);
  const touched = new Set<string>();
  const ended = new Map<string, FindingRecord[]>();
  const fired: Newcomer[] = [];
  let resolved = 0;

  for (const [key, finding] of linksFirst(told)) {
    const before = sheet.finding(key);
    if (finding.state === 'resolved') {
      if (before?.state !== 'firing') continue;
      const after = endFinding(sheet, before, finding.atMs);
      resolved++;
      if (before.incident !== null) ended.set(before.incident, [...(ended.get(before.incident) ?? []), after]);
      continue;
    }
    const after = fireFinding(sheet, key, finding, before);
    if (before?.state !== 'firing') fired.push({ finding: after, before });
    else if (after.incident === null) fired.push({ finding: after, before: undefined });
    else if (after !== before) touched.add(after.incident);
  }
  for (const [incident, findings] of ended) {
    noteEnded(sheet, incident, findings);
    touched.add(incident);
  }
  const { newcomers, suppressed } = holdBack(sheet, fired, suppression);
  for (const id of await groupFindings(sheet, newcomers)) touched.add(id);
  for (const id of touched) await settle(sheet, id);
  await sheet.save();
  return { fired: fired.length, resolved, suppressed };
}

/** Links before what they hold back. */
function linksFirst(told: ReadonlyMap<string, Finding>): [string, Finding][] {
  return [...told].sort(([, a], [, b]) => Number(b.source === 'link') - Number(a.source === 'link'));
}

/** Findings that nothing holds back; the others are marked with the reason. */
function holdBack(
  sheet: Worksheet,
  fired: readonly Newcomer[],
  suppression: Suppression,
): { newcomers: Newcomer[]; suppressed: number } {
  const newcomers: Newcomer[] = [];
  for (const { finding, before } of fired) {
    const suppressedBy = suppression.of(finding);
    const now = suppressedBy === finding.suppressedBy ? finding : { ...finding, suppressedBy };
    if (now !== finding) sheet.putFinding(now);
    if (suppressedBy === '') newcomers.push({ finding: now, before });
  }
  return { newcomers, suppressed: fired.length - newcomers.length };
}

/** Marks a finding as over. */
export function endFinding(sheet: Worksheet, finding: FindingRecord, at: number): FindingRecord {
  const after: FindingRecord = {
    ...finding,
    state: 'resolved',
    // A sender's clock may be off: it never ended before it began.
    resolvedAt: Math.max(momentOr(at, sheet.now, sheet.now), finding.since),
    lastSeenAt: sheet.now,
    suppressedBy: '',
    expiresAt: null,
  };
  sheet.putFinding(after);
  return after;
}

function fireFinding(
  sheet: Worksheet,
  key: string,
  finding: Finding,
  before: FindingRecord | undefined,
): FindingRecord {
  const again = before?.state === 'firing';
  const told: FindingRecord = {
    organisation: sheet.organisation,
    key,
    source: finding.source,
    sourceId: bounded(finding.sourceId, 300),
    state: 'firing',
    severity: finding.severity,
    title: bounded(finding.title, 300),
    summary: bounded(finding.summary, 1000),
    site: bounded(finding.labels['site'] ?? '', 200),
    labels: boundedWords(finding.labels),
    annotations: boundedWords(finding.annotations),
    value: finite(finding.value),
    threshold: finite(finding.threshold),
    unit: bounded(finding.unit, 30),
    link: bounded(finding.link, 2000),
    since: again ? before.since : momentOr(finding.sinceMs, sheet.now, sheet.now),
    foundAt: again ? before.foundAt : sheet.now,
    lastSeenAt: sheet.now,
    resolvedAt: null,
    expiresAt: finding.expiresAtMs === null ? null : momentOr(finding.expiresAtMs, sheet.now, latestMs),
    suppressedBy: again ? before.suppressedBy : '',
    incident: before?.incident ?? null,
    policy: bounded(finding.policy, 100),
    runbook: bounded(finding.runbook, 2000),
  };
  if (again && same(told, before)) {
    sheet.seenAgain({ ...before, lastSeenAt: sheet.now });
    return before;
  }
  sheet.putFinding(told);
  return told;
}

function same(a: FindingRecord, b: FindingRecord): boolean {
  const sorted = (values: object): unknown[] => Object.entries(values).sort(([x], [y]) => (x < y ? -1 : 1));
  const content = ({ lastSeenAt: _seen, labels: _labels, annotations, ...rest }: FindingRecord): string =>
    JSON.stringify([sorted(rest), sorted(annotations)]);
  return content(a) === content(b);
}

/** The year 9999: where senders mean "never". */
const latestMs = 253_402_214_400_000;

/** A sender's moment, no later than `latest`; what is none becomes `otherwise`. */
function momentOr(at: number, otherwise: number, latest: number): number {
  return Number.isFinite(at) && at >= 0 ? Math.min(Math.round(at), latest) : otherwise;
}

const wordsAtMost = 64;

function boundedWords(words: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(words)
      .slice(0, wordsAtMost)
      .map(([name, value]) => [bounded(name, 200), bounded(value, 2000)]),
  );
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
