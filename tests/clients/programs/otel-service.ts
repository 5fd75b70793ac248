/**
 * A service instrumented with OpenTelemetry's stock SDK, told where to report by the standard variables that the Data page's
 * snippet exports; nothing here knows an address or a key.
 */
import { context, diag, DiagLogLevel, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPLogExporter as LogsOverGrpc } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as LogsAsJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogsAsProtobuf } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricsOverGrpc } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as MetricsAsJson } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricsAsProtobuf } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as SpansOverGrpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as SpansAsJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as SpansAsProtobuf } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import {
  AggregationType,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const exporters = {
  'http/protobuf': { logs: LogsAsProtobuf, spans: SpansAsProtobuf, metrics: MetricsAsProtobuf },
  'http/json': { logs: LogsAsJson, spans: SpansAsJson, metrics: MetricsAsJson },
  grpc: { logs: LogsOverGrpc, spans: SpansOverGrpc, metrics: MetricsOverGrpc },
}[process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/protobuf'];
if (!exporters) throw new Error('OTEL_EXPORTER_OTLP_PROTOCOL names no protocol');

const faults: string[] = [];
const keep = (...words: unknown[]): void =>
  void faults.push(
    words
      .map((word) =>
        word instanceof Error
          ? `${word.name} ${word.message} ${JSON.stringify(word)}`
          : typeof word === 'string'
            ? word
            : JSON.stringify(word),
      )
      .join(' '),
  );
diag.setLogger({ error: keep, warn: keep, info: () => {}, debug: () => {}, verbose: () => {} }, DiagLogLevel.WARN);

const resource = detectResources({ detectors: [envDetector] });
const logs = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new exporters.logs() })],
});
const spans = new TracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor({ exporter: new exporters.spans() })],
});
const meters = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader({ exporter: new exporters.metrics(), exportIntervalMillis: 60_000 })],
  views: [
    {
      instrumentName: 'till.payment.seconds',
      instrumentType: InstrumentType.HISTOGRAM,
      aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
    },
  ],
});

const shop = { 'terminal.id': 'TERM_07' };
const tracer = spans.getTracer('till');
const request = tracer.startSpan('POST /charge', {
  kind: SpanKind.SERVER,
  attributes: { 'correlation.id': 'corr-otel-1', ...shop },
});
const inside = trace.setSpan(context.active(), request);
const call = tracer.startSpan(
  'authorise card',
  { kind: SpanKind.CLIENT, attributes: { 'peer.service': 'bank' } },
  inside,
);
call.addEvent('retry', { attempt: 2 });
call.setStatus({ code: SpanStatusCode.ERROR, message: 'the bank did not answer' });
call.end();
logs.getLogger('till').emit({
  severityNumber: 17,
  severityText: 'ERROR',
  body: 'card of ana@example.com declined',
  attributes: { 'correlation.id': 'corr-otel-1', 'order.id': 'ORD-1881', attempt: 2, paid: false, ...shop },
  context: inside,
});
request.end();

const meter = meters.getMeter('till');
meter.createCounter('till.orders', { unit: '{order}' }).add(3, { tender: 'card' });
meter.createUpDownCounter('till.open_drawers').add(-2);
meter.createGauge('till.temperature', { unit: 'Cel' }).record(41.5, shop);
const seconds = meter.createHistogram('till.queue.seconds', {
  unit: 's',
  advice: { explicitBucketBoundaries: [1, 5] },
});
const payment = meter.createHistogram('till.payment.seconds', { unit: 's' });
for (const value of [0.5, 2, 9]) {
  seconds.record(value);
  payment.record(value);
}
meter.createObservableCounter('till.uptime', { unit: 's' }).addCallback((result) => result.observe(77));
meter.createObservableGauge('till.paper', { unit: '1' }).addCallback((result) => result.observe(0.25));
metrics.setGlobalMeterProvider(meters);

for (const provider of [logs, spans, meters]) {
  try {
    await provider.forceFlush();
    await provider.shutdown();
  } catch (error) {
    keep(error);
  }
}
const { traceId, spanId } = call.spanContext();
console.log(JSON.stringify({ traceId, spanId, faults }));
