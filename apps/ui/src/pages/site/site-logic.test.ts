import { expect, test } from 'vitest';
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
