export { longestQuery, parseLogql, parseLogSelector } from './parse.ts';
export type { LogExpression, LogqlError, Matcher as LogqlMatcher, Query as LogqlQuery } from './ast.ts';
export { logqlBounds, type LogqlScope } from './bounds.ts';
export { runLogQuery, type FoundEntry, type FoundLogs } from './run-log-query.ts';
export { runMetricQuery, type MetricAnswer } from './run-metric-query.ts';
