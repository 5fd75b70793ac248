import { msToNs, timeJudgement, timeNs } from '../../../errors/event-time.ts';
import { isObject, numberOf, objectOf, textOf, type JsonObject } from '../../../errors/json-reader.ts';
import { MetricsRequestBuilder, otlpMetricsLane } from '../../../otlp/build-metrics.ts';
import { metricsKeptMs, type Frame, type ProtocolRequest, type Refusal } from '../../../protocol.ts';
import { contextlessIdentity, projectOf, resourceOf, sentryAttributes } from '../attributes.ts';
import type { EnvelopeItem } from '../envelope.ts';
import { itemJson, jsonItemLimitBytes } from '../item-kinds.ts';

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
 * Sentry's metrics (https://develop.sentry.dev/sdk/telemetry/metrics/) as an OTLP request, so that they share names, store and rules of
 * all other metrics: counters are growth, distributions native histograms. A value that is none, or of an impossible time, is refused alone.
 */
export function metricsFrame(
  items: readonly EnvelopeItem[],
  request: ProtocolRequest,
  header: JsonObject,
): { readonly frames: readonly Frame[]; readonly refused: readonly Refusal[] } {
  if (items.length === 0) return { frames: [], refused: [] };
  const builder = new MetricsRequestBuilder();
  const refused: Refusal[] = [];
  const refuse = (reason: Refusal['reason'], message: string): void =>
    void refused.push({ signal: 'metrics', reason, records: 1, message });
  for (const item of items) {
    const metrics = item.payload.length > jsonItemLimitBytes ? undefined : itemJson(item);
    if (metrics === undefined) {
      refuse('malformed', 'item "trace_metric": expected a JSON object with "items"');
      continue;
    }
    for (const entry of Array.isArray(metrics['items']) ? metrics['items'] : [metrics]) {
      const fault = addMetric(builder, entry, request, objectOf(header['sdk']));
      if (fault) refuse(...fault);
    }
  }
  const { records } = builder;
  return {
    frames: records === 0 ? [] : [{ lane: otlpMetricsLane, bytes: builder.build(), records, signal: 'metrics' }],
    refused,
  };
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
  const at = timeNs(entry['timestamp']) ?? msToNs(request.receivedAtMs);
  const keptMs = request.receivedAtMs - (request.metricsFromMs ?? request.receivedAtMs - metricsKeptMs);
  const judged = timeJudgement(at, request.receivedAtMs, keptMs / dayMs);
  if (judged !== 'good') return [judged, `metric: timestamp ${textOf(entry['timestamp'], 40)} is ${judged}`];
  const attributes = sentryAttributes(entry['attributes']);
  const identity = contextlessIdentity(attributes, {
    scope: request.scope,
    project: projectOf(request.params['project']),
    serverName: attributes['server.address'] ?? '',
  });
  const given = textOf(entry['unit'], 40);
  builder.add({
    resource: resourceOf(identity, sdk),
    name,
    unit: units[given] ?? given,
    kind: type,
    attributes: Object.fromEntries(Object.entries(attributes).filter(([label]) => !noLabel.test(label))),
    value,
    atNs: at,
  });
  return undefined;
}
