import type { Clock, Logger } from '@sightline/base';
import type { KeyScope, Reason } from '@sightline/record';
import type { Ledger } from '../ledger.ts';
import { LogBatch } from '../logs/log-batch.ts';
import type { ReadLog } from '../logs/read-log.ts';
import type { Frame, Refusal } from '../protocol.ts';
import type { Keys, KnownKey } from '../receive.ts';
import type { RecordGate } from '../record-limits.ts';
import type { Spool } from '../spool/spool.ts';

/** All that listeners on sockets need. */
export interface SocketParts {
  readonly spool: Pick<Spool, 'append'>;
  readonly keys: Keys;
  readonly ledger: Pick<Ledger, 'count' | 'received'>;
  /** What may come in a minute; absent: as much as there is room for. */
  readonly gate?: Pick<RecordGate, 'ask'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Whose a record is that brings no key of its own: of this scope, of the key with this secret, or nobody's, so that it is refused. Decided
 * before a listener starts.
 */
export type Unkeyed =
  | { readonly kind: 'scope'; readonly scope: KeyScope }
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'refused' };

/** One record as it came out of a socket. */
export interface Arrival {
  readonly read: ReadLog;
  /** The key that it names. It is never kept with the record. */
  readonly key: string | undefined;
}

/** What became of a key. */
type Known = Sender | { readonly refused: string };
type Sender = Pick<KnownKey, 'scope' | 'limits'>;

const retryMs = 1000;
const longestKey = 512;

/** Takes records of one protocol from sockets to the spool, and sees to it that each ends in the ledger once. */
export class SocketIntake {
  readonly parts: SocketParts;
  readonly protocol: string;
  readonly #unkeyed: Unkeyed;

  constructor(parts: SocketParts, protocol: string, unkeyed: Unkeyed) {
    this.parts = parts;
    this.protocol = protocol;
    this.#unkeyed = unkeyed;
  }

  /**
   * Resolves once the records are durable or counted as refused. While the spool is full, keys cannot be checked or a minute holds as many as
   * it may, it waits, and so does the connection that the records came by. False when `signal` aborts before: then they are counted as lost.
   */
  async keep(arrivals: readonly Arrival[], signal: AbortSignal): Promise<boolean> {
    let kept = true;
    for (const [key, some] of Map.groupBy(arrivals, (arrival) => arrival.key)) {
      const batch = this.batch();
      for (const { read } of some) batch.add(read);
      if (!(await this.#keep(key, batch, signal))) kept = false;
    }
    return kept;
  }

  /** A batch for records that bring no key. */
  batch(): LogBatch {
    return new LogBatch(this.protocol);
  }

  /** `keep` of records without a key. */
  keepBatch(batch: LogBatch, signal: AbortSignal): Promise<boolean> {
    return this.#keep(undefined, batch, signal);
  }

  async #keep(key: string | undefined, batch: LogBatch, signal: AbortSignal): Promise<boolean> {
    const { frames, refused } = batch.finish();
    if (frames.length === 0 && refused.length === 0) return true;
    const known = await this.scopeOf(key, signal);
    if (known !== undefined && !('refused' in known)) return this.#append(known, frames, refused, signal);
    const records = [...frames, ...refused].reduce((sum, part) => sum + part.records, 0);
    this.#count(undefined, { reason: known === undefined ? 'unavailable' : 'unauthorised', records });
    return known !== undefined;
  }

  /** Counts records that were given up before they were read. */
  lose(reason: Reason, records: number): void {
    // A wrong key is nobody's.
    const isTheirs = this.#unkeyed.kind === 'scope' && reason !== 'unauthorised';
    if (records > 0) this.#count(isTheirs ? this.#unkeyed.scope : undefined, { reason, records });
  }

  /** What a key opens; without one, what records without a key are. Undefined when it could not be found out in time. */
  async scopeOf(given: string | undefined, signal: AbortSignal): Promise<Known | undefined> {
    const unkeyed = this.#unkeyed;
    if (given === undefined && unkeyed.kind === 'scope') return unkeyed;
    const key = given ?? (unkeyed.kind === 'key' ? unkeyed.key : undefined);
    if (key === undefined) return { refused: 'a key is needed' };
    if (key.length > longestKey) return { refused: 'the key is not known' };
    for (;;) {
      try {
        const known = await this.parts.keys.find(key);
        if (!known) return { refused: 'the key is not known' };
        return known.permissions.includes('ingest') ? known : { refused: 'the key may not send data' };
      } catch (error) {
        this.parts.logger.warn('a key could not be checked', {
          reason: error instanceof Error ? error.name : 'unknown',
        });
        await this.parts.clock.sleep(retryMs, signal);
        if (signal.aborted) return undefined;
      }
    }
  }

  async #append(
    { scope, limits }: Sender,
    frames: readonly Frame[],
    refused: readonly Refusal[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { spool, ledger, clock } = this.parts;
    if (frames.length === 0) {
      for (const refusal of refused) this.#count(scope, refusal);
      return true;
    }
    const giveUp = (reason: Reason): false => {
      for (const refusal of refused) this.#count(scope, refusal);
      for (const { records } of frames) this.#count(scope, { reason, records });
      return false;
    };
    const records = frames.reduce((sum, frame) => sum + frame.records, 0);
    for (;;) {
      const held = this.parts.gate?.ask(scope, { signal: 'logs', records }, clock.now(), limits);
      if (!held) break;
      await clock.sleep(held.waitS * 1000, signal);
      if (signal.aborted) return giveUp('rate-limited');
    }
    const meta = { protocol: this.protocol, project: 0, receivedAtMs: clock.now() };
    for (;;) {
      const appended = await spool.append(frames, scope, meta, refused);
      if (appended.ok) break;
      await clock.sleep(appended.error.retryAfterS * 1000, signal);
      if (signal.aborted) return giveUp(appended.error.kind);
    }
    for (const frame of frames) ledger.received(this.protocol, 'logs', frame.records, frame.bytes.length);
    for (const refusal of refused) ledger.received(this.protocol, 'logs', refusal.records, 0);
    return true;
  }

  #count(
    scope: KeyScope | undefined,
    { reason, records }: { readonly reason: Reason; readonly records: number },
  ): void {
    this.parts.ledger.received(this.protocol, 'logs', records, 0);
    this.parts.ledger.count({
      organisation: scope?.organisation ?? '',
      keyId: scope?.keyId ?? '',
      protocol: this.protocol,
      signal: 'logs',
      outcome: 'rejected',
      reason,
      records,
      bytes: 0,
      receivedAtMs: this.parts.clock.now(),
    });
  }
}
