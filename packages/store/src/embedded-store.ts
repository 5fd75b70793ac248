/** The telemetry store on one machine: ClickHouse in a process of its own, behind the same port as a cluster. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock, Logger } from '@sightline/base';
import { HttpStore } from './clickhouse/http-store.ts';
import { defaultEngineLimits } from './engine/engine-config.ts';
import { EngineSupervisor } from './engine/supervisor.ts';
import { StoreError, type TelemetryExports, type TelemetryStore } from './port/index.ts';

export interface EmbeddedStoreOptions {
  /** The product's data folder. The tables go to `telemetry/` in it, the socket to `run/`, backups to `backups/`. */
  readonly dataFolder: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Statements that may run at a time; one of them is kept for inserts. Default 4. */
  readonly sessions?: number;
  /** What queries, merges and caches may take together, bytes. Default 3 GiB. */
  readonly memoryBytes?: number;
  /** For tests: how soon a silent engine is replaced. */
  readonly watchdog?: {
    readonly heartbeatMs: number;
    readonly heartbeatTimeoutMs: number;
    readonly missedHeartbeats: number;
  };
  /** How long a query waits for an engine that restarts before it fails with `unavailable`, milliseconds. Default 5,000. */
  readonly patienceMs?: number;
}

export interface EmbeddedStore extends TelemetryStore, TelemetryExports {
  /** Unix socket that speaks ClickHouse's HTTP interface. */
  readonly socketPath: string;
  /** Process id of the engine at this moment. */
  pid(): number;
  /** How often the engine had to be replaced since the start. */
  restarts(): number;
  /** Resident memory of the engine at its last heartbeat, bytes. */
  rssBytes(): number;
}

/** The database of all telemetry tables. */
export const telemetryDatabase = 'sightline';

/** Longest path of a Unix socket that every system takes, bytes. */
const socketPathBytes = 100;

/**
 * Opens the embedded engine on `dataFolder` and makes sure that the database exists (not its tables: see `migrate`).
 * Throws `StoreError('unavailable')` when another server holds the folder or the engine does not start.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const folder = resolve(options.dataFolder);
  if (/[*?{}'\\\n]/.test(folder)) {
    throw new StoreError('unavailable', `The data folder must not have one of * ? { } ' \\ in its path: ${folder}`);
  }
  const run = join(folder, 'run');
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const socketPath = socketPathFor(run);
  const supervisor = await EngineSupervisor.start({
    dataFolder: folder,
    claimFile: join(run, 'engine.json'),
    tableFolder: join(folder, 'telemetry'),
    workFolder: join(run, 'engine'),
    backupFolder: join(folder, 'backups'),
    socketPath,
    sessions: options.sessions ?? 4,
    memoryBytes: options.memoryBytes ?? defaultEngineLimits.memoryBytes,
    stopGraceMs: 3000,
    startMs: 60_000,
    ...(options.watchdog ?? { heartbeatMs: 1000, heartbeatTimeoutMs: 5000, missedHeartbeats: 4 }),
    logger: options.logger,
    clock: options.clock,
  });
  const connection = {
    url: 'http://engine',
    socketPath,
    clock: options.clock,
    patienceMs: options.patienceMs ?? 5000,
    ready: (waitMs: number, signal?: AbortSignal) => supervisor.ready(waitMs, signal),
  };
  await createDatabase(new HttpStore({ ...connection, database: '' }));
  const store = new HttpStore({ ...connection, database: telemetryDatabase });
  return {
    socketPath,
    pid: () => supervisor.pid,
    restarts: () => supervisor.restarts,
    rssBytes: () => supervisor.rssBytes,
    query: (sql, parameters, limits) => store.query(sql, parameters, limits),
    stream: (sql, parameters, limits) => store.stream(sql, parameters, limits),
    bytes: (sql, parameters, limits) => store.bytes(sql, parameters, limits),
    execute: (sql, parameters, limits) => store.execute(sql, parameters, limits),
    healthy: async () => supervisor.up && (await store.healthy()),
    close: async () => {
      await supervisor.close();
      await store.close();
    },
  };
}

function socketPathFor(run: string): string {
  const near = join(run, 'engine.sock');
  if (Buffer.byteLength(near) < socketPathBytes) return near;
  const short = join(tmpdir(), `sightline-${createHash('sha256').update(run).digest('hex').slice(0, 16)}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  return join(short, 'engine.sock');
}

/** Makes the database on a store that may not have it yet. */
export async function createDatabase(store: HttpStore): Promise<void> {
  try {
    await store.execute(`CREATE DATABASE IF NOT EXISTS ${telemetryDatabase}`);
  } finally {
    await store.close();
  }
}
