import type { EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endMs, fillLogs, hourMs, openSmallStore } from '../test-support/small-store.ts';
import { scopeCondition } from '../search/scope.ts';
import { evenStretches } from './even-sample.ts';
import { minePatterns, type MinedPatterns } from './mine-patterns.ts';

const rows = 20_000;
let store: EmbeddedStore;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  await fillLogs(store, 'acme', rows);
  // All of them within one second.
  await store.execute(
    `INSERT INTO logs (organisation, ts, received_at, severity, body) SELECT 'burst', toDateTime64(${endMs / 1000 - 7200}, 9) + INTERVAL number MICROSECOND AS t, t, 9,
       concat(['order', 'basket'][1 + number % 2], ' stored') FROM numbers(10000)`,
    {},
    { settings: { insert_deduplication_token: 'burst' } },
  );
});
afterAll(() => close());

const day = { fromMs: endMs - 6 * hourMs, toMs: endMs };

function mined(organisation: string, sampleLines?: number): Promise<MinedPatterns> {
  const scope = scopeCondition({ organisation, ...day, environment: '', site: '', service: '' });
  return minePatterns(store, { ...scope, ...day, stepMs: hourMs, limit: 50, ...(sampleLines && { sampleLines }) });
}

describe('stretches spread over a range', () => {
  test.each([
    // Range in seconds, one in so many, what is kept of it in seconds.
    [86_400, 50, 'ts', 1728],
    [86_400, 4, 'ts', 21_600],
    [3600, 10, 'ts', 360],
    [30 * 86_400, 10, 'minute', 259_200],
  ])('of %d s one in %d by %s', async (rangeS, every, unit, keptS) => {
    const sample = evenStretches({ fromMs: endMs - rangeS * 1000, toMs: endMs }, every);
    const stepS = unit === 'minute' ? 60 : 1;
    const [found] = await store.query<{ kept: number; quarters: number[] }>(
      `SELECT toFloat64(count()) * ${stepS} AS kept, arrayMap(n -> toFloat64(n), countResample(0, 4, 1)(toUInt32(intDiv(number * ${4 * stepS}, ${rangeS})))) AS quarters
       FROM (SELECT number, toDateTime64(${endMs / 1000 - rangeS} + number * ${stepS}, 9) AS ts FROM numbers(${rangeS / stepS})) WHERE ${sample?.sql}`,
      sample?.parameters ?? {},
    );
    expect(found?.kept).toBeGreaterThan(keptS * 0.97);
    expect(found?.kept).toBeLessThan(keptS * 1.03);
    for (const quarter of found?.quarters ?? [])
      expect(Math.abs((quarter * stepS) / (keptS / 4) - 1)).toBeLessThan(0.1);
  });

  test.each([
    ['a sample that leaves hardly anything out', 86_400_000, 3],
    ['a range of seconds', 5000, 10],
  ])('none for %s', (_, rangeMs, every) => {
    expect(evenStretches({ fromMs: endMs - rangeMs, toMs: endMs }, every)).toBeUndefined();
  });
});

test('the patterns of a sample are those of all lines, with shares and trend', async () => {
  const [all, some] = [await mined('acme'), await mined('acme', 2000)];
  expect(all.sampled).toBe(all.total);
  expect(some.total).toBe(all.total);
  expect(some.sampled).toBeGreaterThan(1500);
  expect(some.sampled).toBeLessThan(2500);
  const shares = new Map(some.patterns.map(({ template, share }) => [template, share]));
  for (const { template, share } of all.patterns.filter((pattern) => pattern.share > 0.05))
    expect(Math.abs((shares.get(template) ?? 0) - share)).toBeLessThan(0.03);
  const hours = some.patterns
    .map(({ trend }) => trend)
    .reduce((sum, trend) => sum.map((n, index) => n + (trend[index] ?? 0)));
  for (const lines of hours) expect(Math.abs(lines / (rows / 6) - 1)).toBeLessThan(0.25);
});

test('lines of a burst, which no stretch may hold, are sampled one by one', async () => {
  const found = await mined('burst', 1000);
  expect(found.total).toBe(10_000);
  expect(found.sampled).toBeGreaterThan(700);
  expect(found.sampled).toBeLessThan(1300);
  expect(found.patterns.map(({ template }) => template).toSorted()).toEqual(['basket stored', 'order stored']);
});
