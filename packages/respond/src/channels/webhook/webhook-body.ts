import type { Message } from '../../notify/message.ts';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** The documented body, version 1: fields are added, never changed. Times are ISO 8601 in UTC. */
export function webhookBody(message: Message): Record<string, unknown> {
  const { id, kind, at, headline, news, lines, note, link, incident } = message;
  return {
    version: 1,
    id,
    event: kind,
    at: iso(at),
    headline,
    text: [news, ...lines].filter(Boolean).join('\n'),
    note,
    link,
    incident: incident && {
      id: incident.id,
      number: incident.number,
      title: incident.title,
      summary: incident.summary,
      severity: incident.severity,
      status: incident.status,
      site: incident.site,
      siteName: incident.siteName,
      labels: incident.labels,
      openedAt: iso(incident.openedAt),
      acknowledgedBy: incident.acknowledgedBy,
      assignee: incident.assignee,
      resolvedAt: iso(incident.resolvedAt),
      resolvedBy: incident.resolvedBy,
      resolvedHow: incident.resolvedHow,
      resolvedNote: incident.resolvedNote,
      runbook: incident.runbook,
      findingsFiring: incident.firing,
      findings: incident.findings,
      next: incident.next && { at: iso(incident.next.at), channels: incident.next.channels },
    },
  };
}
