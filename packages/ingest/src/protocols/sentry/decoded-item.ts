import type { KeyScope } from '@sightline/record';
import type { DecodedRows, Refusal } from '../../protocol.ts';

export type Row = Readonly<Record<string, unknown>>;

/** What the decoders of single items are told beside the payload. */
export interface ItemOrigin {
  readonly scope: KeyScope;
  readonly project: number;
  readonly receivedAtMs: number;
  /** The envelope's event id; '' when it has none. */
  readonly eventId: string;
  /** Name of the sending SDK; '' when unknown. */
  readonly sdk: string;
}

/** Rows of one item, and what of it could not become one. */
export interface DecodedItem {
  readonly tables: readonly DecodedRows[];
  readonly refused: readonly Refusal[];
}

/** An item that is one row. */
export function oneRow(table: DecodedRows['table'], row: Row): DecodedItem {
  return { tables: [{ table, rows: [row] }], refused: [] };
}

/** One record refused, as a value. */
export function refusedRow(
  signal: string,
  reason: Refusal['reason'],
  message: string,
): { readonly kind: 'refused'; readonly refusal: Refusal } {
  return { kind: 'refused', refusal: { signal, reason, records: 1, message } };
}
