import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import type { ExemplarReservoir } from './exemplars.ts';

/** What a program of a store measures with. */
export interface MeteredProgram {
  readonly meter: Meter;
  readonly exemplars: ExemplarReservoir;
}

/** What a sale counts. Names follow OpenTelemetry's semantic conventions where there are some (https://opentelemetry.io/docs/specs/semconv/general/metrics/). */
export interface StoreMeters {
  readonly orders: Counter;
  readonly revenue: Counter;
  readonly payments: Counter;
  readonly ageChecks: Counter;
  readonly unitsSold: Counter;
  readonly cacheRequests: Counter;
  readonly syncs: Counter;
  /** `http.server.request.duration` of the gateway. */
  readonly served: Histogram;
  /** `http.client.request.duration` of the payment service: the processor. */
  readonly called: Histogram;
  /** `db.client.operation.duration`. */
  readonly queried: Histogram;
  readonly collected: Histogram;
}

/** How a store feels: what the callbacks of its instruments read. */
export interface Vitals {
  cpu: number;
  memory: number;
  disk: number;
  queue: number;
  /** Since the back office acknowledged last, seconds. */
  syncLagS: number;
  eventLoopMs: number;
  /** Connections of the pool at work; the rest idles. */
  connections: number;
  waiting: number;
  activeUsers: number;
  heapBytes: number;
  /** Since the start, bytes. */
  readonly traffic: { read: number; written: number; received: number; sent: number };
  /** Units on the shelf by product. */
  readonly stock: Map<string, number>;
}

export const poolSize = 20;
const heapLimitBytes = 512 * 1024 * 1024;
const quick = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5];
const slow = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The instruments of a store's services. */
export function instruments(
  programs: Readonly<Record<'orders' | 'gateway' | 'payment', MeteredProgram>>,
  vitals: Vitals,
): StoreMeters {
  const orders = programs.orders.meter;
  infrastructure(orders, vitals);
  runtime(orders, vitals);
  state(orders, vitals);
  const duration = ({ meter, exemplars }: MeteredProgram, name: string, bounds: number[]): Histogram =>
    exemplars.watch(
      meter.createHistogram(name, { unit: 's', advice: { explicitBucketBoundaries: bounds } }),
      name,
      bounds,
    );
  return {
    orders: orders.createCounter('order.count', { unit: '{order}' }),
    revenue: orders.createCounter('order.revenue', { unit: 'USD' }),
    payments: programs.payment.meter.createCounter('payment.attempts', { unit: '{attempt}' }),
    ageChecks: orders.createCounter('age.checks', { unit: '{check}' }),
    unitsSold: orders.createCounter('inventory.units_sold', { unit: '{unit}' }),
    cacheRequests: orders.createCounter('cache.requests', { unit: '{request}' }),
    syncs: orders.createCounter('sync.batches', { unit: '{batch}' }),
    served: duration(programs.gateway, 'http.server.request.duration', slow),
    called: duration(programs.payment, 'http.client.request.duration', slow),
    queried: duration(programs.orders, 'db.client.operation.duration', quick),
    collected: duration(programs.orders, 'v8js.gc.duration', [0.001, 0.01, 0.1]),
  };
}

function infrastructure(meter: Meter, vitals: Vitals): void {
  gauge(meter, 'system.cpu.utilization', '1', () => vitals.cpu);
  gauge(meter, 'system.memory.utilization', '1', () => vitals.memory);
  gauge(meter, 'system.filesystem.utilization', '1', () => vitals.disk);
  const { traffic } = vitals;
  meter.createObservableCounter('system.disk.io', { unit: 'By' }).addCallback((result) => {
    result.observe(traffic.read, { 'disk.io.direction': 'read' });
    result.observe(traffic.written, { 'disk.io.direction': 'write' });
  });
  meter.createObservableCounter('system.network.io', { unit: 'By' }).addCallback((result) => {
    result.observe(traffic.received, { 'network.io.direction': 'receive' });
    result.observe(traffic.sent, { 'network.io.direction': 'transmit' });
  });
}

/** https://opentelemetry.io/docs/specs/semconv/runtime/nodejs-metrics/ */
function runtime(meter: Meter, vitals: Vitals): void {
  gauge(meter, 'nodejs.eventloop.delay.p99', 's', () => vitals.eventLoopMs / 1000);
  gauge(meter, 'nodejs.eventloop.utilization', '1', () => Math.min(1, vitals.cpu * 0.6));
  gauge(meter, 'v8js.memory.heap.used', 'By', () => vitals.heapBytes);
  gauge(meter, 'v8js.memory.heap.limit', 'By', () => heapLimitBytes);
  gauge(meter, 'process.memory.usage', 'By', () => vitals.heapBytes * 1.4 + 45e6);
}

/** Pools, queues, shelves, people. */
function state(meter: Meter, vitals: Vitals): void {
  const pool = { 'db.client.connection.pool.name': 'orders' };
  meter.createObservableUpDownCounter('db.client.connection.count', { unit: '{connection}' }).addCallback((result) => {
    result.observe(vitals.connections, { ...pool, 'db.client.connection.state': 'used' });
    result.observe(poolSize - vitals.connections, { ...pool, 'db.client.connection.state': 'idle' });
  });
  gauge(meter, 'db.client.connection.pending_requests', '{request}', () => vitals.waiting);
  gauge(meter, 'sync.queue.depth', '{item}', () => vitals.queue);
  gauge(meter, 'sync.lag', 's', () => vitals.syncLagS);
  gauge(meter, 'user.active', '{user}', () => vitals.activeUsers);
  meter.createObservableGauge('inventory.stock.level', { unit: '{unit}' }).addCallback((result) => {
    for (const [product, units] of vitals.stock) result.observe(units, { product });
  });
}

function gauge(meter: Meter, name: string, unit: string, read: () => number): void {
  meter.createObservableGauge(name, { unit }).addCallback((result) => result.observe(read()));
}
