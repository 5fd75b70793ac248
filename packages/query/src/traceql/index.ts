export { inSeconds } from './metric-series.ts';
export { parseTraceql } from './parse.ts';
export { searchTraceql, type MatchedSet, type MatchedTrace, type TraceqlFound } from './search-traceql.ts';
export { traceqlMetrics, type TraceqlExemplar, type TraceqlSeries } from './metrics-traceql.ts';
export { seriesAskedAt, type TraceqlError } from './ast.ts';
export type { FieldValue } from './evaluate.ts';
export { readFullTrace } from './load-traces.ts';
export type { FullSpan } from './full-span.ts';
export { tagFilter } from './tag-filter.ts';
