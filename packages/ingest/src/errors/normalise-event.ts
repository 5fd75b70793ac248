import { hash } from 'node:crypto';
import {
  errorPayloadVersion,
  severityNumber,
  type ErrorException,
  type ErrorPayload,
  type KeyScope,
} from '@sightline/record';
import { culpritOf } from './culprit-of.ts';
import { derivedTags, headerOf, withClientContexts } from './derived-tags.ts';
import { contextGroupsOf, saleFactsOf, type SaleFacts } from './context-groups.ts';
import { believableNs, msToNs } from './event-time.ts';
import { breadcrumbsOf, claimsFrames, exceptionsOf, framesOf, debugIdsOf } from './exceptions.ts';
import {
  groupError,
  groupingLines,
  plainGrouping,
  type Grouped,
  type OrganisationGrouping,
} from './grouping/group-error.ts';
import {
  contextTexts,
  identityOf,
  packageOfRelease,
  tagsOf,
  traceIdsOf,
  type Identity,
  type NamedTexts,
} from './identity.ts';
import { firstText, hexIdOf, isObject, listOf, objectOf, textOf, type JsonObject } from './json-reader.ts';
import { localsRoom, type Room } from './named-texts.ts';
import { payloadJson } from './payload-parts.ts';
import { threadsOf } from './threads.ts';
import { isSecretName, keepObject, keepValue, payloadLimits, redacted, withoutSecrets } from './secrets.ts';

/** Days that errors are kept; an older time is a clock that went astray. */
export const errorsKeptDays = 90;
const maxPayloadPart = 65_536;

/** Where an event came from and when. */
export interface EventOrigin {
  readonly scope: KeyScope;
  readonly project: number;
  readonly receivedAtMs: number;
  /** The envelope's event id; '' when it has none. */
  readonly eventId: string;
}

/** One row of the table `errors`; `payload` is an `ErrorPayload` as `ScrubbableJson`. */
export type ErrorRow = Readonly<Record<string, unknown>>;

interface Facts {
  readonly tags: NamedTexts;
  readonly identity: Identity;
  readonly sale: SaleFacts;
  /** What was thrown; a message with a stack has none. */
  readonly thrown: readonly ErrorException[];
  /** What the issue page shows: what was thrown, else the message's own stack. */
  readonly exceptions: readonly ErrorException[];
  readonly message: string;
  readonly template: string;
  readonly type: string;
  readonly culprit: string;
  readonly level: string;
  /** What is left for long local variables. */
  readonly room: Room;
}

/**
 * A Sentry event (https://develop.sentry.dev/sdk/data-model/event-payloads/) as a row of `errors`. Total: whatever the JSON
 * object holds, a row comes out; what cannot be understood is left empty, what is secret by its name is left out.
 */
export function errorRowOf(
  sent: JsonObject,
  origin: EventOrigin,
  organisation: OrganisationGrouping = plainGrouping,
): ErrorRow {
  const event = withClientContexts(sent);
  const facts = factsOf(event, origin);
  const grouping = groupedBy(event, origin, facts, organisation);
  const exceptions = facts.thrown.length > 0 ? grouping.exceptions : facts.exceptions;
  const trace = traceIdsOf(objectOf(objectOf(event['contexts'])['trace']));
  const handled = facts.thrown.every((exception) => exception.handled !== false);
  return {
    organisation: origin.scope.organisation,
    project: origin.project,
    site: facts.identity.site,
    device: facts.identity.device,
    environment: facts.identity.environment,
    service: facts.identity.service,
    release: facts.identity.release,
    ts: believableNs(event['timestamp'], origin.receivedAtMs, errorsKeptDays).toString(),
    received_at: msToNs(origin.receivedAtMs).toString(),
    event_id: eventIdOf(event, origin),
    issue: grouping.issue,
    grouping_hash: grouping.hash,
    grouping_version: grouping.version,
    severity: severityNumber(facts.level) || 17,
    platform: platformOf(event),
    type: facts.type,
    message: facts.message,
    culprit: facts.culprit,
    transaction: textOf(event['transaction'], 300),
    handled: handled ? 1 : 0,
    trace_id: trace.traceId,
    span_id: trace.spanId,
    correlation_id: facts.identity.correlationId,
    user_id: userIdOf(objectOf(event['user'])),
    order_id: facts.sale.orderId,
    amount: facts.sale.amount,
    tags: cleanTags(withCurrency(facts)),
    payload: payloadJson(payloadOf(event, { ...facts, exceptions }, grouping)),
  };
}

/** Tags with the currency of the sale, wherever the client wrote it: amounts are added up by it. */
function withCurrency({ tags, sale }: Facts): Facts['tags'] {
  return sale.currency === '' || tags['currency'] !== undefined ? tags : { ...tags, currency: sale.currency };
}

/** The issue of an event and why, without making a row. */
export function groupingOf(
  event: JsonObject,
  origin: EventOrigin,
  organisation: OrganisationGrouping = plainGrouping,
): Grouped {
  const known = withClientContexts(event);
  return groupedBy(known, origin, factsOf(known, origin), organisation);
}

function groupedBy(event: JsonObject, origin: EventOrigin, facts: Facts, organisation: OrganisationGrouping): Grouped {
  const sdk = objectOf(event['sdk']);
  return groupError(
    {
      project: origin.project,
      exceptions: facts.thrown,
      ...(facts.thrown.length === 0 ? { stack: facts.exceptions } : {}),
      fingerprint: listOf(event['fingerprint'])
        .slice(0, 20)
        .map((part) => textOf(part, 500)),
      messageTemplate: facts.template,
      checksum: textOf(event['checksum'], 100),
      type: facts.type,
      culprit: facts.culprit,
      transaction: textOf(event['transaction'], 300),
      level: facts.level,
    },
    {
      message: facts.message,
      logger: textOf(event['logger'], 200),
      platform: platformOf(event),
      sdk: textOf(sdk['name'], 100),
      tags: facts.tags,
      ...facts.identity,
    },
    organisation,
  );
}

const platformOf = (event: JsonObject): string => textOf(event['platform'], 64) || 'other';

/** The event's id, else the envelope's, else one made from its content so that a repeated delivery keeps it. */
export function eventIdOf(event: JsonObject, origin: Pick<EventOrigin, 'eventId'>): string {
  const given = firstText(hexIdOf(event['event_id'], 32), origin.eventId);
  return given !== '' ? given : hash('sha256', JSON.stringify(keepValue(event)), 'hex').slice(0, 32);
}

function factsOf(event: JsonObject, origin: EventOrigin): Facts {
  const tags = tagsOf(event['tags']);
  const identity = eventIdentity(event, tags, origin);
  const room = { characters: localsRoom };
  const listed = exceptionsOf(event, room);
  // A message whose stack the SDK attached as an exception that nobody threw.
  const chain = isSyntheticMessage(event) ? [] : listed;
  const logentry = isObject(event['logentry'])
    ? event['logentry']
    : objectOf(event['sentry.interfaces.Message'] ?? event['message']);
  const formatted = textOf(logentry['formatted'], 8192);
  // Java's and Apple's clients send messages that were never templates as `formatted` alone.
  const template = firstText(textOf(logentry['message'], 8192), textOf(event['message'], 8192), formatted);
  const said = firstText(formatted, filledIn(template, logentry['params']));
  const thrown = chain[0];
  const message = withoutSecrets(thrown === undefined ? said : firstText(thrown.value, said));
  return {
    tags: { ...derivedTags(event), ...tags },
    identity,
    sale: saleFactsOf(event, tags),
    thrown: chain,
    exceptions: listed.length > 0 ? listed : stackOfMessage(event, room),
    message,
    template: withoutSecrets(template),
    type:
      thrown?.type ?? firstText(textOf(event['type'], 64) === 'default' ? '' : textOf(event['type'], 64), 'Message'),
    culprit: culpritOf(
      chain[0]?.frames ?? [],
      firstText(textOf(event['transaction'], 300), textOf(event['culprit'], 300)),
    ),
    level: firstText(textOf(event['level'], 32), chain.length > 0 ? 'error' : 'info'),
    room,
  };
}

function isSyntheticMessage(event: JsonObject): boolean {
  if (textOf(event['message']) === '' && !isObject(event['logentry'])) return false;
  const exceptions = listOf(event['exception']);
  return exceptions.length === 1 && objectOf(objectOf(exceptions[0])['mechanism'])['synthetic'] === true;
}

/** A message with `attachStacktrace` carries its stack in `threads` or `stacktrace`: kept for reading, not for grouping by type. */
function stackOfMessage(event: JsonObject, room: Room): ErrorException[] {
  const threads = listOf(event['threads']).map(objectOf);
  const thread = threads.find((t) => t['crashed'] === true || t['current'] === true) ?? threads[0];
  const stacktrace = objectOf(event['stacktrace'] ?? thread?.['stacktrace']);
  const frames = framesOf(stacktrace, { debugIds: debugIdsOf(event), claims: claimsFrames(stacktrace), room });
  if (frames.length === 0) return [];
  const value = textOf(objectOf(event['logentry'])['message'], 8192) || textOf(event['message'], 8192);
  return [{ type: 'Message', value: withoutSecrets(value), mechanism: '', handled: true, frames }];
}

/** printf-style parameters (`%s`, `%d`, `{}`) in their places. */
function filledIn(template: string, params: unknown): string {
  const values = listOf(params).map((value) => textOf(value, 500));
  if (values.length === 0) return template;
  let next = 0;
  return textOf(
    template.replace(/%[sdifoOj]|\{\}/g, (hole) => values[next++] ?? hole),
    8192,
  );
}

function eventIdentity(event: JsonObject, tags: NamedTexts, origin: EventOrigin): Identity {
  const contexts = objectOf(event['contexts']);
  const release = textOf(event['release'], 250);
  const fromContexts = identityOf(contextTexts(contexts), {
    ...origin.scope,
    site: '',
    device: '',
    service: '',
    environment: '',
  });
  const app = objectOf(contexts['app']);
  return identityOf(withoutNames(tags, ['release', 'version', 'environment']), origin.scope, {
    site: fromContexts.site,
    device: firstText(
      fromContexts.device,
      textOf(objectOf(contexts['device'])['id'], 300),
      textOf(event['server_name'], 300),
    ),
    service: firstText(
      fromContexts.service,
      textOf(app['app_name'], 300),
      packageOfRelease(release),
      origin.scope.service,
      `project-${origin.project}`,
    ),
    environment: firstText(
      textOf(event['environment'], 64),
      textOf(tags['environment'], 64),
      origin.scope.environment,
      'production',
    ),
    release: firstText(release, textOf(tags['release'], 250), textOf(app['app_version'], 250)),
    correlationId: firstText(
      fromContexts.correlationId,
      headerOf(event, 'x-correlation-id'),
      headerOf(event, 'x-request-id'),
    ),
  });
}

function withoutNames(tags: NamedTexts, names: readonly string[]): NamedTexts {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !names.includes(name)));
}

/** Who was hit, for counting: the client's id or name; e-mail and address only as a hash, they are nobody's business here. */
export function userIdOf(user: JsonObject): string {
  const plain = firstText(textOf(user['id'], 200), textOf(user['username'], 200));
  if (plain !== '' && !plain.includes('@')) return plain;
  const email = firstText(textOf(user['email'], 300), plain);
  if (email !== '') return `email:${shortHash(email.toLowerCase())}`;
  const address = textOf(user['ip_address'], 100);
  return address === '' || address === '{{auto}}' ? '' : `ip:${shortHash(address)}`;
}

function shortHash(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 12);
}

function cleanTags(tags: NamedTexts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).map(([name, value]) => [name, isSecretName(name) ? redacted : withoutSecrets(value)]),
  );
}

function payloadOf(event: JsonObject, facts: Facts, grouping: Grouped): ErrorPayload {
  const sdk = objectOf(event['sdk']);
  return {
    version: errorPayloadVersion,
    exceptions: facts.exceptions,
    ...threadsOf(event, facts.room, facts.exceptions.length > 0),
    breadcrumbs: breadcrumbsOf(event),
    groups: contextGroupsOf({ event, tags: facts.tags, identity: facts.identity, sale: facts.sale }),
    contexts: keptContexts(objectOf(event['contexts'])),
    extra: boundedPart(keepObject(event['extra'])),
    sdk: sdk['name'] === undefined ? '' : `${textOf(sdk['name'], 100)}@${textOf(sdk['version'], 50)}`,
    dist: textOf(event['dist'], 64),
    grouping: groupingLines(grouping.parts),
    groupingParts: grouping.parts,
  };
}

function keptContexts(contexts: JsonObject): Record<string, Record<string, unknown>> {
  const kept = Object.entries(contexts)
    .filter(([, context]) => isObject(context))
    .slice(0, 50)
    .map(
      ([name, context]) =>
        [textOf(name, 100), isSecretName(name) ? { value: redacted } : keepObject(context, payloadLimits, 1)] as const,
    );
  return boundedPart(Object.fromEntries(kept)) as Record<string, Record<string, unknown>>;
}

/** Whole entries in order until the part is full, so that one huge extra does not push out the rest. */
function boundedPart(part: Record<string, unknown>): Record<string, unknown> {
  let room = maxPayloadPart;
  return Object.fromEntries(
    Object.entries(part).filter(([name, value]) => {
      const size = name.length + JSON.stringify(value).length;
      if (size > room) return false;
      room -= size;
      return true;
    }),
  );
}
