import { afterAll, beforeAll, expect, it } from 'vitest';
import { InMemoryEngine } from '../promql/test-support/in-memory-engine.ts';
import { openTestStore, type TestStore } from '../test-support.ts';
import { foldedSince, readCardinality } from './cardinality.ts';

const now = Date.now();
const hour = 3_600_000;
let test: TestStore;

const series = (
  metric: string,
  fp: number,
  labels: Record<string, string>,
  [first, last]: readonly [number, number],
  organisation = 'acme',
) => ({ organisation, metric, fp: String(fp), labels, first_seen: now - first * hour, last_seen: now - last * hour });

beforeAll(async () => {
  test = await openTestStore();
  await test.insert('metric_series', [
    series('orders_total', 1, { site: 'A' }, [50, 0]),
    series('orders_total', 2, { overflow: 'true' }, [30, 20]),
    series('orders_total', 2, { overflow: 'true' }, [10, 0]),
    series('visits', 3, { overflow: 'true' }, [5, 1]),
    series('old', 4, { overflow: 'true' }, [500, 400]),
    // A client's own label is no sign of ours.
    series('pipes', 5, { overflow: 'true', site: 'A' }, [5, 0]),
    series('spied', 6, { overflow: 'true' }, [5, 0], 'rival'),
  ]);
});
afterAll(() => test.close());

const ledger = (organisation: string, minutesAgo: number, reason: string, records: number) => ({
  organisation,
  minute: Math.floor((now - minutesAgo * 60_000) / 1000),
  signal: 'metrics',
  outcome: 'accepted',
  reason,
  records,
});

it('asks no further where the ledger knows of nothing that was folded', async () => {
  const engine = new InMemoryEngine();
  const found = await readCardinality({ ...test.store, metrics: engine }, { organisation: 'acme', nowMs: now });
  expect(found.folded).toEqual([]);
});

it('tells which metrics met a limit within a week, since when, and when last', async () => {
  await test.insert('ledger', [
    ledger('acme', 5, 'folded', 3),
    ledger('acme', 6, 'folded', 4),
    ledger('acme', 6, '', 100),
    ledger('acme', 40, 'folded', 7),
    ledger('rival', 20, 'folded', 1),
  ]);
  const engine = new InMemoryEngine();
  engine.add('acme', 'orders_total', { overflow: 'true' }, [[now - hour, 3]]);
  const found = await readCardinality({ ...test.store, metrics: engine }, { organisation: 'acme', nowMs: now });
  expect(found.folded.map(({ metric, sinceMs }) => [metric, sinceMs])).toEqual([
    ['visits', now - 5 * hour],
    ['orders_total', now - 30 * hour],
  ]);
});

it('knows of which organisations samples are folded now', async () => {
  expect(await foldedSince(test.store, now - 10 * 60_000)).toEqual([{ organisation: 'acme', samples: 7 }]);
  expect(await foldedSince(test.store, now - hour, 'rival')).toEqual([{ organisation: 'rival', samples: 1 }]);
});
