import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@sightline/base';
import type pg from 'pg';

/** Any fixed number: all processes that migrate one database wait for each other on it. */
const lockNumber = 7_154_460_001;
const migrationLimitMs = 600_000;

/**
 * Brings the database to the newest schema: each `NNNN-name.sql` once, in order, in a transaction of its own. Safe to run
 * from several processes at a time. Refuses a database that is newer than this program or whose past was edited.
 */
export async function migrate(
  pool: pg.Pool,
  folder: string = join(import.meta.dirname, 'migrations'),
): Promise<Result<{ applied: string[] }, string>> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort();
  const client = await pool.connect();
  try {
    await client.query(`SELECT set_config('statement_timeout', $1, false)`, [String(migrationLimitMs)]);
    await client.query('SELECT pg_advisory_lock($1)', [lockNumber]);
    try {
      return await applyMissing(client, folder, files);
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [lockNumber]);
    }
  } finally {
    // Not back into the pool: its statement time-out was changed.
    client.release(true);
  }
}

async function applyMissing(
  client: pg.PoolClient,
  folder: string,
  files: readonly string[],
): Promise<Result<{ applied: string[] }, string>> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const { rows } = await client.query<{ name: string; checksum: string }>('SELECT name, checksum FROM migrations');
  const done = new Map(rows.map((row) => [row.name, row.checksum]));
  const unknown = [...done.keys()].find((name) => !files.includes(name));
  if (unknown) {
    return fail(
      `The control plane database is newer than this Sightline (it has "${unknown}"). Start the newer version.`,
    );
  }
  const applied: string[] = [];
  for (const name of files) {
    const sql = await readFile(join(folder, name), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    const before = done.get(name);
    if (before === checksum) continue;
    if (before !== undefined)
      return fail(`Migration "${name}" was changed after it had been applied. Restore the file.`);
    await applyOne(client, name, sql, checksum);
    applied.push(name);
  }
  return ok({ applied });
}

async function applyOne(client: pg.PoolClient, name: string, sql: string, checksum: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query('INSERT INTO migrations (name, checksum) VALUES ($1, $2)', [name, checksum]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
