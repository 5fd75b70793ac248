import { errorRowOf } from '../../errors/normalise-event.ts';
import { hexIdOf, isObject, objectOf, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { parseEvent } from '../../errors/known-stacks.ts';
import type { Decoded, DecodedRows, DecodePorts, SpooledFrame } from '../../protocol.ts';
import { oneRow, type DecodedItem, type ItemOrigin } from './decoded-item.ts';
import { parseEnvelope, type EnvelopeItem } from './envelope.ts';
import { itemJson } from './item-kinds.ts';
import { decodeAttachment } from './items/attachment.ts';
import { decodeCheckIn } from './items/check-in.ts';
import { decodeProfile } from './items/profile.ts';
import { decodeRecording, decodeReplayEvent, decodeReplayVideo } from './items/replay.ts';
import { symbolicateEvent } from '../../source-maps/symbolicate-event.ts';
import { decodeFeedback, decodeUserReport } from './items/feedback.ts';
import { decodeSession, decodeSessionAggregates } from './items/session.ts';
import { decodeSpans, decodeTransaction } from './items/span.ts';

type Decode<Payload> = (payload: Payload, origin: ItemOrigin, ports: DecodePorts) => DecodedItem | Promise<DecodedItem>;

/** How the payload of each JSON item becomes rows. */
const decoders: Readonly<Record<string, Decode<JsonObject>>> = {
  event: decodeEvent,
  transaction: decodeTransaction,
  span: decodeSpans,
  session: decodeSession,
  sessions: decodeSessionAggregates,
  check_in: decodeCheckIn,
  user_report: decodeUserReport,
  feedback: decodeFeedback,
  replay_event: decodeReplayEvent,
};

/** Those whose payload is bytes, or kept as it came. */
const fileDecoders: Readonly<Record<string, Decode<EnvelopeItem>>> = {
  attachment: decodeAttachment,
  replay_recording: decodeRecording,
  replay_video: decodeReplayVideo,
  profile: decodeProfile,
  profile_chunk: decodeProfile,
};

/** An error; its stacks are first turned into what people wrote, so that it is grouped by that. */
async function decodeEvent(
  event: JsonObject,
  origin: ItemOrigin,
  { sourceMaps, grouping }: DecodePorts,
): Promise<DecodedItem> {
  const named = withSdk(event, origin);
  const release = textOf(event['release'], 250);
  const built = { organisation: origin.scope.organisation, release, dist: textOf(event['dist'], 64) };
  const read = sourceMaps ? await symbolicateEvent(named, sourceMaps, built) : named;
  return oneRow('errors', errorRowOf(read, origin, grouping));
}

/** Rows of one frame of the lanes of envelopes. Throws only what its ports throw; what the check could not foresee is reported. */
export async function decodeEnvelope(frame: SpooledFrame, ports: DecodePorts = {}): Promise<Decoded> {
  const envelope = parseEnvelope(frame.bytes);
  if (!envelope.ok)
    return {
      tables: [],
      refused: [{ signal: frame.signal, reason: 'malformed', records: frame.records, message: envelope.error }],
    };
  const header = envelope.value.header;
  const origin: ItemOrigin = {
    scope: frame.scope,
    project: frame.project,
    receivedAtMs: frame.receivedAtMs,
    eventId: hexIdOf(header['event_id'], 32),
    sdk: textOf(objectOf(header['sdk'])['name'], 100),
  };
  const decoded: DecodedItem[] = [];
  for (const item of envelope.value.items) decoded.push(await decodeItem(item, origin, frame.signal, ports));
  return { tables: joined(decoded.flatMap((item) => item.tables)), refused: decoded.flatMap((item) => item.refused) };
}

async function decodeItem(
  item: EnvelopeItem,
  origin: ItemOrigin,
  signal: string,
  ports: DecodePorts,
): Promise<DecodedItem> {
  const keep = Object.hasOwn(fileDecoders, item.type) ? fileDecoders[item.type] : undefined;
  if (keep !== undefined) return keep(item, origin, ports);
  const payload = item.type === 'event' ? eventJson(item) : itemJson(item);
  const decode = Object.hasOwn(decoders, item.type) ? decoders[item.type] : undefined;
  if (payload !== undefined && decode !== undefined) return decode(payload, sdkOrigin(payload, origin), ports);
  return {
    tables: [],
    refused: [{ signal, reason: 'malformed', records: 1, message: `item "${item.type.slice(0, 64)}" cannot be read` }],
  };
}

function eventJson({ payload }: EnvelopeItem): JsonObject | undefined {
  const event = parseEvent(payload);
  return isObject(event) ? event : undefined;
}

/** The SDK as the payload names it, else as the envelope does. */
function sdkOrigin(payload: JsonObject, origin: ItemOrigin): ItemOrigin {
  const name = textOf(objectOf(payload['sdk'])['name'], 100);
  return name === '' ? origin : { ...origin, sdk: name };
}

function withSdk(event: JsonObject, origin: ItemOrigin): JsonObject {
  return event['sdk'] === undefined && origin.sdk !== '' ? { ...event, sdk: { name: origin.sdk, version: '' } } : event;
}

function joined(tables: readonly DecodedRows[]): DecodedRows[] {
  const byTable = new Map<DecodedRows['table'], DecodedRows['rows'][number][]>();
  for (const { table, rows } of tables) {
    const known = byTable.get(table) ?? [];
    if (known.length === 0) byTable.set(table, known);
    for (const row of rows) known.push(row);
  }
  return [...byTable].map(([table, rows]) => ({ table, rows }));
}
