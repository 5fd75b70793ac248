/**
 * OTLP's messages (https://github.com/open-telemetry/opentelemetry-proto) as data: one table that the structural check, the
 * rewriting of requests and OTLP/JSON share. Fields that we do not read are left out; they are skipped on the wire.
 */
export const fieldKinds = {
  unknown: 0,
  /** uint32, int32 and enumerations. */
  varint: 1,
  bool: 2,
  /** int32 with zigzag. */
  sint: 3,
  fixed64: 4,
  sfixed64: 5,
  double: 6,
  fixed32: 7,
  string: 8,
  /** An identifier: hexadecimal in JSON. */
  id: 9,
  /** AnyValue; the engine reads it as bytes. */
  any: 10,
  packedFixed64: 11,
  packedDouble: 12,
  packedVarint: 13,
  /** `message + n` is a sub-message of number n. */
  message: 32,
} as const;

/** Field name in JSON → [number, kind, enumeration's names]. */
type Fields = Readonly<Record<string, readonly [number: number, kind: number, names?: readonly string[]]>>;

export interface Message {
  readonly name: string;
  /** A record: counted, and refused alone. */
  readonly record: boolean;
  /** Holds records somewhere below. */
  readonly container: boolean;
  /** Kind by field number. */
  readonly kinds: Uint8Array;
  readonly byName: ReadonlyMap<
    string,
    { readonly number: number; readonly kind: number; readonly names: readonly string[] }
  >;
  /** Field of the record's time, and of the one that takes its place; 0 for none. */
  readonly timeField: number;
  readonly otherTimeField: number;
}

const k = fieldKinds;
export const messages: Message[] = [];

function define(
  name: string,
  fields: Fields,
  role: { readonly record?: true; readonly container?: true; readonly time?: number; readonly otherTime?: number } = {},
): number {
  const kinds = new Uint8Array(32);
  const byName = new Map<string, { number: number; kind: number; names: readonly string[] }>();
  for (const [camel, [number, kind, names = []]] of Object.entries(fields)) {
    kinds[number] = kind;
    byName.set(camel, { number, kind, names });
    byName.set(
      camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      { number, kind, names },
    );
  }
  messages.push({
    name,
    record: role.record ?? false,
    container: role.container ?? false,
    kinds,
    byName,
    timeField: role.time ?? 0,
    otherTimeField: role.otherTime ?? 0,
  });
  return k.message + messages.length - 1;
}

const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) =>
  ['', '2', '3', '4'].map((step) => `SEVERITY_NUMBER_${name}${step}`),
);
const temporalities = ['UNSPECIFIED', 'DELTA', 'CUMULATIVE'].map((name) => `AGGREGATION_TEMPORALITY_${name}`);
const spanKinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (name) => `SPAN_KIND_${name}`,
);
const statusCodes = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);

const keyValue = define('KeyValue', { key: [1, k.string], value: [2, k.any] });
const scope = define('InstrumentationScope', { name: [1, k.string], version: [2, k.string] });
const resource = define('Resource', { attributes: [1, keyValue] });

const logRecord = define(
  'LogRecord',
  {
    timeUnixNano: [1, k.fixed64],
    severityNumber: [2, k.varint, ['SEVERITY_NUMBER_UNSPECIFIED', ...severities]],
    severityText: [3, k.string],
    body: [5, k.any],
    attributes: [6, keyValue],
    flags: [8, k.fixed32],
    traceId: [9, k.id],
    spanId: [10, k.id],
    observedTimeUnixNano: [11, k.fixed64],
    eventName: [12, k.string],
  },
  { record: true, time: 1, otherTime: 11 },
);
const scopeLogs = define('ScopeLogs', { scope: [1, scope], logRecords: [2, logRecord] }, { container: true });
const resourceLogs = define(
  'ResourceLogs',
  { resource: [1, resource], scopeLogs: [2, scopeLogs] },
  { container: true },
);
const logs = define('ExportLogsServiceRequest', { resourceLogs: [1, resourceLogs] }, { container: true });

const event = define('Span.Event', { timeUnixNano: [1, k.fixed64], name: [2, k.string], attributes: [3, keyValue] });
const link = define('Span.Link', {
  traceId: [1, k.id],
  spanId: [2, k.id],
  traceState: [3, k.string],
  attributes: [4, keyValue],
});
const status = define('Status', { message: [2, k.string], code: [3, k.varint, statusCodes] });
const span = define(
  'Span',
  {
    traceId: [1, k.id],
    spanId: [2, k.id],
    traceState: [3, k.string],
    parentSpanId: [4, k.id],
    name: [5, k.string],
    kind: [6, k.varint, spanKinds],
    startTimeUnixNano: [7, k.fixed64],
    endTimeUnixNano: [8, k.fixed64],
    attributes: [9, keyValue],
    events: [11, event],
    links: [13, link],
    status: [15, status],
    flags: [16, k.fixed32],
  },
  { record: true, time: 7 },
);
const scopeSpans = define('ScopeSpans', { scope: [1, scope], spans: [2, span] }, { container: true });
const resourceSpans = define(
  'ResourceSpans',
  { resource: [1, resource], scopeSpans: [2, scopeSpans] },
  { container: true },
);
const traces = define('ExportTraceServiceRequest', { resourceSpans: [1, resourceSpans] }, { container: true });

const pointTimes = { startTimeUnixNano: [2, k.fixed64], timeUnixNano: [3, k.fixed64] } as const;
const exemplar = define('Exemplar', {
  timeUnixNano: [2, k.fixed64],
  asDouble: [3, k.double],
  spanId: [4, k.id],
  traceId: [5, k.id],
  asInt: [6, k.sfixed64],
  filteredAttributes: [7, keyValue],
});
const numberPoint = define(
  'NumberDataPoint',
  {
    ...pointTimes,
    asDouble: [4, k.double],
    exemplars: [5, exemplar],
    asInt: [6, k.sfixed64],
    attributes: [7, keyValue],
    flags: [8, k.varint],
  },
  { record: true, time: 3 },
);
const histogramPoint = define(
  'HistogramDataPoint',
  {
    ...pointTimes,
    count: [4, k.fixed64],
    sum: [5, k.double],
    bucketCounts: [6, k.packedFixed64],
    explicitBounds: [7, k.packedDouble],
    exemplars: [8, exemplar],
    attributes: [9, keyValue],
    flags: [10, k.varint],
    min: [11, k.double],
    max: [12, k.double],
  },
  { record: true, time: 3 },
);
const buckets = define('Buckets', { offset: [1, k.sint], bucketCounts: [2, k.packedVarint] });
const exponentialPoint = define(
  'ExponentialHistogramDataPoint',
  {
    attributes: [1, keyValue],
    ...pointTimes,
    count: [4, k.fixed64],
    sum: [5, k.double],
    scale: [6, k.sint],
    zeroCount: [7, k.fixed64],
    positive: [8, buckets],
    negative: [9, buckets],
    flags: [10, k.varint],
    exemplars: [11, exemplar],
    min: [12, k.double],
    max: [13, k.double],
    zeroThreshold: [14, k.double],
  },
  { record: true, time: 3 },
);
const quantile = define('ValueAtQuantile', { quantile: [1, k.double], value: [2, k.double] });
const summaryPoint = define(
  'SummaryDataPoint',
  {
    ...pointTimes,
    count: [4, k.fixed64],
    sum: [5, k.double],
    quantileValues: [6, quantile],
    attributes: [7, keyValue],
    flags: [8, k.varint],
  },
  { record: true, time: 3 },
);
const temporality = { aggregationTemporality: [2, k.varint, temporalities] } as const;
const gauge = define('Gauge', { dataPoints: [1, numberPoint] }, { container: true });
const sum = define(
  'Sum',
  { dataPoints: [1, numberPoint], ...temporality, isMonotonic: [3, k.bool] },
  { container: true },
);
const histogram = define('Histogram', { dataPoints: [1, histogramPoint], ...temporality }, { container: true });
const exponential = define(
  'ExponentialHistogram',
  { dataPoints: [1, exponentialPoint], ...temporality },
  { container: true },
);
const summary = define('Summary', { dataPoints: [1, summaryPoint] }, { container: true });
const metric = define(
  'Metric',
  {
    name: [1, k.string],
    description: [2, k.string],
    unit: [3, k.string],
    gauge: [5, gauge],
    sum: [7, sum],
    histogram: [9, histogram],
    exponentialHistogram: [10, exponential],
    summary: [11, summary],
  },
  { container: true },
);
const scopeMetrics = define('ScopeMetrics', { scope: [1, scope], metrics: [2, metric] }, { container: true });
const resourceMetrics = define(
  'ResourceMetrics',
  { resource: [1, resource], scopeMetrics: [2, scopeMetrics] },
  { container: true },
);
const metrics = define('ExportMetricsServiceRequest', { resourceMetrics: [1, resourceMetrics] }, { container: true });

/** Numbers of the messages that others name. */
export const roots = {
  logs: logs - k.message,
  spans: traces - k.message,
  metrics: metrics - k.message,
} as const;
export const spanMessage = span - k.message;
