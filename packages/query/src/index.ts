export { canaryService, findCanary, type FoundCanary } from './data/find-canary.ts';
export { readScrubReport, type ScrubReport } from './data/scrub-report.ts';
export { compileSearch } from './search/search.ts';
export { parseSearch, searchBounds } from './search/parse.ts';
export { findField, knownFields, type Table } from './search/fields.ts';
export { compile as compileParsedSearch } from './search/compile.ts';
export type { CompiledSearch } from './search/compile.ts';
export type { Search, SearchError } from './search/ast.ts';
export {
  growingWindows,
  minuteCondition,
  scopeCondition,
  toNs,
  windowOf,
  type Condition,
  type ReadScope,
  type Window,
} from './search/scope.ts';
export type { LogRecord } from './logs/log-row.ts';
export type { LogReach, ReachedSoFar } from './logs/log-reach.ts';
export { tooMuchArchive, withTable, type FromArchive, type LogTable } from './logs/log-table.ts';
export { archivedPart, archiveReach, type HotDays } from './logs/archive-reach.ts';
export { restoredReach, type RestoredLogs } from './logs/restored-reach.ts';
export { mayMatch } from './search/may-match.ts';
export {
  ExportBrokenOff,
  exportLogs,
  getLog,
  getLogContext,
  searchLogs,
  type LogContext,
  type LogPage,
  type LogSearch,
} from './logs/search-logs.ts';
export { completeSearch, foundLogFields, logFacets, type Facet } from './logs/log-facets.ts';
export { logHistogram, niceStepMs, type LogHistogram } from './logs/log-histogram.ts';
export { tailLogs, type TailBatch } from './logs/tail-logs.ts';
export type { ErrorRecord } from './traces/error-record.ts';
export { errorColumns, toError, type ErrorColumns } from './traces/error-record.ts';
export { getTrace, type Trace } from './traces/get-trace.ts';
export { edgeExamples } from './traces/edge-examples.ts';
export { readTraceBeside, type TraceBeside } from './traces/trace-beside.ts';
export { findSampled, previewSampling } from './traces/sampling.ts';
export { listServices, type ServiceSummary } from './traces/list-services.ts';
export { searchTraces, type TraceSearch, type TraceSummary } from './traces/search-traces.ts';
export type { SpanRecord } from './traces/span-row.ts';
export { listOperations, redOverTime } from './traces/operations.ts';
export { listCalls, readCall } from './traces/calls.ts';
export { listQueues } from './traces/queues.ts';
export { type FoldedMetric, foldedSince, readCardinality, readFolded } from './metrics/cardinality.ts';
export { listAiCalls } from './traces/ai-calls.ts';
export { bundledPrices, type TokenPrice } from './traces/ai-prices.ts';
export { latencyExamples, latencyHeatMap } from './traces/heat-map.ts';
export { readServiceMap } from './traces/service-map.ts';
export {
  listDependencies,
  listSpanNames,
  listSpanServices,
  listSpanTags,
  listTagValues,
  spanMetrics,
  type FoundTags,
  type TagScope,
} from './traces/trace-index.ts';
export * from './traceql/index.ts';
export { analyse } from './traces/analyse/analyse-trace.ts';
export { compare } from './traces/analyse/compare-traces.ts';
export { readStory, type Story, type StoryEntry } from './story/story.ts';
export { ask } from './metrics/ask.ts';
export {
  firstLabel,
  labelName,
  nameExpression,
  quoted,
  range as promqlRange,
  readVector,
  type TelemetryReads,
} from './metrics/telemetry-reads.ts';
export { counterNames, gaugeNames, readGauges, type Gauge } from './fleet/site-metrics.ts';
export * from './fleet/fleet.ts';
export * from './errors/errors.ts';
export type { FeedbackDecisions } from './feedback/feedback-rows.ts';
export { findFeedback } from './feedback/find-feedback.ts';
export { listFeedback } from './feedback/list-feedback.ts';
export { feedbackTimes, readFeedback } from './feedback/read-feedback.ts';
export {
  nothingSeen,
  readNamedIssues,
  readNewIssues,
  readReleases,
  readReleaseTrend,
  type ReleaseHealth,
} from './releases/read-releases.ts';
export * from './profiles/profiles.ts';
export { readIssueReplays } from './replays/issue-replays.ts';
export { readReplayBeside } from './replays/replay-beside.ts';
export { listReplays, readReplay, readReplaySegment } from './replays/replays.ts';
export * from './metrics/metrics.ts';
export * from './data/data.ts';
export * from './monitors/monitors.ts';
export * from './logql/index.ts';
export { knownSince } from './patterns/known-since.ts';
export { logPatterns, logPatternValues, logqlPatterns, type FoundPatterns } from './patterns/log-patterns.ts';
export { phrasesOf, type MinedPatterns, type Pattern } from './patterns/mine-patterns.ts';
export type { PatternValues } from './patterns/pattern-values.ts';
export { findNewPatterns, type KnownTemplate, type TemplateMemory } from './patterns/new-patterns.ts';
export * from './elasticsearch/index.ts';
export * from './pipelines/index.ts';
export { classCondition, classExpression, classExpressionOf, isBuiltIn } from './retention/class-expression.ts';
export { previewClasses, readClockSkew, readCollected, readHotClasses } from './retention/read-retention.ts';
