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

/** A request whose records are written anew with times that follow its sending, as a shipper that sends each second has them. */
export interface LogRequest {
  readonly body: Buffer;
  /** Where the 8 bytes of each record's time are, in the order of the records. */
  readonly timeOffsets: readonly number[];
}

const batchMs = 1000;

/** The request's bytes with times spread evenly over the second before `nowMs`. */
export function timed({ body, timeOffsets }: LogRequest, nowMs: number): Buffer {
  const copy = Buffer.from(body);
  timeOffsets.forEach((offset, i) => {
    const backMs = (batchMs * (timeOffsets.length - i)) / timeOffsets.length;
    copy.writeBigUInt64LE(BigInt(Math.round((nowMs - backMs) * 1000)) * 1000n, offset);
  });
  return copy;
}

/** The offsets of `timesNs` in `body`, each after the last. Throws where one is missing. */
function offsetsOf(body: Buffer, timesNs: readonly bigint[]): number[] {
  let from = 0;
  return timesNs.map((timeNs) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(timeNs);
    const offset = body.indexOf(bytes, from);
    if (offset < 0) throw new Error('a record without its time');
    from = offset + 8;
    return offset;
  });
}

/**
 * OTLP log requests as a store's gateway sends them: `records` records (about 260 bytes each) of one store and service,
 * with trace ids, correlation ids, four attributes and, in one of a hundred, an e-mail address to be scrubbed.
 */
export function makeLogRequests(requests: number, records: number, endMs: number): LogRequest[] {
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
    const timesNs = Array.from({ length: records }, (_time, i) => BigInt(endMs) * 1_000_000n + BigInt(i));
    for (const [i, timeNs] of timesNs.entries()) {
      const order = `ord_${Math.floor(random() * 1e6)}`;
      const who = random() < 0.01 ? ` for jane.doe${i}@example.com` : '';
      builder.add({
        timeNs,
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
    const body = builder.build();
    return { body, timeOffsets: offsetsOf(body, timesNs) };
  });
}
