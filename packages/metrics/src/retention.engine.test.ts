import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepMetrics } from './retention.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-metrics-'));
const dayMs = 86_400_000;
let store: EmbeddedStore;

beforeAll(async () => {
  store = await openMigratedStore(folder);
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ttlOf(table: string): Promise<string> {
  const [row] = await store.query<{ definition: string }>(
    'SELECT engine_full AS definition FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    { table },
  );
  return /TTL .*?(?= SETTINGS)/.exec(row?.definition ?? '')?.[0] ?? 'none';
}

async function changes(): Promise<string[]> {
  const asked: string[] = [];
  await keepMetrics(
    {
      query: (sql, parameters, limits) => store.query(sql, parameters, limits),
      stream: (sql, parameters, limits) => store.stream(sql, parameters, limits),
      healthy: () => store.healthy(),
      close: () => Promise.resolve(),
      execute: (sql) => {
        asked.push(sql);
        return Promise.resolve();
      },
    },
    { rawMs: 30 * dayMs },
  );
  return asked;
}

test('the defaults need no change; others are set, for ever too, and back again', async () => {
  expect(await changes()).toEqual([]);
  await keepMetrics(store, { rawMs: 7 * dayMs, hourMs: 3 * dayMs });
  expect(await ttlOf('metric_chunks')).toBe('TTL toDateTime(intDiv(t, 1000)) + toIntervalSecond(604800)');
  expect(await ttlOf('metric_rollups_1h')).toContain('604800');
  await keepMetrics(store, { rawMs: Infinity });
  for (const table of [
    'metric_chunks',
    'metric_exemplars',
    'metric_rollups_5m',
    'metric_rollups_1h',
    'metric_series',
  ]) {
    expect(await ttlOf(table)).toBe('none');
  }
  await store.execute(
    "INSERT INTO metric_chunks SELECT 'a', 'm', 1, number * 86400000 * 365, 'x' FROM numbers(56)",
    {},
    {
      settings: { max_partitions_per_insert_block: 0, insert_deduplicate: 0 },
    },
  );
  await store.execute('OPTIMIZE TABLE metric_chunks FINAL');
  expect(await store.query('SELECT toUInt32(count()) AS n FROM metric_chunks')).toEqual([{ n: 56 }]);
  await keepMetrics(store, { rawMs: 30 * dayMs });
  expect(await changes()).toEqual([]);
});
