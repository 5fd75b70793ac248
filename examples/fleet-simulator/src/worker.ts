/**
 * Runs a slice of the fleet. Started by main.ts, which sends the slice first and faults later; ends when its parent does.
 */
import { FaultBoard } from './faults.ts';
import { tradeShare } from './pace.ts';
import { poolSize, type StoreMeters, type Vitals } from './meters.ts';
import { pushBatch, writeJournal } from './pos/others.ts';
import { products } from './products.ts';
import { Random } from './random.ts';
import { Sale } from './sale.ts';
import { makeStores, type Store } from './stores.ts';
import { SeverityNumber, services, Telemetry, type Program, type Service, type Target } from './telemetry.ts';

export type Order =
  | {
      readonly kind: 'begin';
      readonly target: Target;
      readonly stores: number;
      readonly slice: number;
      readonly slices: number;
      readonly pace: number;
    }
  | { readonly kind: 'fault'; readonly name: string; readonly active: boolean; readonly sites: readonly string[] }
  | { readonly kind: 'end' };

const goodRelease = '2.4.1';
const tickMs = 250;
const metricsEveryMs = 20_000;

/** A store at work: its programs, its instruments and how it feels. */
class StoreAtWork {
  readonly store: Store;
  readonly #telemetry: Telemetry;
  readonly #faults: FaultBoard;
  readonly #random: Random;
  readonly #pace: number;
  readonly #vitals: Vitals = {
    cpu: 0.2,
    memory: 0.45,
    disk: 0.4,
    queue: 0,
    syncLagS: 0,
    eventLoopMs: 4,
    connections: 4,
    waiting: 0,
    activeUsers: 3,
    heapBytes: 120e6,
    traffic: { read: 0, written: 0, received: 0, sent: 0 },
    stock: new Map(),
  };
  readonly #meters: StoreMeters;
  readonly #programs = new Map<string, Program>();
  #nextSaleMs: number;
  #nextSyncMs: number;
  #batch = 1;
  #restartedAtMs = 0;
  #syncedAtMs: number;

  constructor(store: Store, index: number, telemetry: Telemetry, faults: FaultBoard, pace: number, nowMs: number) {
    this.store = store;
    this.#telemetry = telemetry;
    this.#faults = faults;
    this.#pace = pace;
    this.#random = new Random(index * 7919 + Math.floor(nowMs / 1000));
    this.#vitals.disk = this.#random.between(0.3, 0.62);
    for (const [, product] of products) this.#vitals.stock.set(product, this.#random.whole(30, 120));
    this.#syncedAtMs = nowMs;
    this.#nextSaleMs = nowMs + this.#random.between(0, 15_000);
    this.#nextSyncMs = nowMs + this.#random.between(0, 60_000);
    this.#meters = telemetry.meters(store, goodRelease, this.#vitals, metricsEveryMs + (index % 40) * 50, () =>
      this.#offline(),
    );
  }

  /** Does what is due at `nowMs`. */
  tick(nowMs: number): void {
    this.#feel(nowMs);
    if (this.#offline()) {
      this.#nextSaleMs = Math.max(this.#nextSaleMs, nowMs + 500);
      return;
    }
    if (nowMs >= this.#nextSyncMs) this.#sync(nowMs);
    while (nowMs >= this.#nextSaleMs) {
      if (nowMs - this.#restartedAtMs > 20_000) this.#sell(nowMs);
      const ordersPerMs = (this.store.ordersPerHour * tradeShare(nowMs, this.store.timeZone) * this.#pace) / 3_600_000;
      this.#nextSaleMs += Math.max(50, -Math.log(1 - this.#random.next()) / ordersPerMs);
    }
  }

  #offline(): boolean {
    return this.#faults.strikes('store-offline', this.store.code);
  }

  #release(service: Service): string {
    return service === 'orders' && this.#faults.strikes('bad-release', this.store.code) ? '2.5.0' : goodRelease;
  }

  #program(service: Service, device: string): Program {
    const release = this.#release(service);
    const name = `${service}@${release}@${device}`;
    let program = this.#programs.get(name);
    if (!program) {
      program = this.#telemetry.program(this.store, service, release, device);
      this.#programs.set(name, program);
    }
    return program;
  }

  #sell(nowMs: number): void {
    const terminal = this.#random.pick(this.store.terminals);
    const entries = services.map(
      (service) => [service, this.#program(service, service === 'terminal' ? terminal : 'NUC')] as const,
    );
    const releases = services.map((service) => [service, this.#release(service)] as const);
    Sale.sell(
      {
        store: this.store,
        terminal,
        releases: Object.fromEntries(releases) as Record<Service, string>,
        programs: Object.fromEntries(entries) as Record<Service, Program>,
        meters: this.#meters,
        stock: this.#vitals.stock,
        telemetry: this.#telemetry,
        faults: this.#faults,
      },
      nowMs,
      this.#random.whole(1, 2 ** 31),
    );
  }

  #sync(nowMs: number): void {
    this.#nextSyncMs = nowMs + 60_000;
    const program = this.#program('sync', 'NUC');
    const stuck = this.#faults.strikes('queue-backlog', this.store.code);
    const size = this.#random.whole(3, 30);
    this.#vitals.queue = stuck ? this.#vitals.queue + size : 0;
    if (!stuck) this.#syncedAtMs = nowMs;
    this.#meters.syncs.add(1, { outcome: stuck ? 'failure' : 'success' });
    if (!stuck) {
      program.log(
        SeverityNumber.INFO,
        `Sync batch ${this.#batch++} of ${size} records acknowledged by the back office`,
        { 'sync.records': size },
        nowMs,
      );
      return;
    }
    program.log(
      SeverityNumber.ERROR,
      `Sync batch ${this.#batch} failed: back office did not acknowledge, ${this.#vitals.queue} records waiting`,
      { 'sync.queue.depth': this.#vitals.queue },
      nowMs,
    );
    this.#raise('sync', () => pushBatch(this.#batch, this.#vitals.queue));
  }

  /** Moves the store's vitals, and raises what follows from them. */
  #feel(nowMs: number): void {
    const vitals = this.#vitals;
    const code = this.store.code;
    const drift = (value: number, centre: number, step: number): number =>
      value + (centre - value) * 0.02 + this.#random.between(-step, step);
    const busy = tradeShare(nowMs, this.store.timeZone);
    vitals.cpu = clamp(drift(vitals.cpu, this.#faults.strikes('slow-database', code) ? 0.85 : 0.1 + busy * 0.25, 0.01));
    vitals.eventLoopMs = Math.max(1, drift(vitals.eventLoopMs, 4, 0.2));
    this.#work(busy, this.#faults.strikes('slow-database', code), nowMs);
    const fullMs = this.#faults.heldMs('disk-filling', code, nowMs);
    if (fullMs > 0) {
      vitals.disk = clamp(vitals.disk + (tickMs / 10_000) * 0.01);
      if (vitals.disk > 0.985 && this.#random.chance(0.02)) {
        this.#program('orders', 'NUC').log(
          SeverityNumber.FATAL,
          'ENOSPC: no space left on device, write /var/lib/pos/journal.log',
          { 'disk.used': vitals.disk },
          nowMs,
        );
        this.#raise('orders', () => writeJournal('/var/lib/pos/journal.log'));
      }
    } else if (vitals.disk > 0.9) vitals.disk = 0.45;
    if (this.#faults.strikes('memory-leak', code)) this.#leak(nowMs);
    else vitals.memory = clamp(drift(vitals.memory, 0.45, 0.003));
  }

  /** What the trade of the hour does to pool, heap, traffic and people. */
  #work(busy: number, slowDatabase: boolean, nowMs: number): void {
    const vitals = this.#vitals;
    const wanted = slowDatabase ? poolSize * 1.4 : 1 + busy * 6;
    vitals.connections = Math.min(poolSize, Math.max(0, Math.round(wanted + this.#random.between(-1, 1))));
    vitals.waiting = slowDatabase ? this.#random.whole(2, 14) : 0;
    vitals.activeUsers = Math.max(1, Math.round(this.store.cashiers.length * busy));
    vitals.syncLagS = Math.max(0, (nowMs - this.#syncedAtMs) / 1000);
    // A saw: garbage grows and is collected.
    vitals.heapBytes += 0.4e6 * (0.3 + busy);
    if (vitals.heapBytes > 120e6 + vitals.memory * 200e6) {
      this.#meters.collected.record(this.#random.between(0.002, 0.012), { 'v8js.gc.type': 'minor' });
      vitals.heapBytes = 60e6 + vitals.memory * 150e6;
    }
    const { traffic } = vitals;
    traffic.read += Math.round(2000 * busy);
    traffic.written += Math.round(9000 * busy);
    traffic.received += Math.round(5000 * busy);
    traffic.sent += Math.round(12_000 * busy);
  }

  #leak(nowMs: number): void {
    this.#vitals.memory += 0.0011;
    if (this.#vitals.memory < 0.97) return;
    const orders = this.#program('orders', 'NUC');
    orders.log(
      SeverityNumber.FATAL,
      'orders: killed for memory (OOM), used 512 MiB of 512 MiB',
      { 'container.name': 'orders', 'exit.code': 137 },
      nowMs,
    );
    orders.log(SeverityNumber.WARN, 'orders: container restarted', { 'container.name': 'orders' }, nowMs + 1);
    this.#vitals.memory = 0.4;
    this.#restartedAtMs = nowMs;
  }

  #raise(service: Service, failing: () => never): void {
    try {
      failing();
    } catch (error) {
      this.#telemetry.capture(service, this.#release(service), error, (scope) => {
        scope.setTags({ site: this.store.code });
        scope.setContext('store', { id: this.store.code, name: this.store.name, city: this.store.city });
        scope.setContext('system', { version: this.#release(service), platform: 'linux', network: 'online' });
      });
    }
  }
}

const clamp = (share: number): number => Math.min(0.995, Math.max(0.02, share));

let running: { telemetry: Telemetry; timer: NodeJS.Timeout; faults: FaultBoard } | undefined;

function begin(order: Extract<Order, { kind: 'begin' }>): void {
  const all = makeStores(order.stores);
  const faults = new FaultBoard(all.map((store) => store.code));
  const telemetry = new Telemetry(order.target);
  const atWork = all
    .map((store, index) => ({ store, index }))
    .filter(({ index }) => index % order.slices === order.slice)
    .map(({ store, index }) => new StoreAtWork(store, index, telemetry, faults, order.pace, Date.now()));
  const timer = setInterval(() => {
    const nowMs = Date.now();
    for (const store of atWork) store.tick(nowMs);
  }, tickMs);
  running = { telemetry, timer, faults };
}

async function end(): Promise<void> {
  if (running) {
    clearInterval(running.timer);
    await Promise.race([running.telemetry.close(), new Promise((resolve) => setTimeout(resolve, 3000))]);
  }
  process.exit(0);
}

process.on('message', (order: Order) => {
  if (order.kind === 'begin') begin(order);
  else if (order.kind === 'fault') running?.faults.switch(order.name, order.active, order.sites, Date.now());
  else void end();
});
process.on('disconnect', () => void end());
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void end());
