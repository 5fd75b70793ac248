/**
 * "Only the address changes": stock clients in processes of their own, told where to report by what the Data page shows, found
 * again through the public API; and what each of them hears when its key is wrong.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, headless, type Product, startProduct } from '../support/product.ts';
import { openWorkshop, storedRows, type Workshop } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';
import { logClients } from './logs.ts';
import { openTelemetryClients } from './otlp.ts';
import { hasPrometheus, prometheusClients } from './prometheus.ts';
import { sentryClients } from './sentry.ts';
import { sourceMapClients } from './source-maps.ts';
import { shipperClients } from './shippers.ts';

let product: Product;
let workshop: Workshop;
let ports: readonly [number, number];

beforeAll(async () => {
  ports = await Promise.all([freePort(), freePort()]);
  product = await startProduct({ env: headless, args: ['--otlp-ports', ports.join()] });
  workshop = await openWorkshop(product);
});
afterAll(async () => {
  workshop?.close();
  await product?.close();
});

const bench: Bench = {
  get product() {
    return product;
  },
  get workshop() {
    return workshop;
  },
  get grpcPort() {
    return ports[0];
  },
  get httpPort() {
    return ports[1];
  },
};

describe('Sentry SDKs', () => sentryClients(bench));
describe('source maps', () => sourceMapClients(bench));
describe('OpenTelemetry SDK', () => openTelemetryClients(bench));
describe('loggers', () => logClients(bench));
describe('log shippers', () => shipperClients(bench));
describe('Prometheus', () => prometheusClients(bench));

test('requests with a wrong key are counted as refused, for nobody', async () => {
  const sql = `SELECT DISTINCT protocol FROM ledger
    WHERE organisation = '' AND outcome = 'rejected' AND reason = 'unauthorised' ORDER BY protocol`;
  const protocols = [
    'better-stack',
    'elasticsearch',
    'json-lines',
    'loki',
    'otlp',
    ...(hasPrometheus ? ['prometheus-remote-write'] : []),
    'sentry',
  ];
  await expect
    .poll(() => storedRows(product, sql), { timeout: 15_000 })
    .toEqual(protocols.map((protocol) => ({ protocol })));
});
