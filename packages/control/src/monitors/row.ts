import type { Sealer } from '../secrets.ts';
import type { Monitor } from './port.ts';
import type { monitors } from './tables.ts';

export type MonitorRow = typeof monitors.$inferSelect;

/** A row as the port gives it. Settings that this installation's key does not open are empty: such a check says so. */
export function monitorFrom(row: MonitorRow, sealer: Sealer): Monitor {
  return {
    id: row.id,
    organisation: row.organisation,
    name: row.name,
    type: row.type,
    settings: openJson(row, sealer),
    site: row.site,
    runsOn: row.runsOn,
    everyMs: row.everyMs,
    timeoutMs: row.timeoutMs,
    retries: row.retries,
    severity: row.severity,
    policy: row.policy,
    runbook: row.runbook,
    enabled: row.enabled,
    word: row.tokenSealed ? (sealer.open(row.tokenSealed, `${row.id} word`) ?? null) : null,
    state: row.state,
    stateSince: row.stateSince.getTime(),
    upForMs: row.upForMs,
    failures: Math.max(0, row.failures),
    lastCheckedAt: row.lastCheckedAt?.getTime() ?? null,
    lastMessage: row.lastMessage,
    lastDurationMs: row.lastDurationMs,
    startedAt: row.startedAt?.getTime() ?? null,
    nextRunAt: row.nextRunAt.getTime(),
    createdAt: row.createdAt.getTime(),
    updatedAt: row.updatedAt.getTime(),
    updatedBy: row.updatedBy,
  };
}

function openJson(row: MonitorRow, sealer: Sealer): unknown {
  const text = sealer.open(row.settingsSealed, row.id);
  return text === undefined ? {} : (JSON.parse(text) as unknown);
}

/** PostgreSQL stores no NUL and no half characters. */
export function storable(text: string, limit: number): string {
  return text.replaceAll('\0', '').toWellFormed().slice(0, limit).toWellFormed();
}
