import { createHash } from 'node:crypto';
import { namespaceOf } from '@sightline/detect';
import { parseLogql, printLogql } from '@sightline/query';
import { compileMatcher, parsePromql, printPromql } from '@sightline/query/promql';
import { worstOf } from '../../routes/rule-files.ts';
import { type Answer, type Call, get, type PrometheusRoute } from './call.ts';
import { ApiFault, invalidParameter } from './fault.ts';
import { type Form, selectorsOf } from './parameters.ts';
import type { ActiveAlert, AlertingRuleState, RecordingRuleState, RuleGroupState } from './ports.ts';

export const ruleRoutes: readonly PrometheusRoute[] = [get('/rules', answerRules), get('/alerts', answerAlerts)];

async function groupsOf({ deps, asker }: Call): Promise<readonly RuleGroupState[]> {
  const groups = (await deps.ruleReader?.groups(asker.organisation)) ?? [];
  if (asker.site === '') return groups;
  const ours = ({ labels }: ActiveAlert): boolean => labels['site'] === asker.site;
  return groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => {
      if (rule.type !== 'alerting') return rule;
      const alerts = rule.alerts.filter(ours);
      return { ...rule, alerts, state: alerts.length === rule.alerts.length ? rule.state : worstOf(alerts) };
    }),
  }));
}

async function answerAlerts(call: Call): Promise<Answer> {
  const rules = (await groupsOf(call)).flatMap(({ rules }) => rules);
  return { data: { alerts: rules.flatMap((rule) => (rule.type === 'alerting' ? rule.alerts.map(showAlert) : [])) } };
}

async function answerRules(call: Call): Promise<Answer> {
  const { form } = call;
  const wanted = readWanted(form);
  if (wanted instanceof ApiFault) return wanted;
  const page = readPage(form);
  if (page instanceof ApiFault) return page;
  const groups = await groupsOf(call);
  const from = page.token === '' ? 0 : groups.findIndex((group) => tokenOf(group) === page.token);
  if (from < 0) {
    const text = `invalid group_next_token '${page.token}'. were rule groups changed?`;
    return invalidParameter('group_next_token', text);
  }
  const shown: unknown[] = [];
  for (const group of groups.slice(from)) {
    const rules = wanted.group(group) ? group.rules.filter(wanted.rule) : [];
    if (rules.length === 0) continue;
    if (shown.length === page.limit) return { data: { groups: shown, groupNextToken: tokenOf(group) } };
    shown.push({
      name: group.name,
      // Of rules over logs the namespace, by which Loki's clients know it.
      file: namespaceOf(group.file),
      rules: rules.map((rule) => showRule(rule, group.language, wanted.alerts)),
      interval: group.intervalSeconds,
      limit: group.limit,
      evaluationTime: group.evaluationSeconds,
      lastEvaluation: showTime(group.lastEvaluationMs),
    });
  }
  return { data: { groups: shown } };
}

type Rule = RecordingRuleState | AlertingRuleState;
interface Wanted {
  readonly group: (group: RuleGroupState) => boolean;
  readonly rule: (rule: Rule) => boolean;
  readonly alerts: boolean;
}

function readWanted(form: Form): Wanted | ApiFault {
  const selectors = selectorsOf(form);
  if (selectors instanceof ApiFault) return selectors;
  const type = form.get('type').toLowerCase();
  if (!['', 'alert', 'record'].includes(type)) {
    return invalidParameter('type', `not supported value ${JSON.stringify(type)}`);
  }
  const excluded = form.get('exclude_alerts').toLowerCase();
  if (!['', '1', 't', 'true', '0', 'f', 'false'].includes(excluded)) {
    const text = `strconv.ParseBool: parsing ${JSON.stringify(excluded)}: invalid syntax`;
    return invalidParameter('exclude_alerts', `error converting exclude_alerts: ${text}`);
  }
  const among = (field: string): ((value: string) => boolean) => {
    const values = new Set(form.all(field));
    return (value) => values.size === 0 || values.has(value);
  };
  const [name, group, file] = [among('rule_name[]'), among('rule_group[]'), among('file[]')];
  const tests = selectors.map((matchers) =>
    matchers.map((matcher) => [matcher.label, compileMatcher(matcher)] as const),
  );
  return {
    group: (one) => group(one.name) && file(namespaceOf(one.file)),
    rule: (one) =>
      name(one.name) &&
      (type === '' || type === (one.type === 'alerting' ? 'alert' : 'record')) &&
      (tests.length === 0 || tests.some((all) => all.every(([label, fits]) => fits(one.labels[label] ?? '')))),
    alerts: !['1', 't', 'true'].includes(excluded),
  };
}

function readPage(form: Form): { limit: number; token: string } | ApiFault {
  const limit = form.get('group_limit');
  const token = form.get('group_next_token');
  if (limit === '') {
    const text = 'group_limit needs to be present in order to paginate over the groups';
    return token === '' ? { limit: -1, token } : invalidParameter('group_next_token', text);
  }
  if (!/^[+-]?[0-9]{1,9}$/.test(limit)) {
    const text = `strconv.ParseInt: parsing ${JSON.stringify(limit)}: invalid syntax`;
    return invalidParameter('group_limit', `group_limit needs to be a valid number: ${text}`);
  }
  if (Number(limit) <= 0) return invalidParameter('group_limit', 'group_limit needs to be greater than 0');
  return { limit: Number(limit), token };
}

function tokenOf({ file, name }: RuleGroupState): string {
  return createHash('sha256').update(`${file};${name}`).digest('hex');
}

function showRule(rule: Rule, language: RuleGroupState['language'], withAlerts: boolean): unknown {
  const common = {
    name: rule.name,
    query: printed(rule.expression, language),
    labels: rule.labels,
    health: rule.health,
    ...(rule.lastError === '' ? {} : { lastError: rule.lastError }),
    evaluationTime: rule.evaluationSeconds,
    lastEvaluation: showTime(rule.lastEvaluationMs),
    type: rule.type,
  };
  if (rule.type === 'recording') return common;
  return {
    state: rule.state,
    ...common,
    duration: rule.holdSeconds,
    keepFiringFor: rule.keepFiringForSeconds,
    annotations: rule.annotations,
    alerts: withAlerts ? rule.alerts.map(showAlert) : null,
  };
}

/** As its language prints it. */
function printed(expression: string, language: RuleGroupState['language']): string {
  if (language === 'logql') {
    const parsed = parseLogql(expression);
    return parsed.ok ? printLogql(parsed.value) : expression;
  }
  const parsed = parsePromql(expression);
  return parsed.ok ? printPromql(parsed.value) : expression;
}

function showAlert({ labels, annotations, state, activeAtMs, keepFiringSinceMs, value }: ActiveAlert): unknown {
  return {
    labels,
    annotations,
    state,
    activeAt: showTime(activeAtMs),
    ...(keepFiringSinceMs === undefined ? {} : { keepFiringSince: showTime(keepFiringSinceMs) }),
    value: showExponent(value),
  };
}

/** As Go's `strconv.FormatFloat(value, 'e', -1, 64)`. */
function showExponent(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** RFC 3339; 0 is Go's time of zero, which is never. */
export function showTime(ms: number): string {
  return ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString();
}
