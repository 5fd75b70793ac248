import { textOf } from '../../../errors/json-reader.ts';
import type { DecodePorts } from '../../../protocol.ts';
import type { DecodedItem, ItemOrigin } from '../decoded-item.ts';
import type { EnvelopeItem } from '../envelope.ts';
import { keptBytes } from '../kept-bytes.ts';

/** An attachment of an event (https://develop.sentry.dev/sdk/data-model/envelope-items/#attachment): minidumps, view hierarchies and screenshots too. */
export function decodeAttachment(item: EnvelopeItem, origin: ItemOrigin, ports: DecodePorts): Promise<DecodedItem> {
  const file = { signal: 'attachments', area: 'attachments', bytes: item.payload } as const;
  return keptBytes(file, origin, ports, {
    table: 'attachments',
    of: {
      organisation: origin.scope.organisation,
      project: origin.project,
      event_id: origin.eventId,
      ts: Math.round(origin.receivedAtMs),
      name: textOf(item.header['filename'], 300) || 'attachment',
      content_type: textOf(item.header['content_type'], 128) || 'application/octet-stream',
      attachment_type: textOf(item.header['attachment_type'], 64) || 'event.attachment',
    },
  });
}
