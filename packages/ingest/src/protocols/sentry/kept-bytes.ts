import type { DecodePorts, Refusal } from '../../protocol.ts';
import type { DecodedItem, ItemOrigin, Row } from './decoded-item.ts';
import type { DecodedRows } from '../../protocol.ts';

/** Bytes in the blob store and their row in a catalogue; refused where no blob is kept, or not so large a one. */
export async function keptBytes(
  {
    signal,
    area,
    bytes,
  }: { readonly signal: string; readonly area: 'attachments' | 'replays' | 'profiles'; readonly bytes: Uint8Array },
  origin: ItemOrigin,
  ports: DecodePorts,
  row: { readonly table: DecodedRows['table']; readonly of: Row },
): Promise<DecodedItem> {
  const refuse = (reason: Refusal['reason'], message: string): DecodedItem => ({
    tables: [],
    refused: [{ signal, reason, records: 1, message }],
  });
  if (!ports.keepBlob) return refuse('unsupported-type', 'this server keeps no files');
  const blob = await ports.keepBlob(origin.scope.organisation, area, bytes);
  if (blob === undefined) return refuse('too-large', `a file of ${bytes.length} bytes is not kept`);
  return { tables: [{ table: row.table, rows: [{ ...row.of, size_bytes: bytes.length, blob }] }], refused: [] };
}
