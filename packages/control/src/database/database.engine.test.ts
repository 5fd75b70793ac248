import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { startEmbeddedPostgres } from './embedded/embedded-postgres.ts';

it('transactions whose server is killed as they begin give their connections back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sl-database-'));
  const server = await startEmbeddedPostgres({ dataFolder: folder, logger: silentLogger, clock: systemClock });
  if (!server.ok) throw new Error(server.error);
  try {
    const opened = await openDatabase(server.value.connectionString, silentLogger);
    if (!opened.ok) throw new Error(opened.error);
    const { db, pool } = opened.value;
    const all = () =>
      Promise.allSettled(
        Array.from({ length: 10 }, () => db.transaction((tx) => tx.execute(sql`SELECT pg_sleep(0.05)`))),
      );
    expect((await all()).every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(pool.idleCount).toBe(10);
    process.kill(server.value.pid() ?? 0, 'SIGKILL');
    // Every connection is lent before the pool hears that it is broken.
    expect((await all()).some(({ status }) => status === 'rejected')).toBe(true);
    expect(pool.totalCount - pool.idleCount).toBe(0);
    await expect
      .poll(async () => (await all()).every(({ status }) => status === 'fulfilled'), { timeout: 30_000 })
      .toBe(true);
    await pool.end();
  } finally {
    await server.value.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
