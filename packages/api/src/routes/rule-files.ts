import {
  deleteRuleFile,
  getRuleFile,
  listRuleFiles,
  listFileRuleGroups,
  putRuleFile,
  type FileRule,
} from '@sightline/contract';
import type { RuleFileFacts } from '@sightline/control';
import { parseRuleFile, ruleLanguageOf } from '@sightline/detect';
import type { RuleGroupState } from '../compat/prometheus/ports.ts';
import { refusal } from '../problem.ts';
import { answer, doneReply, refuse, type Route } from '../route.ts';

const shown = ({ name, sizeBytes, updatedAt, updatedBy }: RuleFileFacts) => ({ name, sizeBytes, updatedAt, updatedBy });

const groupsAtMost = 500;
const alertsAtMost = 50;

/** A rule as the page shows it; a key that is bound to a site sees the alerts of its site alone. */
function shownRule(rule: RuleGroupState['rules'][number], site: string): FileRule {
  const { name, type, expression, health, lastError } = rule;
  const common = { name, type, expression, health, lastError };
  if (rule.type === 'recording') return { ...common, state: null, alerts: [], alertCount: 0 };
  const alerts = rule.alerts.filter(({ labels }) => site === '' || labels['site'] === site);
  return {
    ...common,
    state: alerts.length === rule.alerts.length ? rule.state : worstOf(alerts),
    alerts: alerts
      .toSorted((a, b) => a.activeAtMs - b.activeAtMs)
      .slice(0, alertsAtMost)
      .map(({ labels, state, activeAtMs }) => ({ labels: { ...labels }, state, since: activeAtMs })),
    alertCount: alerts.length,
  };
}

/** What a rule's state is by some of its alerts. */
export const worstOf = (
  alerts: readonly { readonly state: 'pending' | 'firing' }[],
): 'inactive' | 'pending' | 'firing' =>
  alerts.some(({ state }) => state === 'firing') ? 'firing' : alerts.length > 0 ? 'pending' : 'inactive';

export const ruleFileRoutes: readonly Route[] = [
  answer(listRuleFiles, async (_, { deps, caller }) => ({
    files: (await deps.control.ruleFiles.list(caller.organisation)).map(shown),
  })),

  answer(getRuleFile, async ({ params }, { deps, caller }) => {
    const file = await deps.control.ruleFiles.find(caller.organisation, params.name);
    if (!file) return refuse(404, 'No such rule file', `There is no rule file ${params.name} in this organisation.`);
    return { ...shown(file), content: file.content };
  }),

  answer(putRuleFile, async ({ params, body }, { deps, caller, audit }) => {
    const groups = parseRuleFile(body.content, ruleLanguageOf(params.name));
    if (!groups.ok) return refuse(422, 'The rule file is not valid', groups.error.join('\n').slice(0, 2000));
    const put = await deps.control.ruleFiles.put(caller.organisation, params.name, body.content, caller.actor);
    if (!put.ok) return refusal(put.error);
    const rules = groups.value.reduce((sum, group) => sum + group.rules.length, 0);
    await audit('rule-file.put', params.name, `${groups.value.length} groups, ${rules} rules`);
    return { ...shown(put.value), groups: groups.value.length, rules };
  }),

  answer(deleteRuleFile, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.ruleFiles.remove(caller.organisation, params.name);
    if (!removed.ok) return refusal(removed.error);
    await audit('rule-file.delete', params.name);
    return doneReply;
  }),

  answer(listFileRuleGroups, async (_, { deps, caller }) => {
    const groups = (await deps.ruleReader?.groups(caller.organisation)) ?? [];
    return {
      evaluated: deps.ruleReader !== undefined,
      groups: groups.slice(0, groupsAtMost).map((group) => ({
        file: group.file,
        language: group.language,
        name: group.name,
        intervalMs: group.intervalSeconds * 1000,
        lastEvaluationAt: group.lastEvaluationMs === 0 ? null : group.lastEvaluationMs,
        evaluationMs: group.evaluationSeconds * 1000,
        rules: group.rules.map((rule) => shownRule(rule, caller.keySite ?? '')),
      })),
      omitted: Math.max(0, groups.length - groupsAtMost),
    };
  }),
];
