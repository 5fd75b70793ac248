import { type OwnSeriesParts, startStatsd, type StatsdServer } from '@sightline/ingest';
import type { StageParts } from '../stage.ts';
import { findNamed, firstOrganisation, namedOrganisation } from './first-organisation.ts';

/**
 * Takes StatsD on the ports of `--statsd-port`, each for its organisation as soon as there is one: clients say nothing of whose they are, so the
 * port does. A port that is taken is logged: everything else works without it.
 */
export function openStatsd(
  { config, stores, clock, logger, closers }: StageParts,
  ingest: Omit<OwnSeriesParts, 'clock'>,
): void {
  const stop = new AbortController();
  const log = logger.with({ part: 'statsd' });
  const { control } = stores;
  const servers: StatsdServer[] = [];
  const starting = config.statsd.map(async ({ port, organisation: named }) => {
    if (named !== '' && !(await findNamed(named, control).catch(() => undefined)))
      log.warn('StatsD is not taken before there is such an organisation', { port, organisation: named });
    const organisation = await (named === ''
      ? firstOrganisation(control, clock, stop.signal)
      : namedOrganisation(named, control, clock, stop.signal));
    if (organisation === undefined) return;
    const scope = { organisation, keyId: '', site: '', device: '', service: '', environment: '' };
    const parts = { ...ingest, metricsKeptMs: config.retentionMetricsMs, clock, logger: log };
    try {
      const server = await startStatsd(parts, scope, { host: config.host, port });
      servers.push(server);
      log.info('StatsD is taken', { port: server.port, organisation });
    } catch (error) {
      log.error('StatsD is not taken: choose another port with --statsd-port', { port, error });
    }
  });
  if (starting.length === 0) return;
  closers.add('StatsD', async () => {
    stop.abort();
    await Promise.all(starting);
    for (const server of servers) {
      // What was added up since the last flush is kept too.
      await server.flush();
      await server.close();
    }
  });
}
