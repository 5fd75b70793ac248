import { createHash } from 'node:crypto';

/** An alert that is not at rest. */
export interface ActiveAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly activeAtMs: number;
  /** Since when it fires though its expression no longer holds. */
  readonly keptSinceMs: number | undefined;
  readonly value: number;
}

/** What an expression gave for one series. */
export interface AlertReading {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
}

/** SHA-256 of the sorted labels, 32 hexadecimal digits. */
export function fingerprintOf(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 32);
}

export interface AlertStep {
  readonly active: ReadonlyMap<string, ActiveAlert>;
  /** Those that fired and no longer do. */
  readonly resolved: readonly ActiveAlert[];
  /** Those that are at rest again, pending or fired. */
  readonly gone: readonly ActiveAlert[];
}

/**
 * One evaluation of an alerting rule: what holds becomes pending and after `forMs` firing; what no longer holds is over, at once when
 * it was pending, after `keepFiringForMs` when it fired (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/).
 */
export function stepAlerts(
  before: ReadonlyMap<string, ActiveAlert>,
  readings: ReadonlyMap<string, AlertReading>,
  rule: { readonly forMs: number; readonly keepFiringForMs: number },
  atMs: number,
): AlertStep {
  const active = new Map<string, ActiveAlert>();
  const resolved: ActiveAlert[] = [];
  const gone: ActiveAlert[] = [];
  for (const [fingerprint, reading] of readings) {
    const known = before.get(fingerprint);
    const activeAtMs = known?.activeAtMs ?? atMs;
    // A rule whose `for` grew waits again.
    const state = atMs - activeAtMs >= rule.forMs ? 'firing' : 'pending';
    if (known?.state === 'firing' && state === 'pending') resolved.push(known);
    active.set(fingerprint, { fingerprint, ...reading, state, activeAtMs, keptSinceMs: undefined });
  }
  for (const [fingerprint, known] of before) {
    if (readings.has(fingerprint)) continue;
    const keptSinceMs = known.keptSinceMs ?? atMs;
    const kept = known.state === 'firing' && atMs - keptSinceMs < rule.keepFiringForMs;
    if (kept) {
      active.set(fingerprint, { ...known, keptSinceMs });
      continue;
    }
    gone.push(known);
    if (known.state === 'firing') resolved.push(known);
  }
  return { active, resolved, gone };
}
