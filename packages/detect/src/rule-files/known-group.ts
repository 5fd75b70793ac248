import { createHash } from 'node:crypto';
import type { KeptGroup } from '@sightline/control';
import type { ActiveAlert } from './active-alert.ts';
import { newMemory, writtenBy, type RuleMemory } from './evaluate-group.ts';
import { readsEarlier } from './rule-dependencies.ts';
import type { FileRule, RuleGroup } from './rule-file.ts';
import { ruleLanguageOf } from './rule-language.ts';

/** A pending alert that was not looked at for so long is not the same any more. */
const forgottenAfterMs = 60 * 60_000;

/** A group of a file with what its rules remember. */
export interface KnownGroup {
  readonly organisation: string;
  readonly file: string;
  readonly group: RuleGroup;
  readonly intervalMs: number;
  readonly rules: readonly { readonly rule: FileRule; readonly memory: RuleMemory; readonly readsEarlier: boolean }[];
  /** The last evaluation's time, on the group's own grid; 0 for none yet. */
  lastTickMs: number;
  lastRunMs: number;
  durationMs: number;
  busy: boolean;
  savedAtMs: number;
  /** When each firing alert was told last, by rule and fingerprint. */
  readonly told: Map<string, number>;
}

/** A group as the file has it now; rules that are the same by kind, name and place keep what they remember. */
export function knowGroup(
  organisation: string,
  file: string,
  group: RuleGroup,
  defaultIntervalMs: number,
  before: KnownGroup | undefined,
): KnownGroup {
  const depends = readsEarlier(group.rules, ruleLanguageOf(file));
  const memories = new Map(before?.rules.map(({ rule, memory }) => [rule.key, memory]));
  return {
    organisation,
    file,
    group,
    intervalMs: group.intervalMs === 0 ? defaultIntervalMs : group.intervalMs,
    rules: group.rules.map((rule, at) => ({
      rule,
      memory: memories.get(rule.key) ?? newMemory(),
      readsEarlier: depends[at] === true,
    })),
    lastTickMs: before?.lastTickMs ?? 0,
    lastRunMs: before?.lastRunMs ?? 0,
    durationMs: before?.durationMs ?? 0,
    busy: false,
    savedAtMs: before?.savedAtMs ?? 0,
    told: before?.told ?? new Map(),
  };
}

/** Gives a group what another server, or this one before it was stopped, had counted. Time in which nobody looked does not count. */
export function restoreGroup(known: KnownGroup, kept: KeptGroup, nowMs: number): void {
  const awayMs = nowMs - kept.atMs;
  const gapMs = awayMs > 2 * known.intervalMs + 60_000 ? awayMs : 0;
  for (const { rule, memory } of known.rules) {
    if (rule.kind !== 'alerting') continue;
    const alerts = new Map<string, ActiveAlert>();
    for (const alert of kept.alerts) {
      if (alert.rule !== rule.key) continue;
      const pending = alert.state === 'pending';
      if (pending && gapMs > forgottenAfterMs) continue;
      alerts.set(alert.fingerprint, {
        fingerprint: alert.fingerprint,
        labels: alert.labels,
        annotations: alert.annotations,
        state: alert.state,
        activeAtMs: alert.activeAtMs + (pending ? gapMs : 0),
        keptSinceMs: alert.keptSinceMs ?? undefined,
        value: alert.value ?? Number.NaN,
      });
    }
    memory.alerts = alerts;
    // So that series of alerts that ended meanwhile go stale.
    memory.written = writtenBy(rule, alerts);
  }
  known.lastTickMs = Math.max(known.lastTickMs, kept.atMs);
}

/** The newest moment of the group's grid that is not later than `nowMs`; groups are due at moments of their own. */
export function tickOf(known: KnownGroup, nowMs: number): number {
  const name = JSON.stringify([known.organisation, known.file, known.group.name]);
  const offsetMs = createHash('sha256').update(name).digest().readUInt32BE(0) % known.intervalMs;
  return Math.floor((nowMs - offsetMs) / known.intervalMs) * known.intervalMs + offsetMs;
}
