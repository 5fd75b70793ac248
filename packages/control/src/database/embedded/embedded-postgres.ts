import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Clock, fail, type Logger, ok, type Result } from '@sightline/base';
import pg from 'pg';
import { maintenanceDatabase, PostgresServer, runProgram, type ServerPlace, walSegmentMb } from './postgres-server.ts';
import { packagedBinaries, type PostgresBinaries } from './binaries.ts';
import { lockFolder } from './folder-lock.ts';
import { chooseRunAs, type RunAs } from './run-as.ts';

export interface EmbeddedPostgresOptions {
  /** Sightline's data folder; the cluster lies in `control/` under it. */
  readonly dataFolder: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Another PostgreSQL's programs in place of the npm package's. */
  readonly binaries?: PostgresBinaries;
}

export interface EmbeddedPostgres {
  /** For `pg`: database `sightline` through the Unix socket. */
  readonly connectionString: string;
  /** Process number of the server running now; it changes when the server had to be started again. */
  readonly pid: () => number | undefined;
  stop(): Promise<void>;
}

const stopLimitMs = 10_000;
const initLimitMs = 120_000;
/** `sun_path` holds 108 bytes on Linux and 104 on macOS; the server appends `/.s.PGSQL.5432.lock`. */
const socketFolderLimitBytes = 84;

/**
 * Starts the PostgreSQL server that lies beside Sightline, making its cluster on the first start. It listens on a Unix
 * socket in a folder of its own (0700) and nowhere else. A server left over from a killed Sightline is stopped first; one
 * that dies under us is started again. Fails with a sentence that says how to mend it.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<Result<EmbeddedPostgres, string>> {
  const binaries = options.binaries ? ok(options.binaries) : await packagedBinaries();
  if (!binaries.ok) return binaries;
  const folder = join(resolve(options.dataFolder), 'control');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const dataFolder = join(folder, 'postgres');
  const runAs = await chooseRunAs(dataFolder, Object.values(binaries.value));
  if (!runAs.ok) return runAs;
  const socketFolder = await makeSocketFolder(folder, runAs.value);
  const lock = await lockFolder(join(socketFolder, 'lock'));
  if (!lock.ok) return lock;
  const place = { folder, dataFolder, socketFolder, binaries: binaries.value, runAs: runAs.value };
  const server = await startCluster(place, options).catch(async (error: unknown) => {
    await lock.value.release();
    throw error;
  });
  if (!server.ok) {
    await lock.value.release();
    return server;
  }
  const stop = async (): Promise<void> => {
    await server.value.stop();
    await lock.value.release();
  };
  return ok({ ...server.value, stop });
}

async function startCluster(
  place: ServerPlace,
  options: EmbeddedPostgresOptions,
): Promise<Result<EmbeddedPostgres, string>> {
  const orphan = await stopOrphan(place, options);
  if (!orphan.ok) return orphan;
  const ready = await makeCluster(place, options.logger);
  if (!ready.ok) return ready;
  const server = new PostgresServer(place, options.logger, options.clock);
  const started = await server.start();
  if (!started.ok) return started;
  const made = await makeDatabase(place.socketFolder);
  if (!made.ok) {
    await server.stop();
    return made;
  }
  return ok({
    connectionString: connectionString(place.socketFolder, 'sightline'),
    pid: () => server.pid,
    stop: () => server.stop(),
  });
}

function connectionString(socketFolder: string, database: string): string {
  return `postgres://sightline@localhost/${database}?host=${encodeURIComponent(socketFolder)}&port=5432`;
}

/** Beside the cluster where the path is short enough for a socket, else in the folder for temporary files. */
async function makeSocketFolder(folder: string, runAs: RunAs): Promise<string> {
  const beside = join(folder, 'socket');
  const short = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const path = Buffer.byteLength(beside) <= socketFolderLimitBytes ? beside : join(tmpdir(), `sightline-${short}`);
  await mkdir(path, { recursive: true, mode: 0o700 });
  // Refuses, by the error of chmod, a folder that another user laid in the way.
  await chmod(path, 0o700);
  if (runAs.user) await chown(path, runAs.user.uid, runAs.user.gid);
  return path;
}

/** Runs initdb into a folder beside and renames it, so that a first start cut short leaves nothing half made. */
async function makeCluster(place: ServerPlace, logger: Logger): Promise<Result<undefined, string>> {
  const version = await readFile(join(place.dataFolder, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version !== undefined) return ok(undefined);
  logger.info('Making the control plane database', { folder: place.dataFolder });
  const fresh = `${place.dataFolder}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  if (place.runAs.user) await chown(fresh, place.runAs.user.uid, place.runAs.user.gid);
  const words = [place.binaries.initdb, '-D', fresh, '-U', 'sightline', '-A', 'trust', '-E', 'UTF8', '--no-locale'];
  words.push(`--wal-segsize=${walSegmentMb}`);
  const made = await runProgram(place.runAs, words, initLimitMs);
  if (!made.ok) return fail(`The control plane database could not be made in ${fresh}: ${made.error}`);
  await rename(fresh, place.dataFolder);
  return ok(undefined);
}

/**
 * Makes the database `sightline` where it is missing: of a fresh cluster's empty database `postgres`, so that 7 MB of catalogues
 * are there once.
 */
async function makeDatabase(socketFolder: string): Promise<Result<undefined, string>> {
  const client = new pg.Client({
    connectionString: connectionString(socketFolder, maintenanceDatabase),
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const names = rows.map(({ datname }) => datname);
    if (names.includes('sightline')) return ok(undefined);
    await client.query(
      names.includes('postgres') ? 'ALTER DATABASE postgres RENAME TO sightline' : 'CREATE DATABASE sightline',
    );
    return ok(undefined);
  } catch (error) {
    return fail(`The control plane database does not answer: ${(error as Error).message}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Stops the server that a killed Sightline left behind. We hold the folder's lock, so nobody else can be using it.
 */
async function stopOrphan(
  place: ServerPlace,
  { clock, logger }: EmbeddedPostgresOptions,
): Promise<Result<undefined, string>> {
  const pidFile = join(place.dataFolder, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !(await isPostgres(pid, place.dataFolder))) return ok(undefined);
  logger.warn('Stopping the database left over from a Sightline that was killed', { pid });
  for (const { signal, limitMs } of [
    { signal: 'SIGINT', limitMs: stopLimitMs },
    { signal: 'SIGQUIT', limitMs: stopLimitMs },
  ] as const) {
    sendSignal(pid, signal);
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += 50) {
      if (!(await isPostgres(pid, place.dataFolder))) return ok(undefined);
      await clock.sleep(50);
    }
  }
  return fail(
    `A database server left over from an earlier start (process ${pid}) does not stop. End it and start again.`,
  );
}

/** Whether the process lives and is the server of this cluster. Without /proc its life alone must do. */
async function isPostgres(pid: number, dataFolder: string): Promise<boolean> {
  if (!sendSignal(pid, 0)) return false;
  if (process.platform !== 'linux') return true;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  // An ended process nobody has collected yet has an empty command line.
  return commandLine.includes('postgres') && commandLine.split('\0').includes(dataFolder);
}

/** False when there is no such process. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return true;
    return false;
  }
}
