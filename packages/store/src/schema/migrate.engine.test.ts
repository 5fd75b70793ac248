import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '@sightline/base';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import { StoreError, type TelemetryStore } from '../port/index.ts';
import { freshFolder, openStore, removeFolder } from '../testing.ts';
import { exactlyOnceSettings } from './exactly-once.ts';
import { bringUpToDate, migrate, readMigrations, repeatable, splitStatements, type Migration } from './migrate.ts';

let store: EmbeddedStore;
const folder = freshFolder();

beforeAll(async () => {
  store = await openStore(folder);
});
afterAll(async () => {
  await store.close();
  removeFolder(folder);
});
beforeEach(async () => {
  await store.execute('DROP DATABASE IF EXISTS sightline SYNC');
  // With its own database the connection does not depend on the one that was dropped.
  await onDefault('CREATE DATABASE sightline');
});

async function onDefault(sql: string): Promise<void> {
  const { HttpStore } = await import('../clickhouse/http-store.ts');
  const { systemClock } = await import('@sightline/base');
  const plain = new HttpStore({ url: 'http://engine', socketPath: store.socketPath, database: '', clock: systemClock });
  await plain.execute(sql);
  await plain.close();
}

const tables = async (): Promise<string[]> =>
  (
    await store.query<{ name: string }>("SELECT name FROM system.tables WHERE database = 'sightline' ORDER BY name")
  ).map((row) => row.name);

function set(versions: readonly string[]): Migration[] {
  const at = join(folder, `set-${Math.random().toString(36).slice(2)}`);
  for (const [i, sql] of versions.entries()) {
    const name = join(at, `${String(i + 1).padStart(4, '0')}-step`);
    mkdirSync(name, { recursive: true });
    writeFileSync(join(name, 'schema.sql'), sql);
  }
  return readMigrations(at);
}

const first =
  'CREATE TABLE a (x UInt8) ENGINE = MergeTree ORDER BY x;\nCREATE TABLE b (x UInt8) ENGINE = MergeTree ORDER BY x;\n';
const second =
  'ALTER TABLE a ADD COLUMN y String;\nALTER TABLE a ADD INDEX iy y TYPE bloom_filter(0.01) GRANULARITY 1;\nDROP TABLE b;\n';

/** A store that is gone behind the n-th statement, as after a kill: what it did is done, what it was to note is not noted. */
function dyingAfter(n: number): TelemetryStore {
  let left = n;
  return {
    query: (sql, parameters, limits) => store.query(sql, parameters, limits),
    stream: (sql, parameters, limits) => store.stream(sql, parameters, limits),
    healthy: () => store.healthy(),
    close: () => Promise.resolve(),
    execute: async (sql, parameters, limits) => {
      if (left-- <= 0) throw new Error('killed');
      await store.execute(sql, parameters, limits);
    },
  };
}

test('the whole schema, fresh and again', async () => {
  await migrate(store, silentLogger);
  const all = await tables();
  expect(all).toEqual(
    expect.arrayContaining([
      'logs',
      'spans',
      'points',
      'series',
      'errors',
      'issues',
      'volume',
      'red',
      'seen',
      'ledger',
      'quarantine',
      'metric_chunks',
      'metric_series',
    ]),
  );
  await migrate(store, silentLogger);
  expect(await tables()).toEqual(all);
});

describe('from the previous version', () => {
  test('what is there stays, what is new comes', async () => {
    await migrate(store, silentLogger, set([first]));
    await store.execute('INSERT INTO a SELECT 7');
    await migrate(store, silentLogger, set([first, second]));
    expect(await store.query('SELECT * FROM a')).toEqual([{ x: 7, y: '' }]);
    expect(await tables()).toEqual(['a', 'schema_migrations']);
  });

  /** A store that is away for each statement of `away`, counted from the first, with what it did by then done. */
  const awayAt = (
    away: readonly number[],
    error = new StoreError('unavailable', 'The engine ended'),
  ): TelemetryStore => {
    let statement = 0;
    return {
      ...dyingAfter(Infinity),
      execute: async (sql, parameters, limits) => {
        if (away.includes(++statement)) throw error;
        await store.execute(sql, parameters, limits);
      },
    };
  };

  test.each([[[1]], [[3]], [[4, 7]]])('an engine that is replaced at statement %j is waited for', async (away) => {
    await bringUpToDate(awayAt(away), silentLogger, set([first, second]));
    expect(await tables()).toEqual(['a', 'schema_migrations']);
  });

  test('an engine that stays away is given up, and a fault of the statement is not tried again', async () => {
    await expect(bringUpToDate(awayAt([1, 2, 3]), silentLogger, set([first]))).rejects.toThrow('The engine ended');
    const fault = new StoreError('bug', 'no such type');
    await expect(bringUpToDate(awayAt([2], fault), silentLogger, set([first]))).rejects.toThrow('no such type');
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('killed behind statement %d it goes on where it stopped', async (n) => {
    const migrations = set([first, second]);
    await migrate(dyingAfter(n), silentLogger, migrations).catch(() => undefined);
    await migrate(store, silentLogger, migrations);
    expect(await tables()).toEqual(['a', 'schema_migrations']);
    const columns = await store.query<{ name: string }>(
      "SELECT name FROM system.columns WHERE database = 'sightline' AND table = 'a'",
    );
    expect(columns.map((c) => c.name)).toEqual(['x', 'y']);
  });
});

test('logs that were stored before there were classes read as the built-in ones, merged or not', async () => {
  const all = readMigrations(import.meta.dirname);
  await migrate(store, silentLogger, all.slice(0, 10));
  await store.execute(
    `INSERT INTO logs (organisation, ts, service, attrs) SELECT 'acme', now64(9), ['web', 'payment', 'pos'][1 + number], map(['a', 'a', 'audit.actor'][1 + number], 'x') FROM numbers(3)`,
  );
  const read = (): Promise<unknown> =>
    store.query('SELECT toString(service) AS service, toString(class) AS class FROM logs ORDER BY service');
  await expect(read()).rejects.toThrow(/class/);
  await migrate(store, silentLogger);
  const expected = [
    { service: 'payment', class: 'compliance' },
    { service: 'pos', class: 'compliance' },
    { service: 'web', class: 'default' },
  ];
  expect(await read()).toEqual(expected);
  await store.execute('OPTIMIZE TABLE logs FINAL');
  expect(await read()).toEqual(expected);
});

describe('logs are carried over to the table by second', () => {
  const all = readMigrations(import.meta.dirname);
  const days = ['2026-11-27', '2026-11-28', '2026-11-29'];
  const sums = (table = 'logs'): Promise<unknown> =>
    store.query(
      `SELECT toString(count()) AS n, toString(sum(id)) AS ids, groupUniqArray(toString(class)) AS classes, countIf(hasToken(lowerUTF8(body), 'w7')) AS sevens FROM ${table}`,
    );
  const counted = (): Promise<unknown> =>
    store.query(
      `SELECT (SELECT toString(sum(records)) FROM volume) AS volume, (SELECT toString(sum(removed)) FROM scrubbed) AS scrubbed, (SELECT toString(uniqExact(site)) FROM seen) AS sites`,
    );
  const insert = (token: string, day: string, site: string): Promise<void> =>
    store.execute(
      `INSERT INTO logs (organisation, site, ts, received_at, service, body, attrs)
       SELECT 'acme', {site:String}, toDateTime64({day:String}, 9) + number / 100, toDateTime64({day:String}, 9), ['web', 'payment'][1 + number % 2], concat('w', toString(number % 10), ' <email>'), map('n', toString(number))
       FROM numbers(3000)`,
      { day, site },
      { settings: { ...exactlyOnceSettings, insert_deduplication_token: token } },
    );

  async function filled(): Promise<{ rows: unknown; views: unknown }> {
    await migrate(store, silentLogger, all.slice(0, 16));
    for (const day of days) for (const site of ['S1', 'S2']) await insert(`${day}-${site}`, day, site);
    // A day of which nothing is left but its part.
    await store.execute("DELETE FROM logs WHERE toDate(ts) = '2026-11-27'");
    return { rows: await sums(), views: await counted() };
  }

  test('all of it, under the views as before', async () => {
    const { rows, views } = await filled();
    const said: unknown[] = [];
    const logger = { ...silentLogger, info: (message: string, fields?: object) => said.push({ message, ...fields }) };
    await migrate(store, logger, all);
    expect(await sums()).toEqual(rows);
    expect(await counted()).toEqual(views);
    expect(said).toContainEqual(expect.objectContaining({ partition: '20261128', done: 6000, of: 18_000 }));
    expect((await tables()).filter((name) => name.startsWith('logs_'))).toEqual([
      'logs_to_scrubbed',
      'logs_to_seen',
      'logs_to_volume',
    ]);
    // What is loaded from now on is counted by the views, once; what they have counted they know.
    await insert('later', '2026-11-29', 'S3');
    await insert('later', '2026-11-29', 'S3');
    expect(await sums()).toEqual([expect.objectContaining({ n: '15000' })]);
    expect(await counted()).toEqual([{ volume: '21000', scrubbed: '21000', sites: '3' }]);
  });

  test('killed again and again, the engine too, each record once', { timeout: 120_000 }, async () => {
    const { rows, views } = await filled();
    let runs = 0;
    for (let statements = 2; ; statements++, runs++) {
      const done = await migrate(dyingAfter(statements), silentLogger, all).then(
        () => true,
        () => false,
      );
      if (done) break;
      await store.close();
      store = await openStore(folder);
    }
    expect(runs).toBeGreaterThan(5);
    expect(await sums()).toEqual(rows);
    expect(await counted()).toEqual(views);
    await insert('later', '2026-11-29', 'S3');
    expect(await counted()).toEqual([{ volume: '21000', scrubbed: '21000', sites: '3' }]);
  });
});

test.each([0, 1, 2])(
  'a table’s own rule of deletion is taken away once, also killed behind statement %d',
  async (n) => {
    const ruled = `CREATE TABLE a (x DateTime) ENGINE = MergeTree ORDER BY x TTL x + INTERVAL 1 DAY;\n`;
    const migrations = set([ruled, 'ALTER TABLE a REMOVE TTL;\n']);
    await migrate(store, silentLogger, migrations.slice(0, 1));
    await migrate(dyingAfter(n), silentLogger, migrations).catch(() => undefined);
    await migrate(store, silentLogger, migrations);
    const [found] = await store.query<{ engine: string }>(
      "SELECT engine_full AS engine FROM system.tables WHERE database = 'sightline' AND name = 'a'",
    );
    expect(found?.engine).not.toContain('TTL');
  },
);

describe('refused', () => {
  test('tables that are newer than the program', async () => {
    await migrate(store, silentLogger, set([first, second]));
    await expect(migrate(store, silentLogger, set([first]))).rejects.toThrow(/version 2.*up to 1/);
  });
  test('a migration that was edited after it had been applied', async () => {
    await migrate(store, silentLogger, set([first]));
    await expect(migrate(store, silentLogger, set([`${first}-- edited`]))).rejects.toThrow(
      /changed after it had been applied/,
    );
  });
  test('a gap in the numbers', () => {
    const migrations = set([first, second]);
    expect(migrations.map((m) => m.version)).toEqual([1, 2]);
    const gap = join(folder, 'gap');
    mkdirSync(join(gap, '0002-late'), { recursive: true });
    expect(() => readMigrations(gap)).toThrow(/missing/);
  });
});

test('statements are split at a semicolon that ends a line, comments left out', () => {
  expect(splitStatements("-- a; b\nSELECT ';'\n;\nSELECT 2;\n\n")).toEqual(["SELECT ';'", 'SELECT 2']);
});

test.each([
  ['CREATE TABLE t (a Int8)', 'CREATE TABLE IF NOT EXISTS t (a Int8)'],
  ['CREATE MATERIALIZED VIEW v TO t AS SELECT 1', 'CREATE MATERIALIZED VIEW IF NOT EXISTS v TO t AS SELECT 1'],
  ['CREATE TABLE IF NOT EXISTS t (a Int8)', 'CREATE TABLE IF NOT EXISTS t (a Int8)'],
  ['CREATE OR REPLACE FUNCTION f AS x -> x', 'CREATE OR REPLACE FUNCTION f AS x -> x'],
  ['DROP VIEW v', 'DROP VIEW IF EXISTS v'],
  ['DETACH TABLE v', 'DETACH TABLE IF EXISTS v'],
  ['ATTACH TABLE v', 'ATTACH TABLE IF NOT EXISTS v'],
  ['RENAME TABLE a TO b', 'RENAME TABLE IF EXISTS a TO b'],
  [
    'ALTER TABLE t DROP COLUMN a, ADD COLUMN b Int8',
    'ALTER TABLE t DROP COLUMN IF EXISTS a, ADD COLUMN IF NOT EXISTS b Int8',
  ],
])('%s can be repeated', (sql, again) => expect(repeatable(sql)).toBe(again));
