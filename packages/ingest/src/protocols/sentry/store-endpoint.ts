import { inflateSync, gunzipSync } from 'node:zlib';
import { isObject, parseJson, objectOf, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { eventIdOf } from '../../errors/normalise-event.ts';
import { browserReports } from '../../errors/browser-reports.ts';
import type { Checked, ProtocolRequest, Refusal } from '../../protocol.ts';
import { signalFrames, type KeptItem } from './check-envelope.ts';
import type { EnvelopeItem } from './envelope.ts';

const openBrace = 123;
/** Largest event, unpacked, that may come by itself. */
export const storeLimitBytes = 4 * 1_048_576;

/**
 * The legacy clients' body coding (https://develop.sentry.dev/sdk/data-model/event-payloads/): plain JSON, zlib, or base64 of
 * zlib, none of which HTTP announces. What is none of these is handed on as it came, for the check to refuse.
 */
export function storeBody(request: Omit<ProtocolRequest, 'scope'>, limitBytes: number): Buffer {
  const { body } = request;
  if (firstVisible(body) === openBrace) return body;
  const bytes = isBase64(body) ? Buffer.from(body.toString('latin1'), 'base64') : body;
  if (firstVisible(bytes) === openBrace) return bytes;
  const bound = { maxOutputLength: limitBytes };
  if (bytes[0] === 0x78) return inflated(() => inflateSync(bytes, bound));
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return inflated(() => gunzipSync(bytes, bound));
  return body;
}

/** A `RangeError` (the bound is broken) goes on to the caller as the contract asks; anything else names the coding. */
function inflated(read: () => Buffer): Buffer {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new Error('the body is neither JSON nor valid zlib', { cause: error });
  }
}

function firstVisible(body: Buffer): number | undefined {
  return body.subarray(0, 64).find((byte) => byte > 32 && byte < 127);
}

function isBase64(body: Buffer): boolean {
  return body.length >= 8 && /^[A-Za-z0-9+/_-]+=*\s*$/.test(body.toString('latin1', 0, 4096).slice(0, body.length));
}

/** One event by itself, as clients sent it before there were envelopes. */
export function checkStore(request: ProtocolRequest): Checked {
  const event = parseJson(request.body.toString('utf8'));
  if (!isObject(event)) return refuse(400, 'malformed', 'expected an event: one JSON object');
  return acceptEvent(event, event['type'] === 'transaction' ? 'transaction' : 'event', request.body);
}

/** The oldest form of all: the event, packed as in a body, in the query's `sentry_data`. */
export function checkStoreQuery(request: ProtocolRequest): Checked {
  // A plus sign of base64 that was not escaped has become a space; JSON has no plus sign that would matter.
  const data = request.query.get('sentry_data') ?? '';
  const body = Buffer.from(/^[A-Za-z0-9+/_= -]+$/.test(data) ? data.replaceAll(' ', '+') : data);
  try {
    return checkStore({ ...request, body: storeBody({ ...request, body }, storeLimitBytes) });
  } catch (error) {
    if (error instanceof RangeError)
      return refuse(413, 'too-large', `the event is larger than ${storeLimitBytes} bytes`);
    return refuse(400, 'malformed', error instanceof Error ? error.message : 'sentry_data cannot be read');
  }
}

function refuse(status: number, reason: 'malformed' | 'too-large', message: string): Checked {
  return { kind: 'refuse', status, reason, message, records: 1 };
}

function acceptEvent(event: JsonObject, type: 'event' | 'transaction', payload: Buffer): Checked {
  const item: EnvelopeItem = { type, header: { type }, payload };
  const spans = Array.isArray(event['spans']) ? event['spans'].length : 0;
  const kept =
    type === 'transaction' ? { signal: 'spans', records: 1 + spans, item } : { signal: 'errors', records: 1, item };
  return { kind: 'accept', frames: signalFrames({ event_id: eventIdOf(event, { eventId: '' }) }, [kept]), refused: [] };
}

/**
 * Reports of a browser (`report-uri`, `report-to`, NEL), which become error events. What is none is refused by itself; where nothing else
 * came, with 400.
 */
export function checkBrowserReports(request: ProtocolRequest): Checked {
  const reports = browserReports(parseJson(request.body.toString('utf8')), request.query, request.receivedAtMs);
  const kept = reports.flatMap((report): KeptItem[] => {
    if (report.kind !== 'event') return [];
    const event = { event_id: eventIdOf(report.event, { eventId: '' }), ...report.event };
    const item = { type: 'event', header: { type: 'event' }, payload: Buffer.from(JSON.stringify(event)) };
    return [{ signal: 'errors', records: 1, item }];
  });
  const refused = reports.flatMap((report): Refusal[] =>
    report.kind === 'refused' ? [{ signal: 'errors', reason: report.reason, records: 1, message: report.message }] : [],
  );
  const [first] = refused;
  if (kept.length === 0 && first?.reason === 'malformed') return refuse(400, 'malformed', first.message);
  return { kind: 'accept', frames: signalFrames({}, kept), refused };
}

/**
 * A check-in by address alone, `/api/<project>/cron/<slug>/<key>/?status=ok` (https://docs.sentry.io/product/crons/getting-started/http/), by GET or
 * POST; a body of JSON may hold the schedule.
 */
export function checkCron(request: ProtocolRequest): Checked {
  const body = objectOf(parseJson(request.body.toString('utf8')));
  const told = (name: string): string => request.query.get(name) ?? textOf(body[name], 200);
  const status = told('status') || 'ok';
  if (!['ok', 'error', 'in_progress'].includes(status))
    return refuse(400, 'malformed', `status "${status.slice(0, 40)}" is none of ok, error, in_progress`);
  const checkIn = {
    monitor_slug: request.params['slug'] ?? '',
    check_in_id: told('check_in_id') || undefined,
    status,
    environment: told('environment') || undefined,
    duration: told('duration') || undefined,
    monitor_config: isObject(body['monitor_config']) ? body['monitor_config'] : undefined,
  };
  const item = {
    type: 'check_in',
    header: { type: 'check_in' },
    payload: Buffer.from(JSON.stringify(checkIn)),
  } satisfies EnvelopeItem;
  const frames = signalFrames({}, [{ signal: 'checks', records: 1, item }]);
  return { kind: 'accept', frames, refused: [] };
}
