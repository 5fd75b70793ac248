import { fail, ok, type Result } from '@sightline/base';
import type { Reason } from '@sightline/record';
import { timeJudgement } from '../../errors/event-time.ts';
import { isObject, numberOf, objectOf, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { spanKindNumbers, type SpanEventInput, type SpanInput } from '../../otlp/build-traces.ts';

/** A Zipkin span in OTLP's terms, with what its group needs. */
export interface ZipkinSpan extends SpanInput {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  /** Local service name; '' when none was told. */
  readonly service: string;
  readonly hostAddress: string;
  readonly scope: string;
  /** The caller's span has the same id. */
  readonly shared: boolean;
}

/** Days that spans are kept. */
const spansKeptDays = 30;
const mostTags = 512;
const mostAnnotations = 512;
const textLimit = 65_536;
const statusNames: Readonly<Record<string, number>> = { UNSET: 0, OK: 1, ERROR: 2 };
/** Tags that say what OTLP has fields for. */
const consumedTags = new Set(['otel.status_code', 'otel.status_description', 'otel.scope.name', 'otel.library.name']);

/**
 * Reads one span (https://github.com/openzipkin/zipkin-api/blob/master/zipkin2-api.yaml). A span without usable ids or with a
 * time outside what is kept is refused; one that names no time at all ended when it was received.
 */
export function readZipkinSpan(
  value: unknown,
  receivedAtMs: number,
): Result<ZipkinSpan, { readonly reason: Reason; readonly message: string }> {
  const malformed = (message: string) => fail({ reason: 'malformed' as const, message });
  if (!isObject(value)) return malformed('expected a span as an object');
  const traceId = idOf(value['traceId'], 32);
  if (traceId === '') return malformed('span: expected "traceId" of up to 32 hexadecimal digits');
  const spanId = idOf(value['id'], 16);
  if (spanId === '') return malformed('span: expected "id" of up to 16 hexadecimal digits');
  const annotations = readAnnotations(value['annotations']);
  const durationNs = microseconds(value['duration']) ?? 0n;
  const startNs =
    microseconds(value['timestamp']) ?? annotations[0]?.timeNs ?? BigInt(receivedAtMs) * 1_000_000n - durationNs;
  const judged = timeJudgement(startNs, receivedAtMs, spansKeptDays);
  if (judged !== 'good') return fail({ reason: judged, message: `span ${spanId}: its timestamp is ${judged}` });
  const tags = objectOf(value['tags']);
  const local = objectOf(value['localEndpoint']);
  return ok({
    traceId,
    spanId,
    parentId: idOf(value['parentId'], 16),
    name: textOf(value['name'], 1024) || 'unknown',
    kind: spanKindNumbers[textOf(value['kind'], 20).toLowerCase()] ?? 0,
    startNs,
    endNs: startNs + durationNs,
    attributes: { ...tagAttributes(tags), ...peerAttributes(objectOf(value['remoteEndpoint'])), ...debugOf(value) },
    events: annotations,
    ...statusOf(tags),
    service: textOf(local['serviceName'], 300),
    hostAddress: textOf(local['ipv4'], 64) || textOf(local['ipv6'], 64),
    scope: textOf(tags['otel.scope.name'], 300) || textOf(tags['otel.library.name'], 300),
    shared: value['shared'] === true,
  });
}

/** Lower-case hexadecimal filled with zeros to `digits`; '' when it is none. */
function idOf(value: unknown, digits: number): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > digits || !/^[0-9a-f]+$/i.test(value))
    return '';
  const id = value.toLowerCase().padStart(digits, '0');
  return /^0+$/.test(id) ? '' : id;
}

function microseconds(value: unknown): bigint | undefined {
  const number = numberOf(value);
  return number === undefined || number <= 0 || number > 9e15 ? undefined : BigInt(Math.round(number)) * 1000n;
}

function tagAttributes(tags: JsonObject): Record<string, string> {
  const pairs: [string, string][] = [];
  for (const name in tags) {
    if (pairs.length >= mostTags) break;
    if (!consumedTags.has(name)) pairs.push([textOf(name, 300), textOf(tags[name], textLimit)]);
  }
  return Object.fromEntries(pairs);
}

function peerAttributes(remote: JsonObject): Record<string, string | number> {
  const port = numberOf(remote['port']) ?? 0;
  const address = textOf(remote['ipv4'], 64) || textOf(remote['ipv6'], 64);
  const service = textOf(remote['serviceName'], 300);
  return {
    ...(service === '' ? {} : { 'peer.service': service }),
    ...(address === '' ? {} : { 'network.peer.address': address }),
    ...(port > 0 ? { 'network.peer.port': port } : {}),
  };
}

function debugOf(span: JsonObject): Record<string, boolean> {
  return span['debug'] === true ? { 'zipkin.debug': true } : {};
}

/** `error` in any form is Zipkin's word for a failure; OpenTelemetry's exporters say it in `otel.status_code`. */
function statusOf(tags: JsonObject): Pick<SpanInput, 'statusCode' | 'statusMessage'> {
  const told = statusNames[textOf(tags['otel.status_code'], 20).toUpperCase()];
  const error = tags['error'];
  const failed = told === 2 || (told === undefined && error !== undefined && error !== 'false' && error !== false);
  if (!failed) return told === undefined ? {} : { statusCode: told };
  const text = textOf(tags['otel.status_description'], 4096) || textOf(error, 4096);
  return { statusCode: 2, statusMessage: text === 'true' ? '' : text };
}

/** In order of time; one without a time or a text is left out. */
function readAnnotations(value: unknown): SpanEventInput[] {
  if (!Array.isArray(value)) return [];
  const found: SpanEventInput[] = [];
  for (const item of value.slice(0, mostAnnotations) as unknown[]) {
    const annotation = objectOf(item);
    const timeNs = microseconds(annotation['timestamp']);
    const name = textOf(annotation['value'], 4096);
    if (timeNs !== undefined && name !== '') found.push({ timeNs, name });
  }
  return found.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
}
