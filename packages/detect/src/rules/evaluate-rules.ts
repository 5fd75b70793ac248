import type { Finding } from '@sightline/record';
import type { Reading } from '../rule-types/define-rule-type.ts';
import type { Answered } from './ask-batches.ts';
import { faultLabel, faultLabelValue, findingOf } from './finding-of.ts';
import { groupKeyOf, stepGroup, type GroupState, type StepRule } from './group-state.ts';
import type { KnownRule } from './known-rule.ts';
import type { Answer } from './questions.ts';

/** A rule that fails for so long is a finding of its own. */
const failsForMs = 3 * 60_000;
const tellEveryMs = 5 * 60_000;
const leastClearMs = 30_000;
/** Groups of one rule that may be unwell at a time; more would bury who is on call, and says that the rule is wrong. */
export const groupsPerRule = 1000;

/** What an evaluation wants told, then written, then kept in mind. */
export interface Change {
  readonly known: KnownRule;
  readonly findings: readonly Finding[];
  readonly written: readonly GroupState[];
  readonly deleted: readonly string[];
  /** Memory alone. */
  readonly noted: readonly GroupState[];
  readonly error: string;
}

export interface EvaluatedAt {
  readonly nowMs: number;
  readonly endMs: number;
  readonly watchingSinceMs: number;
}

/** Judges one rule by its answers, in the order of its questions. Changes nothing: the change is applied when it is durable. */
export function evaluateRule(known: KnownRule, answers: readonly Answered[], at: EvaluatedAt): Change {
  if (!known.ready) return failed(known, known.fault, at, true);
  const given: Answer[] = [];
  for (const answer of answers) {
    // Our own store being away is not the rule's fault, and is told elsewhere.
    if (!answer.ok)
      return failed(
        known,
        answer.error.message,
        at,
        answer.error.kind !== 'unavailable' && answer.error.kind !== 'cancelled',
      );
    given.push(answer.value);
  }
  const { type, settings } = known.ready;
  const readings = type.judge(settings, given, at);
  const error = given.some((answer) => answer.overflow)
    ? 'More groups than are read at a time: those with the least records were left out. Group by fewer labels.'
    : '';
  return judged(known, readings, at, error);
}

/** Everything of the rule is over: it was disabled or deleted. */
export function endRule(known: KnownRule, nowMs: number): Change {
  const states = [...known.states.values()];
  return {
    known,
    findings: states
      .filter((state) => state.state === 'firing')
      .map((state) => findingOf(known, state, 'resolved', nowMs)),
    written: [],
    deleted: states.map((state) => state.groupKey),
    noted: [],
    error: known.lastError,
  };
}

function judged(known: KnownRule, readings: readonly Reading[], at: EvaluatedAt, error: string): Change {
  const labelled = new Map<string, Reading>();
  let unwell = 0;
  let beyond = 0;
  for (const reading of readings) {
    if (!reading.holds && !reading.keeps) continue;
    const labels = storable({ ...known.rule.labels, ...reading.labels });
    const key = groupKeyOf(labels);
    if (!known.states.has(key)) {
      if (!reading.holds) continue;
      if (known.states.size + unwell >= groupsPerRule) {
        beyond++;
        continue;
      }
      unwell++;
    }
    labelled.set(key, { ...reading, labels });
  }
  const keys = new Set([...labelled.keys(), ...known.states.keys()]);
  const rule: StepRule = {
    forMs: known.rule.forMs,
    clearMs: Math.max(leastClearMs, known.rule.everyMs),
    tellEveryMs,
  };
  const overflow = beyond > 0 ? `${beyond} more groups break the limit than the ${groupsPerRule} that are kept.` : '';
  return collect(known, keys, labelled, at, rule, [error, overflow].filter((part) => part !== '').join(' '));
}

/** Telemetry may hold what the control plane cannot store: one such label must not keep all rules beside it from being told. */
function storable(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, value.toWellFormed().replaceAll('\0', '\uFFFD')]),
  );
}

function failed(known: KnownRule, message: string, at: EvaluatedAt, tells: boolean): Change {
  const labels = { ...known.rule.labels, [faultLabel]: faultLabelValue };
  const key = groupKeyOf(labels);
  if (!tells) return { known, findings: [], written: [], deleted: [], noted: [], error: message };
  const reading: Reading = { labels, value: 0, holds: true, keeps: true };
  // The other groups keep the state they had: nobody knows better.
  return collect(
    known,
    new Set([key]),
    new Map([[key, reading]]),
    at,
    { forMs: failsForMs, clearMs: 0, tellEveryMs },
    message,
  );
}

function collect(
  known: KnownRule,
  keys: ReadonlySet<string>,
  readings: ReadonlyMap<string, Reading>,
  at: EvaluatedAt,
  rule: StepRule,
  error: string,
): Change {
  const findings: Finding[] = [];
  const written: GroupState[] = [];
  const deleted: string[] = [];
  const noted: GroupState[] = [];
  const told = { ...known, lastError: error };
  for (const key of keys) {
    const before = known.states.get(key);
    const step = stepGroup(before, readings.get(key), at.nowMs, rule);
    switch (step.kind) {
      case 'none':
        break;
      case 'noted':
        noted.push(step.next);
        break;
      case 'pending':
        written.push(step.next);
        break;
      case 'firing':
        findings.push(findingOf(told, step.next, 'firing', at.nowMs));
        written.push(step.next);
        break;
      case 'told-again':
        findings.push(findingOf(told, step.next, 'firing', at.nowMs));
        // The value of now, for who looks at the rule.
        written.push(step.next);
        break;
      case 'forgotten':
        deleted.push(key);
        break;
      case 'resolved':
        if (before) findings.push(findingOf(told, before, 'resolved', at.nowMs));
        deleted.push(key);
        break;
    }
  }
  return { known, findings, written, deleted, noted, error };
}
