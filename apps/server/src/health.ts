import { statfsSync } from 'node:fs';
import type { ApiDeps } from '@sightline/api';
import type { Clock } from '@sightline/base';
import type { Spool } from '@sightline/ingest';
import type { Config } from './config.ts';
import type { Stores } from './stage.ts';
import { version } from './version.ts';

type Component = Awaited<ReturnType<ApiDeps['health']>>['components'][number];

/** Judges each component; answers within the time limits of what it asks. */
export function healthOf(
  config: Config,
  stores: Stores,
  spool: Spool | undefined,
  clock: Clock,
  startedAtMs: number,
): ApiDeps['health'] {
  return async () => {
    const [store, control] = await Promise.all([stores.store.healthy(), stores.control.healthy()]);
    const components: Component[] = [
      {
        name: 'telemetry store',
        status: store ? 'healthy' : 'unhealthy',
        detail: store
          ? stores.engine
            ? `embedded engine, restarted ${stores.engine.restarts()} times`
            : 'ClickHouse server'
          : 'does not answer; records wait in the spool',
      },
      {
        name: 'control plane',
        status: control ? 'healthy' : 'unhealthy',
        detail: control ? stores.control.database.description : 'PostgreSQL does not answer',
      },
    ];
    const status = spool?.status();
    if (status) {
      const fill = status.bytes / status.limitBytes;
      const lagMs = status.oldestAtMs === undefined ? 0 : clock.now() - status.oldestAtMs;
      components.push({
        name: 'ingest',
        status: fill > 0.9 ? 'unhealthy' : fill > 0.5 || lagMs > 60_000 ? 'degraded' : 'healthy',
        detail: `${status.records} records wait, the oldest for ${Math.round(lagMs / 1000)} s`,
      });
    }
    const disk = statfsSync(config.dataFolder);
    const free = disk.bavail / disk.blocks;
    components.push({
      name: 'disk',
      status: free < 0.03 ? 'unhealthy' : free < 0.1 ? 'degraded' : 'healthy',
      detail: `${(100 * free).toFixed(0)} % free`,
    });
    const worst = components.some((c) => c.status === 'unhealthy')
      ? 'unhealthy'
      : components.some((c) => c.status === 'degraded')
        ? 'degraded'
        : 'healthy';
    return { status: worst, version, uptimeS: Math.round((clock.now() - startedAtMs) / 1000), components };
  };
}
