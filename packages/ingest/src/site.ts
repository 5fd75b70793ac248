/**
 * What a site's agent needs of this package: receiving OTLP, keeping it on disk, and the form in which it is forwarded. Without
 * the loaders and the other protocols, because the agent must stay small.
 */
export type { Ledger } from './ledger.ts';
export {
  defineProtocol,
  type Checked,
  type Frame,
  type Protocol,
  type ProtocolEndpoint,
  type Refusal,
} from './protocol.ts';
export { checkOtlp, otlp, type OtlpSignal } from './protocols/otlp/otlp.ts';
export { ingestListener } from './receive-bare-http.ts';
export type { ReceiverParts } from './receive.ts';
export { openSpool, type Segment, type Spool, type SpoolRefusal } from './spool/spool.ts';
export { decodeSpooled, type SpooledRecord, type SpoolMeta } from './spool/spooled.ts';
export {
  encodeBatch,
  forwardBatchLimitBytes,
  forwardContentType,
  forwardPath,
  sentAtHeader,
  type ForwardBatch,
  type ForwardReply,
  type RunOfFrames,
  type SegmentName,
} from './forwarded/batch.ts';
export { scrapedLane } from './scraped.ts';
export { splitLogs, type LogClass } from './forwarded/split-logs.ts';
