import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, type Clock } from '@sightline/base';
import { exactlyOnceSettings, migrate, openEmbeddedStore, type TelemetryStore } from '@sightline/store';
import Fastify, { type FastifyInstance } from 'fastify';
import type { GroupingBook } from '../errors/grouping/grouping-book.ts';
import { createLedger, type Ledger } from '../ledger.ts';
import { type Loader, startLoader } from '../load/loader.ts';
import type { PipelineBook } from '../load/pipelines/pipeline-book.ts';
import type { MetricTarget } from '../load/metric-target.ts';
import type { ClassBook } from '../load/retention-classes.ts';
import type { ScrubBook } from '../load/pii/scrub-book.ts';
import type { Protocol } from '../protocol.ts';
import { protocols as all } from '../protocols/all.ts';
import { type GrpcServer, startGrpc } from '../receive-grpc.ts';
import { registerIngest } from '../receive-http.ts';
import type { Keys, ReceiveLimits, ReceiverParts } from '../receive.ts';
import { openSpool, type Spool, type SpoolLimits } from '../spool/spool.ts';

/** A real engine on a fresh folder; closing it removes the folder. */
export async function openTestStore(): Promise<{ store: TelemetryStore; folder: string; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-ingest-'));
  const store = await openEmbeddedStore({ dataFolder: folder, logger: silentLogger, clock: systemClock });
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { store, folder, close };
}

/** The key that the bench knows, and one that may only query. */
export const goodKey = 'sl_ingest_0123456789abcdef';
export const queryKey = 'sl_query_0123456789abcdef';

export const benchScope = {
  organisation: 'org-1',
  keyId: 'key-1',
  site: 'STORE_001',
  device: '',
  service: '',
  environment: 'production',
} as const;

const keys: Keys = {
  find: async (secret) => {
    if (secret === goodKey) return { scope: benchScope, permissions: ['ingest'] };
    return secret === queryKey ? { scope: benchScope, permissions: ['query'] } : undefined;
  },
};

/** A receiving server on a real engine, for tests: HTTP and gRPC in, tables out. */
export interface IngestBench {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly grpc: GrpcServer;
  readonly spool: Spool;
  readonly loader: Loader;
  readonly ledger: Ledger;
  readonly store: TelemetryStore;
  readonly parts: ReceiverParts;
  /** Loads all that waits and returns the rows of a query. */
  rows<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly protocols?: readonly Protocol[];
  readonly limits?: Partial<ReceiveLimits>;
  readonly spoolLimits?: Partial<SpoolLimits>;
  readonly clock?: Clock;
  readonly metrics?: MetricTarget;
  readonly grouping?: GroupingBook;
  readonly pipelines?: PipelineBook;
  readonly scrubbing?: ScrubBook;
  readonly classes?: ClassBook;
}

/** Starts the bench on `store` (already open), with its spool in `folder`. Closing leaves the store open. */
export async function startBench(
  store: TelemetryStore,
  folder: string,
  options: BenchOptions = {},
): Promise<IngestBench> {
  const clock = options.clock ?? systemClock;
  const protocols = options.protocols ?? all;
  const logger = silentLogger;
  await migrate(store, logger);
  const ledger = createLedger({ target: store, settings: exactlyOnceSettings, clock, logger });
  const spool = await openSpool({
    folder: join(folder, 'spool'),
    limits: { freeDiskBytes: 0, ...options.spoolLimits },
    clock,
    logger,
  });
  const loader = await startLoader({
    spool,
    target: store,
    protocols,
    ledger,
    settings: exactlyOnceSettings,
    ...(options.metrics ? { metrics: options.metrics } : {}),
    ...(options.grouping ? { grouping: options.grouping } : {}),
    ...(options.pipelines ? { pipelines: options.pipelines } : {}),
    ...(options.scrubbing ? { scrubbing: options.scrubbing } : {}),
    ...(options.classes ? { classes: options.classes } : {}),
    clock,
    logger,
  });
  const parts: ReceiverParts = { protocols, spool, keys, ledger, clock, logger, limits: options.limits ?? {} };
  const app = Fastify();
  await registerIngest(app, parts);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const grpc = await startGrpc(parts, { host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    app,
    url: `http://127.0.0.1:${port}`,
    grpc,
    spool,
    loader,
    ledger,
    store,
    parts,
    rows: async <Row>(sql: string) => {
      await loader.drain();
      return store.query<Row>(sql);
    },
    close: async () => {
      await app.close();
      await grpc.close();
      await loader.close();
      await ledger.close();
      await spool.close();
    },
  };
}
