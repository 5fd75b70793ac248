/** The lane of everything that an envelope holds, but logs, metrics and files. */
export const sentryLane = 'sentry-envelope';
/** The lane of what is large and waits for nobody: attachments, replays, profiles. Errors must not wait behind them. */
export const sentryFilesLane = 'sentry-files';

const files = new Set(['attachments', 'replays', 'profiles']);

/** The lane of a signal. */
export function laneOf(signal: string): string {
  return files.has(signal) ? sentryFilesLane : sentryLane;
}
