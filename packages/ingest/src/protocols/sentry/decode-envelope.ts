import type { OrganisationGrouping } from '../../errors/grouping/group-error.ts';
import { errorRowOf } from '../../errors/normalise-event.ts';
import { hexIdOf, objectOf, textOf, type JsonObject } from '../../errors/json-reader.ts';
import type { DecodedRows, Refusal, SpooledFrame } from '../../protocol.ts';
import { oneRow, type DecodedItem, type ItemOrigin } from './decoded-item.ts';
import { parseEnvelope, type EnvelopeItem } from './envelope.ts';
import { itemJson } from './item-kinds.ts';
import { decodeAttachment } from './items/attachment.ts';
import { decodeCheckIn } from './items/check-in.ts';
import { decodeFeedback, decodeUserReport } from './items/feedback.ts';
import { decodeSession, decodeSessionAggregates } from './items/session.ts';
import { decodeSpans, decodeTransaction } from './items/span.ts';

/** How the payload of each JSON item becomes rows. */
const decoders: Readonly<
  Record<string, (payload: JsonObject, origin: ItemOrigin, grouping?: OrganisationGrouping) => DecodedItem>
> = {
  event: (event, origin, grouping) => oneRow('errors', errorRowOf(withSdk(event, origin), origin, grouping)),
  transaction: decodeTransaction,
  span: decodeSpans,
  session: decodeSession,
  sessions: decodeSessionAggregates,
  check_in: decodeCheckIn,
  user_report: decodeUserReport,
  feedback: decodeFeedback,
};

/** Rows of one frame of the lane `sentry-envelope`. Never throws; what the check could not foresee is reported. */
export function decodeEnvelope(
  frame: SpooledFrame,
  grouping?: OrganisationGrouping,
): { tables: DecodedRows[]; refused: Refusal[] } {
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
  const decoded = envelope.value.items.map((item) => decodeItem(item, origin, frame.signal, grouping));
  return { tables: joined(decoded.flatMap((item) => item.tables)), refused: decoded.flatMap((item) => item.refused) };
}

function decodeItem(
  item: EnvelopeItem,
  origin: ItemOrigin,
  signal: string,
  grouping: OrganisationGrouping | undefined,
): DecodedItem {
  if (item.type === 'attachment') return decodeAttachment(item, origin);
  const payload = itemJson(item);
  const decode = Object.hasOwn(decoders, item.type) ? decoders[item.type] : undefined;
  if (payload !== undefined && decode !== undefined) return decode(payload, sdkOrigin(payload, origin), grouping);
  return {
    tables: [],
    refused: [{ signal, reason: 'malformed', records: 1, message: `item "${item.type.slice(0, 64)}" cannot be read` }],
  };
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
