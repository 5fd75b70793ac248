import { findMonitorType, type HeartbeatSettings } from '@sightline/monitors';

/** Settings of a heartbeat, its defaults where they cannot be read. */
export function heartbeatSettings(settings: unknown): HeartbeatSettings {
  const schema = findMonitorType('heartbeat')?.settings;
  const read = schema?.safeParse(settings);
  return (read?.success ? read.data : schema?.parse({})) as HeartbeatSettings;
}

/** How long after a call the next one is late, milliseconds; null for monitors that are run. */
export function lateAfterMs(type: string, settings: unknown, everyMs: number): number | null {
  return findMonitorType(type)?.check ? null : everyMs + heartbeatSettings(settings).graceMs;
}
