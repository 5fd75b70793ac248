import { textOf } from '../../../errors/json-reader.ts';
import { oneRow, type DecodedItem, type ItemOrigin } from '../decoded-item.ts';
import type { EnvelopeItem } from '../envelope.ts';

/** An attachment of an event. `content` is base64, because attachments are bytes of any kind and rows travel as JSON. */
export function decodeAttachment(item: EnvelopeItem, origin: ItemOrigin): DecodedItem {
  return oneRow('attachments', {
    organisation: origin.scope.organisation,
    project: origin.project,
    event_id: origin.eventId,
    ts: Math.round(origin.receivedAtMs),
    name: textOf(item.header['filename'], 300) || 'attachment',
    content_type: textOf(item.header['content_type'], 128) || 'application/octet-stream',
    attachment_type: textOf(item.header['attachment_type'], 64) || 'event.attachment',
    size_bytes: item.payload.length,
    content: item.payload.toString('base64'),
  });
}
