/**
 * "Only the address changes": stock clients in processes of their own, told where to report by what the Data page shows, found
 * again through the public API; and what each of them hears when its key is wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, headless, type Product, startProduct } from '../support/product.ts';
import { openWorkshop, storedRows, type Workshop } from '../support/stock-client.ts';
import type { Bench } from './bench.ts';
import { logClients } from './logs.ts';
import { openTelemetryClients } from './otlp.ts';
import { hasPrometheus, prometheusClients } from './prometheus.ts';
import { hasLogger, socketClients } from './sockets.ts';
import { certificateFiles } from '../support/certificate.ts';
import { profileClients } from './profiles.ts';
import { reactClients } from './react.ts';
import { replayClients } from './replays.ts';
import { sentryClients } from './sentry.ts';
import { sourceMapClients } from './source-maps.ts';
import { shipperClients } from './shippers.ts';

let product: Product;
let workshop: Workshop;
let ports: readonly number[];
let certificates: string;

beforeAll(async () => {
  ports = await Promise.all(Array.from({ length: 7 }, () => freePort()));
  certificates = mkdtempSync(path.join(tmpdir(), 'sightline-certificate-'));
  const tls = certificateFiles(certificates);
  const [grpc, http, syslog, syslogTls, gelf, forward, handshake] = ports;
  const args = ['--otlp-ports', `${grpc},${http}`, '--syslog', `${syslog},tls:${syslogTls}`, '--gelf', `${gelf}`];
  args.push('--fluent-forward', `${forward},handshake:${handshake}`);
  args.push('--listener-cert', tls.cert, '--listener-cert-key', tls.key);
  product = await startProduct({ env: headless, args });
  workshop = await openWorkshop(product);
});
afterAll(async () => {
  workshop?.close();
  await product?.close();
  if (certificates) rmSync(certificates, { recursive: true, force: true });
});

const bench: Bench = {
  get product() {
    return product;
  },
  get workshop() {
    return workshop;
  },
  get grpcPort() {
    return ports[0] ?? 0;
  },
  get httpPort() {
    return ports[1] ?? 0;
  },
  get syslogPort() {
    return ports[2] ?? 0;
  },
  get syslogTlsPort() {
    return ports[3] ?? 0;
  },
  get certificate() {
    return path.join(certificates, 'cert.pem');
  },
  get gelfPort() {
    return ports[4] ?? 0;
  },
  get forwardPort() {
    return ports[5] ?? 0;
  },
  get handshakePort() {
    return ports[6] ?? 0;
  },
};

describe('Sentry SDKs', () => sentryClients(bench));
describe('source maps', () => sourceMapClients(bench));
describe('React error boundaries', () => reactClients(bench));
describe('replays', () => replayClients(bench));
describe('profiles', () => profileClients(bench));
describe('OpenTelemetry SDK', () => openTelemetryClients(bench));
describe('loggers', () => logClients(bench));
describe('log shippers', () => shipperClients(bench));
describe('log shippers over sockets', () => socketClients(bench));
describe('Prometheus', () => prometheusClients(bench));

test('requests with a wrong key are counted as refused, for nobody', async () => {
  const sql = `SELECT DISTINCT protocol FROM ledger
    WHERE organisation = '' AND outcome = 'rejected' AND reason = 'unauthorised' ORDER BY protocol`;
  const protocols = [
    'better-stack',
    'elasticsearch',
    'fluent-forward',
    'json-lines',
    'loki',
    'otlp',
    ...(hasPrometheus ? ['prometheus-remote-write'] : []),
    'sentry',
    ...(hasLogger ? ['syslog'] : []),
  ];
  await expect
    .poll(() => storedRows(product, sql), { timeout: 15_000 })
    .toEqual(protocols.map((protocol) => ({ protocol })));
});
