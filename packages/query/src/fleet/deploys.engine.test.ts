import { afterAll, beforeAll, expect, it } from 'vitest';
import { engineTime, openTestStore, type TestStore } from '../test-support.ts';
import { readDeploys } from './deploys.ts';

const minute = 60_000;
const now = Math.floor(Date.now() / minute) * minute - 10 * minute;
let test: TestStore;

const span = (release: string, agoMin: number, site = 'STORE_001', service = 'orders', organisation = 'acme') => ({
  organisation,
  site,
  service,
  release,
  kind: 2,
  name: 'POST /orders',
  ts: engineTime(now - agoMin * minute),
  received_at: engineTime(now - agoMin * minute),
});

beforeAll(async () => {
  test = await openTestStore();
  await test.insert('spans', [
    span('1.0', 300),
    span('1.0', 50),
    span('1.1', 30),
    span('1.1', 20, 'STORE_002'),
    span('1.0', 10),
    span('7.0', 40, 'STORE_001', 'payment'),
    span('2.0', 30, 'STORE_001', 'orders', 'other'),
  ]);
});
afterAll(() => test.close());

it('is a release that came after another, told once with its sites', async () => {
  const scope = { organisation: 'acme', fromMs: now - 60 * minute, toMs: now, environment: '', site: '', service: '' };
  expect(await readDeploys(test.store, scope)).toEqual({
    deploys: [{ at: now - 30 * minute, service: 'orders', release: '1.1', sites: 2 }],
    cut: false,
  });
  expect((await readDeploys(test.store, { ...scope, fromMs: now - 25 * minute })).deploys).toEqual([]);
  expect((await readDeploys(test.store, { ...scope, site: 'STORE_002' })).deploys).toEqual([]);
});

it('keeps the newest hundred of a range and says that there were more', async () => {
  await test.insert(
    'spans',
    Array.from({ length: 105 }, (_, i) => span(`3.${i}`, 200 - i, 'STORE_003', 'rollout')),
  );
  const scope = { organisation: 'acme', fromMs: now - 300 * minute, toMs: now, environment: '', site: 'STORE_003' };
  const found = await readDeploys(test.store, { ...scope, service: '' });
  expect(found.cut).toBe(true);
  expect(found.deploys.map(({ release }) => release)).toEqual(Array.from({ length: 100 }, (_, i) => `3.${i + 5}`));
});
