import { timeJudgement } from '../../errors/event-time.ts';
import type { BoundedRefusals } from '../../logs/bounded-refusals.ts';
import type { AttributeValue } from '../../otlp/any-value.ts';
import {
  spanKindNumbers,
  type SpanInput,
  type SpanLinkInput,
  type TracesRequestBuilder,
} from '../../otlp/build-traces.ts';
import type { JaegerBatch, JaegerProcess, JaegerReference, JaegerSpan, Tag } from './batch.ts';

/** Days that spans are kept. */
const spansKeptDays = 30;
const statusNames: Readonly<Record<string, number>> = { OK: 1, ERROR: 2 };
/** Tags that say what OTLP has fields for. */
const consumedTags = new Set([
  'span.kind',
  'otel.status_code',
  'otel.status_description',
  'otel.scope.name',
  'otel.library.name',
  'w3c.tracestate',
]);

/**
 * Adds a batch to an OTLP request by the rules of https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/ read
 * backwards: process tags become the resource, logs events, references the parent and links. A span without ids or of an
 * impossible time is refused alone.
 */
export function addBatch(
  batch: JaegerBatch,
  receivedAtMs: number,
  builder: TracesRequestBuilder,
  refusals: BoundedRefusals,
): void {
  let open: { readonly process: JaegerProcess; readonly scope: string } | undefined;
  for (const span of batch.spans) {
    const refused = refusalOf(span, receivedAtMs);
    if (refused) {
      refusals.add(...refused);
      continue;
    }
    const process = span.process ?? batch.process;
    const tags = new Map(span.tags);
    const scope = textOf(tags.get('otel.scope.name') ?? tags.get('otel.library.name'));
    if (open?.process !== process || open.scope !== scope) builder.resource(resourceOf(process), scope);
    open = { process, scope };
    builder.add(spanOf(span, tags));
  }
}

function refusalOf(span: JaegerSpan, receivedAtMs: number): ['malformed' | 'too-old' | 'too-new', string] | undefined {
  if (span.problem !== undefined) return ['malformed', span.problem];
  if (!isId(span.traceId, 16)) return ['malformed', 'span: expected a trace id of 16 bytes, not all zero'];
  if (!isId(span.spanId, 8)) return ['malformed', 'span: expected a span id of 8 bytes, not all zero'];
  if (span.startNs <= 0n) return ['malformed', 'span: expected a start time'];
  const judged = timeJudgement(span.startNs, receivedAtMs, spansKeptDays);
  return judged === 'good' ? undefined : [judged, `span ${hex(span.spanId)}: its start time is ${judged}`];
}

function resourceOf({ service, tags }: JaegerProcess): Record<string, AttributeValue> {
  const named = new Map<string, AttributeValue>(tags);
  const hostname = named.get('hostname');
  const ip = named.get('ip');
  if (hostname !== undefined && !named.has('host.name')) named.set('host.name', hostname);
  if (ip !== undefined && !named.has('host.ip')) named.set('host.ip', ip);
  if (service !== '') named.set('service.name', service);
  return Object.fromEntries(named);
}

function spanOf(span: JaegerSpan, tags: ReadonlyMap<string, AttributeValue>): SpanInput {
  const parent = parentOf(span);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentId: parent,
    name: span.operation === '' ? 'unknown' : span.operation,
    kind: spanKindNumbers[textOf(tags.get('span.kind')).toLowerCase()] ?? 0,
    startNs: span.startNs,
    endNs: span.startNs + (span.durationNs > 0n ? span.durationNs : 0n),
    traceState: textOf(tags.get('w3c.tracestate')),
    attributes: Object.fromEntries([...tags].filter(([name]) => !consumedTags.has(name))),
    events: span.logs.filter(({ timeNs }) => timeNs > 0n).map(({ timeNs, fields }) => eventOf(timeNs, fields)),
    links: span.references.filter((reference) => !isParent(reference, span, parent)).flatMap(linkOf),
    ...statusOf(tags),
  };
}

/** The parent field of Thrift, else the first reference within the trace; "child of" goes before "follows from". */
function parentOf(span: JaegerSpan): Uint8Array {
  if (isId(span.parentId, 8)) return span.parentId;
  const inside = span.references.filter(({ traceId, spanId }) => same(traceId, span.traceId) && isId(spanId, 8));
  return (inside.find(({ followsFrom }) => !followsFrom) ?? inside[0])?.spanId ?? span.parentId.subarray(0, 0);
}

/** What is the parent already is no link; a parent that is only followed stays one, so that this is not lost. */
function isParent(reference: JaegerReference, span: JaegerSpan, parent: Uint8Array): boolean {
  return !reference.followsFrom && same(reference.traceId, span.traceId) && same(reference.spanId, parent);
}

function linkOf({ traceId, spanId, followsFrom }: JaegerReference): SpanLinkInput[] {
  if (!isId(traceId, 16) || !isId(spanId, 8)) return [];
  return [{ traceId, spanId, attributes: { 'opentracing.ref_type': followsFrom ? 'follows_from' : 'child_of' } }];
}

/** A log's field `event` (or `message`) is the event's name; the other fields are its attributes. */
function eventOf(timeNs: bigint, fields: readonly Tag[]): NonNullable<SpanInput['events']>[number] {
  const named = new Map(fields);
  const by = ['event', 'message'].find((name) => textOf(named.get(name)) !== '');
  const name = by === undefined ? 'log' : textOf(named.get(by));
  if (by !== undefined) named.delete(by);
  return { timeNs, name, attributes: Object.fromEntries(named) };
}

function statusOf(tags: ReadonlyMap<string, AttributeValue>): Pick<SpanInput, 'statusCode' | 'statusMessage'> {
  const told = statusNames[textOf(tags.get('otel.status_code')).toUpperCase()];
  const error = tags.get('error');
  const failed = told === 2 || (told === undefined && (error === true || error === 'true'));
  if (failed) return { statusCode: 2, statusMessage: textOf(tags.get('otel.status_description')) };
  return told === undefined ? {} : { statusCode: told };
}

function textOf(value: AttributeValue): string {
  return typeof value === 'string' ? value : '';
}

function isId(bytes: Uint8Array, sizeBytes: number): boolean {
  return bytes.length === sizeBytes && bytes.some((byte) => byte !== 0);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
