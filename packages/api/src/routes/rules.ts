import { isDeepStrictEqual } from 'node:util';
import {
  createRule,
  deleteRule,
  enableRule,
  getRule,
  listRuleGroups,
  listRules,
  previewRule,
  updateRule,
  type Rule as ShownRule,
  type RuleValues,
} from '@sightline/contract';
import type { Rule } from '@sightline/control';
import { checkRule, describeGroup, shortLimit, previewRule as preview, type RuleFault } from '@sightline/detect';
import { refusal } from '../problem.ts';
import { answer, type CallContext, doneReply, type ProblemReply, refuse, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';

const shownGroups = 500;
const nothing = { firing: 0, pending: 0 };

type Read = Pick<ShownRule, 'limit' | 'windowMs'> & { readonly fault: string };
/** What the list says of a rule's settings, by id and change: ten thousand of them are not read anew with each look. */
const readSettings = new Map<string, Read>();
const rememberedSettings = 20_000;

function readRule(rule: Rule): Read {
  const name = `${rule.id} ${rule.updatedAt}`;
  const known = readSettings.get(name);
  if (known) return known;
  const found = checkRule(rule.type, rule.settings);
  const read = found.ok
    ? {
        limit: shortLimit(found.value.type.limit(found.value.settings)),
        windowMs: found.value.type.windowMs(found.value.settings),
        fault: '',
      }
    : { limit: '', windowMs: 0, fault: found.error[0]?.message ?? '' };
  if (readSettings.size >= rememberedSettings) readSettings.clear();
  readSettings.set(name, read);
  return read;
}

function show(rule: Rule, counts: { firing: number; pending: number } = nothing): ShownRule {
  const { fault, ...read } = readRule(rule);
  const { organisation: _, ...shown } = rule;
  return {
    ...shown,
    settings: rule.settings as Record<string, unknown>,
    labels: { ...rule.labels },
    lastError: rule.lastError || fault,
    ...counts,
    ...read,
  };
}

async function showOne({ deps, caller }: CallContext, rule: Rule): Promise<ShownRule> {
  return show(rule, (await deps.control.detect.ruleStates.counts(caller.organisation)).get(rule.id));
}

const noRule = (id: string): ProblemReply =>
  refuse(404, 'No such rule', `There is no rule ${id} in this organisation.`);

/** Faults by field, the place in the search where there is one. */
function faulty(faults: readonly RuleFault[]): ProblemReply {
  const fields = Object.fromEntries(
    faults.map(({ field, message }) => [`settings.${field}`.slice(0, 200), message.slice(0, 500)]),
  );
  const position = faults.find((fault) => fault.position)?.position;
  const detail = faults.map(({ field, message }) => `${field}: ${message}`).join(' ');
  return refuse(422, 'The rule is not valid', detail.slice(0, 2000), { fields, ...(position ? { position } : {}) });
}

/** The values with the settings' defaults filled in, or why they cannot be kept. */
function checked(values: RuleValues): RuleValues | ProblemReply {
  const found = checkRule(values.type, values.settings);
  return found.ok ? { ...values, settings: found.value.settings as Record<string, unknown> } : faulty(found.error);
}

/** What of a rule was changed, for the audit trail. */
function changesOf(before: Rule, after: RuleValues): string {
  const fields = [
    'name',
    'type',
    'severity',
    'enabled',
    'policy',
    'everyMs',
    'forMs',
    'runbook',
    'description',
  ] as const;
  const words = fields
    .filter((field) => before[field] !== after[field])
    .map((field) => `${field} ${String(after[field]).slice(0, 100)}`);
  const parts = (['settings', 'labels'] as const).filter((field) => !isDeepStrictEqual(before[field], after[field]));
  return [...words, ...parts.map((part) => `${part} ${JSON.stringify(after[part])}`)].join('; ');
}

export const ruleRoutes: readonly Route[] = [
  answer(listRules, async (_, { deps, caller }) => {
    const [rules, counts] = await Promise.all([
      deps.control.detect.rules.list(caller.organisation),
      deps.control.detect.ruleStates.counts(caller.organisation),
    ]);
    return { rules: rules.map((rule) => show(rule, counts.get(rule.id))) };
  }),

  answer(getRule, async ({ params }, context) => {
    const rule = await context.deps.control.detect.rules.find(context.caller.organisation, params.id);
    return rule ? showOne(context, rule) : noRule(params.id);
  }),

  answer(createRule, async ({ body }, context) => {
    const { deps, caller, audit } = context;
    const values = checked(body);
    if (!('name' in values)) return values;
    const made = await deps.control.detect.rules.create(caller.organisation, values, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('rule.create', values.name, `${values.type}, ${values.severity}; ${JSON.stringify(values.settings)}`);
    return show(made.value);
  }),

  answer(updateRule, async ({ params, body }, context) => {
    const { deps, caller, audit } = context;
    const { rules } = deps.control.detect;
    const values = checked(body);
    if (!('name' in values)) return values;
    const before = await rules.find(caller.organisation, params.id);
    if (!before) return noRule(params.id);
    const updated = await rules.update(caller.organisation, params.id, values, caller.actor);
    if (!updated.ok) return refusal(updated.error);
    await audit('rule.update', updated.value.name, changesOf(before, values));
    return showOne(context, updated.value);
  }),

  answer(enableRule, async ({ params, body }, context) => {
    const { deps, caller, audit } = context;
    const changed = await deps.control.detect.rules.setEnabled(
      caller.organisation,
      params.id,
      body.enabled,
      caller.actor,
    );
    if (!changed.ok) return refusal(changed.error);
    await audit(body.enabled ? 'rule.enable' : 'rule.disable', changed.value.name);
    return showOne(context, changed.value);
  }),

  answer(deleteRule, async ({ params }, { deps, caller, audit }) => {
    const removed = await deps.control.detect.rules.remove(caller.organisation, params.id, caller.actor);
    if (!removed.ok) return refusal(removed.error);
    await audit('rule.delete', removed.value.name);
    return doneReply;
  }),

  answer(listRuleGroups, async ({ params }, { deps, caller }) => {
    const rule = await deps.control.detect.rules.find(caller.organisation, params.id);
    if (!rule) return noRule(params.id);
    const states = await deps.control.detect.ruleStates.ofRule(caller.organisation, rule.id, shownGroups);
    return {
      groups: states.map((state) => ({
        labels: { ...state.labels },
        state: state.state,
        since: state.sinceMs,
        value: state.value,
        ...describeGroup(rule, state, deps.clock.now()),
      })),
    };
  }),

  answerRead(previewRule, async ({ body }, { deps, caller, signal }) => {
    const found = checkRule(body.type, body.settings);
    if (!found.ok) return faulty(found.error);
    const { name, forMs, everyMs, hours } = body;
    const seen = await preview(
      { reader: deps.store, clock: deps.clock },
      {
        organisation: caller.organisation,
        name: name === '' ? 'This rule' : name,
        rule: found.value,
        forMs,
        everyMs,
        hours,
      },
      { signal },
    );
    if (!seen.ok) return refuse(422, 'The rule cannot be evaluated', seen.error.message);
    const { atMs, fromMs, now, series, episodes, notes, ...rest } = seen.value;
    return {
      ...rest,
      at: atMs,
      from: fromMs,
      now: now.map((group) => ({ ...group, labels: { ...group.labels } })),
      series: series.map(({ labels, points }) => ({ labels: { ...labels }, points: [...points] })),
      episodes: episodes.map(({ labels, title, fromMs: from, toMs: to }) => ({
        labels: { ...labels },
        title,
        from,
        to,
      })),
      notes: [...notes],
    };
  }),
];
