import { fail, ok, type Result } from '@sightline/base';
import { stepAlerts, type ActiveAlert } from './active-alert.ts';
import { elementsOf } from './elements.ts';
import { readAlerts, type TemplateSurroundings } from './evaluate-alerting.ts';
import type { AskInstant } from './ports.ts';
import type { AlertingRule, FileRule, RecordingRule, RuleGroup } from './rule-file.ts';
import { seriesKey, type RuleSample } from './rule-samples.ts';

/** What is known of a rule between evaluations. */
export interface RuleMemory {
  alerts: ReadonlyMap<string, ActiveAlert>;
  /** Series that the last evaluation wrote, by their labels. */
  written: ReadonlyMap<string, Readonly<Record<string, string>>>;
  lastError: string;
  /** 0 for never. */
  lastRunMs: number;
  durationMs: number;
}

export function newMemory(): RuleMemory {
  return { alerts: new Map(), written: new Map(), lastError: '', lastRunMs: 0, durationMs: 0 };
}

/** What one evaluation of a rule changes. */
export interface RuleOutcome {
  readonly rule: FileRule;
  readonly error: string;
  readonly samples: readonly RuleSample[];
  /** Series that had a value the last time and have none now. */
  readonly stale: readonly Readonly<Record<string, string>>[];
  readonly written: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly alerts: ReadonlyMap<string, ActiveAlert>;
  readonly resolved: readonly ActiveAlert[];
  readonly gone: readonly ActiveAlert[];
}

/**
 * Evaluates one rule at `atMs` (before the group's query offset is taken off). Changes nothing: the outcome is applied when it is
 * durable. A rule that fails keeps its alerts as they are.
 */
export async function evaluateRule(
  rule: FileRule,
  memory: RuleMemory,
  group: Pick<RuleGroup, 'limit' | 'queryOffsetMs'>,
  ask: AskInstant,
  atMs: number,
  surroundings: TemplateSurroundings,
): Promise<RuleOutcome> {
  const answer = await ask(rule.expression, atMs - group.queryOffsetMs);
  if (!answer.ok) return failed(rule, memory, answer.error);
  if (rule.kind === 'recording') {
    const samples = record(rule, elementsOf(answer.value), group.limit);
    if (!samples.ok) return failed(rule, memory, samples.error);
    return outcome(rule, memory, samples.value, { active: memory.alerts, resolved: [], gone: [] });
  }
  const readings = await readAlerts(rule, answer.value, ask, atMs, surroundings);
  if (!readings.ok) return failed(rule, memory, readings.error);
  const step = stepAlerts(memory.alerts, readings.value, rule, atMs);
  if (group.limit > 0 && step.active.size > group.limit) {
    const all = [...memory.alerts.values()];
    const error = `exceeded limit of ${group.limit} with ${step.active.size} alerts`;
    const over = { active: new Map(), resolved: all.filter(({ state }) => state === 'firing'), gone: all };
    return { ...outcome(rule, memory, [], over), error };
  }
  return outcome(rule, memory, alertSamples(rule, step.active), step);
}

function outcome(
  rule: FileRule,
  memory: RuleMemory,
  samples: readonly RuleSample[],
  { active, resolved, gone }: ReturnType<typeof stepAlerts>,
): RuleOutcome {
  const written = new Map(samples.map(({ labels }) => [seriesKey(labels), labels]));
  const stale = [...memory.written].filter(([key]) => !written.has(key)).map(([, labels]) => labels);
  return { rule, error: '', samples, stale, written, alerts: active, resolved, gone };
}

/** Series of a rule that failed go stale: nobody knows their values. Its alerts stay. */
function failed(rule: FileRule, memory: RuleMemory, error: string): RuleOutcome {
  const { alerts, written } = memory;
  return { rule, error, samples: [], stale: [...written.values()], written: new Map(), alerts, resolved: [], gone: [] };
}

function record(
  rule: RecordingRule,
  elements: ReturnType<typeof elementsOf>,
  limit: number,
): Result<RuleSample[], string> {
  if (elements === undefined) return fail('rule result is not a vector or scalar');
  if (limit > 0 && elements.length > limit) return fail(`exceeded limit of ${limit} with ${elements.length} series`);
  const seen = new Set<string>();
  const samples: RuleSample[] = [];
  for (const { labels: found, value, histogram } of elements) {
    const labels: Record<string, string> = { ...found, ...rule.labels, __name__: rule.name };
    for (const name of Object.keys(labels)) if (labels[name] === '') delete labels[name];
    const key = seriesKey(labels);
    if (seen.has(key)) return fail('vector contains metrics with the same labelset after applying rule labels');
    seen.add(key);
    samples.push({ labels, value, ...(histogram ? { histogram } : {}) });
  }
  return ok(samples);
}

/** The series that a rule writes while these alerts are active. */
export function writtenBy(
  rule: AlertingRule,
  active: ReadonlyMap<string, ActiveAlert>,
): Map<string, Readonly<Record<string, string>>> {
  return new Map(alertSamples(rule, active).map(({ labels }) => [seriesKey(labels), labels]));
}

/** `ALERTS` and `ALERTS_FOR_STATE` (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/#inspecting-alerts-during-runtime). */
function alertSamples(rule: AlertingRule, active: ReadonlyMap<string, ActiveAlert>): RuleSample[] {
  return [...active.values()].flatMap(({ labels, state, activeAtMs }) => [
    { labels: { ...labels, __name__: 'ALERTS', alertname: rule.name, alertstate: state }, value: 1 },
    {
      labels: { ...labels, __name__: 'ALERTS_FOR_STATE', alertname: rule.name },
      value: Math.floor(activeAtMs / 1000),
    },
  ]);
}
