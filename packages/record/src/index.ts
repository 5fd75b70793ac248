export { keyPermissions, signals, type KeyPermission, type KeyScope, type Signal, type TimeRange } from './scope.ts';
export { lostBeforeUs, outcomes, reasons, type LedgerEntry, type Outcome, type Reason } from './outcome.ts';
export { severityName, severityNames, severityNumber, type SeverityName } from './severity.ts';
export {
  cutMark,
  errorContextGroups,
  errorPayloadVersion,
  markedAsCut,
  type ErrorBreadcrumb,
  type ErrorContextGroup,
  type ErrorException,
  type ErrorFrame,
  type ErrorLock,
  type ErrorPayload,
  type ErrorThread,
  type GroupingPart,
} from './error-event.ts';
export {
  findingSeverities,
  findingSources,
  type Finding,
  type FindingSeverity,
  type FindingSink,
  type FindingSource,
} from './finding.ts';
export type { SamplingPolicy } from './sampling.ts';
export * from './retention.ts';
export * from './float-histogram.ts';
export * from './received-series.ts';
export * from './pipelines.ts';
export * from './resource-promotion.ts';
export {
  detectors,
  optionalDetectors,
  scrubReplacements,
  untouchedScrubRules,
  type CustomScrubRule,
  type OptionalDetector,
  type ScrubReplacement,
  type ScrubRules,
} from './scrub-rules.ts';
export type * from './scrub-backfill.ts';
