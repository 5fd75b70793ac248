import type { FindingRecord } from '@sightline/control';
import { groupFindings } from './group.ts';
import { settle } from './moves.ts';
import { readSuppression, type Suppression } from './suppression.ts';
import type { Worksheet } from './worksheet.ts';

/**
 * Lets findings through that were held back and no longer are: those without an incident open or join one, those with one
 * set its escalation going again. Answers the incidents that are to be settled.
 */
async function release(sheet: Worksheet, suppression: Suppression): Promise<Set<string>> {
  sheet.take(await sheet.tx.suppressed());
  const free: FindingRecord[] = [];
  for (const { key } of await sheet.tx.suppressed()) {
    const finding = sheet.finding(key);
    if (!finding || finding.state !== 'firing' || finding.suppressedBy === '') continue;
    const reason = suppression.of(finding);
    if (reason === finding.suppressedBy) continue;
    const after = { ...finding, suppressedBy: reason };
    sheet.putFinding(after);
    if (reason === '') free.push(after);
  }
  await sheet.loadIncidents(free.flatMap(({ incident }) => incident ?? []));
  const held = (finding: FindingRecord): boolean => {
    const incident = sheet.incident(finding.incident);
    return incident !== undefined && (incident.status !== 'resolved' || incident.reopenAt !== null);
  };
  const resumed = new Set<string>();
  for (const { incident: id } of free.filter(held)) {
    const incident = sheet.incident(id);
    if (!incident || incident.heldBy === '' || incident.status !== 'open') continue;
    sheet.change(incident.id, { heldBy: '', escalateAt: sheet.now });
    sheet.event({
      incident: incident.id,
      kind: 'finding',
      text: 'Nothing holds it back any more, and it still fires: escalation goes on.',
    });
    resumed.add(incident.id);
  }
  const newcomers = free.filter((finding) => !held(finding)).map((finding) => ({ finding, before: undefined }));
  const touched = await groupFindings(sheet, newcomers);
  for (const id of resumed) touched.add(id);
  return touched;
}

/** As `release`, as a change of its own. */
export async function releaseDue(sheet: Worksheet): Promise<void> {
  for (const id of await release(sheet, await readSuppression(sheet))) await settle(sheet, id);
}
