/** One segment, loaded again and again, with the engine killed in between: every row once, in tables and views. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@sightline/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import { StoreError } from '../port/index.ts';
import { freshFolder, openStore, removeFolder } from '../testing.ts';
import { exactlyOnceSettings } from './exactly-once.ts';
import { migrate } from './migrate.ts';

let store: EmbeddedStore;
const folder = freshFolder();
const segment = (name: string): string => join(folder, name);
/** Three days, so that each insert has three partitions. */
const start = Math.floor(Date.now() / 86_400_000) * 86_400 - 3 * 86_400;
const rows = 30_000;

beforeAll(async () => {
  store = await openStore(folder);
  await migrate(store, silentLogger);
  const lines = (make: (i: number) => object): string =>
    Array.from({ length: rows }, (_, i) => JSON.stringify(make(i))).join('\n');
  const at = (i: number): string => `${start + (i % 3) * 86_400 + (i % 7200)}`;
  writeFileSync(
    segment('logs'),
    lines((i) => ({ site: `S${i % 100}`, ts: `${at(i)}.000000001`, body: `m ${i}` })),
  );
  writeFileSync(
    segment('points'),
    lines((i) => ({ site: `S${i % 100}`, ts: `${at(i)}.000`, fp: i % 3000, value: i })),
  );
  writeFileSync(
    segment('errors'),
    lines((i) => ({ site: `S${i % 100}`, ts: `${at(i)}.000000001`, issue: i % 40, user: `u${i % 77}` })),
  );
  writeFileSync(
    segment('spans'),
    lines((i) => ({ site: `S${i % 100}`, ts: `${at(i)}.000000001`, n: 1000 + (i % 2), status: i % 10 === 0 ? 2 : 0 })),
  );
});
afterAll(async () => {
  await store.close();
  removeFolder(folder);
});

const inserts: Readonly<Record<string, string>> = {
  logs: `INSERT INTO logs (organisation, site, service, ts, received_at, severity, body)
    SELECT 'o', site, 'pos', ts, ts, 9, body FROM file({file:String}, JSONEachRow, 'site String, ts DateTime64(9), body String')`,
  points: `INSERT INTO points (organisation, site, service, metric, fp, ts, value, received_at)
    SELECT 'o', site, 'pos', 'm', fp, ts, value, ts FROM file({file:String}, JSONEachRow, 'site String, ts DateTime64(3), fp UInt64, value Float64')`,
  errors: `INSERT INTO errors (organisation, site, service, ts, received_at, issue, message, user_id, amount)
    SELECT 'o', site, 'pos', ts, ts, issue, 'boom', user, 1 FROM file({file:String}, JSONEachRow, 'site String, ts DateTime64(9), issue UInt64, user String')`,
  spans: `INSERT INTO spans (organisation, site, service, ts, received_at, kind, duration_ns, status_code)
    SELECT 'o', site, 'pos', ts, ts, if(n % 2 = 0, 2, 3), n, status FROM file({file:String}, JSONEachRow, 'site String, ts DateTime64(9), n UInt64, status UInt8')`,
};

async function load(name: string, round: number): Promise<void> {
  const settings = { ...exactlyOnceSettings, insert_deduplication_token: `${name}-${round}` };
  await store.execute(inserts[name] ?? '', { file: segment(name) }, { settings });
}

async function loadUntilDone(name: string, round: number): Promise<void> {
  for (;;) {
    try {
      return await load(name, round);
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'unavailable') throw error;
    }
  }
}

const totals = `SELECT
  (SELECT toUInt32(count()) FROM logs) AS logs, (SELECT toUInt32(sum(records)) FROM volume) AS volume,
  (SELECT toUInt32(count()) FROM samples) AS samples, (SELECT toUInt32(uniqExact(fp)) FROM series) AS series,
  (SELECT toUInt32(count()) FROM errors) AS errors, (SELECT toUInt32(sum(events)) FROM issues) AS issues, (SELECT sum(amount) FROM issues) AS amount,
  (SELECT toUInt32(sum(events)) FROM issue_volume) AS issue_volume,
  (SELECT toUInt32(count()) FROM spans) AS spans, (SELECT toUInt32(sum(requests)) FROM red) AS requests, (SELECT toUInt32(sum(errors)) FROM red) AS failed,
  (SELECT toUInt32(sum(calls)) FROM operations) AS operations, (SELECT toUInt32(sum(calls)) FROM operation_hours) AS operation_hours,
  (SELECT toUInt32(sum(calls)) FROM call_hours) AS call_hours, (SELECT toUInt32(uniqExact(site)) FROM seen) AS sites`;

const expected = (times: number): object => ({
  logs: rows * times, volume: rows * times, samples: rows * times, series: 3000, errors: rows * times, issues: rows * times, amount: rows * times,
  issue_volume: rows * times, spans: rows * times, requests: rows * times, failed: (rows / 10) * times,
  operations: rows * times, operation_hours: rows * times, call_hours: (rows / 2) * times, sites: 100,
}); // prettier-ignore

describe('a segment', () => {
  test('loads once, also when it is replayed at once and after a reopening', async () => {
    for (const name of Object.keys(inserts)) {
      await load(name, 0);
      await load(name, 0);
    }
    await store.close();
    store = await openStore(folder);
    for (const name of Object.keys(inserts)) await load(name, 0);
    expect(await store.query(totals)).toEqual([expected(1)]);
  });

  test('loads once, however the engine is killed under it', async () => {
    const cycles = 5;
    for (let round = 1; round <= cycles; round++) {
      const victim = store.pid();
      const kill = sleep(20 + Math.random() * 500).then(() => process.kill(victim, 'SIGKILL'));
      for (const name of Object.keys(inserts)) await loadUntilDone(name, round);
      await kill.catch(() => undefined);
      for (const name of Object.keys(inserts)) await loadUntilDone(name, round);
    }
    expect(await store.query(totals)).toEqual([expected(1 + cycles)]);
  });

  test('whose table was filled but whose view was not, fills the view on replay', async () => {
    await store.execute(
      'CREATE TABLE source (x UInt64) ENGINE = MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 100',
    );
    await store.execute(
      'CREATE TABLE target (k UInt64, n UInt64) ENGINE = SummingMergeTree ORDER BY k SETTINGS non_replicated_deduplication_window = 100',
    );
    const insert = (): Promise<void> =>
      store.execute(
        'INSERT INTO source SELECT number FROM numbers(1000)',
        {},
        { settings: { ...exactlyOnceSettings, insert_deduplication_token: 't' } },
      );
    await insert();
    await store.execute(
      'CREATE MATERIALIZED VIEW v TO target AS SELECT x % 10 AS k, count() AS n FROM source GROUP BY k',
    );
    await insert();
    await insert();
    const sums =
      'SELECT (SELECT toUInt32(count()) FROM source) AS rows, (SELECT toUInt32(sum(n)) FROM target) AS counted';
    expect(await store.query(sums)).toEqual([{ rows: 1000, counted: 1000 }]);
  });

  test('makes one part per partition', async () => {
    await store.execute('SYSTEM STOP MERGES logs');
    const parts = (): Promise<{ n: number }[]> =>
      store.query(
        "SELECT toUInt32(count()) AS n FROM system.parts WHERE active AND database = 'sightline' AND table = 'logs'",
      );
    const [before] = await parts();
    await load('logs', 1000);
    const [after] = await parts();
    await store.execute('SYSTEM START MERGES logs');
    expect((after?.n ?? 0) - (before?.n ?? 0)).toBe(3);
  });
});
