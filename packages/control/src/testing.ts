import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, silentLogger, systemClock } from '@sightline/base';
import pg from 'pg';
import type { Control } from './control.ts';
import { openDatabase } from './database/database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded/embedded-postgres.ts';
import { openControl } from './open-control.ts';

/** A real PostgreSQL for tests, in a folder of its own that goes away with it. */
export interface TestServer {
  readonly folder: string;
  readonly server: EmbeddedPostgres;
  /** The URL of a new empty database. */
  freshDatabase(): Promise<string>;
  /** A control plane on a new database. */
  freshControl(clock?: Clock): Promise<Control>;
  stop(): Promise<void>;
}

const debian15 = '/usr/lib/postgresql/15/bin';

/** Every PostgreSQL that the suites must hold on; `missing` says why one is skipped. */
export const testServers: readonly {
  readonly name: string;
  readonly missing: string | undefined;
  readonly start: () => Promise<TestServer>;
}[] = [
  { name: 'the embedded PostgreSQL', missing: undefined, start: () => startTestServer() },
  {
    name: 'PostgreSQL 15',
    missing: existsSync(debian15) ? undefined : `there is no PostgreSQL 15 in ${debian15}`,
    start: () => startTestServer({ initdb: `${debian15}/initdb`, postgres: `${debian15}/postgres` }),
  },
];

async function startTestServer(binaries?: { initdb: string; postgres: string }): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sl-control-'));
  const started = await startEmbeddedPostgres({
    dataFolder: folder,
    logger: silentLogger,
    clock: systemClock,
    ...(binaries ? { binaries } : {}),
  });
  if (!started.ok) throw new Error(started.error);
  const server = started.value;
  let count = 0;
  const create = async (pattern?: string): Promise<{ name: string; url: string }> => {
    const name = `test_${++count}`;
    await runStatement(
      server.connectionString,
      `CREATE DATABASE ${name}${pattern === undefined ? '' : ` TEMPLATE ${pattern}`}`,
    );
    return { name, url: server.connectionString.replace('/sightline?', `/${name}?`) };
  };
  // Copying a migrated database takes a tenth of what migrating an empty one takes, and suites want one for each test.
  let migrated: Promise<string> | undefined;
  const migratedPattern = (): Promise<string> => (migrated ??= makeMigrated(create));
  return {
    folder,
    server,
    freshDatabase: async () => (await create()).url,
    freshControl: async (clock = systemClock) => {
      const { url } = await create(await migratedPattern());
      return openControl({ databaseUrl: url, dataFolder: folder, logger: silentLogger, clock });
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The id of the organisation of this name, which is made where there is none. */
export async function organisationOf({ organisations }: Pick<Control, 'organisations'>, name: string): Promise<string> {
  const made = await organisations.ensure(name);
  if (!made.ok) throw new Error(made.error.message);
  return made.value.id;
}

/** Makes a database with every migration applied and nobody connected, as PostgreSQL wants of one that is copied. */
async function makeMigrated(create: () => Promise<{ name: string; url: string }>): Promise<string> {
  const { name, url } = await create();
  const opened = await openDatabase(url, silentLogger);
  if (!opened.ok) throw new Error(opened.error);
  await opened.value.pool.end();
  return name;
}

/** Runs one statement on a database, for what the ports do not offer tests: rows of other stages, times moved by hand. */
export async function runStatement(
  connectionString: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
