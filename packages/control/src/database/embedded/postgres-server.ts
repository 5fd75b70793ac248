import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, fail, type Logger, ok, type Result } from '@sightline/base';
import pg from 'pg';
import type { PostgresBinaries } from './binaries.ts';
import type { RunAs } from './run-as.ts';

/** Where one cluster lies and what runs it. */
export interface ServerPlace {
  /** Ours: the log stands here. */
  readonly folder: string;
  readonly dataFolder: string;
  readonly socketFolder: string;
  readonly binaries: PostgresBinaries;
  readonly runAs: RunAs;
}

/** The one database that every cluster has and that takes connections. */
export const maintenanceDatabase = 'template1';

const startLimitMs = 60_000;
const stopLimitMs = 8000;
const firstRestartDelayMs = 100;
const lastRestartDelayMs = 5000;

/** Size of a segment of the write-ahead log in clusters made now, MB. Some are always there, written full of zeros. */
export const walSegmentMb = 1;

/** Small, for a control plane: about 30 MB. Durable: fsync and full pages stay on. */
const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  port: '5432',
  max_connections: '30',
  shared_buffers: '16MB',
  work_mem: '4MB',
  maintenance_work_mem: '16MB',
  max_wal_size: '64MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  max_worker_processes: '2',
  autovacuum_max_workers: '1',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  huge_pages: 'off',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  logging_collector: 'off',
};

/** Settings that servers before PostgreSQL 18 do not know and would not start with. */
async function newerSettings(dataFolder: string): Promise<Readonly<Record<string, string>>> {
  const version = await readFile(join(dataFolder, 'PG_VERSION'), 'utf8').catch(() => '');
  // Reads are few and small: three processes that read ahead for others gain nothing.
  return Number.parseInt(version, 10) >= 18 ? { io_method: 'sync' } : {};
}

/**
 * What write-ahead log is kept for use again. The server refuses less than two segments: those of clusters made before have 16 MB each,
 * those made now have `walSegmentMb`.
 */
async function walSettings(dataFolder: string): Promise<Readonly<Record<string, string>>> {
  const folder = join(dataFolder, 'pg_wal');
  const segment = (await readdir(folder).catch(() => [])).find((name) => /^[\dA-F]{24}$/.test(name));
  const bytes =
    segment === undefined
      ? 0
      : await stat(join(folder, segment)).then(
          ({ size }) => size,
          () => 0,
        );
  return { min_wal_size: bytes === walSegmentMb * 1024 * 1024 ? '4MB' : '32MB' };
}

/** One server process, started again when it dies without being told to. */
export class PostgresServer {
  readonly #place: ServerPlace;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #stopping = false;
  readonly #stopped = new AbortController();

  constructor(place: ServerPlace, logger: Logger, clock: Clock) {
    this.#place = place;
    this.#logger = logger;
    this.#clock = clock;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the server takes connections; tries again while an earlier server lets go of the folder. */
  async start(): Promise<Result<undefined, string>> {
    const giveUpAt = this.#clock.now() + startLimitMs;
    for (;;) {
      const started = await this.#startOnce(giveUpAt);
      if (started.ok) return started;
      // The memory of a server killed a moment ago is held until its last child is gone.
      const passing = /lock file|pre-existing shared memory|starting up/.test(started.error);
      if (!passing || this.#stopping || this.#clock.now() > giveUpAt) return started;
      await this.#clock.sleep(firstRestartDelayMs, this.#stopped.signal);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stopped.abort();
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    const inTime = await Promise.race([ended.then(() => true), this.#clock.sleep(stopLimitMs).then(() => false)]);
    if (inTime) return;
    this.#logger.warn('The database does not stop; ending it at once (it recovers at the next start)');
    child.kill('SIGQUIT');
    await ended;
  }

  async #startOnce(giveUpAt: number): Promise<Result<undefined, string>> {
    const logPath = join(this.#place.folder, 'postgres.log');
    const log = await open(logPath, 'w', 0o600);
    const settings = {
      ...serverSettings,
      ...(await newerSettings(this.#place.dataFolder)),
      ...(await walSettings(this.#place.dataFolder)),
      unix_socket_directories: `"${this.#place.socketFolder}"`,
    };
    const words = [
      this.#place.binaries.postgres,
      '-D',
      this.#place.dataFolder,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    // An own process group: Ctrl-C in a terminal must reach the database through us, after what is running has ended.
    const child = spawnAs(this.#place.runAs, words, log.fd);
    await log.close();
    this.#child = child;
    const ending: { over?: string } = {};
    child.once('error', (error) => (ending.over = error.message));
    child.once('exit', (code, signal) => (ending.over ??= `it ended with ${signal ?? `status ${code}`}`));
    while (ending.over === undefined && this.#clock.now() <= giveUpAt && !this.#stopping) {
      if (await acceptsConnections(this.#place.socketFolder)) {
        child.once('exit', (code, signal) => void this.#restart(signal ?? `status ${code}`));
        if (ending.over === undefined) return ok(undefined);
      }
      await this.#clock.sleep(20, this.#stopped.signal);
    }
    if (ending.over === undefined) child.kill('SIGQUIT');
    const said = await readFile(logPath, 'utf8').catch(() => '');
    return fail(
      `The control plane database in ${this.#place.dataFolder} does not start: ${ending.over ?? 'it takes no connections'}. ` +
        `It said: ${said.trim().slice(-2000) || 'nothing'}`,
    );
  }

  async #restart(how: string): Promise<void> {
    for (let delayMs = firstRestartDelayMs; !this.#stopping; delayMs = Math.min(lastRestartDelayMs, delayMs * 2)) {
      this.#logger.error('The control plane database ended by itself; starting it again', { how });
      await this.#clock.sleep(delayMs, this.#stopped.signal);
      const started = await this.start();
      if (started.ok) return;
      this.#logger.error(started.error);
    }
  }
}

async function acceptsConnections(socketFolder: string): Promise<boolean> {
  const client = new pg.Client({
    host: socketFolder,
    port: 5432,
    user: 'sightline',
    database: maintenanceDatabase,
    connectionTimeoutMillis: 5000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    // Not yet: the caller asks again until its own time limit.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function spawnAs(runAs: RunAs, words: readonly string[], output: number | 'pipe'): ChildProcess {
  const [program = '', ...rest] = [...runAs.wrapper, ...words];
  return spawn(program, rest, {
    detached: output !== 'pipe',
    cwd: '/',
    stdio: ['ignore', output, output],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(runAs.user && runAs.wrapper.length === 0 ? runAs.user : {}),
  });
}

/** Runs one program to its end, at most `limitMs`; fails with what it said. */
export async function runProgram(
  runAs: RunAs,
  words: readonly string[],
  limitMs: number,
): Promise<Result<undefined, string>> {
  const child = spawnAs(runAs, words, 'pipe');
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  let said = '';
  const listen = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-4000));
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const ending = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `${signal ?? `status ${code}`}: ${said}`));
  });
  clearTimeout(limit);
  return ending === undefined ? ok(undefined) : fail(ending.trim());
}
