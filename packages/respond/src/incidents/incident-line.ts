import type { FindingRecord, IncidentRecord, Notification } from '@sightline/control';
import { lasting, measured } from './words.ts';

const toldAtMost = 4;

/**
 * What a finding, its incident and the messages did, on one line: "Payment failures at STORE_047: 31 % of 42 payments →
 * #42 opened → Slack #pos-alerts told in 0.4 s → acknowledged by ada@… after 2 min". Without the time, which stands in
 * front of it.
 */
export function incidentLine(
  incident: IncidentRecord,
  finding: FindingRecord | undefined,
  told: readonly Notification[],
): string {
  const what = finding === undefined ? incident.title : measured(finding);
  const calls = told.filter(({ kind }) => kind !== 'acknowledged' && kind !== 'resolved');
  const steps = calls.slice(0, toldAtMost).map((one) => {
    const who = one.receivers.length > 0 ? `${one.channelName} (${one.receivers.join(', ')})` : one.channelName;
    if (one.status === 'delivered')
      return `${who} told in ${seconds((one.finishedAt ?? one.createdAt) - one.createdAt)}`;
    if (one.status === 'failed') return `${who} could not be told`;
    return one.status === 'cancelled' ? `${who} no longer needed` : `${who} being told`;
  });
  if (calls.length > toldAtMost) steps.push(`${calls.length - toldAtMost} more told`);
  if (incident.unreachable !== '') steps.push('nobody could be told');
  const ends = [
    ...(incident.acknowledgedAt === null
      ? []
      : [`acknowledged by ${incident.acknowledgedBy} after ${lasting(incident.acknowledgedAt - incident.openedAt)}`]),
    ...(incident.resolvedAt === null
      ? []
      : [
          `resolved ${incident.resolvedBy === '' ? 'by itself' : `by ${incident.resolvedBy}`} after ${lasting(incident.resolvedAt - incident.openedAt)}`,
        ]),
  ];
  return [what, `#${incident.number} opened`, ...steps, ...ends].join(' → ');
}

function seconds(ms: number): string {
  return ms < 60_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : lasting(ms);
}
