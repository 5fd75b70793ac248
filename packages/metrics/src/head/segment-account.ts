import { lostBeforeUs, type LedgerEntry, type Outcome, type Reason } from '@sightline/record';
import type { SpooledRecord } from '@sightline/ingest/metric-formats';

const minuteMs = 60_000;

/** The ledger's lines of one segment: every record in one outcome. */
export class SegmentAccount {
  readonly #lines = new Map<string, LedgerEntry>();

  /** A frame whose records ended well, but for those that were refused one by one; `folded` of them in an overflow series. */
  frame(frame: SpooledRecord, rejected: ReadonlyMap<Reason, number>, folded: number): void {
    this.#early(frame);
    let lost = 0;
    for (const [reason, records] of rejected) {
      lost += records;
      this.#add(frame, frame.signal, lostBeforeUs(reason) ? 'dropped' : 'rejected', reason, records, 0);
    }
    const kept = Math.max(0, frame.records - lost);
    const inOverflow = Math.min(kept, folded);
    if (inOverflow > 0) this.#add(frame, frame.signal, 'accepted', 'folded', inOverflow, 0);
    this.#add(frame, frame.signal, 'accepted', '', kept - inOverflow, frame.bytes.length);
  }

  /** A frame that could not be read: it goes to quarantine. */
  unreadable(frame: SpooledRecord): void {
    this.#early(frame);
    this.#add(frame, frame.signal, 'rejected', 'quarantined', frame.records, frame.bytes.length);
  }

  entries(): LedgerEntry[] {
    return [...this.#lines.values()];
  }

  /** What was refused beside it when it was received. */
  #early(frame: SpooledRecord): void {
    for (const { signal, reason, records } of frame.refused)
      this.#add(frame, signal, lostBeforeUs(reason) ? 'dropped' : 'rejected', reason, records, 0);
  }

  #add(frame: SpooledRecord, signal: string, outcome: Outcome, reason: Reason, records: number, bytes: number): void {
    const { scope, protocol } = frame;
    const receivedAtMs = Math.floor(frame.receivedAtMs / minuteMs) * minuteMs;
    const key = [scope.organisation, scope.keyId, protocol, signal, outcome, reason, receivedAtMs].join('\u0000');
    const known = this.#lines.get(key);
    this.#lines.set(key, {
      organisation: scope.organisation,
      keyId: scope.keyId,
      protocol,
      signal,
      outcome,
      reason,
      records: records + (known?.records ?? 0),
      bytes: bytes + (known?.bytes ?? 0),
      receivedAtMs,
    });
  }
}
