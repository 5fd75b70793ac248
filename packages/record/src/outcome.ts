/** How a received record ended. received = accepted + dropped + rejected, always. */
export const outcomes = ['accepted', 'dropped', 'rejected'] as const;
export type Outcome = (typeof outcomes)[number];

/** Why a record did not end in a table. Stable words: they are labels of our metrics and rows of the ledger. */
export const reasons = [
  '',
  'malformed',
  'too-large',
  'too-old',
  'too-new',
  'unsupported-type',
  'no-value',
  'quarantined',
  'rate-limited',
  'spool-full',
  'disk-full',
  'unavailable',
  'unauthorised',
  'client-report',
  'sampled',
  'site-spool-full',
  'site-expired',
  'site-disk-full',
  // Sent again by a client that we had taken it from.
  'duplicate',
  // By the organisation's own pipelines, on the way into the store.
  'pipeline-drop',
  'pipeline-sample',
  'pipeline-cap',
  // Kept, but in the overflow series of its metric: there were more series than the limit.
  'folded',
] as const;
export type Reason = (typeof reasons)[number];

/** Given up before it reached us, dropped by its client or at its site, or here already: refused by nobody. */
const before: ReadonlySet<Reason> = new Set<Reason>([
  'client-report',
  'sampled',
  'site-spool-full',
  'site-expired',
  'site-disk-full',
  'duplicate',
]);

/** Whether a record that ended for `reason` was refused by nobody, and so counts as dropped, not as rejected. */
export function lostBeforeUs(reason: Reason): boolean {
  return before.has(reason);
}

/** One line of the ledger: `records` of `signal` through `protocol` and `keyId` ended as `outcome` because of `reason`. */
export interface LedgerEntry {
  readonly organisation: string;
  readonly keyId: string;
  readonly protocol: string;
  readonly signal: string;
  readonly outcome: Outcome;
  readonly reason: Reason;
  readonly records: number;
  readonly bytes: number;
  /** Milliseconds since the epoch at which the record was received. */
  readonly receivedAtMs: number;
}
