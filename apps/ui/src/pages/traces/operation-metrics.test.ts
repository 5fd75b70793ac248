import { expect, it } from 'vitest';
import { spanAt } from '../../records/span.fixture.ts';
import { operationMetrics } from './operation-metrics.ts';

it.each([
  [{}, undefined],
  [{ 'http.route': '' }, undefined],
  [{ 'http.route': '/orders/:id', 'http.method': 'GET' }, '{http_route="/orders/:id"}'],
  [{ 'rpc.method': 'Authorise' }, '{rpc_method="Authorise"}'],
  [{ 'db.collection.name': 'a "b"' }, String.raw`{db_collection_name="a \"b\""}`],
])('the metrics of %j are %s', (attributes, expr) => {
  const { exact, search } = operationMetrics(spanAt('a', '', 0, 1000, { attributes, service: 'payment' }));
  expect(exact).toBe(expr !== undefined);
  expect(search['expr']).toBe(expr);
  expect(search).toMatchObject({ service: 'payment', range: '' });
  expect(Number(search['to']) - Number(search['from'])).toBe(1000 + 30 * 60_000);
});
