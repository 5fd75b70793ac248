export { registerIngest } from './receive-http.ts';
export { startGrpc, type GrpcServer } from './receive-grpc.ts';
export {
  defaultReceiveLimits,
  receiveRequest,
  type Keys,
  type KnownKey,
  type Organisations,
  type ReceiveLimits,
  type Received,
  type ReceiverParts,
} from './receive.ts';
export { createLedger, type Ledger } from './ledger.ts';
export {
  defaultSpoolLimits,
  openSpool,
  type Segment,
  type Spool,
  type SpoolLimits,
  type SpoolStatus,
} from './spool/spool.ts';
export { createFunctions, startLoader, type Loader, type LoaderStatus } from './load/loader.ts';
export type { ClassBook } from './load/retention-classes.ts';
export { CachedScrubBook, firstRulesAfterMs, type ScrubBook, type ScrubSource } from './load/pii/scrub-book.ts';
export { ownScrub, type OwnScrub } from './load/pii/own-scrub.ts';
export { type JsonLeaves, jsonLeaves } from './load/pii/json-leaves.ts';
export { storedScrub, type StoredScrub } from './load/pii/stored-scrub.ts';
export type { LoadTarget } from './load/load-target.ts';
export type { LoadedMetrics, MetricSegment, MetricTarget } from './load/metric-target.ts';
export { AcceptedFrames } from './forwarded/accepted-frames.ts';
export { registerForwarded, type ForwardedParts, type ForwardingAgents } from './forwarded/register-forwarded.ts';
export type { ForwardingAgent } from './forwarded/accept-batch.ts';
export { LogsRequestBuilder } from './otlp/build-logs.ts';
export { spanKindNumbers, TracesRequestBuilder } from './otlp/build-traces.ts';
export { ProtobufWriter } from './otlp/protobuf-writer.ts';
export { readReadRequest, type ReadQuery, type ReadSeries, writeReadResponse } from './metric-formats/remote-read.ts';
export { snappyBlock, unsnappy } from './snappy-block.ts';
export { protocols } from './protocols/all.ts';
export * from './protocol.ts';
export { keepOwnSeries, type OwnSeriesParts } from './own-series.ts';
export { defaultRecordLimits, RecordGate, type RecordLimits } from './record-limits.ts';
export { receiveOwn, type OwnRequest } from './own-request.ts';
export { scrapeProtocol } from './scraped.ts';
export { startStatsd, type StatsdServer } from './statsd/start-statsd.ts';
export { remoteWrite2Lane } from './protocols/prometheus-remote-write/prometheus-remote-write.ts';
export { readForm, type FormPart } from './multipart.ts';
export { groupingVersion } from './errors/grouping/group-error.ts';
export { CachedGroupingBook, type GroupingBook, type GroupingSource } from './errors/grouping/grouping-book.ts';
export { explainGrouping } from './errors/explain-grouping.ts';
export { readFingerprintRules } from './errors/grouping/rules/fingerprint-rules.ts';
export { readStackRules } from './errors/grouping/rules/stack-rules.ts';
export type { RulesFault } from './errors/grouping/rules/read-rules.ts';
export { ownersOf, readOwnershipRules, withoutTeam, type OwnedEvent } from './errors/ownership/ownership-rules.ts';
export type { Listener } from './sockets/listen.ts';
export type { SocketParts, Unkeyed } from './sockets/socket-intake.ts';
export { startSyslog } from './syslog/start-syslog.ts';
export { startGelf } from './gelf/start-gelf.ts';
export { type ForwardAddress, startForward } from './forward/start-forward.ts';
export {
  CachedPipelineBook,
  pipelinesSettleMs,
  type PipedSql,
  type PipelineBook,
  type PipelineSource,
  type PipelineVersion,
} from './load/pipelines/pipeline-book.ts';
