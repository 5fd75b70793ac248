import { msToNs, timeJudgement, timeNs } from '../../../errors/event-time.ts';
import { identityOf, packageOfRelease, tagsOf, traceIdsOf, type Identity } from '../../../errors/identity.ts';
import {
  firstText,
  hexIdOf,
  listOf,
  numberOf,
  objectOf,
  textOf,
  type JsonObject,
} from '../../../errors/json-reader.ts';
import { withoutSecrets } from '../../../errors/secrets.ts';
import { contextTexts } from '../../../errors/identity.ts';
import { contextlessIdentity, resourceOf, sentryAttributes } from '../attributes.ts';
import { refusedRow, type DecodedItem, type ItemOrigin, type Row } from '../decoded-item.ts';
import { spanEvents, spanLinks } from './span-parts.ts';

/** Days that spans are kept. */
const spansKeptDays = 30;
const maxChildren = 10_000;

interface SpanFacts {
  readonly span: JsonObject;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly start: unknown;
  readonly end: unknown;
  readonly attributes: Record<string, string>;
  readonly identity: Identity;
}

/**
 * A transaction (https://develop.sentry.dev/sdk/data-model/event-payloads/transaction/) as spans: itself and its children.
 * A child without ids or times is refused alone.
 */
export function decodeTransaction(event: JsonObject, origin: ItemOrigin): DecodedItem {
  const contexts = objectOf(event['contexts']);
  const trace = objectOf(contexts['trace']);
  const identity = transactionIdentity(event, origin);
  const ids = traceIdsOf(trace);
  const root: SpanFacts = {
    span: trace,
    ...ids,
    name: firstText(textOf(event['transaction'], 1024), textOf(trace['description'], 1024), 'unknown'),
    start: event['start_timestamp'],
    end: event['timestamp'],
    attributes: rootAttributes(event, trace),
    identity,
  };
  const children = listOf(event['spans'])
    .slice(0, maxChildren)
    .map((child) => childFacts(objectOf(child), root));
  const left = Math.max(0, (Array.isArray(event['spans']) ? event['spans'].length : 0) - children.length);
  const decoded = spanRows([root, ...children], origin);
  if (left === 0) return decoded;
  const refused = {
    signal: 'spans',
    reason: 'malformed',
    records: left,
    message: `transaction: ${left} spans are empty or more than ${maxChildren}`,
  } as const;
  return { ...decoded, refused: [...decoded.refused, refused] };
}

/** Item `span`: `{items: […]}` of the second version, or one standalone span of the first. */
export function decodeSpans(payload: JsonObject, origin: ItemOrigin): DecodedItem {
  const spans = Array.isArray(payload['items']) ? payload['items'] : [payload];
  return spanRows(
    spans.map((span: unknown) => standaloneFacts(objectOf(span), origin)),
    origin,
  );
}

function transactionIdentity(event: JsonObject, origin: ItemOrigin): Identity {
  const contexts = objectOf(event['contexts']);
  const release = textOf(event['release'], 250);
  const tags = tagsOf(event['tags']);
  const blank = { ...origin.scope, site: '', device: '', service: '', environment: '' };
  const given = identityOf(contextTexts(contexts), blank);
  return identityOf({ ...tags, ...pickTags(objectOf(objectOf(contexts['trace'])['data'])) }, origin.scope, {
    ...given,
    device: firstText(given.device, textOf(event['server_name'], 300)),
    service: firstText(given.service, packageOfRelease(release), origin.scope.service, `project-${origin.project}`),
    environment: firstText(textOf(event['environment'], 64), origin.scope.environment, 'production'),
    release,
  });
}

/** Of a root span's data only what names its origin, so that `service.version` and the like of libraries do not. */
function pickTags(data: JsonObject): Record<string, string> {
  const names = ['site.id', 'store.id', 'terminal.id', 'device.id', 'correlation.id', 'correlation_id', 'service.name'];
  return Object.fromEntries(names.map((name) => [name, textOf(data[name], 300)]).filter(([, value]) => value !== ''));
}

function rootAttributes(event: JsonObject, trace: JsonObject): Record<string, string> {
  const request = objectOf(event['request']);
  const measurements = Object.entries(objectOf(event['measurements'])).slice(0, 100);
  const contexts = objectOf(event['contexts']);
  const response = objectOf(contexts['response']);
  const profile = objectOf(contexts['profile']);
  const named = {
    'sentry.op': textOf(trace['op'], 128),
    'sentry.origin': textOf(trace['origin'], 128),
    'http.request.method': textOf(request['method'], 32),
    'url.full': withoutSecrets(textOf(request['url'], 2048)),
    'http.response.status_code': textOf(response['status_code'], 8),
    'user.id': textOf(objectOf(event['user'])['id'], 200),
    'sentry.event_id': hexIdOf(event['event_id'], 32),
    'sentry.profile_id': hexIdOf(profile['profile_id'], 32),
    'sentry.profiler_id': hexIdOf(profile['profiler_id'], 32),
  };
  return {
    ...sentryAttributes(tagsOf(event['tags'])),
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== '')),
    ...Object.fromEntries(
      measurements.map(([name, m]) => [`measurement.${textOf(name, 100)}`, textOf(objectOf(m)['value'], 40)]),
    ),
    ...sentryAttributes(trace['data']),
  };
}

function childFacts(span: JsonObject, root: SpanFacts): SpanFacts {
  const attributes = {
    ...opAttributes(span),
    ...sentryAttributes(tagsOf(span['tags'])),
    ...sentryAttributes(span['data']),
  };
  const ids = traceIdsOf(span);
  return {
    span,
    traceId: ids.traceId || root.traceId,
    spanId: ids.spanId,
    parentId: ids.parentId || root.spanId,
    name: firstText(textOf(span['description'], 1024), textOf(span['op'], 128), 'unknown'),
    start: span['start_timestamp'],
    end: span['timestamp'],
    attributes,
    identity: root.identity,
  };
}

function opAttributes(span: JsonObject): Record<string, string> {
  const named = { 'sentry.op': textOf(span['op'], 128), 'sentry.origin': textOf(span['origin'], 128) };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ''));
}

function standaloneFacts(span: JsonObject, origin: ItemOrigin): SpanFacts {
  const attributes = {
    ...opAttributes(span),
    ...sentryAttributes(span['data']),
    ...sentryAttributes(span['attributes']),
  };
  const identity = contextlessIdentity(attributes, {
    scope: origin.scope,
    project: origin.project,
    serverName: attributes['sentry.server_name'] ?? '',
  });
  return {
    span,
    ...traceIdsOf(span),
    name: firstText(textOf(span['name'], 1024), textOf(span['description'], 1024), textOf(span['op'], 128), 'unknown'),
    start: span['start_timestamp'],
    end: span['end_timestamp'] ?? span['timestamp'],
    attributes,
    identity,
  };
}

function spanRows(all: readonly SpanFacts[], origin: ItemOrigin): DecodedItem {
  const rows: Row[] = [];
  const refused = [];
  for (const facts of all) {
    const row = spanRow(facts, origin);
    if (row.kind === 'row') rows.push(row.row);
    else refused.push(row.refusal);
  }
  return { tables: rows.length === 0 ? [] : [{ table: 'spans', rows }], refused };
}

type SpanRow = { readonly kind: 'row'; readonly row: Row } | ReturnType<typeof refusedRow>;

function spanRow(facts: SpanFacts, origin: ItemOrigin): SpanRow {
  const start = timeNs(facts.start);
  const end = timeNs(facts.end) ?? start;
  if (facts.traceId === '' || facts.spanId === '')
    return refusedRow('spans', 'malformed', 'span: expected "trace_id" of 32 and "span_id" of 16 hexadecimal digits');
  if (start === undefined || end === undefined)
    return refusedRow('spans', 'malformed', 'span: expected "start_timestamp"');
  const judged = timeJudgement(start, origin.receivedAtMs, spansKeptDays);
  if (judged !== 'good') return refusedRow('spans', judged, `span: start ${textOf(facts.start, 40)} is ${judged}`);
  const status = textOf(facts.span['status'], 64);
  const failed = isFailure(status);
  return {
    kind: 'row',
    row: {
      organisation: origin.scope.organisation,
      site: facts.identity.site,
      device: facts.identity.device,
      environment: facts.identity.environment,
      service: facts.identity.service,
      release: facts.identity.release,
      ts: start.toString(),
      duration_ns: (end > start ? end - start : 0n).toString(),
      trace_id: facts.traceId,
      span_id: facts.spanId,
      parent_id: facts.parentId,
      name: withoutSecrets(facts.name),
      kind: kindOf(facts),
      status_code: failed ? 2 : status === 'ok' ? 1 : 0,
      status_message: failed ? status : '',
      scope_name: textOf(origin.sdk, 100),
      correlation_id: identityOf(facts.attributes, origin.scope).correlationId || facts.identity.correlationId,
      res: resourceOf(facts.identity, { name: origin.sdk }),
      attrs: withStatusCode(facts),
      ...spanEvents(facts.span),
      ...spanLinks(facts.span),
      received_at: msToNs(origin.receivedAtMs).toString(),
    },
  };
}

/** Sentry's status words are gRPC's; `ok` and the absence of one are no failure, nor is a cancelled navigation. */
function isFailure(status: string): boolean {
  return status !== '' && status !== 'ok' && status !== 'cancelled' && status !== 'unset' && status !== '0';
}

/** OTLP's span kinds from Sentry's operation, or from what OpenTelemetry left. */
function kindOf({ attributes, span }: SpanFacts): number {
  const named = ['internal', 'server', 'client', 'producer', 'consumer'].indexOf(
    (attributes['otel.kind'] ?? attributes['sentry.kind'] ?? textOf(span['kind'])).toLowerCase(),
  );
  if (named >= 0) return named + 1;
  const op = attributes['sentry.op'] ?? '';
  if (/^(?:http|rpc|grpc|websocket|graphql|function|ai)?\.?server\b|\.server$/.test(op)) return 2;
  if (/^(?:db|cache)\b|\.client$|^resource\./.test(op)) return 3;
  if (/^queue\.(?:publish|submit|create)/.test(op)) return 4;
  return /^queue\.(?:process|task|receive)/.test(op) ? 5 : 1;
}

function withStatusCode(facts: SpanFacts): Record<string, string> {
  const code = facts.attributes['http.response.status_code'] ?? facts.attributes['http.status_code'];
  return code === undefined || numberOf(code) === undefined
    ? facts.attributes
    : { ...facts.attributes, 'http.response.status_code': code };
}
