export { fail, ok, type Result } from './result.ts';
export { ManualClock, systemClock, type Clock } from './clock.ts';
export { retry, type RetryPolicy } from './retry.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { BoundedQueue } from './bounded-queue.ts';
export { LruCache } from './lru-cache.ts';
export { redact, redactText } from './redact.ts';
export { jsonLogger, silentLogger, type Logger, type LogLevel } from './logger.ts';
export { matchesWhole, WholeMatcher } from './whole-match.ts';
