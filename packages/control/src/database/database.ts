import { type Logger, fail, ok, type Result } from '@sightline/base';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { migrate } from './migrate.ts';
import { tables } from './schema.ts';
import { noConnection } from './unavailable.ts';

export type Db = NodePgDatabase<typeof tables>;

export interface Database {
  readonly db: Db;
  readonly pool: pg.Pool;
  /** Server name and version, for people. */
  readonly version: string;
}

const statementLimitMs = 10_000;
const oldestVersion = 150_000;

/** Connects, checks the version and migrates. Every statement is bounded; the pool holds at most ten connections. */
export async function openDatabase(connectionString: string, logger: Logger): Promise<Result<Database, string>> {
  const pool = new pg.Pool({
    connectionString,
    max: 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 10_000,
    statement_timeout: statementLimitMs,
    query_timeout: statementLimitMs + 2000,
    idle_in_transaction_session_timeout: 30_000,
    application_name: 'sightline',
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  const broke = (error: Error): void => {
    // Connections that are being closed may hear of the server's own end before they are gone.
    if (!pool.ending) logger.warn('A control plane connection broke', { reason: error.message });
  };
  pool.on('error', broke);
  // The pool listens to idle ones only. One that breaks in use, such as between two statements of a transaction, fails its next statement.
  pool.on('connect', (client) => client.on('error', broke));
  const ready = await prepare(pool).catch((error: unknown) =>
    fail(`The control plane database does not answer: ${(error as Error).message}`),
  );
  if (!ready.ok) {
    await pool.end();
    return ready;
  }
  return ok({ db: overPool(pool), pool, version: ready.value });
}

/**
 * The tables over a pool. Transactions give their connection back however they end: the library's own do not where the very first
 * statement fails, as when the server is killed at that moment; the pool then has a place less for good, and never ends.
 */
export function overPool(pool: pg.Pool): Db {
  const db = drizzle(pool, { schema: tables });
  const ofClient = new WeakMap<pg.PoolClient, Db>();
  const transaction: Db['transaction'] = async (work, config) => {
    const client = await pool.connect().catch((error: unknown) => {
      throw noConnection(error);
    });
    try {
      let own = ofClient.get(client);
      if (!own) ofClient.set(client, (own = drizzle(client, { schema: tables })));
      return await own.transaction(work, config);
    } finally {
      client.release();
    }
  };
  return Object.assign(db, { transaction });
}

async function prepare(pool: pg.Pool): Promise<Result<string, string>> {
  const { rows } = await pool.query<{ number: string; name: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS name`,
  );
  const version = rows[0];
  if (!version || Number(version.number) < oldestVersion) {
    return fail(`The control plane needs PostgreSQL 15 or newer; this one is ${version?.name ?? 'unknown'}.`);
  }
  const migrated = await migrate(pool);
  return migrated.ok ? ok(`PostgreSQL ${version.name.split(' ')[0] ?? ''}`) : migrated;
}
