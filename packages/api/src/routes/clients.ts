import { shippers } from './shipper-clients.ts';

/** What is filled into a snippet. */
export interface ClientAddress {
  readonly url: string;
  readonly host: string;
  readonly port: string;
  readonly key: string;
  readonly dsn: string;
  readonly tls: boolean;
}

/** One way in. Both texts may name {url}, {host}, {port}, {key}, {dsn}, {tls} and {scheme}. */
export interface Client {
  readonly name: string;
  readonly title: string;
  /** The ledger's word for the protocol, so that the page can tell when a first record came. */
  readonly protocol: string;
  readonly language: string;
  readonly install: string;
  readonly snippet: string;
}

/** Puts the address in. What is put in is never read again for further names. */
export function fillSnippet(text: string, address: ClientAddress): string {
  const values: Readonly<Record<string, string>> = {
    url: address.url,
    host: address.host,
    port: address.port,
    key: address.key,
    dsn: address.dsn,
    tls: address.tls ? 'on' : 'off',
    scheme: address.tls ? 'https' : 'http',
  };
  return text.replaceAll(/\{(url|host|port|key|dsn|tls|scheme)\}/g, (whole, name: string) => values[name] ?? whole);
}

const sentry: readonly Client[] = [
  {
    name: 'sentry-node',
    title: 'Sentry SDK for Node',
    protocol: 'sentry',
    language: 'javascript',
    install: 'npm install @sentry/node',
    snippet: `// instrument.mjs, loaded first: node --import ./instrument.mjs app.mjs
import * as Sentry from '@sentry/node';

Sentry.init({
  dsn: '{dsn}',
  environment: 'production',
  release: 'backend@1.0.0',
  tracesSampleRate: 1.0,
  enableLogs: true,
  // Errors and traces carry tags, logs carry attributes.
  initialScope: {
    tags: { 'site.id': 'STORE_001', 'service.name': 'backend' },
    attributes: { 'site.id': 'STORE_001', 'service.name': 'backend' },
  },
});

Sentry.captureException(new Error('First error from Node'));
`,
  },
  {
    name: 'sentry-browser',
    title: 'Sentry SDK for browsers',
    protocol: 'sentry',
    language: 'javascript',
    install: 'npm install @sentry/browser',
    snippet: `import * as Sentry from '@sentry/browser';

Sentry.init({
  dsn: '{dsn}',
  environment: 'production',
  release: 'terminal@1.0.0',
  integrations: [Sentry.browserTracingIntegration()],
  tracesSampleRate: 1.0,
  enableLogs: true,
  // Errors and traces carry tags, logs carry attributes.
  initialScope: {
    tags: { 'site.id': 'STORE_001', 'terminal.id': 'TERM_01', 'service.name': 'terminal' },
    attributes: { 'site.id': 'STORE_001', 'terminal.id': 'TERM_01', 'service.name': 'terminal' },
  },
});

Sentry.captureException(new Error('First error from a browser'));
`,
  },
  {
    name: 'sentry-nestjs',
    title: 'Sentry SDK for NestJS',
    protocol: 'sentry',
    language: 'typescript',
    install: 'npm install @sentry/nestjs',
    snippet: `// src/instrument.ts, the first import of src/main.ts: import './instrument';
import * as Sentry from '@sentry/nestjs';

Sentry.init({
  dsn: '{dsn}',
  environment: 'production',
  release: 'backend@1.0.0',
  tracesSampleRate: 1.0,
  enableLogs: true,
  // Errors and traces carry tags, logs carry attributes.
  initialScope: {
    tags: { 'site.id': 'STORE_001', 'service.name': 'backend' },
    attributes: { 'site.id': 'STORE_001', 'service.name': 'backend' },
  },
});

// src/app.module.ts: report what no other filter catches
// import { APP_FILTER } from '@nestjs/core';
// import { SentryGlobalFilter, SentryModule } from '@sentry/nestjs/setup';
// @Module({
//   imports: [SentryModule.forRoot()],
//   providers: [{ provide: APP_FILTER, useClass: SentryGlobalFilter }],
// })
`,
  },
  {
    name: 'sentry-python',
    title: 'Sentry SDK for Python',
    protocol: 'sentry',
    language: 'python',
    install: 'pip install sentry-sdk',
    snippet: `import sentry_sdk

sentry_sdk.init(
    dsn="{dsn}",
    environment="production",
    release="inventory@1.0.0",
    traces_sample_rate=1.0,
)
sentry_sdk.set_tag("site.id", "STORE_001")
sentry_sdk.set_tag("service.name", "inventory")

sentry_sdk.capture_exception(RuntimeError("First error from Python"))
sentry_sdk.flush()
`,
  },
];

const openTelemetry: readonly Client[] = [
  {
    name: 'otel-node',
    title: 'OpenTelemetry for Node',
    protocol: 'otlp',
    language: 'bash',
    install: 'npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node',
    snippet: `export OTEL_SERVICE_NAME='backend'
export OTEL_RESOURCE_ATTRIBUTES='site.id=STORE_001,deployment.environment.name=production,service.version=1.0.0'
export OTEL_EXPORTER_OTLP_ENDPOINT='{url}'
export OTEL_EXPORTER_OTLP_PROTOCOL='http/protobuf'
export OTEL_EXPORTER_OTLP_HEADERS='authorization=Bearer%20{key}'
export OTEL_TRACES_EXPORTER='otlp' OTEL_METRICS_EXPORTER='otlp' OTEL_LOGS_EXPORTER='otlp'

node --require @opentelemetry/auto-instrumentations-node/register app.js
`,
  },
  {
    name: 'otel-python',
    title: 'OpenTelemetry for Python',
    protocol: 'otlp',
    language: 'bash',
    install:
      'pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http && opentelemetry-bootstrap -a install',
    snippet: `export OTEL_SERVICE_NAME='inventory'
export OTEL_RESOURCE_ATTRIBUTES='site.id=STORE_001,deployment.environment.name=production,service.version=1.0.0'
export OTEL_EXPORTER_OTLP_ENDPOINT='{url}'
export OTEL_EXPORTER_OTLP_PROTOCOL='http/protobuf'
export OTEL_EXPORTER_OTLP_HEADERS='authorization=Bearer%20{key}'
export OTEL_TRACES_EXPORTER='otlp' OTEL_METRICS_EXPORTER='otlp' OTEL_LOGS_EXPORTER='otlp'
export OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED='true'

opentelemetry-instrument python app.py
`,
  },
  {
    name: 'otel-collector',
    title: 'OpenTelemetry Collector',
    protocol: 'otlp',
    language: 'yaml',
    install:
      'docker run --network host -v "$PWD/collector.yaml:/etc/otelcol-contrib/config.yaml" otel/opentelemetry-collector-contrib',
    snippet: `# collector.yaml
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:14318
  hostmetrics:
    collection_interval: 30s
    scrapers:
      cpu:
        metrics:
          system.cpu.utilization: { enabled: true }
      memory:
        metrics:
          system.memory.utilization: { enabled: true }
      filesystem:
        metrics:
          system.filesystem.utilization: { enabled: true }
processors:
  resource:
    attributes:
      - { key: site.id, value: STORE_001, action: insert }
  batch: {}
exporters:
  otlphttp:
    endpoint: '{url}'
    headers:
      authorization: 'Bearer {key}'
service:
  pipelines:
    logs: { receivers: [otlp], processors: [resource, batch], exporters: [otlphttp] }
    traces: { receivers: [otlp], processors: [resource, batch], exporters: [otlphttp] }
    metrics: { receivers: [otlp, hostmetrics], processors: [resource, batch], exporters: [otlphttp] }
`,
  },
  {
    name: 'fluent-bit',
    title: 'Fluent Bit',
    protocol: 'otlp',
    language: 'yaml',
    install: 'curl https://raw.githubusercontent.com/fluent/fluent-bit/master/install.sh | sh',
    snippet: `# fluent-bit.yaml: fluent-bit -c fluent-bit.yaml
pipeline:
  inputs:
    - name: tail
      path: /var/log/*.log
      tag: logs
      processors:
        logs:
          - name: opentelemetry_envelope
          - name: content_modifier
            context: otel_resource_attributes
            action: upsert
            key: service.name
            value: files
          - name: content_modifier
            context: otel_resource_attributes
            action: upsert
            key: site.id
            value: STORE_001
  outputs:
    - name: opentelemetry
      match: '*'
      host: '{host}'
      port: {port}
      tls: {tls}
      logs_uri: /v1/logs
      header: Authorization Bearer {key}
      logs_body_key: $log
`,
  },
];

const logs: readonly Client[] = [
  {
    name: 'promtail',
    title: 'Promtail',
    protocol: 'loki',
    language: 'yaml',
    install: 'docker run -v "$PWD/promtail.yaml:/etc/promtail/config.yml" -v /var/log:/var/log:ro grafana/promtail',
    snippet: `# promtail.yaml
server:
  disable: true
positions:
  filename: /tmp/positions.yaml
clients:
  - url: '{url}/loki/api/v1/push'
    bearer_token: '{key}'
scrape_configs:
  - job_name: system
    static_configs:
      - targets: [localhost]
        labels:
          site: STORE_001
          service_name: system
          __path__: /var/log/*.log
`,
  },
  {
    name: 'grafana-alloy',
    title: 'Grafana Alloy',
    protocol: 'loki',
    language: 'hcl',
    install: 'docker run -v "$PWD/config.alloy:/etc/alloy/config.alloy" -v /var/log:/var/log:ro grafana/alloy',
    snippet: `// config.alloy
local.file_match "system" {
  path_targets = [{ "__path__" = "/var/log/*.log", "site" = "STORE_001", "service_name" = "system" }]
}

loki.source.file "system" {
  targets    = local.file_match.system.targets
  forward_to = [loki.write.sightline.receiver]
}

loki.write "sightline" {
  endpoint {
    url          = "{url}/loki/api/v1/push"
    bearer_token = "{key}"
  }
}
`,
  },
  {
    name: 'pino-loki',
    title: 'pino with pino-loki',
    protocol: 'loki',
    language: 'javascript',
    install: 'npm install pino pino-loki',
    snippet: `import pino from 'pino';

const logger = pino({
  transport: {
    target: 'pino-loki',
    options: {
      host: '{url}',
      headers: { authorization: 'Bearer {key}' },
      labels: { site: 'STORE_001', service_name: 'backend' },
      batching: { interval: 2 },
    },
  },
});

logger.info({ orderId: 42 }, 'First line from pino');
`,
  },
  {
    name: 'vector',
    title: 'Vector',
    protocol: 'loki',
    language: 'yaml',
    install: "curl --proto '=https' --tlsv1.2 -sSfL https://sh.vector.dev | bash",
    snippet: `# vector.yaml: vector --config vector.yaml
sources:
  files:
    type: file
    include: [/var/log/*.log]
sinks:
  sightline:
    type: loki
    inputs: [files]
    endpoint: '{url}'
    auth: { strategy: bearer, token: '{key}' }
    encoding: { codec: text }
    labels:
      site: STORE_001
      service_name: system
`,
  },
  {
    name: 'curl',
    title: 'JSON lines with curl',
    protocol: 'json-lines',
    language: 'bash',
    install: '',
    snippet: `curl '{url}/api/v1/ingest/json' \\
  -H 'Authorization: Bearer {key}' -H 'Content-Type: application/x-ndjson' \\
  --data-binary @- <<'END'
{"message":"First line from curl","level":"info","site":"STORE_001","service":"shell"}
{"message":"Card declined","level":"error","site":"STORE_001","service":"shell","order":"42"}
END
`,
  },
];

const traces: readonly Client[] = [
  {
    name: 'zipkin',
    title: 'Zipkin (zipkin-js)',
    protocol: 'zipkin',
    language: 'javascript',
    install: 'npm install zipkin zipkin-transport-http',
    snippet: `import { BatchRecorder, ExplicitContext, Tracer, jsonEncoder } from 'zipkin';
import { HttpLogger } from 'zipkin-transport-http';

const logger = new HttpLogger({
  endpoint: '{url}/api/v2/spans',
  jsonEncoder: jsonEncoder.JSON_V2,
  headers: { Authorization: 'Bearer {key}' },
});
const tracer = new Tracer({
  ctxImpl: new ExplicitContext(),
  recorder: new BatchRecorder({ logger }),
  localServiceName: 'backend',
  traceId128Bit: true,
  defaultTags: { 'site.id': 'STORE_001' },
});

await tracer.local('first span', () => Promise.resolve());
`,
  },
  {
    name: 'jaeger',
    title: 'Jaeger clients (Thrift over HTTP)',
    protocol: 'jaeger',
    language: 'bash',
    install: '',
    snippet: `# For every client that reads Jaeger's environment variables
export JAEGER_SERVICE_NAME='backend'
export JAEGER_TAGS='site.id=STORE_001'
export JAEGER_SAMPLER_TYPE='const' JAEGER_SAMPLER_PARAM='1'
export JAEGER_ENDPOINT='{url}/api/traces'
# The key is the password of basic auth; the user name is free.
export JAEGER_USER='sightline' JAEGER_PASSWORD='{key}'
`,
  },
];

const metrics: readonly Client[] = [
  {
    name: 'prometheus',
    title: 'Prometheus remote write',
    protocol: 'prometheus-remote-write',
    language: 'yaml',
    install: '',
    snippet: `# prometheus.yml
global:
  external_labels:
    site: STORE_001
remote_write:
  - url: '{url}/prometheus/api/v1/write'
    authorization:
      type: Bearer
      credentials: '{key}'
`,
  },
];

/** Every client we show a snippet for, in the order to show. */
export const clients: readonly Client[] = [...sentry, ...openTelemetry, ...logs, ...shippers, ...traces, ...metrics];
