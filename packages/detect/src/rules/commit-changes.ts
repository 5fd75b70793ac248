import type { Control, RuleState } from '@sightline/control';
import type { FindingSink } from '@sightline/record';
import type { Change } from './evaluate-rules.ts';
import type { GroupState } from './group-state.ts';

const findingsAtOnce = 500;

const stateOf = (change: Change, state: GroupState): RuleState => ({
  organisation: change.known.rule.organisation,
  rule: change.known.rule.id,
  groupKey: state.groupKey,
  labels: state.labels,
  state: state.state,
  sinceMs: state.sinceMs,
  value: Number.isFinite(state.value) ? state.value : null,
});

/**
 * Tells the findings, then writes the states, then changes memory: in that order a crash between any two of them makes the
 * next evaluation tell again, and telling twice changes nothing. Throws when the control plane does not answer; memory is
 * then as before.
 */
export async function commitChanges(
  changes: readonly Change[],
  control: Pick<Control, 'detect'>,
  sink: FindingSink,
): Promise<void> {
  const findings = changes.flatMap((change) => change.findings);
  for (let i = 0; i < findings.length; i += findingsAtOnce) await sink.accept(findings.slice(i, i + findingsAtOnce));
  const written = changes.flatMap((change) => change.written.map((state) => stateOf(change, state)));
  const deleted = changes.flatMap((change) =>
    change.deleted.map((groupKey) => ({ rule: change.known.rule.id, groupKey })),
  );
  if (written.length > 0 || deleted.length > 0) await control.detect.ruleStates.save(written, deleted);
  for (const { known, written: states, deleted: keys, noted } of changes) {
    for (const state of [...states, ...noted]) known.states.set(state.groupKey, state);
    for (const key of keys) known.states.delete(key);
  }
}
