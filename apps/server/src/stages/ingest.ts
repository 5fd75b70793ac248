import path from 'node:path';
import type { ApiDeps } from '@sightline/api';
import type { Clock } from '@sightline/base';
import {
  AcceptedFrames,
  createLedger,
  type DecodePorts,
  laneSegmentBytes,
  type Ledger,
  openSpool,
  protocols,
  type ReceiverParts,
  RecordGate,
  registerForwarded,
  registerIngest,
  type Spool,
  startLoader,
} from '@sightline/ingest';
import type { MetricHead } from '@sightline/metrics';
import { exactlyOnceSettings } from '@sightline/store';
import type { FastifyInstance } from 'fastify';
import type { StageBase } from '../stage.ts';
import { openGrouping } from './grouping.ts';
import { hasPeers, registerHeadRoute } from './head-route.ts';
import { openMetricHead } from './metric-head.ts';
import { openPipelines } from './pipelines.ts';
import { CachedClassBook } from './retention.ts';
import { openScrubbing } from './scrubbing.ts';

/** What receives. */
export interface Ingest {
  /** What a receiver of any protocol needs. */
  readonly parts: ReceiverParts;
  readonly spool: Spool;
  readonly ledger: Ledger;
  readonly accepted: AcceptedFrames;
  readonly head: MetricHead;
  /** Since when the oldest record waits that is not in its table yet, in Unix milliseconds; undefined where none waits. */
  waitingSinceMs(): number | undefined;
}

/** Opens everything between a client's bytes and the tables. `ports`: where goes what is no row: files, check-ins. */
export async function openIngest(
  { config, stores, clock, logger, closers }: StageBase,
  ports: DecodePorts,
): Promise<Ingest> {
  const { store, control } = stores;
  const ledger = createLedger({ target: store, settings: exactlyOnceSettings, clock, logger });
  closers.add('ledger', () => ledger.close());
  const accepted = await AcceptedFrames.open(path.join(config.dataFolder, 'forwarded'), logger);
  closers.add('forwarded frames', () => accepted.close());
  const disk = await openSpool({
    folder: path.join(config.dataFolder, 'spool'),
    limits: { totalBytes: config.spoolLimitBytes, segmentBytesOf: laneSegmentBytes(protocols) },
    clock,
    logger,
    recovered: (frame) => accepted.recovered(frame),
  });
  closers.add('spool', () => disk.close());
  const spool = accepted.guard(disk);
  const head = await openMetricHead({ config, stores, logger, closers });
  const loader = await startLoader({
    spool,
    target: store,
    protocols,
    ledger,
    settings: exactlyOnceSettings,
    metrics: head,
    ports,
    grouping: openGrouping(stores, clock, logger),
    classes: new CachedClassBook(control.retention, clock, logger.with({ part: 'retention' })),
    scrubbing: openScrubbing(stores, clock, logger),
    pipelines: openPipelines(stores, clock, logger),
    clock,
    logger,
  });
  closers.add('loader', () => loader.close());
  const organisations = {
    ensure: async (name: string): Promise<string | undefined> => {
      const found = await control.organisations.ensure(name);
      return found.ok ? found.value.id : undefined;
    },
  };
  const limits = { metricsKeptMs: config.retentionMetricsMs };
  const gate = new RecordGate();
  const parts = { protocols, spool, keys: control.keys, organisations, ledger, gate, limits, clock, logger };
  return { parts, spool, ledger, accepted, head, waitingSinceMs: () => spool.status().oldestAtMs };
}

/** Answers clients on `app`, agents that forward, and other processes that ask the head. */
export async function registerIngestRoutes(app: FastifyInstance, base: StageBase, ingest: Ingest): Promise<void> {
  const { config, stores, clock, logger } = base;
  await registerIngest(app, ingest.parts);
  if (hasPeers(config)) await registerHeadRoute(app, base, ingest.head);
  const { agents } = stores.control.fleet;
  await registerForwarded(app, { ...ingest, agents, metricsKeptMs: config.retentionMetricsMs, clock, logger });
}

/** How far loading is behind, as the API says it; all zeros in a process that does not receive. */
export function ingestStatus(spool: Spool | undefined, clock: Clock): ReturnType<ApiDeps['ingest']['status']> {
  const status = spool?.status();
  return {
    lagMs: status?.oldestAtMs === undefined ? 0 : Math.max(0, clock.now() - status.oldestAtMs),
    spoolBytes: status?.bytes ?? 0,
    spoolLimitBytes: status?.limitBytes ?? 0,
    waitingRecords: status?.records ?? 0,
  };
}
