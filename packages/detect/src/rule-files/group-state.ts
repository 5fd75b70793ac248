import type { KnownGroup } from './known-group.ts';
import { ruleLanguageOf } from './rule-language.ts';

/** What Prometheus' API tells of a group: the form that its `rules` and `alerts` are printed from. */
export function groupState({ file, group, intervalMs, lastRunMs, durationMs, rules }: KnownGroup) {
  return {
    name: group.name,
    file,
    language: ruleLanguageOf(file),
    intervalSeconds: intervalMs / 1000,
    limit: group.limit,
    lastEvaluationMs: lastRunMs,
    evaluationSeconds: durationMs / 1000,
    rules: rules.map(({ rule, memory }) => {
      const health =
        memory.lastRunMs === 0 ? ('unknown' as const) : memory.lastError === '' ? ('ok' as const) : ('err' as const);
      const common = {
        name: rule.name,
        expression: rule.expression,
        labels: rule.labels,
        health,
        lastError: memory.lastError,
        lastEvaluationMs: memory.lastRunMs,
        evaluationSeconds: memory.durationMs / 1000,
      };
      if (rule.kind === 'recording') return { ...common, type: 'recording' as const };
      const alerts = [...memory.alerts.values()].map(({ labels, annotations, activeAtMs, value, ...alert }) => ({
        labels,
        annotations,
        state: alert.state,
        activeAtMs,
        value,
        ...(alert.keptSinceMs === undefined ? {} : { keepFiringSinceMs: alert.keptSinceMs }),
      }));
      const firing = alerts.some(({ state }) => state === 'firing');
      const state = firing ? ('firing' as const) : alerts.length > 0 ? ('pending' as const) : ('inactive' as const);
      return {
        ...common,
        type: 'alerting' as const,
        state,
        holdSeconds: rule.forMs / 1000,
        keepFiringForSeconds: rule.keepFiringForMs / 1000,
        annotations: rule.annotations,
        alerts,
      };
    }),
  };
}
