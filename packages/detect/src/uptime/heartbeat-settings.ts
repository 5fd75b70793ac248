import { findMonitorType, type HeartbeatSettings, nextDue, parseCron } from '@sightline/monitors';

const earlyMs = 60_000;

/** Settings of a heartbeat, its defaults where they cannot be read. */
export function heartbeatSettings(settings: unknown): HeartbeatSettings {
  const schema = findMonitorType('heartbeat')?.settings;
  const read = schema?.safeParse(settings);
  return (read?.success ? read.data : schema?.parse({})) as HeartbeatSettings;
}

/**
 * When the next call is late after one at `atMs`: after its schedule's next turn, or its period, and its grace. A call that comes just
 * before its turn is that turn's.
 */
export function lateAtMs(settings: unknown, everyMs: number, atMs: number): number {
  const { cron, timeZone, graceMs } = heartbeatSettings(settings);
  const schedule = cron === '' ? undefined : parseCron(cron, timeZone);
  const due = schedule?.ok ? nextDue(schedule.value, atMs + Math.min(earlyMs, everyMs / 4)) : undefined;
  return (due ?? atMs + everyMs) + graceMs;
}

/** How long after now the next call is late, milliseconds; null for monitors that are run. */
export function lateAfterMs(type: string, settings: unknown, everyMs: number, nowMs: number): number | null {
  return findMonitorType(type)?.check ? null : lateAtMs(settings, everyMs, nowMs) - nowMs;
}
