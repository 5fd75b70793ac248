export { RuleRunner, type RuleRunnerParts } from './rules/rule-runner.ts';
export { checkRule, type CheckedRule } from './rules/check-rule.ts';
export { readyRules } from './rules/ready-rules.ts';
export { ruleTypeOf, ruleTypes } from './rule-types/all.ts';
export type { Limit, Reading, RuleFault, RuleType } from './rule-types/define-rule-type.ts';
export { openUptime, type Uptime, type UptimeOptions } from './uptime/uptime.ts';
export type { AgentResult, MonitorOrder } from './uptime/agent-results.ts';
export { lateAfterMs, type HeartbeatKind } from './uptime/heartbeats.ts';
