import { LogsRequestBuilder } from '@sightline/ingest';

/** Deterministic noise: the same seed makes the same requests for both sides. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

const services = ['terminal', 'gateway', 'orders', 'payment', 'inventory', 'sync'];
const verbs = ['authorized', 'captured', 'declined', 'queued', 'reserved', 'printed', 'scanned', 'synced'];
const words = [
  'order',
  'terminal',
  'receipt',
  'basket',
  'cashier',
  'processor',
  'inventory',
  'discount',
  'shift',
  'drawer',
  'batch',
  'stock',
];
const hex = '0123456789abcdef';

/**
 * OTLP log requests as a store's gateway sends them: `records` records (about 260 bytes each) of one store and service,
 * with trace ids, correlation ids, four attributes and, in one of a hundred, an e-mail address to be scrubbed.
 */
export function makeLogRequests(requests: number, records: number, endMs: number): Buffer[] {
  const random = generator(42);
  const digits = (length: number): string => Array.from({ length }, () => hex[Math.floor(random() * 16)]).join('');
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  return Array.from({ length: requests }, (_, request) => {
    const builder = new LogsRequestBuilder();
    const site = `STORE_${String(1 + (request % 100)).padStart(3, '0')}`;
    builder.resource({
      'service.name': services[request % services.length] ?? '',
      'site.id': site,
      'service.version': '2.4.1',
      'deployment.environment.name': 'production',
    });
    for (let i = 0; i < records; i++) {
      const order = `ord_${Math.floor(random() * 1e6)}`;
      const who = random() < 0.01 ? ` for jane.doe${i}@example.com` : '';
      builder.add({
        timeNs: BigInt(endMs) * 1_000_000n - BigInt(Math.floor(random() * 60_000)) * 1_000_000n,
        severityNumber: random() < 0.03 ? 17 : 9,
        severityText: 'INFO',
        body: `${pick(words)} ${order} ${pick(verbs)} at ${pick(words)} ${Math.floor(random() * 1000)} in ${Math.floor(random() * 500)} ms${who}`,
        attributes: {
          'correlation.id': `corr_${digits(12)}`,
          'order.id': order,
          'http.response.status_code': 200,
          'thread.name': `worker-${Math.floor(random() * 8)}`,
        },
        traceId: digits(32),
        spanId: digits(16),
      });
    }
    return builder.build();
  });
}
