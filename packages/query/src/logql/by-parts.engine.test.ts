import type { EmbeddedStore } from '@sightline/store';
import type { TelemetryReader } from '@sightline/store/port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endMs, fillLogs, hourMs, openSmallStore } from '../test-support/small-store.ts';
import type { MetricExpression } from './ast.ts';
import { noResourceHas } from './look-ahead.ts';
import { largeParts } from './large-parts.ts';
import { parseLogql } from './parse.ts';
import { runMetricQuery } from './run-metric-query.ts';

let store: EmbeddedStore;
let close: () => Promise<void>;
/** The store, with what it was asked. */
let reader: TelemetryReader;
const asked: string[] = [];
/** Runs once, before the next look whether parts are still there. */
let meanwhile: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  await fillLogs(store, 'acme', 12_000);
  await store.execute('OPTIMIZE TABLE logs FINAL');
  await fillLogs(store, 'acme', 300);
  await fillLogs(store, 'rival', 900);
  reader = {
    query: async (sql, parameters, limits) => {
      if (sql.includes('has({names:Array(String)}, name)')) {
        await meanwhile?.();
        meanwhile = undefined;
      }
      return store.query(sql, parameters, limits);
    },
    stream: (sql, parameters, limits) => {
      asked.push(sql);
      return store.stream(sql, parameters, limits);
    },
  };
});
afterAll(() => close());

const questions = [
  'sum by (service_name) (rate({service_name=~".+"} |= "a" [5m]))',
  'sum by (http_status_code) (count_over_time({service_name="payment"}[5m]))',
  'sum by (host_name) (count_over_time({service_name=~".+"} |~ "slow|timeout" [10m]))',
  'sum(bytes_rate({level=~"error|info"} |= "pay" [10m]))',
  'count_over_time({site="STORE_047", service_name="orders"} |= "e" [5m])',
  'sum by (note) (count_over_time({service_name=~".+"} | amount > 100 [5m]))',
  'max by (site) (max_over_time({service_name=~".+"} | unwrap amount [5m]))',
];

async function answer(text: string, toMs: number, largePartLines: number, organisation = 'acme'): Promise<unknown> {
  const query = parseLogql(text);
  if (!query.ok) throw new Error(text);
  const range = { startMs: toMs - 3 * hourMs, endMs: toMs, stepMs: 300_000 };
  const input = { organisation, site: '', query: query.value as MetricExpression, ...range, largePartLines };
  const found = await runMetricQuery(reader, input);
  if (!found.ok) throw new Error(found.error.message);
  const { value } = found.value;
  if (value.type !== 'matrix') throw new Error(value.type);
  return value.series
    .map(({ labels, floats }) => ({ labels, times: [...floats.times], values: [...floats.values] }))
    .toSorted((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1));
}

/** The same by parts and without them. Answers how often parts were read for themselves. */
async function same(text: string, toMs: number): Promise<number> {
  asked.length = 0;
  const byParts = await answer(text, toMs, 500);
  const parts = asked.flatMap((sql) => [...sql.matchAll(/_part = |transform\(_part/g)]).length;
  expect(byParts, text).toEqual(await answer(text, toMs, 1e12));
  expect(byParts, text).not.toEqual([]);
  return parts;
}

test.each(questions)('%s by parts is what it is without', async (text) => {
  // Of extremes of values nothing is kept.
  const some = !text.startsWith('max');
  expect((await same(text, endMs - hourMs)) > 0).toBe(some);
  // What is kept is not read again.
  expect(await same(text, endMs - hourMs)).toBe(0);
  // A range that moves on, and back.
  expect((await same(text, endMs - hourMs + 600_000)) > 0).toBe(some);
  await same(text, endMs - hourMs + 300_000);
  await same(text, endMs);
  await same(text, endMs - 2 * hourMs);
  // Steps at other moments have other buckets.
  await same(text, endMs - hourMs + 7000);
});

test('lines that come, parts that are merged and lines that are deleted', async () => {
  const text = questions[0]!;
  const ask = (): Promise<number> => same(text, endMs - hourMs);
  await ask();
  await fillLogs(store, 'acme', 400);
  expect(await ask()).toBe(0);
  await store.execute('OPTIMIZE TABLE logs FINAL');
  expect(await ask()).toBeGreaterThan(0);
  await store.execute("ALTER TABLE logs DELETE WHERE service = 'orders' AND cityHash64(body) % 2 = 0", undefined, {
    settings: { mutations_sync: 1 },
  });
  expect(await ask()).toBeGreaterThan(0);
  expect(await ask()).toBe(0);
});

test('a part that is merged away while it is read', async () => {
  const text = 'sum by (site) (count_over_time({service_name=~".+"} |= "s" [5m]))';
  await fillLogs(store, 'acme', 1000);
  meanwhile = async () => {
    await store.execute('OPTIMIZE TABLE logs FINAL');
  };
  await same(text, endMs - hourMs);
  expect(meanwhile).toBeUndefined();
  await same(text, endMs - hourMs);
});

test('organisations do not share what is kept', async () => {
  const text = questions[0]!;
  const [acme, rival] = [await answer(text, endMs, 500), await answer(text, endMs, 500, 'rival')];
  expect(rival).toEqual(await answer(text, endMs, 1e12, 'rival'));
  expect(rival).not.toEqual(acme);
});

test('names of resources are remembered for a part, and found in what comes', async () => {
  const range = { organisation: 'acme', fromMs: endMs - 6 * hourMs, toMs: endMs };
  const query = parseLogql('{service_name=~".+"}');
  if (!query.ok || query.value.kind !== 'log') throw new Error('not a log query');
  const log = query.value;
  const parts = await largeParts(store, range, {}, 500);
  expect(parts.length).toBeGreaterThan(0);
  const none = (names: string[]): Promise<boolean> => noResourceHas(store, log, names, range, {}, parts);
  expect(await none(['order.id'])).toBe(true);
  expect(await none(['host.name'])).toBe(false);
  await store.execute(
    `INSERT INTO logs (organisation, service, ts, received_at, res) SELECT 'acme', 'payment', fromUnixTimestamp64Milli({at:Int64}), now64(), map('order.id', '7')`,
    { at: endMs - hourMs },
    { settings: { insert_deduplication_token: 'late' } },
  );
  expect(await none(['order.id'])).toBe(false);
});
