import type { Clock, Logger } from '@sightline/base';
import type { Control, Monitor, NewMonitor } from '@sightline/control';
import { longestGapMs, parseCron } from '@sightline/monitors';
import { lateAfterMs } from './heartbeat-settings.ts';
import { takeWord } from './heartbeats.ts';
import type { OvertakenWords } from './overtaken-words.ts';
import type { ResultWriter } from './result-writer.ts';

/** A cron job's word about itself, as Sentry's clients send it (https://develop.sentry.dev/sdk/telemetry/check-ins/). */
export interface CheckIn {
  readonly organisation: string;
  /** The monitor's slug: our monitor's name. */
  readonly monitor: string;
  /** Of the run: its beginning and its end have the same; '' or absent where the client gave none. */
  readonly checkInId?: string;
  readonly status: 'ok' | 'error' | 'in_progress';
  readonly environment: string;
  readonly atMs: number;
  /** Null when the client did not say. */
  readonly durationMs: number | null;
  /** `monitor_config`: with it a monitor is made, or follows its schedule. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** Only a monitor of this site is called, and none is made; '' or absent for any. */
  readonly site?: string;
}

/** By whom monitors are made that nobody made by hand; what a person changed since is theirs. */
export const checkInActor = 'Sentry check-in';

const kinds = { ok: 'done', error: 'failed', in_progress: 'began' } as const;
const minuteMs = 60_000;
const dayMs = 86_400_000;
const unitMs: Readonly<Record<string, number>> = {
  minute: minuteMs,
  hour: 60 * minuteMs,
  day: dayMs,
  week: 7 * dayMs,
  month: 31 * dayMs,
  year: 31 * dayMs,
};

interface Parts {
  readonly control: Pick<Control, 'monitors'>;
  readonly writer: ResultWriter;
  readonly overtaken: OvertakenWords;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Takes a check-in as the call of a heartbeat of its name, which is made or brought up to date where it came with a schedule. `unknown`
 * for a monitor that is not there and cannot be made: an end is kept for a minute then, and counts when its beginning makes the monitor.
 * A beginning that its end overtook begins nothing. Throws when the control plane does not answer.
 */
export async function takeCheckIn(parts: Parts, checkIn: CheckIn): Promise<'taken' | 'paused' | 'unknown'> {
  const { control, overtaken } = parts;
  const { organisation, site = '', status } = checkIn;
  const name = nameOf(checkIn);
  const ends = status !== 'in_progress';
  if (ends) overtaken.over(checkIn);
  let monitor = await monitorOf(parts, name, checkIn);
  if (!monitor && ends && site === '') {
    overtaken.keep(name, checkIn);
    // It may have been made since, by one who found nothing kept.
    monitor = await control.monitors.findByName(organisation, name);
    if (!monitor || !overtaken.take(organisation, name)) return 'unknown';
  }
  if (monitor?.type !== 'heartbeat') return 'unknown';
  if (!monitor.enabled) return 'paused';
  const waited = ends ? undefined : overtaken.take(organisation, name);
  if (ends || !overtaken.isOver(checkIn))
    await takeWord(parts, monitor, kinds[status], '', checkIn.atMs, checkIn.durationMs);
  if (waited) {
    const atMs = Math.max(waited.atMs, checkIn.atMs);
    await takeWord(parts, monitor, kinds[waited.status], '', atMs, waited.durationMs);
  }
  return 'taken';
}

/** The name of its monitor: one for each environment but production. */
function nameOf({ monitor: slug, environment }: CheckIn): string {
  const other = environment !== '' && environment !== 'production';
  return (other ? `${slug} (${environment})` : slug).slice(0, 200);
}

async function monitorOf(
  { control, clock, logger }: Parts,
  name: string,
  { organisation, config, site = '' }: CheckIn,
): Promise<Monitor | undefined> {
  const known = await control.monitors.findByName(organisation, name);
  if (site !== '') return known?.site === site ? known : undefined;
  const wanted = config && wantedOf(name, config, known, clock.now());
  if (!wanted) return known;
  if (!known) {
    const made = await control.monitors.create(organisation, wanted, checkInActor);
    if (made.ok) return made.value;
    // Another process may have been quicker.
    const found = await control.monitors.findByName(organisation, name);
    if (!found) logger.warn('a check-in names a monitor that cannot be made', { reason: made.error.message });
    return found;
  }
  const same = known.everyMs === wanted.everyMs && JSON.stringify(known.settings) === JSON.stringify(wanted.settings);
  if (same || known.updatedBy !== checkInActor || known.type !== 'heartbeat') return known;
  const changed = await control.monitors.update(organisation, known.id, wanted, checkInActor);
  return changed.ok ? changed.value : known;
}

/** How often in a row: a whole number from 1 to 720, 1 where none is given. */
function times(given: unknown): number {
  return typeof given === 'number' && Number.isFinite(given) ? Math.min(Math.max(1, Math.round(given)), 720) : 1;
}

/** The monitor that a configuration asks for; undefined where its schedule cannot be read. */
function wantedOf(
  name: string,
  config: Readonly<Record<string, unknown>>,
  known: Monitor | undefined,
  nowMs: number,
): NewMonitor | undefined {
  const schedule = typeof config['schedule'] === 'object' && config['schedule'] !== null ? config['schedule'] : {};
  const { type, value, unit } = schedule as { type?: unknown; value?: unknown; unit?: unknown };
  const minutes = (given: unknown, otherwise: number): number =>
    typeof given === 'number' && Number.isFinite(given)
      ? Math.min(Math.max(0, Math.round(given * minuteMs)), 31 * dayMs)
      : otherwise;
  const timeZone = typeof config['timezone'] === 'string' ? config['timezone'] : 'UTC';
  let everyMs: number;
  let cron = '';
  if (type === 'crontab' && typeof value === 'string') {
    const read = parseCron(value, timeZone);
    if (!read.ok) return undefined;
    cron = value.trim();
    everyMs = longestGapMs(read.value, nowMs);
  } else if (type === 'interval' && typeof value === 'number' && value > 0) {
    everyMs = Math.min(
      Math.max(10_000, value * (unitMs[typeof unit === 'string' ? unit : ''] ?? minuteMs)),
      31 * dayMs,
    );
  } else return undefined;
  const settings = {
    graceMs: minutes(config['checkin_margin'], minuteMs),
    maxRunMs: minutes(config['max_runtime'], 30 * minuteMs),
    cron,
    timeZone,
    downAfter: times(config['failure_issue_threshold']),
    upAfter: times(config['recovery_threshold']),
  };
  return {
    name,
    type: 'heartbeat',
    settings,
    site: known?.site ?? '',
    runsOn: 'server',
    everyMs: Math.round(everyMs),
    timeoutMs: 10_000,
    retries: 0,
    severity: known?.severity ?? 'high',
    policy: known?.policy ?? '',
    runbook: known?.runbook ?? '',
    enabled: known?.enabled ?? true,
    lateAfterMs: lateAfterMs('heartbeat', settings, Math.round(everyMs), nowMs),
  };
}
