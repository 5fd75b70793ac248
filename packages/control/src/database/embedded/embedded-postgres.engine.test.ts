import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packagedBinaries } from './binaries.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { runProgram } from './postgres-server.ts';
import { chooseRunAs } from './run-as.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sl-pg-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const start = (dataFolder = folder) => startEmbeddedPostgres({ dataFolder, logger: silentLogger, clock: systemClock });

async function started(dataFolder = folder): Promise<EmbeddedPostgres> {
  const server = await start(dataFolder);
  if (!server.ok) throw new Error(server.error);
  return server.value;
}

async function query(server: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.connectionString });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(sql);
  await client.end();
  return rows;
}

it('starts, keeps rows over a clean stop, and leaves nothing running', async () => {
  const first = await started();
  await query(first, 'CREATE TABLE kept AS SELECT 7 AS n');
  expect(await query(first, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
  expect(await query(first, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '' }]);
  await first.stop();
  expect(existsSync(join(folder, 'control/postgres/postmaster.pid'))).toBe(false);
  const second = await started();
  expect(await query(second, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  await second.stop();
});

const databases = 'SELECT datname FROM pg_database ORDER BY datname';
const names = (...all: string[]) => all.map((datname) => ({ datname }));

it('makes a cluster that takes little room: short segments, one database', async () => {
  const server = await started();
  expect(await query(server, 'SHOW wal_segment_size')).toEqual([{ wal_segment_size: '1MB' }]);
  expect(await query(server, 'SHOW min_wal_size')).toEqual([{ min_wal_size: '4MB' }]);
  expect(await query(server, databases)).toEqual(names('sightline', 'template0', 'template1'));
  await server.stop();
});

it('goes on with a cluster that was made with segments of 16 MB and a database of its own', async () => {
  const binaries = await packagedBinaries();
  const dataFolder = join(folder, 'control/postgres');
  await mkdir(dataFolder, { recursive: true });
  const runAs = binaries.ok ? await chooseRunAs(dataFolder, Object.values(binaries.value)) : binaries;
  if (!binaries.ok || !runAs.ok) throw new Error('no programs to make a cluster with');
  if (runAs.value.user) await chown(dataFolder, runAs.value.user.uid, runAs.value.user.gid);
  const words = [binaries.value.initdb, '-D', dataFolder, '-U', 'sightline', '-A', 'trust', '--no-locale'];
  expect(await runProgram(runAs.value, words, 60_000)).toMatchObject({ ok: true });
  const server = await started();
  expect(await query(server, 'SHOW wal_segment_size')).toEqual([{ wal_segment_size: '16MB' }]);
  expect(await query(server, 'SHOW min_wal_size')).toEqual([{ min_wal_size: '32MB' }]);
  await query(server, 'CREATE TABLE kept AS SELECT 7 AS n');
  await query(server, 'CREATE DATABASE postgres');
  await server.stop();
  const again = await started();
  expect(await query(again, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  expect(await query(again, databases)).toEqual(names('postgres', 'sightline', 'template0', 'template1'));
  await again.stop();
});

it('refuses a data folder that is in use, and harms nothing', async () => {
  const server = await started();
  expect(await start()).toMatchObject({ ok: false, error: expect.stringContaining('Another Sightline') });
  expect(await query(server, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  await server.stop();
});

it('stops the server that a killed process left behind, and finds its rows', async () => {
  const script = join(folder, 'owner.mjs');
  await writeFile(
    script,
    `import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, 'embedded-postgres.ts'))};
     const silent = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };
     const clock = { now: () => Date.now(), sleep: (ms) => new Promise((done) => setTimeout(done, ms)) };
     const server = await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(folder)}, logger: silent, clock });
     console.log(server.ok ? server.value.pid() : server.error);
     setInterval(() => {}, 1000);`,
  );
  const owner = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(owner.stdout, 'data')) as [Buffer];
  const orphan = Number(said.toString());
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  expect(process.kill(orphan, 0)).toBe(true);
  const server = await started();
  expect(server.pid()).not.toBe(orphan);
  expect(await query(server, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  await server.stop();
});

it('works under a private home and under a path too long for a socket', async () => {
  const home = join(folder, 'private');
  const deep = join(home, 'x'.repeat(100));
  await mkdir(deep, { recursive: true });
  await chmod(home, 0o700);
  const server = await started(deep);
  expect(await query(server, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  const socketFolder = new URL(server.connectionString).searchParams.get('host') ?? '';
  expect((await stat(socketFolder)).mode & 0o777).toBe(0o700);
  await server.stop();
  await rm(socketFolder, { recursive: true });
});

it('says in a sentence why a damaged cluster does not start, and lets go of the folder', async () => {
  const server = await started();
  await server.stop();
  await writeFile(join(folder, 'control/postgres/PG_VERSION'), '9.6\n');
  for (const _ of [1, 2]) {
    expect(await start()).toMatchObject({ ok: false, error: expect.stringMatching(/does not start.*9\.6/s) });
  }
});
