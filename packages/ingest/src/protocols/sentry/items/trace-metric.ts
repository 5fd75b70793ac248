import { msToNs, timeJudgement, timeNs } from '../../../errors/event-time.ts';
import { isObject, numberOf, objectOf, textOf, type JsonObject } from '../../../errors/json-reader.ts';
import { MetricsRequestBuilder, otlpMetricsLane, type MetricValue } from '../../../otlp/build-metrics.ts';
import { framesOf } from '../../../otlp/frames-of.ts';
import { metricsKeptMs, type Frame, type ProtocolRequest, type Refusal } from '../../../protocol.ts';
import { contextlessIdentity, projectOf, resourceOf, sentryAttributes } from '../attributes.ts';
import type { EnvelopeItem } from '../envelope.ts';
import { itemJson, jsonItemLimitBytes } from '../item-kinds.ts';
import { readSentryStatsd } from './statsd.ts';

const dayMs = 86_400_000;
/** Attributes that differ from value to value or name a person: no label may. */
const noLabel =
  /^(?:sentry\.|user\.|server\.address$)|(?:^|[._])(?:trace|span|event|replay|session|request|correlation)[._]?id$/;
const units: Readonly<Record<string, string>> = {
  nanosecond: 'ns',
  microsecond: 'us',
  millisecond: 'ms',
  second: 's',
  minute: 'min',
  hour: 'h',
  day: 'd',
  byte: 'By',
  kilobyte: 'KBy',
  kibibyte: 'KiBy',
  megabyte: 'MBy',
  mebibyte: 'MiBy',
  gigabyte: 'GBy',
  gibibyte: 'GiBy',
  percent: '%',
  ratio: '1',
  none: '',
};

/**
 * Sentry's metrics (https://develop.sentry.dev/sdk/telemetry/metrics/), and the lines of StatsD that older SDKs send, as an OTLP request, so that they share names, store and rules of
 * all other metrics: counters are growth, distributions native histograms. A value that is none, or of an impossible time, is refused alone.
 */
export function metricsFrame(
  items: readonly EnvelopeItem[],
  request: ProtocolRequest,
  header: JsonObject,
): { readonly frames: readonly Frame[]; readonly refused: readonly Refusal[] } {
  if (items.length === 0) return { frames: [], refused: [] };
  const builder = new MetricsRequestBuilder();
  const refused = new Map<string, Refusal>();
  const sdk = objectOf(header['sdk']);
  const refuse = (reason: Refusal['reason'], message: string): void => {
    const records = (refused.get(message)?.records ?? 0) + 1;
    refused.set(message, { signal: 'metrics', reason, records, message });
  };
  for (const item of items) {
    if (item.type === 'statsd') {
      addLines(builder, item, request, sdk, refuse);
      continue;
    }
    const metrics = item.payload.length > jsonItemLimitBytes ? undefined : itemJson(item);
    if (metrics === undefined) {
      refuse('malformed', 'item "trace_metric": expected a JSON object with "items"');
      continue;
    }
    for (const entry of Array.isArray(metrics['items']) ? metrics['items'] : [metrics]) {
      const fault = addMetric(builder, entry, request, sdk);
      if (fault) refuse(...fault);
    }
  }
  return { frames: framesOf(builder, otlpMetricsLane, 'metrics'), refused: [...refused.values()] };
}

type Fault = readonly [reason: Refusal['reason'], message: string];

function addMetric(
  builder: MetricsRequestBuilder,
  entry: unknown,
  request: ProtocolRequest,
  sdk: JsonObject,
): Fault | undefined {
  if (!isObject(entry)) return ['malformed', 'metric: expected an object'];
  const name = textOf(entry['name'], 200);
  const value = numberOf(entry['value']);
  const type = textOf(entry['type'], 32);
  if (name === '' || value === undefined) return ['no-value', 'metric: expected "name" and a number "value"'];
  if (type !== 'counter' && type !== 'gauge' && type !== 'distribution')
    return ['unsupported-type', `metric: type "${type}" is none of counter, gauge, distribution`];
  return addValue(
    builder,
    {
      name,
      kind: type,
      values: [value],
      unit: textOf(entry['unit'], 40),
      attributes: entry['attributes'],
      at: timeNs(entry['timestamp']),
    },
    request,
    sdk,
  );
}

/** Lines of StatsD, each a record of its own. */
function addLines(
  builder: MetricsRequestBuilder,
  { payload }: EnvelopeItem,
  request: ProtocolRequest,
  sdk: JsonObject,
  refuse: (...fault: Fault) => void,
): void {
  if (payload.length > jsonItemLimitBytes) {
    refuse('too-large', `item "statsd" of ${payload.length} bytes; at most ${jsonItemLimitBytes}`);
    return;
  }
  for (const line of payload.toString('utf8').split('\n')) {
    const text = line.trim();
    if (text === '') continue;
    const read = readSentryStatsd(text);
    if (!read.ok) {
      refuse(read.error.reason, read.error.message);
      continue;
    }
    const { atMs, ...metric } = read.value;
    const given = { ...metric, at: atMs === undefined ? undefined : msToNs(atMs) };
    const fault = addValue(builder, given, request, sdk);
    if (fault) refuse(...fault);
  }
}

/** Adds what a client measured under its labels; or says why not. */
function addValue(
  builder: MetricsRequestBuilder,
  given: Pick<MetricValue, 'name' | 'kind' | 'values' | 'weight' | 'unit'> & {
    readonly attributes: unknown;
    readonly at: bigint | undefined;
  },
  request: ProtocolRequest,
  sdk: JsonObject,
): Fault | undefined {
  const at = given.at ?? msToNs(request.receivedAtMs);
  const keptMs = request.receivedAtMs - (request.metricsFromMs ?? request.receivedAtMs - metricsKeptMs);
  const judged = timeJudgement(at, request.receivedAtMs, keptMs / dayMs);
  if (judged !== 'good') return [judged, `a metric's timestamp is ${judged}`];
  const attributes = sentryAttributes(given.attributes);
  const identity = contextlessIdentity(attributes, {
    scope: request.scope,
    project: projectOf(request.params['project']),
    serverName: attributes['server.address'] ?? '',
  });
  const labels = Object.entries(attributes).filter(([label]) => !noLabel.test(label));
  builder.add({
    ...given,
    name: given.name.slice(0, 200),
    resource: resourceOf(identity, sdk),
    unit: units[given.unit] ?? given.unit,
    attributes: Object.fromEntries(labels),
    atNs: at,
  });
  return undefined;
}
