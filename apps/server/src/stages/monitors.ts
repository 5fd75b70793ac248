import { openUptime, type Uptime } from '@sightline/detect';
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
