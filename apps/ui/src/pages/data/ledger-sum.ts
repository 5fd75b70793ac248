import type { ledgerRow } from '@sightline/contract';
import type { z } from 'zod';

export type LedgerRow = z.output<typeof ledgerRow>;
export type LedgerSum = Pick<LedgerRow, 'received' | 'accepted' | 'dropped' | 'rejected'>;

/** Received minus every counted ending: 0 where nothing was lost uncounted. */
export function uncounted(row: LedgerSum): number {
  return row.received - row.accepted - row.dropped - row.rejected;
}

/** All rows together. */
export function sumOf(rows: readonly LedgerRow[]): LedgerSum {
  const add = (name: keyof LedgerSum): number => rows.reduce((sum, row) => sum + row[name], 0);
  return { received: add('received'), accepted: add('accepted'), dropped: add('dropped'), rejected: add('rejected') };
}

/** The reasons, the most frequent first: `sampled 120, too-large 3`. */
export function reasonsText(reasons: Readonly<Record<string, number>>): string {
  return Object.entries(reasons)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, count]) => `${reason} ${count.toLocaleString('en-US')}`)
    .join(', ');
}
