/** Deterministic noise: the same seed makes the same records for all sides. */
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

/** One record of a store's program, before any protocol. */
export interface SampleLog {
  readonly isError: boolean;
  readonly message: string;
  readonly correlationId: string;
  readonly orderId: string;
  readonly thread: string;
  readonly traceId: string;
  readonly spanId: string;
}

/** Records of one store and service, as its gateway sends them together. */
export interface SampleBatch {
  readonly site: string;
  readonly service: string;
  readonly logs: readonly SampleLog[];
}

/** What all records say of where they come from, beside site and service. */
export const sampleVersion = '2.4.1';
export const sampleEnvironment = 'production';

/**
 * Records of a hundred stores: `batches` times `records` of one store and service, each about 260 bytes as OTLP, with trace ids, correlation ids,
 * four attributes and, in one of a hundred, an e-mail address to be scrubbed.
 */
export function sampleBatches(batches: number, records: number): SampleBatch[] {
  const random = generator(42);
  const digits = (length: number): string => Array.from({ length }, () => hex[Math.floor(random() * 16)]).join('');
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  return Array.from({ length: batches }, (_, batch) => ({
    site: `STORE_${String(1 + (batch % 100)).padStart(3, '0')}`,
    service: services[batch % services.length] ?? '',
    logs: Array.from({ length: records }, (_log, i) => {
      const orderId = `ord_${Math.floor(random() * 1e6)}`;
      const who = random() < 0.01 ? ` for jane.doe${i}@example.com` : '';
      return {
        isError: random() < 0.03,
        message: `${pick(words)} ${orderId} ${pick(verbs)} at ${pick(words)} ${Math.floor(random() * 1000)} in ${Math.floor(random() * 500)} ms${who}`,
        correlationId: `corr_${digits(12)}`,
        orderId,
        thread: `worker-${Math.floor(random() * 8)}`,
        traceId: digits(32),
        spanId: digits(16),
      };
    }),
  }));
}
