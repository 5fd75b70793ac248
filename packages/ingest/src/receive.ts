import type { Clock, Logger } from '@sightline/base';
import { lostBeforeUs, type KeyPermission, type KeyScope } from '@sightline/record';
import { findKey } from './find-key.ts';
import type { Ledger } from './ledger.ts';
import {
  metricsKeptMs,
  type Checked,
  type Ending,
  type Protocol,
  type ProtocolEndpoint,
  type ProtocolRequest,
} from './protocol.ts';
import { heldMessage, type Held, type RecordGate, type SetLimits } from './record-limits.ts';
import type { Spool, SpoolRefusal } from './spool/spool.ts';
import { type BodyRefusal, tooLarge, unpackBody } from './unpack-body.ts';
import { YoungBuffers } from './young-buffers.ts';

/** What a key opens. */
export interface KnownKey {
  readonly scope: KeyScope;
  readonly permissions: readonly KeyPermission[];
  /** What the organisation set for itself and this key. */
  readonly limits?: SetLimits;
}

/** Who holds the keys; the control plane fills this. */
export interface Keys {
  /** The key whose secret this is; undefined when there is none or it was revoked. Must be quick: it is asked per request. */
  find(secret: string): Promise<KnownKey | undefined>;
}

/** Who knows the organisations; the control plane fills this. */
export interface Organisations {
  /** The id of the organisation of this name, made when it is new; undefined when the name is not acceptable. */
  ensure(name: string): Promise<string | undefined>;
}

export interface ReceiveLimits {
  /** Largest body as it comes over the wire. Default 32 MiB. */
  readonly wireBytes: number;
  /** Largest body after unzipping, where an endpoint names none. Default 32 MiB. */
  readonly bodyBytes: number;
  /** Bytes of all requests that are being read, unzipped and checked. Default 256 MiB. */
  readonly inFlightBytes: number;
  /** Time a client has to send its request. Default 30,000. */
  readonly requestTimeoutMs: number;
  /** How long samples of metrics are kept: older ones are refused. Infinity for ever. Default 30 days. */
  readonly metricsKeptMs: number;
}

export const defaultReceiveLimits: ReceiveLimits = {
  wireBytes: 32 * 1024 * 1024,
  bodyBytes: 32 * 1024 * 1024,
  inFlightBytes: 256 * 1024 * 1024,
  requestTimeoutMs: 30_000,
  metricsKeptMs,
};

/** All that receiving needs; HTTP and gRPC share it. */
export interface ReceiverParts {
  readonly protocols: readonly Protocol[];
  readonly spool: Pick<Spool, 'append' | 'refusal'>;
  readonly keys: Keys;
  readonly organisations?: Organisations;
  readonly ledger: Ledger;
  /** Counts what may come in a minute; absent where nothing is limited. */
  readonly gate?: RecordGate;
  readonly limits?: Partial<ReceiveLimits>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A request before it is known whose it is. */
export type BareRequest = Omit<ProtocolRequest, 'scope'>;

/** A request refused, in words that a protocol can put in its own. */
export type Refused = Extract<Ending, { kind: 'refused' }>;

/** How a request ended, with the request as its reply may want to see it. */
export interface Received {
  readonly ending: Ending;
  readonly request: BareRequest;
}

/** One request on its way. Each step adds what it found. */
interface Visit {
  readonly parts: ReceiverParts;
  readonly protocol: Protocol;
  readonly endpoint: ProtocolEndpoint;
  request: BareRequest;
  scope?: KeyScope;
  set?: SetLimits | undefined;
  accepted: Extract<Checked, { kind: 'accept' }>;
  /** Records that a refusal is counted as; one while nothing was read. */
  records: number;
}

/**
 * Takes one request from bytes to "durable": cheap refusals first, the key before the body is worked on, the answer only
 * after the spool has it. Every ending is counted. Never throws: an exception is our bug and ends as 500.
 */
export async function receiveRequest(
  parts: ReceiverParts,
  protocol: Protocol,
  endpoint: ProtocolEndpoint,
  request: BareRequest,
): Promise<Received> {
  const visit: Visit = {
    parts,
    protocol,
    endpoint,
    request,
    accepted: { kind: 'accept', frames: [], refused: [] },
    records: 1,
  };
  let refused: Refused | undefined;
  try {
    refused =
      spoolHasRoom(visit) ??
      mediaTypeIsKnown(visit) ??
      (await keyBesideBody(visit)) ??
      (await unpack(visit)) ??
      (await keyWithinBody(visit)) ??
      check(visit) ??
      holdBack(visit) ??
      (await keep(visit));
  } catch (error) {
    parts.logger.error('a request ended in an exception', { protocol: protocol.name, path: endpoint.path, error });
    refused = { kind: 'refused', status: 500, reason: 'malformed', message: 'internal error' };
  }
  if (refused) countRefusal(parts, protocol, endpoint, visit.request, visit.scope, refused, visit.records);
  else countStored(visit);
  return { ending: refused ?? { ...visit.accepted, kind: 'stored' }, request: visit.request };
}

function spoolHasRoom({ parts }: Visit): Refused | undefined {
  const full = parts.spool.refusal();
  return full && fromSpool(full);
}

function mediaTypeIsKnown({ endpoint, request }: Visit): Refused | undefined {
  if (endpoint.contentTypes.length === 0 || endpoint.contentTypes.includes(request.contentType)) return undefined;
  const message = `content type "${request.contentType}" is none of ${endpoint.contentTypes.join(', ')}`;
  return { kind: 'refused', status: 415, reason: 'unsupported-type', message };
}

/** Most keys stand in the headers or the query. Without one, only an endpoint that can read keys from bodies goes on. */
async function keyBesideBody(visit: Visit): Promise<Refused | undefined> {
  const secret = keyOf(visit);
  if (secret !== undefined) return authenticate(visit, secret);
  return visit.endpoint.key ? undefined : missingKey;
}

async function keyWithinBody(visit: Visit): Promise<Refused | undefined> {
  if (visit.scope) return undefined;
  const secret = keyOf(visit);
  return secret === undefined ? missingKey : authenticate(visit, secret);
}

const young = new YoungBuffers();

async function unpack(visit: Visit): Promise<Refused | undefined> {
  const { parts, endpoint, request } = visit;
  const limitBytes = endpoint.bodyLimitBytes ?? parts.limits?.bodyBytes ?? defaultReceiveLimits.bodyBytes;
  const plain = await unpackBody(request.body, request.headers['content-encoding'], limitBytes);
  if (!plain.ok) return fromBody(plain.error);
  young.took(request.body.length);
  if (plain.value !== request.body) young.took(plain.value.length);
  visit.request = { ...request, body: plain.value };
  if (!endpoint.uncompress || plain.value.length === 0) return undefined;
  try {
    visit.request = { ...request, body: await endpoint.uncompress(visit.request, limitBytes) };
    young.took(visit.request.body.length);
    return undefined;
  } catch (error) {
    // A RangeError says that the bound would be broken; anything else that the bytes are no such coding.
    if (error instanceof RangeError) return fromBody(tooLarge(limitBytes));
    const message = error instanceof Error ? error.message : 'the body cannot be decompressed';
    return fromBody({ status: 400, reason: 'malformed', message });
  }
}

function check(visit: Visit): Refused | undefined {
  if (!visit.scope) return missingKey;
  const { request, scope, parts } = visit;
  const metricsFromMs = request.receivedAtMs - (parts.limits?.metricsKeptMs ?? metricsKeptMs);
  const checked = visit.endpoint.check({ ...request, scope, metricsFromMs });
  if (checked.kind === 'accept') {
    visit.accepted = checked;
    return undefined;
  }
  visit.records = checked.records;
  return { kind: 'refused', status: checked.status, reason: checked.reason, message: checked.message };
}

/** Refuses what is more than a minute may hold: pieces where the protocol can say so, else the request. */
function holdBack(visit: Visit): Refused | undefined {
  const { parts, protocol, request, scope, accepted, set } = visit;
  const { gate } = parts;
  if (!gate || !scope) return undefined;
  const held: Held[] = [];
  const frames = accepted.frames.filter((frame) => {
    const one = gate.ask(scope, frame, request.receivedAtMs, set);
    if (one) held.push(one);
    return one === undefined;
  });
  const [first] = held;
  if (!first) return undefined;
  if (!protocol.limited) {
    visit.records = accepted.frames.reduce((sum, frame) => sum + frame.records, 0);
    const message = heldMessage(first);
    return { kind: 'refused', status: 429, reason: 'rate-limited', message, retryAfterS: first.waitS };
  }
  const refused = held.map((one) => ({
    signal: one.signal,
    reason: 'rate-limited' as const,
    records: one.records,
    message: heldMessage(one),
  }));
  visit.accepted = {
    ...accepted,
    frames,
    refused: [...accepted.refused, ...refused],
    headers: { ...accepted.headers, ...protocol.limited(held) },
  };
  return undefined;
}

async function keep(visit: Visit): Promise<Refused | undefined> {
  const { parts, protocol, endpoint, request, scope, accepted } = visit;
  if (!scope || accepted.frames.length === 0) return undefined;
  const project = Number(request.params['project'] ?? endpoint.project?.(request) ?? 0);
  const meta = {
    protocol: protocol.name,
    project: Number.isSafeInteger(project) && project > 0 ? project : 0,
    receivedAtMs: request.receivedAtMs,
  };
  const kept = await parts.spool.append(accepted.frames, scope, meta, accepted.refused);
  if (kept.ok) return undefined;
  visit.records = accepted.frames.reduce((sum, frame) => sum + frame.records, 0);
  return fromSpool(kept.error);
}

/** What was kept is entered by the loader. Only where nothing was kept, what was refused is entered here. */
function countStored({ parts: { ledger }, protocol, request, scope, accepted }: Visit): void {
  for (const frame of accepted.frames) ledger.received(protocol.name, frame.signal, frame.records, frame.bytes.length);
  for (const { signal, reason, records } of accepted.refused) {
    ledger.received(protocol.name, signal, records, 0);
    if (accepted.frames.length > 0) continue;
    const { receivedAtMs } = request;
    const owner = ownerOf(scope);
    ledger.count({
      ...owner,
      protocol: protocol.name,
      signal,
      outcome: lostBeforeUs(reason) ? 'dropped' : 'rejected',
      reason,
      records,
      bytes: 0,
      receivedAtMs,
    });
  }
}

const missingKey: Refused = {
  kind: 'refused',
  status: 401,
  reason: 'unauthorised',
  message: 'a key is needed: send it as "Authorization: Bearer <key>"',
};

const wrongKey: Refused = { kind: 'refused', status: 401, reason: 'unauthorised', message: 'the key is not known' };

const notForIngest: Refused = {
  kind: 'refused',
  status: 403,
  reason: 'unauthorised',
  message: 'the key may not send data: it lacks the permission "ingest"',
};

const unavailable = Symbol('unavailable');

/** Nothing is wrong with the request: clients must keep it and send it again, which a 4xx or a plain 500 forbids. */
const laterPlease: Refused = {
  kind: 'refused',
  status: 503,
  reason: 'unavailable',
  message: 'keys cannot be checked at the moment',
  retryAfterS: 5,
};

/** What the control plane answers; `unavailable` while it cannot. */
async function orUnavailable<T>({ logger }: ReceiverParts, ask: () => Promise<T>): Promise<T | typeof unavailable> {
  try {
    return await ask();
  } catch (error) {
    logger.warn('a key could not be checked', { reason: error instanceof Error ? error.name : 'unknown' });
    return unavailable;
  }
}

function keyOf({ endpoint, request }: Visit): string | undefined {
  return endpoint.key?.(request) ?? findKey(request.headers);
}

async function authenticate(visit: Visit, secret: string): Promise<Refused | undefined> {
  const { parts, request } = visit;
  // Longer than any key of ours: not worth a look-up.
  const key = secret.length > 512 ? undefined : await orUnavailable(parts, () => parts.keys.find(secret));
  if (key === unavailable) return laterPlease;
  if (!key) return wrongKey;
  if (!key.permissions.includes('ingest') && visit.endpoint.anyKey !== true) return notForIngest;
  visit.scope = key.scope;
  visit.set = key.limits;
  const named = request.headers['x-scope-orgid'] ?? '';
  if (named === '' || !parts.organisations || !key.permissions.includes('any-organisation')) return undefined;
  const { organisations } = parts;
  const organisation = await orUnavailable(parts, () => organisations.ensure(named));
  if (organisation === unavailable) return laterPlease;
  if (organisation === undefined) {
    const message = 'X-Scope-OrgID does not name an acceptable organisation';
    return { kind: 'refused', status: 400, reason: 'unauthorised', message };
  }
  visit.scope = { ...key.scope, organisation };
  // The limits were those of the key's own organisation.
  visit.set = undefined;
  return undefined;
}

function fromSpool({ kind: reason, message, retryAfterS }: SpoolRefusal): Refused {
  return { kind: 'refused', status: 503, reason, message, retryAfterS };
}

/** A refused body as an ending. */
export function fromBody(refusal: BodyRefusal): Refused {
  return { kind: 'refused', ...refusal };
}

function ownerOf(scope: KeyScope | undefined): { readonly organisation: string; readonly keyId: string } {
  return { organisation: scope?.organisation ?? '', keyId: scope?.keyId ?? '' };
}

/** Enters a request refused whole into the ledger. */
export function countRefusal(
  parts: ReceiverParts,
  protocol: Protocol,
  endpoint: ProtocolEndpoint,
  request: Pick<BareRequest, 'receivedAtMs' | 'body'>,
  scope: KeyScope | undefined,
  refused: Refused,
  records: number,
): void {
  const bytes = request.body.length;
  parts.ledger.received(protocol.name, endpoint.signal, records, bytes);
  parts.ledger.count({
    ...ownerOf(scope),
    protocol: protocol.name,
    signal: endpoint.signal,
    outcome: 'rejected',
    reason: refused.reason,
    records,
    bytes,
    receivedAtMs: request.receivedAtMs,
  });
}
