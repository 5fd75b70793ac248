import { randomFillSync } from 'node:crypto';
import { TracesRequestBuilder } from '@sightline/ingest';

/** A step of the trace that every request repeats: its place, and what the stock instrumentations say of it. */
const steps = [
  {
    service: 'gateway',
    name: 'POST /orders',
    kind: 2,
    parent: -1,
    attributes: { 'http.request.method': 'POST', 'http.route': '/orders', 'http.response.status_code': 201 },
  },
  {
    service: 'orders',
    name: 'place order',
    kind: 2,
    parent: 0,
    attributes: { 'http.request.method': 'POST', 'http.route': '/place' },
  },
  {
    service: 'orders',
    name: 'INSERT orders',
    kind: 3,
    parent: 1,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': 'orders',
      'db.query.text': 'INSERT INTO orders (id, total) VALUES ($1, $2)',
    },
  },
  { service: 'inventory', name: 'reserve stock', kind: 2, parent: 1, attributes: { 'rpc.system': 'grpc' } },
  {
    service: 'inventory',
    name: 'SELECT inventory',
    kind: 3,
    parent: 3,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': 'inventory',
      'db.query.text': 'SELECT qty FROM inventory WHERE sku = $1',
    },
  },
  {
    service: 'payment',
    name: 'authorize payment',
    kind: 2,
    parent: 1,
    attributes: { 'payment.processor': 'worldpay' },
  },
] as const;

/** OTLP trace requests as a store's gateway sends them: `records` spans in traces of six over four services, with correlation and order ids. */
export function makeSpanRequests(requests: number, records: number, endMs: number): Buffer[] {
  const ids = Buffer.alloc(16 + 8 * steps.length);
  return Array.from({ length: requests }, (_, request) => {
    const builder = new TracesRequestBuilder();
    const site = `STORE_${String(1 + (request % 100)).padStart(3, '0')}`;
    const traces = Math.ceil(records / steps.length);
    const made = Array.from({ length: traces }, () => Buffer.from(randomFillSync(ids)));
    for (const service of ['gateway', 'orders', 'inventory', 'payment']) {
      builder.resource(
        {
          'service.name': service,
          'site.id': site,
          'service.version': '2.4.1',
          'deployment.environment.name': 'production',
        },
        'pos',
      );
      for (const [n, id] of made.entries()) {
        for (const [at, step] of steps.entries()) {
          if (step.service !== service || n * steps.length + at >= records) continue;
          const startNs = BigInt(endMs - 60_000 + ((n * 997) % 60_000)) * 1_000_000n + BigInt(at) * 1_000_000n;
          builder.add({
            traceId: id.subarray(0, 16),
            spanId: id.subarray(16 + at * 8, 24 + at * 8),
            ...(step.parent < 0 ? {} : { parentId: id.subarray(16 + step.parent * 8, 24 + step.parent * 8) }),
            name: step.name,
            kind: step.kind,
            startNs,
            endNs: startNs + BigInt(1_000_000 + ((n * 7919) % 200_000_000)),
            statusCode: n % 60 === 0 ? 2 : 1,
            attributes: {
              'correlation.id': `corr_${id.toString('hex', 0, 6)}`,
              'order.id': `ord_${id.readUInt32LE(0) % 1_000_000}`,
              ...step.attributes,
            },
          });
        }
      }
    }
    return builder.build();
  });
}
