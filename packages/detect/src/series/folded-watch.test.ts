import { expect, it } from 'vitest';
import { foldedFinding } from './folded-watch.ts';

const now = 1_764_000_000_000;
const hour = 3_600_000;
const metric = (name: string, sinceH: number, lastH: number | null) => ({
  metric: name,
  sinceMs: now - sinceH * hour,
  lastMs: lastH === null ? null : now - lastH * hour,
});

it('names the metrics that fold now, and since when', () => {
  const told = foldedFinding('acme', 1200, [metric('a', 3, 0), metric('b', 9, 0), metric('old', 90, 50)], now);
  expect(told).toMatchObject({
    organisation: 'acme',
    state: 'firing',
    value: 1200,
    sinceMs: now - 9 * hour,
    link: '/metrics?mode=cardinality',
  });
  expect(told.summary).toBe(
    '1,200 samples in 10 min were added up in {overflow="true"}, of a, b: series that were new had no room.',
  );
});

it('names five, and says how many more; none where the index has not heard of them yet', () => {
  const many = Array.from({ length: 7 }, (_, i) => metric(`m${i}`, 1, 0));
  expect(foldedFinding('acme', 1, many, now).summary).toContain('of m0, m1, m2, m3, m4 and 2 more:');
  const early = foldedFinding('acme', 1, [metric('a', 1, null)], now);
  expect(early.summary).not.toContain(', of');
  expect(early.sinceMs).toBe(now);
});
