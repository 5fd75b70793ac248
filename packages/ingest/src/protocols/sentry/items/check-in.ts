import { packageOfRelease } from '../../../errors/identity.ts';
import {
  firstText,
  hexIdOf,
  isObject,
  numberOf,
  objectOf,
  textOf,
  type JsonObject,
} from '../../../errors/json-reader.ts';
import type { DecodePorts } from '../../../protocol.ts';
import { oneRow, type DecodedItem, type ItemOrigin } from '../decoded-item.ts';

const statuses = new Set(['ok', 'error', 'in_progress', 'missed', 'timeout']);

/** A cron monitor's check-in (https://develop.sentry.dev/sdk/telemetry/check-ins/); its configuration goes into the attributes. */
export async function decodeCheckIn(checkIn: JsonObject, origin: ItemOrigin, ports: DecodePorts): Promise<DecodedItem> {
  const release = textOf(checkIn['release'], 250);
  const status = textOf(checkIn['status'], 32);
  const duration = numberOf(checkIn['duration']);
  await ports.checkIn?.({
    organisation: origin.scope.organisation,
    monitor: textOf(checkIn['monitor_slug'], 200),
    checkInId: hexIdOf(checkIn['check_in_id'], 32),
    status: status === 'ok' || status === 'in_progress' ? status : 'error',
    environment: textOf(checkIn['environment'], 64),
    atMs: Math.round(origin.receivedAtMs),
    durationMs: duration === undefined ? null : Math.max(0, duration) * 1000,
    config: isObject(checkIn['monitor_config']) ? checkIn['monitor_config'] : undefined,
  });
  return oneRow('checks', {
    organisation: origin.scope.organisation,
    site: origin.scope.site,
    service: firstText(packageOfRelease(release), origin.scope.service, `project-${origin.project}`),
    environment: firstText(textOf(checkIn['environment'], 64), origin.scope.environment, 'production'),
    monitor: textOf(checkIn['monitor_slug'], 200),
    kind: 'cron',
    ts: Math.round(origin.receivedAtMs),
    received_at: Math.round(origin.receivedAtMs),
    check_id: hexIdOf(checkIn['check_in_id'], 32),
    status: statuses.has(status) ? status : 'error',
    duration_ms: Math.max(0, numberOf(checkIn['duration']) ?? 0) * 1000,
    message: '',
    attrs: configuration(checkIn, release),
  });
}

function configuration(checkIn: JsonObject, release: string): Record<string, string> {
  const config = objectOf(checkIn['monitor_config']);
  const schedule = objectOf(config['schedule']);
  const unit = textOf(schedule['unit'], 32);
  const named = {
    release,
    schedule: `${textOf(schedule['value'], 100)}${unit === '' ? '' : ` ${unit}`}`.trim(),
    schedule_type: textOf(schedule['type'], 32),
    checkin_margin_min: textOf(config['checkin_margin'], 16),
    max_runtime_min: textOf(config['max_runtime'], 16),
    timezone: textOf(config['timezone'], 64),
    trace_id: hexIdOf(objectOf(objectOf(checkIn['contexts'])['trace'])['trace_id'], 32),
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ''));
}
