import { randomUUID } from 'node:crypto';
import { hexIdOf, isObject, parseJson } from '../../errors/json-reader.ts';
import type { Ending, ProtocolReply, ProtocolRequest } from '../../protocol.ts';
import type { Held } from '../../record-limits.ts';
import { sentryFilesLane, sentryLane } from './lane.ts';

/** Sentry's data categories of our signals, as its clients know them (https://develop.sentry.dev/sdk/expected-features/rate-limiting/). */
const categories: Readonly<Record<string, string>> = {
  errors: 'error;default;security',
  spans: 'transaction;span',
  logs: 'log_item',
  metrics: 'trace_metric;metric_bucket',
  sessions: 'session',
  feedback: 'feedback;user_report_v2',
  attachments: 'attachment',
  replays: 'replay',
  profiles: 'profile;profile_chunk',
  checks: 'monitor',
};

/** How clients are told what to hold back, and for how long. */
export function rateLimitHeaders(held: readonly Held[]): Readonly<Record<string, string>> {
  const limits = held.flatMap(({ signal, waitS, of }) => {
    const category = categories[signal];
    return category === undefined ? [] : [`${waitS}:${category}:${of === 'key' ? 'key' : 'organization'}:quota`];
  });
  return { 'x-sentry-rate-limits': [...new Set(limits)].join(', ') };
}

const limitedStatuses = new Set([429, 503]);

/**
 * Sentry's answers: `{"id": …}`, or `{"detail", "causes"}` with the header `X-Sentry-Error`. Where we are full the SDKs are told
 * so by `X-Sentry-Rate-Limits` (https://develop.sentry.dev/sdk/expected-features/rate-limiting/), which they obey; a body of
 * which nothing could be read is a 400, so that the developer sees it.
 */
export function sentryReply(ending: Ending, request: Omit<ProtocolRequest, 'scope'>): ProtocolReply {
  if (ending.kind === 'refused') return refusedReply(ending);
  const unreadable = ending.refused
    .filter((refusal) => refusal.reason === 'malformed')
    .map((refusal) => refusal.message);
  if (ending.frames.length === 0 && unreadable.length > 0)
    return errorReply(400, 'nothing in the request could be read', unreadable.slice(0, 10));
  // Clients hold back what is named here, and go on with the rest.
  const limits = ending.headers?.['x-sentry-rate-limits'];
  const id = storedId(ending) || idOf(request.body);
  if (limits === undefined || limits === '') return json(200, { id });
  const seconds = /^\d+/.exec(limits)?.[0] ?? '60';
  const reply = ending.frames.length > 0 ? json(200, { id }) : errorReply(429, 'sent too often', ['rate-limited']);
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'x-sentry-rate-limits': limits,
      ...(reply.status === 429 && { 'retry-after': seconds }),
    },
  };
}

/** The id under which the event was stored: the client's own, or the one that was made for it. */
function storedId(ending: Extract<Ending, { kind: 'stored' }>): string {
  const frame = ending.frames.find(({ lane }) => lane === sentryLane || lane === sentryFilesLane);
  if (frame === undefined) return '';
  const bytes = Buffer.from(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.byteLength);
  const header = parseJson(bytes.toString('utf8', 0, Math.max(0, bytes.indexOf(10))));
  return isObject(header) ? hexIdOf(header['event_id'], 32) : '';
}

/** The smallest transparent GIF: clients that ask by GET load it as a picture. */
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** As `sentryReply`, for events that came within a URL. */
export function sentryPixelReply(ending: Ending, request: Omit<ProtocolRequest, 'scope'>): ProtocolReply {
  const reply = sentryReply(ending, request);
  return reply.status === 200
    ? { status: 200, headers: { 'content-type': 'image/gif', 'cache-control': 'no-store' }, body: pixel }
    : reply;
}

function refusedReply(ending: Extract<Ending, { kind: 'refused' }>): ProtocolReply {
  if (!limitedStatuses.has(ending.status)) return errorReply(ending.status, ending.message, [ending.reason]);
  const seconds = Math.max(1, Math.ceil(ending.retryAfterS ?? 60));
  const reply = errorReply(429, ending.message, [ending.reason]);
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'retry-after': String(seconds),
      'x-sentry-rate-limits': `${seconds}::organization:${ending.reason.replaceAll('-', '_')}`,
    },
  };
}

function errorReply(status: number, detail: string, causes: readonly string[]): ProtocolReply {
  const reply = json(status, { detail, causes });
  return { ...reply, headers: { ...reply.headers, 'x-sentry-error': headerText(detail) } };
}

function json(status: number, body: unknown): ProtocolReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Header values are printable ASCII; a client's words may be anything. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);
}

/** The id by which the sender will look for its event: of the envelope's header, or of the event itself. */
function idOf(body: Buffer): string {
  const end = body.indexOf(10);
  const header = parseJson(body.toString('utf8', 0, end < 0 ? body.length : end)) ?? parseJson(body.toString('utf8'));
  const id = isObject(header) ? hexIdOf(header['event_id'], 32) : '';
  return id === '' ? randomUUID().replaceAll('-', '') : id;
}
