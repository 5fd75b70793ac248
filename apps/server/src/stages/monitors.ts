import { type CheckIn, openUptime, type Uptime } from '@sightline/detect';
import type { FindingSink } from '@sightline/record';
import { exactlyOnceSettings } from '@sightline/store';
import type { StageParts } from '../stage.ts';

/** Opens monitors: every process takes calls and results of them, those of the role `detect` run what is due. */
export function openMonitors({ config, stores, clock, logger, closers }: StageParts, sink: FindingSink): Uptime {
  const uptime = openUptime({
    control: stores.control,
    store: stores.store,
    settings: exactlyOnceSettings,
    sink,
    clock,
    logger,
    runs: config.roles.has('detect'),
  });
  closers.add('monitors', () => uptime.close());
  return uptime;
}

/** What a cron job said through a client of Sentry's; throws as one who may be asked again where nobody can be told now. */
export async function takeCheckIn(uptime: Uptime | undefined, checkIn: CheckIn): Promise<void> {
  try {
    if (!uptime) throw new Error('monitors are not open yet');
    await uptime.checkIn(checkIn);
  } catch (error) {
    throw Object.assign(new Error('a check-in cannot be noted now', { cause: error }), { kind: 'unavailable' });
  }
}
