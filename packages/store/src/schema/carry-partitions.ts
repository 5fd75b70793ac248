/** Carries what one table holds over to another with the same columns that sorts or indexes them otherwise. */
import { setTimeout } from 'node:timers/promises';
import type { Logger } from '@sightline/base';
import { StoreError, type TelemetryStore } from '../port/index.ts';

/** Not SQL: a statement of a migration of ours. */
const statementForm = /^CARRY PARTITIONS OF (\w+) TO (\w+)$/;

export interface Carry {
  readonly from: string;
  readonly to: string;
}

/** What a statement carries over; undefined when it is one for the engine. */
export function carryOf(statement: string): Carry | undefined {
  const [, from, to] = statementForm.exec(statement) ?? [];
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** One partition may hold a day of all that a large installation receives. */
const partitionTimeoutMs = 12 * 3_600_000;

const limits = {
  timeoutMs: partitionTimeoutMs,
  memoryBytes: 2_000_000_000,
  // One thread reads part after part, so that rows arrive nearly in order and parts of the new table overlap little.
  threads: 1,
  settings: {
    max_insert_threads: 1,
    min_insert_block_size_rows: 500_000,
    min_insert_block_size_bytes: 250_000_000,
    // What was copied before a kill is copied again.
    insert_deduplicate: 0,
  },
} as const;

/**
 * Partition after partition, the newest first, each exactly once however often this is cut off: a partition is copied aside, takes its place at
 * once, and only then leaves the old table. Needs room on the disk for the largest partition. Views are not asked. Throws `StoreError`.
 */
export async function carryPartitions(store: TelemetryStore, logger: Logger, { from, to }: Carry): Promise<void> {
  await mutationsEnded(store, logger, from);
  const aside = `${to}_carried`;
  const partitions = await store.query<{ id: string; n: string }>(
    `SELECT partition_id AS id, toString(sum(rows)) AS n FROM system.parts
     WHERE database = currentDatabase() AND table = {from:String} AND active GROUP BY id ORDER BY id DESC`,
    { from },
  );
  const all = partitions.reduce((sum, { n }) => sum + Number(n), 0);
  const columns = await store.query<{ name: string }>(
    `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {to:String} AND default_kind NOT IN ('ALIAS', 'MATERIALIZED')
     ORDER BY position`,
    { to },
  );
  const names = columns.map(({ name }) => `\`${name}\``).join(', ');
  let done = 0;
  for (const { id, n } of partitions) {
    logger.info('carrying stored records over to a new table', {
      table: to,
      partition: id,
      records: Number(n),
      done,
      of: all,
    });
    await store.execute(`DROP TABLE IF EXISTS ${aside} SYNC`);
    await store.execute(`CREATE TABLE ${aside} AS ${to}`);
    await store.execute(
      `INSERT INTO ${aside} (${names}) SELECT ${names} FROM ${from} WHERE _partition_id = {id:String}`,
      { id },
      limits,
    );
    const copied = await countOf(store, aside);
    const wanted = await countOf(store, from, id);
    if (copied !== wanted)
      throw new StoreError(
        'bug',
        `Partition ${id} of ${from} has ${wanted} records and its copy has ${copied}. Nothing was removed.`,
      );
    // Of a partition whose rows were all deleted nothing is left to put in place.
    if (copied > 0) await store.execute(`ALTER TABLE ${to} REPLACE PARTITION ID '${id}' FROM ${aside}`, {}, limits);
    await store.execute(`ALTER TABLE ${from} DROP PARTITION ID '${id}'`, {}, limits);
    done += Number(n);
  }
  await store.execute(`DROP TABLE IF EXISTS ${aside} SYNC`);
  if (all > 0) logger.info('stored records were carried over', { table: to, records: all });
}

const mutationsWithinS = 3600;

/** A deletion or a change that was under way goes on by itself, and its copy would not know it: it is waited for. */
async function mutationsEnded(store: TelemetryStore, logger: Logger, table: string): Promise<void> {
  for (let second = 0; ; second++) {
    const [found] = await store.query<{ n: string; reason: string }>(
      `SELECT toString(count()) AS n, max(latest_fail_reason) AS reason FROM system.mutations
       WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done`,
      { table },
    );
    if (Number(found?.n) === 0) return;
    if (second >= mutationsWithinS)
      throw new StoreError(
        'timeout',
        `Changes of ${table} have not ended within an hour${found?.reason ? `: ${found.reason}` : ''}. Start again to wait on.`,
      );
    if (second % 30 === 0)
      logger.info('waiting for changes of stored records to end', { table, changes: Number(found?.n) });
    await setTimeout(1000);
  }
}

async function countOf(store: TelemetryStore, table: string, partition?: string): Promise<number> {
  const [found] = await store.query<{ n: string }>(
    `SELECT toString(count()) AS n FROM ${table} ${partition === undefined ? '' : 'WHERE _partition_id = {partition:String}'}`,
    partition === undefined ? {} : { partition },
    { timeoutMs: 600_000 },
  );
  return Number(found?.n);
}
