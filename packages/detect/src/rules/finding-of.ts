import type { Rule, RuleState } from '@sightline/control';
import type { Finding } from '@sightline/record';
import type { GroupState } from './group-state.ts';
import { knowRule, type KnownRule } from './known-rule.ts';

/** The label that marks the finding "this rule cannot be evaluated"; its value is always `rule-cannot-be-evaluated`. */
export const faultLabel = 'alert';
export const faultLabelValue = 'rule-cannot-be-evaluated';
const placeLabels: ReadonlySet<string> = new Set(['site', 'environment']);

/** What `respond` is told of a group. `sinceMs` is since when its condition holds. */
export function findingOf(known: KnownRule, state: GroupState, told: 'firing' | 'resolved', nowMs: number): Finding {
  const { rule } = known;
  const common = {
    organisation: rule.organisation,
    source: 'rule',
    sourceId: rule.id,
    state: told,
    labels: state.labels,
    annotations: rule.description === '' ? {} : { description: rule.description },
    sinceMs: state.sinceMs,
    atMs: nowMs,
    expiresAtMs: null,
    policy: rule.policy,
    runbook: rule.runbook,
  } as const;
  if (state.labels[faultLabel] === faultLabelValue || !known.ready) {
    return {
      ...common,
      severity: 'medium',
      title: `Rule "${rule.name}" cannot be evaluated`,
      summary: known.lastError === '' ? 'Its last evaluation failed.' : known.lastError,
      value: null,
      threshold: null,
      unit: '',
      link: `/rules/${rule.id}`,
    };
  }
  const { type, settings } = known.ready;
  const { threshold, unit } = type.limit(settings);
  const marginMs = Math.max(type.windowMs(settings), 10 * 60_000);
  return {
    ...common,
    severity: rule.severity,
    title: titleOf(rule.name, rule.labels, state.labels),
    summary: type.summary(settings, {
      value: state.value,
      ...(state.sample === undefined ? {} : { sample: state.sample }),
      ...(state.detail === undefined ? {} : { detail: state.detail }),
    }),
    value: state.value,
    threshold,
    unit,
    link: type.link(settings, state.labels, { fromMs: state.sinceMs - marginMs, toMs: nowMs + 60_000 }),
  };
}

/** "Payment failures at STORE_047", "p95 above 2 s at STORE_047 (service orders)". Labels of the rule itself stay out. */
export function titleOf(
  name: string,
  own: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): string {
  const site = labels['site'];
  const others = Object.entries(labels).filter(([label, value]) => !placeLabels.has(label) && own[label] !== value);
  const at = site === undefined || site === '' || name.includes(site) ? name : `${name} at ${site}`;
  const words = others.map(([label, value]) => `${label} ${value}`).join(', ');
  return (words === '' ? at : `${at} (${words})`).slice(0, 300);
}

/** Title, measure and link of a group that is not well, as its finding has them. */
export function describeGroup(
  rule: Rule,
  state: RuleState,
  nowMs: number,
): { title: string; summary: string; link: string } {
  const known = knowRule({ ...rule, deleted: false }, new Map());
  const group: GroupState = {
    ...state,
    value: state.value ?? 0,
    sample: undefined,
    clearSinceMs: undefined,
    toldAtMs: 0,
  };
  const { title, summary, link } = findingOf(known, group, 'firing', nowMs);
  return { title, summary, link };
}
