import {
  context,
  type Attributes,
  type Logger,
  SeverityNumber,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type Context,
} from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  contextLinesIntegration,
  defaultStackParser,
  linkedErrorsIntegration,
  makeNodeTransport,
  NodeClient,
  rewriteFramesIntegration,
  Scope,
} from '@sentry/node';
import { ExemplarReservoir, exportWithExemplars } from './exemplars.ts';
import { instruments, type MeteredProgram, type StoreMeters, type Vitals } from './meters.ts';
import type { Store } from './stores.ts';

export interface Target {
  readonly url: string;
  readonly key: string;
}

export const services = ['terminal', 'gateway', 'orders', 'payment', 'inventory', 'sync'] as const;
export type Service = (typeof services)[number];

/** What one program of one store reports with. */
export interface Program {
  readonly tracer: Tracer;
  readonly log: (
    severity: SeverityNumber,
    body: string,
    attributes: Attributes,
    at: number,
    within?: Context,
    event?: string,
  ) => void;
}

/**
 * The stock SDKs, shared within a process: every store and service has a resource of its own, all hand their records to
 * one batch processor per signal, as a store's gateway would.
 */
export class Telemetry {
  readonly #spans: BatchSpanProcessor;
  readonly #logs: BatchLogRecordProcessor;
  readonly #target: Target;
  readonly #providers: { shutdown(): Promise<void> }[] = [];
  readonly #sentry = new Map<string, NodeClient>();

  constructor(target: Target) {
    this.#target = target;
    const headers = { authorization: `Bearer ${target.key}` };
    const batch = { maxQueueSize: 20_000, maxExportBatchSize: 1000, scheduledDelayMillis: 1000 };
    this.#spans = new BatchSpanProcessor({
      exporter: new OTLPTraceExporter({ url: `${target.url}/v1/traces`, headers }),
      ...batch,
    });
    this.#logs = new BatchLogRecordProcessor({
      exporter: new OTLPLogExporter({ url: `${target.url}/v1/logs`, headers }),
      ...batch,
    });
  }

  #resource(store: Store, service: string, release: string, device: string): Resource {
    const place =
      service === 'gateway'
        ? {
            'site.name': store.name,
            'site.address': store.address,
            'site.city': store.city,
            'site.region': 'FL',
            'site.latitude': store.latitude,
            'site.longitude': store.longitude,
            'site.time_zone': store.timeZone,
          }
        : {};
    return resourceFromAttributes({
      'service.name': service,
      'service.version': release,
      'deployment.environment.name': 'production',
      'site.id': store.code,
      'device.id': device,
      ...place,
    });
  }

  program(store: Store, service: Service, release: string, device = 'NUC'): Program {
    const resource = this.#resource(store, service, release, device);
    const tracer = new TracerProvider({ resource, spanProcessors: [this.#spans] }).getTracer('pos');
    const logger: Logger = new LoggerProvider({ resource, processors: [this.#logs] }).getLogger('pos');
    return {
      tracer,
      log: (severity, body, attributes, at, within = context.active(), event) =>
        logger.emit({
          severityNumber: severity,
          severityText: SeverityNumber[severity] ?? '',
          body,
          attributes,
          timestamp: at,
          context: within,
          ...(event ? { eventName: event } : {}),
        }),
    };
  }

  /** Instruments of a store; `vitals` is read at each export, none is sent while `silent` says so. */
  meters(store: Store, release: string, vitals: Vitals, exportEveryMs: number, silent: () => boolean): StoreMeters {
    const program = (service: Service): MeteredProgram => this.#meter(store, service, release, exportEveryMs, silent);
    return instruments({ orders: program('orders'), gateway: program('gateway'), payment: program('payment') }, vitals);
  }

  #meter(
    store: Store,
    service: Service,
    release: string,
    exportEveryMs: number,
    silent: () => boolean,
  ): MeteredProgram {
    const to = { url: `${this.#target.url}/v1/metrics`, headers: { authorization: `Bearer ${this.#target.key}` } };
    const exporter = new OTLPMetricExporter(to);
    const exemplars = new ExemplarReservoir();
    exportWithExemplars(exporter, exemplars, to, silent);
    const provider = new MeterProvider({
      resource: this.#resource(store, service, release, 'NUC'),
      readers: [
        new PeriodicExportingMetricReader({
          exporter,
          exportIntervalMillis: exportEveryMs,
          exportTimeoutMillis: 10_000,
        }),
      ],
    });
    this.#providers.push(provider);
    return { meter: provider.getMeter('pos'), exemplars };
  }

  /** Reports an error through the Sentry SDK as the given program of the store would. */
  capture(service: Service, release: string, error: unknown, describe: (scope: Scope) => void): void {
    const name = `${service}@${release}`;
    let client = this.#sentry.get(name);
    if (!client) {
      const address = new URL(this.#target.url);
      client = new NodeClient({
        dsn: `${address.protocol}//${this.#target.key}@${address.host}/1`,
        release,
        environment: 'production',
        transport: makeNodeTransport,
        stackParser: defaultStackParser,
        // A store's program lies in /srv/pos, wherever this one was started.
        integrations: [
          contextLinesIntegration(),
          linkedErrorsIntegration(),
          rewriteFramesIntegration({ root: import.meta.dirname, prefix: '/srv/pos/' }),
        ],
        serverName: 'nuc',
        sendClientReports: true,
      });
      client.init();
      this.#sentry.set(name, client);
    }
    const scope = new Scope();
    scope.setClient(client);
    scope.setTag('service', service);
    describe(scope);
    scope.captureException(error);
  }

  async close(): Promise<void> {
    await Promise.allSettled([
      this.#spans.forceFlush().then(() => this.#spans.shutdown()),
      this.#logs.forceFlush().then(() => this.#logs.shutdown()),
      ...this.#providers.map((provider) => provider.shutdown()),
      ...[...this.#sentry.values()].map((client) => client.close(2000)),
    ]);
  }
}

export { context, SeverityNumber, SpanKind, SpanStatusCode, trace };
