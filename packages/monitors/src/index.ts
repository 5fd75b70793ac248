export * from './monitor-type.ts';
export { findMonitorType, monitorTypes } from './all.ts';
export { resultWords, retryGapMs, runCheck, seconds, type CheckOrder, type CheckResult } from './run-check.ts';
export { guardedLookup, isMetadataAddress } from './addresses.ts';
export type { HeartbeatSettings } from './types/heartbeat/heartbeat.ts';
export { hideSecrets, keepSecrets, keptSecret } from './secrets.ts';
export { longestGapMs, nextDue, parseCron, type Cron } from './cron/cron.ts';
