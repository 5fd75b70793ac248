import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  type Context,
  INVALID_SPAN_CONTEXT,
  type Link,
  ROOT_CONTEXT,
  type Span,
} from '@opentelemetry/api';
import type { FaultBoard } from './faults.ts';
import type { StoreMeters } from './meters.ts';
import { applyDiscount } from './pos/orders.ts';
import { showCheckoutFailure, reserveStock } from './pos/others.ts';
import { authorizeCharge, declineCharge } from './pos/payment.ts';
import { products } from './products.ts';
import { Random } from './random.ts';
import type { Store } from './stores.ts';
import {
  context,
  type Program,
  type Service,
  SeverityNumber,
  SpanKind,
  SpanStatusCode,
  type Telemetry,
  trace,
} from './telemetry.ts';

const levels = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
} as const;
type Level = keyof typeof levels;

const silentSpan = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** One open register: who sells, where, with which releases and instruments. */
export interface Register {
  readonly store: Store;
  readonly terminal: string;
  readonly releases: Readonly<Record<Service, string>>;
  readonly programs: Readonly<Record<Service, Program>>;
  readonly meters: StoreMeters;
  /** Units on the shelf by product. */
  readonly stock: Map<string, number>;
  readonly telemetry: Telemetry;
  readonly faults: FaultBoard;
}

/** A span opened within another, with the times of a day that was simulated rather than waited for. */
interface Step {
  readonly span: Span;
  readonly within: Context;
  readonly startMs: number;
}

/** Who takes messages out of a queue, and how: `linked` in a trace of its own. */
const queues = {
  'order.completed': { service: 'sync', linked: true, waitMs: 90, workMs: 25 },
  'stock.changed': { service: 'sync', linked: false, waitMs: 15, workMs: 8 },
} as const satisfies Readonly<Record<string, { service: Service; linked: boolean; waitMs: number; workMs: number }>>;

interface Message {
  readonly queue: keyof typeof queues;
  readonly id: string;
  readonly producer: Step;
}

/** https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/ */
const messaging = (queue: string, operation: 'send' | 'process', id: string): Attributes => ({
  'messaging.system': 'rabbitmq',
  'messaging.destination.name': queue,
  'messaging.operation.name': operation,
  'messaging.operation.type': operation,
  'messaging.message.id': id,
});

/** Models that a store asks: two with a list price, one that runs in the back room and has none. */
const models = [
  {
    provider: 'openai',
    model: 'gpt-4.1-mini',
    answers: 'gpt-4.1-mini-2025-04-14',
    operation: 'chat',
    medianMs: 480,
    input: [180, 900],
    output: [30, 160],
  },
  {
    provider: 'openai',
    model: 'text-embedding-3-small',
    answers: 'text-embedding-3-small',
    operation: 'embeddings',
    medianMs: 60,
    input: [8, 60],
    output: undefined,
  },
  {
    provider: 'ollama',
    model: 'store-helper-7b',
    answers: 'store-helper-7b',
    operation: 'chat',
    medianMs: 900,
    input: [200, 700],
    output: [40, 200],
  },
] as const;

/** One sale from the terminal's button to the last service, reported as if it had just ended. */
export class Sale {
  readonly #at: Register;
  readonly #correlation = `corr_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  readonly #order: string;
  readonly #cashier: string;
  readonly #method: string;
  readonly #lines: readonly (readonly [string, string, number])[];
  readonly #totalCents: number;
  readonly #random: Random;
  /** A rehearsal reports nothing: it only finds out how long the sale takes. */
  readonly #rehearsal: boolean;
  readonly #sent: Message[] = [];
  #clockMs: number;

  /** Sells something at once, reported as if it had just ended: the first moment lies as far back as the sale took. */
  static sell(register: Register, nowMs: number, seed: number): void {
    const rehearsal = new Sale(register, 0, seed, true);
    rehearsal.run();
    new Sale(register, nowMs - rehearsal.#clockMs, seed, false).run();
  }

  private constructor(register: Register, startMs: number, seed: number, rehearsal: boolean) {
    this.#at = register;
    const { store } = register;
    const random = new Random(seed);
    this.#random = random;
    this.#rehearsal = rehearsal;
    this.#order = `ord_${store.code.slice(6)}_${random.whole(100_000, 999_999)}`;
    this.#cashier = random.pick(store.cashiers);
    this.#method = random.chance(0.72) ? 'card' : random.chance(0.75) ? 'cash' : 'mobile';
    this.#lines = Array.from({ length: random.whole(1, 4) }, () => random.pick(products));
    this.#totalCents = this.#lines.reduce((sum, line) => sum + line[2], 0);
    this.#clockMs = startMs;
  }

  run(): void {
    const terminal = this.#open('terminal', 'checkout', SpanKind.INTERNAL, context.active(), {
      'terminal.id': this.#at.terminal,
      'enduser.id': this.#cashier,
    });
    this.#log(
      'terminal',
      'info',
      `Checkout started by ${this.#cashier}: ${this.#lines.length} items, ${dollars(this.#totalCents)}`,
      terminal,
    );
    if (this.#random.chance(0.6)) this.#checkAge(terminal);
    this.#pass(12);
    const gateway = this.#open('gateway', 'POST /orders', SpanKind.SERVER, terminal.within, {
      'http.request.method': 'POST',
      'http.route': '/orders',
      'url.path': '/orders',
    });
    this.#pass(5);
    const status = this.#placeOrder(gateway);
    gateway.span.setAttribute('http.response.status_code', status);
    this.#log(
      'gateway',
      status >= 500 ? 'error' : 'info',
      `POST /orders ${status} ${Math.round(this.#clockMs - gateway.startMs)}ms`,
      gateway,
      { 'http.response.status_code': status },
    );
    this.#close(gateway, status >= 500 ? `status ${status}` : undefined);
    this.#meters()?.served.record(
      (this.#clockMs - gateway.startMs) / 1000,
      { 'http.route': '/orders', 'http.request.method': 'POST', 'http.response.status_code': status },
      gateway.within,
    );
    this.#pass(6);
    if (status >= 500) this.#tellCashier(terminal, status);
    else this.#log('terminal', 'info', `Receipt printed for ${this.#order}`, terminal, { 'order.id': this.#order });
    this.#close(terminal, status >= 500 ? 'checkout failed' : undefined);
    for (const message of this.#sent) this.#consume(message);
  }

  /** A message into a queue; what it is about goes with it as the conventions for messaging have it. */
  #send(queue: keyof typeof queues, service: Service, step: Step): void {
    const id = `${this.#order}-${queue}`;
    const producer = this.#open(service, `send ${queue}`, SpanKind.PRODUCER, step.within, {
      ...messaging(queue, 'send', id),
    });
    this.#pass(this.#random.latencyMs(2));
    this.#close(producer);
    this.#sent.push({ queue, id, producer });
  }

  /**
   * What comes out of a queue: a span that links to the producer's and begins a trace of its own, or one within the producer's trace, as
   * either is done in the field (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#trace-structure).
   */
  #consume({ queue, id, producer }: Message): void {
    const { service, linked, waitMs, workMs } = queues[queue];
    const stuck = this.#at.faults.strikes('queue-backlog', this.#at.store.code);
    this.#pass(this.#random.latencyMs(stuck ? waitMs * 20 : waitMs));
    const consumer = this.#open(
      service,
      `process ${queue}`,
      SpanKind.CONSUMER,
      linked ? ROOT_CONTEXT : producer.within,
      messaging(queue, 'process', id),
      linked ? [{ context: producer.span.spanContext() }] : [],
    );
    this.#pass(this.#random.latencyMs(workMs));
    if (queue === 'order.completed') this.#readBasket(service, consumer);
    const failed = stuck && this.#random.chance(0.2);
    this.#close(consumer, failed ? 'back office did not acknowledge' : undefined);
  }

  /** Now and then a model reads what was sold, for what to offer next time: never while somebody waits at the till. */
  #readBasket(service: Service, step: Step): void {
    if (!this.#random.chance(0.2)) return;
    const { provider, model, answers, operation, medianMs, input, output } = this.#random.pick(models);
    const call = this.#open(service, `${operation} ${model}`, SpanKind.CLIENT, step.within, {
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      'server.address': `api.${provider}.example`,
    });
    this.#pass(this.#random.latencyMs(medianMs));
    const failed = this.#random.chance(0.02);
    if (!failed) {
      call.span.setAttributes({
        'gen_ai.response.model': answers,
        'gen_ai.usage.input_tokens': this.#random.whole(input[0], input[1]),
        ...(output === undefined ? {} : { 'gen_ai.usage.output_tokens': this.#random.whole(output[0], output[1]) }),
      });
    } else call.span.setAttribute('error.type', '429');
    this.#close(call, failed ? 'rate limit of the provider' : undefined);
  }

  #placeOrder(gateway: Step): number {
    const orders = this.#open('orders', 'process order', SpanKind.SERVER, gateway.within, {
      'order.id': this.#order,
      'order.amount': this.#totalCents / 100,
    });
    this.#log(
      'orders',
      'info',
      `Processing order ${this.#order}: ${this.#lines.map((line) => line[1]).join(', ')}`,
      orders,
      { 'order.id': this.#order, 'order.amount': this.#totalCents / 100 },
    );
    this.#pass(1);
    const failure = this.#discount(orders) ?? this.#reserve(orders) ?? this.#pay(orders);
    if (failure === undefined) {
      this.#query(
        'orders',
        'INSERT orders',
        `INSERT INTO orders (id, total_cents, method) VALUES ($1, $2, $3)`,
        orders,
        4,
      );
      this.#meters()?.orders.add(1, { 'payment.method': this.#method });
      this.#meters()?.revenue.add(this.#totalCents / 100, { 'payment.method': this.#method });
      if (!this.#rehearsal) this.#takeFromShelf();
      this.#send('order.completed', 'orders', orders);
      this.#log(
        'orders',
        'info',
        `Order ${this.#order} completed`,
        orders,
        { 'order.id': this.#order, 'order.amount': this.#totalCents / 100 },
        'order.completed',
      );
    } else {
      this.#log(
        'orders',
        failure >= 500 ? 'error' : 'warn',
        `Order ${this.#order} failed with status ${failure}`,
        orders,
        {
          'order.id': this.#order,
        },
      );
    }
    this.#close(orders, failure !== undefined && failure >= 500 ? `order failed` : undefined);
    return failure ?? 201;
  }

  #takeFromShelf(): void {
    const { meters, stock } = this.#at;
    for (const [, product] of this.#lines) {
      meters.unitsSold.add(1, { product });
      const left = (stock.get(product) ?? 0) - 1;
      // The lorry comes when a shelf is nearly empty.
      stock.set(product, left > 5 ? left : 120);
    }
  }

  #checkAge(terminal: Step): void {
    const refused = this.#random.chance(0.02);
    this.#meters()?.ageChecks.add(1, { result: refused ? 'refused' : 'passed' });
    this.#log(
      'terminal',
      refused ? 'warn' : 'info',
      `Age check ${refused ? 'refused' : 'passed'} at ${this.#at.terminal}`,
      terminal,
      { 'age.check': refused ? 'refused' : 'passed' },
      'age.check',
    );
  }

  #discount(orders: Step): number | undefined {
    if (!this.#at.faults.strikes('bad-release', this.#at.store.code) || !this.#random.chance(0.35)) return undefined;
    return this.#failed(
      'orders',
      orders,
      () => applyDiscount({ id: this.#order, totalCents: this.#totalCents, discount: {} }),
      500,
    );
  }

  #reserve(orders: Step): number | undefined {
    const slow = this.#at.faults.strikes('slow-database', this.#at.store.code);
    const inventory = this.#open('inventory', 'reserve stock', SpanKind.SERVER, orders.within, {
      'order.lines': this.#lines.length,
    });
    let failure: number | undefined;
    for (const [sku] of this.#lines) this.#askCache(sku);
    for (const [sku] of this.#lines) {
      const tookMs = this.#random.latencyMs(slow ? 1600 : 6);
      this.#query(
        'inventory',
        'SELECT inventory',
        'SELECT quantity FROM inventory WHERE sku = $1 FOR UPDATE',
        inventory,
        Math.min(tookMs, 5000),
      );
      if (tookMs < 4500) continue;
      failure = this.#failed('inventory', inventory, () => reserveStock(sku, 5000), 503);
      break;
    }
    if (slow && failure === undefined)
      this.#log(
        'inventory',
        'warn',
        `Slow query: SELECT quantity FROM inventory took ${Math.round(this.#clockMs - inventory.startMs)} ms`,
        inventory,
      );
    this.#log(
      'inventory',
      failure ? 'error' : 'debug',
      failure ? `Reservation for ${this.#order} failed` : `Reserved ${this.#lines.length} lines for ${this.#order}`,
      inventory,
      { 'order.id': this.#order },
    );
    if (failure === undefined && this.#random.chance(0.3)) this.#send('stock.changed', 'inventory', inventory);
    this.#close(inventory, failure ? 'statement timeout' : undefined);
    return failure;
  }

  #pay(orders: Step): number | undefined {
    if (this.#method === 'cash') return undefined;
    const { store } = this.#at;
    const random = this.#random;
    const outage = this.#at.faults.strikes('payment-outage', store.code) && random.chance(0.92);
    const declined = !outage && random.chance(0.012);
    const payment = this.#open('payment', 'authorize payment', SpanKind.SERVER, orders.within, {
      'payment.method': this.#method,
      'payment.processor': store.processor,
    });
    this.#log(
      'payment',
      'info',
      `Authorizing ${dollars(this.#totalCents)} by ${this.#method} through ${store.processor}`,
      payment,
      { 'order.id': this.#order, 'payment.processor': store.processor },
    );
    const call = this.#open('payment', `POST ${store.processor}`, SpanKind.CLIENT, payment.within, {
      'http.request.method': 'POST',
      'server.address': `api.${store.processor}.example`,
      'url.path': '/v1/authorizations',
    });
    this.#pass(outage ? 5000 : random.latencyMs(140));
    call.span.setAttribute('http.response.status_code', outage ? 504 : declined ? 402 : 200);
    this.#close(call, outage ? 'timeout' : undefined);
    this.#meters()?.called.record(
      (this.#clockMs - call.startMs) / 1000,
      {
        'http.request.method': 'POST',
        'server.address': `api.${store.processor}.example`,
        'http.response.status_code': outage ? 504 : declined ? 402 : 200,
      },
      call.within,
    );
    this.#meters()?.payments.add(1, {
      outcome: outage || declined ? 'failure' : 'success',
      method: this.#method,
      processor: store.processor,
    });
    const charge = {
      orderId: this.#order,
      amountCents: this.#totalCents,
      method: this.#method,
      processor: store.processor,
    };
    let failure: number | undefined;
    if (outage) {
      this.#log(
        'payment',
        'error',
        `Payment failed: processor ${store.processor} did not answer within 5000 ms`,
        payment,
        {
          'order.id': this.#order,
          'payment.processor': store.processor,
          'payment.attempt': 3,
        },
      );
      failure = this.#failed('payment', payment, () => authorizeCharge(charge, 5000), 502);
    } else if (declined) {
      this.#log('payment', 'warn', `Card declined for ${this.#order}`, payment, { 'order.id': this.#order });
      failure = this.#failed('payment', payment, () => declineCharge(charge), 402);
    } else {
      this.#log('payment', 'info', `Payment of ${dollars(this.#totalCents)} captured for ${this.#order}`, payment, {
        'order.id': this.#order,
        'payment.processor': store.processor,
      });
    }
    this.#close(payment, outage ? 'processor unavailable' : undefined);
    return failure;
  }

  #tellCashier(terminal: Step, status: number): void {
    this.#log('terminal', 'error', `Checkout failed at ${this.#at.terminal}: status ${status}`, terminal, {
      'order.id': this.#order,
    });
    this.#failed('terminal', terminal, () => showCheckoutFailure(status), status);
  }

  /** Raises the error for real, records it on the span and reports it through the Sentry SDK. */
  #failed(service: Service, step: Step, raise: () => unknown, status: number): number {
    try {
      raise();
    } catch (error) {
      step.span.recordException(error as Error, this.#clockMs);
      if (!this.#rehearsal && (status >= 500 || status === 402)) this.#report(service, step, error, status);
    }
    return status;
  }

  #report(service: Service, step: Step, error: unknown, status: number): void {
    const { store, terminal, releases, telemetry } = this.#at;
    const random = this.#random;
    telemetry.capture(service, releases[service], error, (scope) => {
      const spanContext = step.span.spanContext();
      scope.setPropagationContext({ traceId: spanContext.traceId, parentSpanId: spanContext.spanId, sampleRand: 0.5 });
      scope.setTags({ site: store.code, terminal, correlation_id: this.#correlation, processor: store.processor });
      scope.setLevel(status === 402 ? 'warning' : 'error');
      scope.setUser({ id: this.#cashier, username: this.#cashier, role: 'cashier' });
      scope.setContext('store', { id: store.code, name: store.name, city: store.city });
      scope.setContext('terminal', { id: terminal, kind: 'register' });
      scope.setContext('transaction', {
        orderId: this.#order,
        amount: this.#totalCents / 100,
        currency: 'USD',
        method: this.#method,
        items: this.#lines.length,
      });
      scope.setContext('system', { version: releases[service], platform: 'linux', network: 'online' });
      scope.setContext('request', {
        correlationId: this.#correlation,
        method: 'POST',
        url: '/orders',
        attempt: random.whole(1, 3),
      });
      scope.addBreadcrumb({
        category: 'ui',
        message: `Scanned ${this.#lines.length} items`,
        level: 'info',
        timestamp: (step.startMs - 400) / 1000,
      });
      scope.addBreadcrumb({
        category: 'http',
        message: 'POST /orders',
        level: 'info',
        timestamp: step.startMs / 1000,
        data: { correlation_id: this.#correlation },
      });
      scope.addBreadcrumb({
        category: service,
        message: `${service} answered ${status}`,
        level: 'error',
        timestamp: this.#clockMs / 1000,
      });
    });
  }

  #open(
    service: Service,
    name: string,
    kind: SpanKind,
    parent: Context,
    attributes: Attributes,
    links: Link[] = [],
  ): Step {
    const startMs = this.#clockMs;
    if (this.#rehearsal) return { span: silentSpan, within: parent, startMs };
    const span = this.#at.programs[service].tracer.startSpan(
      name,
      { kind, startTime: startMs, links, attributes: { 'correlation.id': this.#correlation, ...attributes } },
      parent,
    );
    return { span, within: trace.setSpan(parent, span), startMs };
  }

  #close(step: Step, failure?: string): void {
    if (failure) step.span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    this.#pass(1);
    step.span.end(this.#clockMs);
  }

  /** Prices come from Redis, nearly always. */
  #askCache(sku: string): void {
    const meters = this.#meters();
    if (!meters) return;
    // By the product, so that a sale draws its chances as it did before.
    const hit = (sku.length * 31 + Math.floor(this.#clockMs)) % 100 < 93;
    meters.cacheRequests.add(1, { 'cache.name': 'prices', outcome: hit ? 'hit' : 'miss' });
    meters.queried.record(hit ? 0.0006 : 0.0011, { 'db.system.name': 'redis', 'db.operation.name': 'GET' });
  }

  #query(service: Service, name: string, statement: string, parent: Step, medianMs: number): void {
    const step = this.#open(service, name, SpanKind.CLIENT, parent.within, {
      'db.system.name': 'postgresql',
      'db.query.text': statement,
    });
    this.#pass(service === 'inventory' ? medianMs : this.#random.latencyMs(medianMs));
    this.#close(step);
    const [operation = '', collection = ''] = name.split(' ');
    this.#meters()?.queried.record(
      (this.#clockMs - step.startMs) / 1000,
      { 'db.system.name': 'postgresql', 'db.operation.name': operation, 'db.collection.name': collection },
      step.within,
    );
  }

  #log(service: Service, severity: Level, body: string, step: Step, attributes: Attributes = {}, event?: string): void {
    if (this.#rehearsal) return;
    this.#at.programs[service].log(
      levels[severity],
      body,
      { 'correlation.id': this.#correlation, ...attributes },
      this.#clockMs,
      step.within,
      event,
    );
  }

  #meters(): StoreMeters | undefined {
    return this.#rehearsal ? undefined : this.#at.meters;
  }

  #pass(ms: number): void {
    this.#clockMs += ms;
  }
}

function dollars(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}
