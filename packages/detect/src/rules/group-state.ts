import { createHash } from 'node:crypto';
import type { Reading } from '../rule-types/define-rule-type.ts';

/** One group of a rule whose condition holds, or held until a moment ago. */
export interface GroupState {
  readonly groupKey: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  /** Since when the condition holds, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly value: number;
  readonly sample: number | undefined;
  /** Kept in memory alone. */
  readonly detail?: string | undefined;
  /** When the condition was first seen not to hold; undefined while it does. Kept in memory alone: a restart begins anew. */
  readonly clearSinceMs: number | undefined;
  /** When the finding was told last; 0: not since this server watches. */
  readonly toldAtMs: number;
}

/** What one evaluation changes for a group. */
export type Step =
  | { readonly kind: 'none' }
  /** Only in memory: the value moved, or the condition began to be over. */
  | { readonly kind: 'noted'; readonly next: GroupState }
  /** To be written, nothing to be told. */
  | { readonly kind: 'pending'; readonly next: GroupState }
  /** To be told, then written. */
  | { readonly kind: 'firing'; readonly next: GroupState }
  /** To be told once more, then written with its value: after a restart, a change of the rule, or a while. */
  | { readonly kind: 'told-again'; readonly next: GroupState }
  /** Waited for its `for` in vain. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'resolved' };

export interface StepRule {
  readonly forMs: number;
  /** How long the condition must be over before a firing group counts as resolved. */
  readonly clearMs: number;
  /** A firing group is told again after so long. */
  readonly tellEveryMs: number;
}

/**
 * The life of a group: pending while its condition holds for less than `forMs`, then firing, then resolved when the
 * condition was over for `clearMs`. `reading` is undefined when the group was not seen: then its condition is over.
 */
export function stepGroup(
  before: GroupState | undefined,
  reading: Reading | undefined,
  nowMs: number,
  rule: StepRule,
): Step {
  if (!before) return reading?.holds ? begin(reading, nowMs, rule) : { kind: 'none' };
  const holds = reading !== undefined && (reading.holds || (before.state === 'firing' && reading.keeps));
  if (!holds) return end(before, nowMs, rule);
  const { value, sample, detail } = reading;
  const held = { ...before, value, sample, detail, clearSinceMs: undefined };
  if (before.state === 'pending') {
    if (nowMs - before.sinceMs < rule.forMs) return { kind: 'noted', next: held };
    return { kind: 'firing', next: { ...held, state: 'firing', toldAtMs: nowMs } };
  }
  if (nowMs - before.toldAtMs < rule.tellEveryMs) return { kind: 'noted', next: held };
  return { kind: 'told-again', next: { ...held, toldAtMs: nowMs } };
}

function begin(reading: Reading, nowMs: number, { forMs }: StepRule): Step {
  const next: GroupState = {
    groupKey: groupKeyOf(reading.labels),
    labels: reading.labels,
    state: forMs === 0 ? 'firing' : 'pending',
    sinceMs: nowMs,
    value: reading.value,
    sample: reading.sample,
    detail: reading.detail,
    clearSinceMs: undefined,
    toldAtMs: forMs === 0 ? nowMs : 0,
  };
  return { kind: next.state, next };
}

function end(before: GroupState, nowMs: number, { clearMs }: StepRule): Step {
  if (before.state === 'pending') return { kind: 'forgotten' };
  const clearSinceMs = before.clearSinceMs ?? nowMs;
  if (nowMs - clearSinceMs >= clearMs) return { kind: 'resolved' };
  return { kind: 'noted', next: { ...before, clearSinceMs } };
}

/** SHA-256 of the sorted labels, hexadecimal, 32 digits. */
export function groupKeyOf(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 32);
}
