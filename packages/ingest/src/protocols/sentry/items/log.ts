import { severityNumber } from '@sightline/record';
import { msToNs, timeJudgement, timeNs } from '../../../errors/event-time.ts';
import { contextlessIdentity, projectOf, resourceOf, sentryAttributes } from '../attributes.ts';
import { isObject, listOf, objectOf, textOf, hexIdOf, type JsonObject } from '../../../errors/json-reader.ts';
import { LogsRequestBuilder, otlpLogsLane, type LogRecordInput } from '../../../otlp/build-logs.ts';
import { framesOf } from '../../../otlp/frames-of.ts';
import type { Frame, ProtocolRequest, Refusal } from '../../../protocol.ts';
import type { EnvelopeItem } from '../envelope.ts';
import { itemJson, jsonItemLimitBytes } from '../item-kinds.ts';

/** Days that logs are kept. */
const logsKeptDays = 30;
const maxBody = 262_144;

interface LogsChecked {
  readonly frames: readonly Frame[];
  readonly refused: readonly Refusal[];
}

/**
 * Structured logs (https://develop.sentry.dev/sdk/telemetry/logs/) as an OTLP request, so that they share the lane, the
 * scrubber and the speed of all other logs. A log without a body, or of an impossible time, is refused alone.
 */
export function logsFrame(items: readonly EnvelopeItem[], request: ProtocolRequest, header: JsonObject): LogsChecked {
  if (items.length === 0) return { frames: [], refused: [] };
  const builder = new LogsRequestBuilder();
  const refused: Refusal[] = [];
  const refuse = (reason: Refusal['reason'], message: string): void =>
    void refused.push({ signal: 'logs', reason, records: 1, message });
  let group = '';
  for (const item of items) {
    const logs = item.payload.length > jsonItemLimitBytes ? undefined : itemJson(item);
    if (logs === undefined) {
      refuse('malformed', 'item "log": expected a JSON object with "items"');
      continue;
    }
    const entries = item.type === 'otel_log' ? [fromOtel(logs)] : Array.isArray(logs['items']) ? logs['items'] : [logs];
    for (const entry of entries) {
      const read = readLog(entry, request, objectOf(header['sdk']));
      if (read.kind === 'refused') {
        refuse(read.reason, read.message);
        continue;
      }
      const key = JSON.stringify(read.resource);
      if (key !== group || builder.records === 0) builder.resource(read.resource, 'sentry');
      group = key;
      builder.add(read.record);
    }
  }
  return { frames: framesOf(builder, otlpLogsLane, 'logs'), refused };
}

type ReadLog =
  | { readonly kind: 'log'; readonly resource: Record<string, string>; readonly record: LogRecordInput }
  | { readonly kind: 'refused'; readonly reason: Refusal['reason']; readonly message: string };

function readLog(entry: unknown, request: ProtocolRequest, sdk: JsonObject): ReadLog {
  if (!isObject(entry)) return { kind: 'refused', reason: 'malformed', message: 'log: expected an object' };
  const body = textOf(entry['body'], maxBody);
  if (body === '') return { kind: 'refused', reason: 'no-value', message: 'log: expected "body"' };
  const timeNsOrNone = timeNs(entry['timestamp']);
  const judged = timeNsOrNone === undefined ? 'good' : timeJudgement(timeNsOrNone, request.receivedAtMs, logsKeptDays);
  if (judged !== 'good')
    return {
      kind: 'refused',
      reason: judged,
      message: `log: timestamp ${textOf(entry['timestamp'], 40)} is ${judged}`,
    };
  const attributes = sentryAttributes(entry['attributes']);
  const identity = contextlessIdentity(attributes, {
    scope: request.scope,
    project: projectOf(request.params['project']),
    // Of a log the SDKs name their own machine so.
    serverName: attributes['server.address'] ?? '',
  });
  const level = textOf(entry['level'], 32) || 'info';
  const number = entry['severity_number'];
  const record: LogRecordInput = {
    timeNs: timeNsOrNone ?? msToNs(request.receivedAtMs),
    severityText: level,
    severityNumber:
      typeof number === 'number' && number >= 1 && number <= 24 ? Math.floor(number) : severityNumber(level),
    body,
    attributes:
      identity.correlationId === '' ? attributes : { ...attributes, 'correlation.id': identity.correlationId },
    traceId: hexIdOf(entry['trace_id'], 32),
    spanId: hexIdOf(entry['span_id'], 16) || hexIdOf(attributes['sentry.trace.parent_span_id'], 16),
  };
  return { kind: 'log', resource: resourceOf(identity, sdk), record };
}

/** Item `otel_log`: one OTLP log record as JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), in Sentry's shape. */
function fromOtel(record: JsonObject): JsonObject {
  const plain = (value: unknown): unknown => {
    const any = objectOf(value);
    const name = ['stringValue', 'intValue', 'doubleValue', 'boolValue'].find((one) => one in any);
    return name === undefined ? JSON.stringify(any) : any[name];
  };
  const attributes = listOf(record['attributes']).map((pair) => {
    const { key, value } = objectOf(pair);
    return [textOf(key, 200), plain(value)] as const;
  });
  return {
    body: textOf(plain(record['body']), maxBody),
    level: textOf(record['severityText'], 32),
    severity_number: record['severityNumber'],
    timestamp: record['timeUnixNano'] ?? record['observedTimeUnixNano'],
    trace_id: record['traceId'],
    span_id: record['spanId'],
    attributes: Object.fromEntries(attributes.filter(([name]) => name !== '')),
  };
}
