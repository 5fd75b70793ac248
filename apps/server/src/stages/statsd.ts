import { type OwnSeriesParts, startStatsd, type StatsdServer } from '@sightline/ingest';
import type { StageParts } from '../stage.ts';
import { firstOrganisation } from './first-organisation.ts';

/**
 * Takes StatsD on `--statsd-port` for the first organisation, as soon as there is one. A port that is taken is logged: everything else works
 * without it.
 */
export function openStatsd(
  { config, stores, clock, logger, closers }: StageParts,
  ingest: Omit<OwnSeriesParts, 'clock'>,
): void {
  const port = config.statsdPort;
  if (port === undefined) return;
  let server: StatsdServer | undefined;
  const stop = new AbortController();
  const log = logger.with({ part: 'statsd' });
  const starting = firstOrganisation(stores.control, clock, stop.signal).then(async (organisation) => {
    if (organisation === undefined) return;
    const scope = { organisation, keyId: '', site: '', device: '', service: '', environment: '' };
    const parts = { ...ingest, metricsKeptMs: config.retentionMetricsMs, clock, logger: log };
    try {
      server = await startStatsd(parts, scope, { host: config.host, port });
      log.info('StatsD is taken', { port: server.port });
    } catch (error) {
      log.error('StatsD is not taken: choose another port with --statsd-port', { port, error });
    }
  });
  closers.add('StatsD', async () => {
    stop.abort();
    await starting;
    // What was added up since the last flush is kept too.
    await server?.flush();
    await server?.close();
  });
}
