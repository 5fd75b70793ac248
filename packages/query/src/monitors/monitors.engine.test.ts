import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import { readMonitorHistory, readMonitorResults, readResponseTimes } from './monitors.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Noon, so that "today" has a past and a future. */
const now = Math.floor(Date.now() / day) * day + 12 * hour;
let opened: TestStore;

interface Result {
  readonly monitor: string;
  readonly at: number;
  readonly up?: boolean;
  readonly coversMs?: number;
  readonly durationMs?: number;
  readonly organisation?: string;
  readonly status?: string;
}

const insert = (results: readonly Result[]) =>
  opened.insert(
    'checks',
    results.map((one) => ({
      organisation: one.organisation ?? 'acme',
      monitor: one.monitor,
      kind: 'http',
      ts: engineTime(one.at),
      received_at: engineTime(one.at),
      check_id: `${one.monitor}/${one.at}`,
      status: one.status ?? (one.up === false ? 'down' : 'up'),
      duration_ms: one.durationMs ?? 100,
      covers_ms: one.coversMs ?? minute,
      message: 'answered 200',
    })),
  );

beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

describe('ninety days', () => {
  test('shares are of the time that was measured; what nobody measured is a gap', async () => {
    await insert([
      { monitor: 'shop', at: now - 89 * day, coversMs: 3 * hour },
      { monitor: 'shop', at: now - 89 * day + hour, up: false, coversMs: hour },
      { monitor: 'shop', at: now - 95 * day, up: false, coversMs: day },
      { monitor: 'shop', at: now - 3 * day, up: false, coversMs: 90_000 },
      { monitor: 'shop', at: now - minute, coversMs: 8.5 * minute, durationMs: 10 },
      { monitor: 'shop', at: now, coversMs: 90_000, durationMs: 30 },
      { monitor: 'cron', at: now, status: 'ok' },
      { monitor: 'shop', at: now, organisation: 'rival', up: false },
    ]);
    const all = await readMonitorHistory(opened.store, { organisation: 'acme', nowMs: now });
    expect([...all.keys()]).toEqual(['shop']);
    const shop = all.get('shop')!;
    expect(shop.days).toHaveLength(90);
    expect([shop.days[0], shop.days[86], shop.days[89]]).toEqual([0.75, 0, 1]);
    expect(shop.days.filter((share) => share !== null)).toHaveLength(3);
    expect([shop.downMin[0], shop.downMin[86], shop.downMin[89]]).toEqual([60, 1.5, 0]);
    expect(shop.uptime.day).toBe(1);
    expect(shop.uptime.week).toBeCloseTo(10 / 11.5, 5);
    expect(shop.uptime.quarter).toBeCloseTo((180 + 10) / (240 + 11.5), 5);
    expect(shop.response).toHaveLength(24);
    expect(shop.response.at(-1)).toBe(30);
    expect(shop.response.at(-2)).toBe(10);
    expect(shop.response[0]).toBeNull();
  });

  test('a monitor with nothing but failures has no response times, and one alone can be asked for', async () => {
    await insert([{ monitor: 'broken', at: now, up: false }]);
    const one = await readMonitorHistory(opened.store, { organisation: 'acme', nowMs: now, monitor: 'broken' });
    expect([...one.keys()]).toEqual(['broken']);
    expect(one.get('broken')?.response.every((value) => value === null)).toBe(true);
    expect(one.get('broken')?.uptime).toEqual({ day: 0, week: 0, quarter: 0 });
  });
});

describe('results and response times', () => {
  test('newest first, within the range; the slowest is not lost in the mean', async () => {
    const at = (n: number) => now - 2 * hour + n * 5 * minute;
    await insert([0, 1, 2, 3].map((n) => ({ monitor: 'slow', at: at(n), durationMs: 10 * (n + 1), up: n !== 2 })));
    const asked = { organisation: 'acme', monitor: 'slow', fromMs: at(0), toMs: at(3) };
    const results = await readMonitorResults(opened.store, { ...asked, limit: 2 });
    expect(results.map(({ at, up }) => [at, up])).toEqual([
      [at(2), false],
      [at(1), true],
    ]);
    const times = await readResponseTimes(opened.store, { ...asked, toMs: now, everyMs: 5 * minute });
    expect(times.stepMs).toBe(5 * minute);
    expect(times.mean.map(({ value }) => value)).toEqual([10, 20, 40]);
    expect(times.down).toEqual([{ at: at(2), value: 1 }]);
    const coarse = await readResponseTimes(opened.store, {
      ...asked,
      fromMs: now - 90 * day,
      toMs: now,
      everyMs: minute,
    });
    expect(coarse.stepMs).toBe(day);
    expect([coarse.mean[0]?.value, coarse.worst[0]?.value]).toEqual([70 / 3, 40]);
    const other = { ...asked, organisation: 'rival', toMs: now, limit: 5 };
    expect(await readMonitorResults(opened.store, other)).toEqual([]);
  });
});
