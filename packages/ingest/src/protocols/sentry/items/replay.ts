import { decode } from '@msgpack/msgpack';
import { withClientContexts } from '../../../errors/derived-tags.ts';
import { believableNs, timeNs } from '../../../errors/event-time.ts';
import { contextTexts, identityOf, packageOfRelease, tagsOf } from '../../../errors/identity.ts';
import {
  firstText,
  hexIdOf,
  listOf,
  numberOf,
  objectOf,
  parseJson,
  isObject,
  textOf,
  type JsonObject,
} from '../../../errors/json-reader.ts';
import { userIdOf } from '../../../errors/normalise-event.ts';
import { withoutSecrets } from '../../../errors/secrets.ts';
import type { DecodePorts } from '../../../protocol.ts';
import { oneRow, type DecodedItem, type ItemOrigin } from '../decoded-item.ts';
import type { EnvelopeItem } from '../envelope.ts';
import { keptBytes } from '../kept-bytes.ts';
import { recordedClicks, type RecordedClicks } from './recorded-clicks.ts';

/** Days that replays are kept. */
const replaysKeptDays = 30;
const mostParts = 100;

/** Item `replay_event` (https://develop.sentry.dev/sdk/telemetry/replays/): what is known of a replay with one of its segments. */
export function decodeReplayEvent(sent: JsonObject, origin: ItemOrigin): DecodedItem {
  const event = withClientContexts(sent);
  const contexts = objectOf(event['contexts']);
  const release = textOf(event['release'], 250);
  const identity = identityOf({ ...contextTexts(contexts), ...tagsOf(event['tags']) }, origin.scope, {
    service: firstText(packageOfRelease(release), origin.scope.service, `project-${origin.project}`),
    environment: 'production',
  });
  const at = (value: unknown): number => Number(believableNs(value, origin.receivedAtMs, replaysKeptDays) / 1_000_000n);
  const texts = (value: unknown, read: (one: unknown) => string): string[] =>
    listOf(value)
      .slice(0, mostParts)
      .map(read)
      .filter((text) => text !== '');
  const named = (context: string): string =>
    [textOf(objectOf(contexts[context])['name'], 60), textOf(objectOf(contexts[context])['version'], 30)]
      .filter((part) => part !== '')
      .join(' ');
  return oneRow('replays', {
    organisation: origin.scope.organisation,
    project: origin.project,
    site: identity.site,
    service: identity.service,
    environment: firstText(textOf(event['environment'], 64), identity.environment),
    release: firstText(release, identity.release),
    ts: at(event['timestamp']),
    started_at: at(
      timeNs(event['replay_start_timestamp']) === undefined ? event['timestamp'] : event['replay_start_timestamp'],
    ),
    replay_id: hexIdOf(event['replay_id'], 32) || hexIdOf(event['event_id'], 32) || origin.eventId,
    segment: segmentOf(event['segment_id']),
    kind: textOf(event['replay_type'], 16) || 'session',
    user_id: userIdOf(objectOf(event['user'])),
    urls: texts(event['urls'], (url) => withoutSecrets(textOf(url, 2048))),
    errors: texts(event['error_ids'], (id) => hexIdOf(id, 32)),
    traces: texts(event['trace_ids'], (id) => hexIdOf(id, 32)),
    platform: textOf(event['platform'], 64),
    browser: named('browser'),
    os: named('os'),
    tags: tagsOf(event['tags']),
  });
}

/**
 * Item `replay_recording`: a line `{"segment_id": n}` and the recorded events, packed or plain; kept as they came. The replay is the
 * envelope's event id.
 */
export async function decodeRecording(
  item: EnvelopeItem,
  origin: ItemOrigin,
  ports: DecodePorts,
): Promise<DecodedItem> {
  const end = item.payload.indexOf(10);
  const header = end < 0 ? undefined : parseJson(item.payload.toString('utf8', 0, Math.min(end, 4096)));
  const headed = isObject(header) && 'segment_id' in header;
  const bytes = headed ? item.payload.subarray(end + 1) : item.payload;
  const clicks = await recordedClicks(bytes);
  return keptSegment('recording', segmentOf(objectOf(header)['segment_id']), bytes, origin, ports, clicks);
}

/** Item `replay_video` of mobile SDKs: MessagePack of `replay_event`, `replay_recording` and `replay_video`. */
export async function decodeReplayVideo(
  item: EnvelopeItem,
  origin: ItemOrigin,
  ports: DecodePorts,
): Promise<DecodedItem> {
  const parts = unpacked(item.payload);
  const bytesOf = (name: string): Buffer | undefined => {
    const part = parts?.[name];
    return part instanceof Uint8Array ? Buffer.from(part.buffer, part.byteOffset, part.byteLength) : undefined;
  };
  const video = bytesOf('replay_video');
  const event = parseJson(bytesOf('replay_event')?.toString('utf8') ?? '');
  if (!video || !isObject(event)) {
    const message = 'replay_video: expected MessagePack with "replay_event" and "replay_video"';
    return { tables: [], refused: [{ signal: 'replays', reason: 'malformed', records: 1, message }] };
  }
  const replay = { ...origin, eventId: hexIdOf(event['replay_id'], 32) || origin.eventId };
  const recording = bytesOf('replay_recording');
  const items = [
    decodeReplayEvent(event, replay),
    await keptSegment('video', segmentOf(event['segment_id']), video, replay, ports),
    ...(recording ? [await decodeRecording({ ...item, payload: recording }, replay, ports)] : []),
  ];
  // One item is one record, however many rows it makes: refused once where its video could not be kept.
  return { tables: items.flatMap(({ tables }) => tables), refused: items[1]?.refused ?? [] };
}

function unpacked(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = decode(bytes, { maxMapLength: 16, maxArrayLength: 16, maxStrLength: 1_048_576 });
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function keptSegment(
  kind: 'recording' | 'video',
  segment: number,
  bytes: Uint8Array,
  origin: ItemOrigin,
  ports: DecodePorts,
  clicks?: RecordedClicks,
): Promise<DecodedItem> {
  return keptBytes({ signal: 'replays', area: 'replays', bytes }, origin, ports, {
    table: 'replay_segments',
    of: {
      organisation: origin.scope.organisation,
      project: origin.project,
      replay_id: origin.eventId,
      segment,
      kind,
      ts: Math.round(origin.receivedAtMs),
      ...clicks,
    },
  });
}

function segmentOf(value: unknown): number {
  const number = numberOf(value) ?? 0;
  return Number.isSafeInteger(number) && number >= 0 && number < 2 ** 32 ? number : 0;
}
