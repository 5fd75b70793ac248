import { type Clock, type Logger, reasonOf } from '@sightline/base';
import type { Control, IncidentRecord } from '@sightline/control';
import type { Evidence, EvidenceSource } from './evidence.ts';

/** So long may capturing take; another server takes it up after the lease. */
const captureLimitMs = 20_000;
const leaseMs = 45_000;
const triesAtMost = 5;
const capturedAtOnce = 2;
const sizeAtMostBytes = 512 * 1024;

export interface CaptureParts {
  readonly control: Pick<Control, 'respond'>;
  readonly source: EvidenceSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Captures evidence of incidents that have none, a few at a time. Answers how many were taken up. */
export async function captureEvidence(parts: CaptureParts, signal: AbortSignal): Promise<number> {
  const { control, clock } = parts;
  const claimed = await control.respond.claimEvidence(clock.now(), leaseMs, capturedAtOnce, triesAtMost);
  await Promise.all(claimed.map((incident) => captureOne(parts, incident, signal)));
  return claimed.length;
}

async function captureOne(
  { control, source, clock, logger }: CaptureParts,
  incident: IncidentRecord,
  signal: AbortSignal,
): Promise<void> {
  try {
    const findings = await control.respond.incidents.findings(incident.organisation, incident.id);
    const evidence = await source.capture(
      incident,
      findings,
      AbortSignal.any([signal, AbortSignal.timeout(captureLimitMs)]),
    );
    const kept = JSON.stringify(evidence).length > sizeAtMostBytes ? { ...evidence, logs: [], charts: [] } : evidence;
    await control.respond.keepEvidence(incident, kept, evidenceWords(kept));
  } catch (error) {
    if (signal.aborted) return;
    logger.warn('Evidence could not be captured', { incident: incident.id, reason: reasonOf(error) });
    if (incident.evidenceTries + 1 < triesAtMost) return;
    const missing = [
      `Nothing could be captured in ${triesAtMost} tries; the last failed with: ${(error as Error).message}`,
    ];
    await control.respond.keepEvidence(incident, { ...noEvidence, capturedAt: clock.now(), missing }, missing[0] ?? '');
  }
}

const noEvidence: Omit<Evidence, 'capturedAt' | 'missing'> = {
  charts: [],
  errors: [],
  logs: [],
  containers: [],
  changes: [],
};

function evidenceWords({ charts, errors, logs, containers, changes }: Evidence): string {
  const parts = [
    [charts.length, 'chart'],
    [errors.length, 'error'],
    [logs.length, 'log line'],
    [containers.length, 'container'],
    [changes.length, 'change'],
  ] as const;
  const had = parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}${n === 1 ? '' : 's'}`);
  return had.length === 0
    ? 'Captured how things were: nothing was reported.'
    : `Captured how things were: ${had.join(', ')}.`;
}
