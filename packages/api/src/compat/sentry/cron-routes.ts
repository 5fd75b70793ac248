import { randomUUID } from 'node:crypto';
import type { Monitor } from '@sightline/control';
import { z } from 'zod';
import type { ApiDeps } from '../../route.ts';
import { SentryFault } from './fault.ts';
import { type Answer, badBody, type Call, type SentryRoutes } from './sentry-routes.ts';

const newCheckIn = z.object({
  status: z.enum(['ok', 'error', 'in_progress']),
  /** Milliseconds here, other than in envelopes. */
  duration: z.number().min(0).nullish(),
  environment: z.string().max(64).nullish(),
  monitor_config: z.record(z.string(), z.unknown()).nullish(),
});

/** Monitors of jobs, and what jobs tell of themselves. */
export class CronRoutes {
  readonly #deps: ApiDeps;
  readonly #routes: SentryRoutes;

  constructor(deps: ApiDeps, routes: SentryRoutes) {
    this.#deps = deps;
    this.#routes = routes;
  }

  register(): void {
    this.#routes.get('/organizations/:org/monitors/', async ({ caller }) => ({
      json: (await this.#deps.control.monitors.list(caller.organisation.id))
        .filter(({ type, site }) => type === 'heartbeat' && (caller.keySite === '' || site === caller.keySite))
        .map(monitorJson),
    }));
    const at = '/organizations/:org/monitors/:slug/checkins/';
    this.#routes.send('POST', at, (call) => this.#checkIn(call, 201));
    this.#routes.send('PUT', `${at}:checkin/`, (call) => this.#checkIn(call, 200));
  }

  async #checkIn({ caller, params, body }: Call, status: number): Promise<Answer> {
    const read = newCheckIn.safeParse(body);
    if (!read.success) return badBody(read.error);
    const { monitors, clock } = this.#deps;
    const given = read.data;
    const taken = await monitors?.checkIn({
      organisation: caller.organisation.id,
      monitor: (params['slug'] ?? '').slice(0, 200),
      status: given.status,
      environment: given.environment ?? '',
      atMs: clock.now(),
      durationMs: given.duration ?? null,
      config: given.monitor_config ?? undefined,
      site: caller.keySite,
    });
    if (caller.keySite !== '' && taken === 'unknown')
      return new SentryFault(404, `${caller.keySite} has no such monitor, and a key of one site makes none.`);
    if (taken === undefined || taken === 'unknown')
      return new SentryFault(404, 'There is no such monitor; send a "monitor_config" with a schedule to make it.');
    const id = params['checkin'] ?? randomUUID();
    return { status, json: { id, status: given.status, duration: given.duration ?? null } };
  }
}

function monitorJson({ id, name, enabled, state, settings, everyMs, createdAt }: Monitor): Record<string, unknown> {
  const { cron = '', timeZone = 'UTC' } = settings as { cron?: string; timeZone?: string };
  return {
    id,
    slug: name,
    name,
    type: 'cron_job',
    status: enabled ? 'active' : 'disabled',
    isMuted: false,
    dateCreated: new Date(createdAt).toISOString(),
    config: {
      schedule_type: cron === '' ? 'interval' : 'crontab',
      schedule: cron === '' ? [Math.max(1, Math.round(everyMs / 60_000)), 'minute'] : cron,
      timezone: timeZone,
    },
    environments: [{ name: 'production', status: state === 'up' ? 'ok' : state === 'down' ? 'error' : 'active' }],
  };
}
