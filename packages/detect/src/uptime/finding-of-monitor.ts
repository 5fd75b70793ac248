import { formatDuration } from '@sightline/base';
import type { UntoldMonitor } from '@sightline/control';
import { findMonitorType } from '@sightline/monitors';
import type { Finding } from '@sightline/record';

/** What a finding of a monitor is about: silences match on these. */
export function labelsOf(monitor: UntoldMonitor): Readonly<Record<string, string>> {
  const { name, type, site } = monitor;
  return { monitor: name, type, ...(site === '' ? {} : { site }) };
}

/** The monitor's state as a finding with the given labels. */
export function findingOf(
  monitor: UntoldMonitor,
  state: Finding['state'],
  labels: Readonly<Record<string, string>>,
  nowMs: number,
): Finding {
  return {
    organisation: monitor.organisation,
    source: 'monitor',
    sourceId: monitor.id,
    state,
    severity: monitor.severity,
    title: `${monitor.name} ${whatIs(monitor)}${monitor.site === '' ? '' : ` at ${monitor.site}`}`,
    summary: summaryOf(monitor, state),
    labels,
    annotations: {},
    value: null,
    threshold: null,
    unit: '',
    link: `/monitors?monitor=${encodeURIComponent(monitor.id)}`,
    sinceMs: monitor.stateSince,
    atMs: nowMs,
    expiresAtMs: null,
    policy: monitor.policy,
    runbook: monitor.runbook,
  };
}

function whatIs(monitor: UntoldMonitor): string {
  if (monitor.type !== 'heartbeat') return 'is down';
  if (monitor.lastMessage.startsWith('failed')) return 'failed';
  // As `lateWords` of the runner says of a job that began.
  return monitor.lastMessage.endsWith('did not end') ? 'runs too long' : 'is late';
}

/** "GET https://… answered 503 (1.2 s, 3 tries); up for 12 d before". */
function summaryOf(monitor: UntoldMonitor, state: Finding['state']): string {
  if (state === 'resolved' && monitor.removed) return 'The monitor was removed.';
  if (state === 'resolved' && !monitor.enabled) return 'The monitor was paused.';
  const before =
    state === 'firing' && monitor.upForMs !== null ? `; up for ${formatDuration(monitor.upForMs)} before` : '';
  return `${targetOf(monitor)}${monitor.lastMessage}${before}`;
}

function targetOf(monitor: UntoldMonitor): string {
  const type = findMonitorType(monitor.type);
  const settings = type?.settings.safeParse(monitor.settings);
  return type?.check && settings?.success ? `${type.target(settings.data)} ` : '';
}
