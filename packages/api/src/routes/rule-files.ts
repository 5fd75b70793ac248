import { deleteRuleFile, getRuleFile, listRuleFiles, putRuleFile } from '@sightline/contract';
import type { RuleFileFacts } from '@sightline/control';
import { parseRuleFile } from '@sightline/detect';
import { refusal } from '../problem.ts';
import { answer, doneReply, refuse, type Route } from '../route.ts';

const shown = ({ name, sizeBytes, updatedAt, updatedBy }: RuleFileFacts) => ({ name, sizeBytes, updatedAt, updatedBy });

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
    const groups = parseRuleFile(body.content);
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
];
