import type { EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endMs, hourMs, openSmallStore } from '../test-support/small-store.ts';
import { edgeExamples } from './edge-examples.ts';
import { searchTraces } from './search-traces.ts';

let store: EmbeddedStore;
let close: () => Promise<void>;
const scope = { organisation: 'acme', fromMs: endMs - hourMs, toMs: endMs, environment: '', site: '', service: '' };

/** Two traces: orders calls payment, payment calls bank; in the second payment fails. The orders of the second stand at another site. */
beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  const span = (
    trace: string,
    id: string,
    parent: string,
    service: string,
    site: string,
    ms: number,
    failed = 0,
    statement = '',
  ) =>
    `('acme', '${site}', '${service}', fromUnixTimestamp64Milli(${endMs - 60_000}), ${ms}000000, unhex('${trace.repeat(16)}'), unhex('${id.repeat(8)}'), unhex('${parent.repeat(8)}'), 2, ${failed}, '${statement === '' ? '' : 'db'}', '${statement === '' ? '' : 'postgresql/shop'}', '${statement}')`;
  await store.execute(
    `INSERT INTO spans (organisation, site, service, ts, duration_ns, trace_id, span_id, parent_id, kind, status_code, call, peer, statement) VALUES ${[
      span('aa', '01', '00', 'orders', 'S1', 90),
      span('aa', '02', '01', 'payment', 'S1', 50),
      span('aa', '03', '02', 'bank', 'S1', 20),
      span('aa', '04', '01', 'orders', 'S1', 5, 0, 'SELECT * FROM stock WHERE sku = ?'),
      span('bb', '05', '00', 'orders', 'S2', 90),
      span('bb', '06', '05', 'payment', 'S1', 10, 2),
    ].join(', ')}`,
  );
});
afterAll(() => close());

test.each([
  ['orders', 'payment', {}, ['06', '02']],
  ['payment', 'bank', {}, ['03']],
  ['orders', 'bank', {}, []],
  ['payment', 'orders', {}, []],
  ['orders', 'payment', { site: 'S1' }, ['06', '02']],
  ['orders', 'payment', { site: 'S1', boundTo: 'S1' }, ['02']],
  ['orders', 'payment', { organisation: 'rival' }, []],
  ['orders', 'payment', { limit: 1 }, ['06']],
] as const)('calls of %s to %s within %j', async (caller, callee, more, ids) => {
  const found = await edgeExamples(store, { ...scope, limit: 20, ...more, caller, callee });
  expect(found.map(({ spanId }) => spanId.slice(0, 2))).toEqual(ids);
});

test.each([
  ['statement:"SELECT * FROM stock WHERE sku = ?"', 1],
  ['call:db peer:postgresql/shop', 1],
  ['call:queue', 0],
  ['statement:"SELECT 1"', 0],
])('traces with %s', async (q, count) => {
  const found = await searchTraces(store, { ...scope, q, sort: 'newest', limit: 10, cursor: '' });
  expect(found.ok && found.value.traces).toHaveLength(count);
});
