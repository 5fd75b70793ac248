import { expect, test } from 'vitest';
import { pointAt, runsOf } from './lane-shape.ts';
import { byTier, tierOf } from './tiers.ts';

test.each([
  ['pos-terminal', 'terminal'],
  ['pos', 'terminal'],
  ['api-gateway', 'gateway'],
  ['order-service', 'service'],
  ['postgres', 'database'],
  ['inventory-db', 'database'],
  ['deposit-service', 'service'],
  ['dbt-runner', 'service'],
  ['webhooks', 'service'],
])('%s stands in the tier %s', (service, tier) => {
  expect(tierOf(service)).toBe(tier);
});

test('tiers stand in the order of a sale, empty ones not at all', () => {
  const tiers = byTier(['postgres', 'orders', 'pos'].map((service) => ({ service })));
  expect(tiers.map((t) => t.tier)).toEqual(['terminal', 'service', 'database']);
});

const points = [0, 10, 20, 60, 70].map((at) => ({ at, value: at }));

test('a gap is a gap', () => {
  expect(runsOf(points).map((run) => run.map((p) => p.at))).toEqual([
    [0, 10, 20],
    [60, 70],
  ]);
  expect(runsOf([])).toEqual([]);
});

test('a moment has the nearest point, none inside a gap', () => {
  expect(pointAt(points, 12)?.at).toBe(10);
  expect(pointAt(points, 40)).toBeUndefined();
  expect(pointAt([], 5)).toBeUndefined();
});
