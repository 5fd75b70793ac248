import { open, readFile, statfs } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, fail, type Logger, type Result } from '@sightline/base';
import {
  decodeSpooled,
  type Frame,
  openSpool,
  type Refusal,
  type Segment,
  type Spool,
  type SpoolMeta,
  type SpoolRefusal,
} from '@sightline/ingest/site';
import type { KeyScope, Reason } from '@sightline/record';
import { DropCounts } from './drop-counts.ts';
import { accountLane, type SiteLane, siteLanes } from './site-lanes.ts';

/** Bounds of what a site keeps while it cannot deliver. */
export interface SiteSpoolLimits {
  /** Default 2 GB. */
  readonly totalBytes: number;
  /** Older than this is given up, by the site's clock. Default 7 days. */
  readonly ageMs: number;
  /** Free bytes that stay on the disk. Default 1 GB, or 5 % of the disk where that is less. */
  readonly freeDiskBytes?: number;
  /** A segment is closed at this size: what is dropped and read at once. Default 4 MB. */
  readonly segmentBytes: number;
}

export const defaultSiteSpoolLimits: SiteSpoolLimits = {
  totalBytes: 2e9,
  ageMs: 7 * 86_400_000,
  segmentBytes: 4e6,
};

/** What waits, as the link's messages tell it. */
export interface SiteSpoolStatus {
  readonly waitingRecords: number;
  readonly waitingBytes: number;
  readonly limitBytes: number;
  readonly oldestAt: number | null;
  readonly dropped: Record<string, number>;
}

type DropReason = Extract<Reason, 'site-spool-full' | 'site-expired' | 'site-disk-full'>;

/** Whose the records are is decided by the server, by the agent's token. */
const localScope: KeyScope = { organisation: 'site', keyId: '', site: '', device: '', service: '', environment: '' };
const diskCheckEveryMs = 1000;
/** Two clocks that part by more than this were set, not aged. */
const clockJumpMs = 3_600_000;
/** After a start, or after the clock was set, age is no reason to drop for so long: what can be delivered is. */
const ageGraceMs = 3_600_000;

/**
 * The site's spool: `openSpool` with a bound that is kept by giving up what is worth least, oldest first. Each loss is written
 * down for the server's ledger before it happens.
 */
export class SiteSpool {
  readonly #folder: string;
  readonly #limits: SiteSpoolLimits;
  readonly #spool: Spool;
  readonly #counts: DropCounts;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Segments that are being sent: not to be dropped now. */
  readonly #held = new Set<string>();
  /** Called when something was kept. */
  onKept: () => void = () => undefined;
  /** Records of a segment that were delivered already. */
  readonly #delivered = new Map<string, number>();
  #disk = { checkedAtMs: Number.NEGATIVE_INFINITY, freeBytes: Infinity, floorBytes: 0 };
  #turn: Promise<unknown> = Promise.resolve();
  #ageFrom: { wallMs: number; runningMs: number; graceUntilMs: number };

  private constructor(
    folder: string,
    limits: SiteSpoolLimits,
    spool: Spool,
    counts: DropCounts,
    clock: Clock,
    logger: Logger,
  ) {
    this.#folder = folder;
    this.#limits = limits;
    this.#spool = spool;
    this.#counts = counts;
    this.#clock = clock;
    this.#logger = logger;
    const runningMs = performance.now();
    this.#ageFrom = { wallMs: clock.now(), runningMs, graceUntilMs: runningMs + ageGraceMs };
  }

  /** Opens the spool in `folder` and finishes drops that a crash cut off. */
  static async open(
    folder: string,
    limits: Partial<SiteSpoolLimits>,
    clock: Clock,
    logger: Logger,
  ): Promise<SiteSpool> {
    const all = { ...defaultSiteSpoolLimits, ...limits };
    const counts = await DropCounts.open(folder, logger);
    const spool = await openSpool({
      folder: path.join(folder, 'spool'),
      limits: {
        // Our own bounds are kept before this one is met.
        totalBytes: all.totalBytes * 2 + 64e6,
        freeDiskBytes: 0,
        segmentBytes: all.segmentBytes,
        segmentRecords: 50_000,
        sealAfterMs: 1000,
        holdMs: 0,
        pendingBytes: 32e6,
      },
      clock,
      logger,
    });
    const opened = new SiteSpool(folder, all, spool, counts, clock, logger);
    await opened.#finishDrops();
    await opened.#checkDisk();
    return opened;
  }

  /** What the bare spool would refuse whatever is dropped. */
  refusal(): SpoolRefusal | undefined {
    return this.#spool.refusal();
  }

  /**
   * Keeps frames of site lanes; resolves once they are durable. What is worth less makes room; where nothing does, frames
   * worth least are left out and counted. Refused whole when nothing of it can be kept.
   */
  async append(
    frames: readonly Frame[],
    receivedAtMs: number,
    refused: readonly Refusal[] = [],
  ): Promise<Result<undefined, SpoolRefusal>> {
    await this.#checkDisk();
    const bytes = frames.reduce((sum, frame) => sum + sizeOf(frame), 0);
    // Side by side where all fits: one sync serves them all.
    const ending =
      frames.length > 0 && this.#fits(bytes)
        ? await this.#spool.append(frames, localScope, metaAt(receivedAtMs), refused)
        : await this.#appendInTurn(frames, receivedAtMs, refused);
    if (ending.ok) this.onKept();
    return ending;
  }

  #appendInTurn(
    frames: readonly Frame[],
    receivedAtMs: number,
    refused: readonly Refusal[],
  ): Promise<Result<undefined, SpoolRefusal>> {
    return this.#inTurn(async () => {
      const kept: Frame[] = [];
      const left: Frame[] = [];
      let newBytes = 0;
      // The most valuable first: they may push out the others.
      for (const frame of [...frames].sort((a, b) => worthOf(b.lane) - worthOf(a.lane))) {
        if (await this.#makeRoom(newBytes + sizeOf(frame), worthOf(frame.lane))) {
          kept.push(frame);
          newBytes += sizeOf(frame);
        } else left.push(frame);
      }
      const reason = this.#fullBecause();
      if (frames.length > 0 && kept.length === 0) return fail(fullOf(reason));
      const losses = left.map(({ signal, records }) => ({ signal, reason, records, message: '' }));
      const account: Frame = { lane: accountLane, bytes: Buffer.alloc(0), records: 0, signal: 'logs' };
      const written = kept.length === 0 ? [account] : kept;
      const ending = await this.#spool.append(written, localScope, metaAt(receivedAtMs), [...refused, ...losses]);
      if (ending.ok) for (const frame of left) this.#counts.add(shortReason(reason), frame.lane, frame.records);
      return ending;
    });
  }

  /** Enters refusals that belong to no frame. */
  account(refused: readonly Refusal[], receivedAtMs: number): Promise<Result<undefined, SpoolRefusal>> {
    return this.append([], receivedAtMs, refused);
  }

  /** Counts records that cannot be delivered whatever is tried, for people here and for the server's ledger. */
  async giveUp(lane: string, reason: Reason, records: number): Promise<void> {
    const signal = siteLanes.find((one) => one.name === lane)?.signal ?? 'logs';
    await this.account([{ signal, reason, records, message: '' }], this.#clock.now());
    this.#counts.add(reason, lane, records);
  }

  /** Counts what the server refused for good. */
  countRejected(reason: string, lane: string, records: number): void {
    this.#counts.add(`rejected: ${reason}`, lane, records);
  }

  /** Closed segments of a lane, oldest first; the growing one is closed first when it is due, in any case, or not at all. */
  segments(lane: string, close: 'due' | 'any' | 'none' = 'due'): Promise<readonly Segment[]> {
    return this.#spool.segments(lane, close);
  }

  /** While held, a segment is not dropped. */
  hold(segments: readonly Segment[]): void {
    for (const { name } of segments) this.#held.add(name);
  }

  release(segments: readonly Segment[]): void {
    for (const { name } of segments) this.#held.delete(name);
  }

  /** Notes how many records of a segment the server has. */
  delivered(segment: Segment, records: number): void {
    this.#delivered.set(segment.name, records);
  }

  /** Removes a delivered segment. `sync` makes removals last. */
  async remove(segment: Segment): Promise<void> {
    await this.#spool.remove(segment);
    this.#delivered.delete(segment.name);
  }

  /** Makes removals in these lanes survive a power cut: only then may the server forget the segments. */
  async sync(lanes: Iterable<string>): Promise<void> {
    for (const lane of new Set(lanes)) {
      const handle = await open(path.join(this.#folder, 'spool', lane), 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }

  /** Gives up what is too old. To be called every ten minutes or so: each time what grows is closed, so that it can grow old. */
  async expire(): Promise<void> {
    const nowMs = this.#clock.now();
    const runningMs = performance.now();
    const jumpMs = Math.abs(nowMs - this.#ageFrom.wallMs - (runningMs - this.#ageFrom.runningMs));
    const graceUntilMs = jumpMs > clockJumpMs ? runningMs + ageGraceMs : this.#ageFrom.graceUntilMs;
    this.#ageFrom = { wallMs: nowMs, runningMs, graceUntilMs };
    await this.#inTurn(async () => {
      for (const lane of siteLanes) {
        for (const segment of await this.#spool.segments(lane.name)) {
          if (nowMs - segment.openedAtMs <= this.#limits.ageMs || runningMs < graceUntilMs) break;
          if (!this.#held.has(segment.name)) await this.#drop(lane, segment, 'site-expired');
        }
      }
    });
  }

  status(): SiteSpoolStatus {
    const { bytes, records, oldestAtMs } = this.#spool.status();
    const delivered = [...this.#delivered.values()].reduce((sum, part) => sum + part, 0);
    return {
      waitingRecords: Math.max(0, records - delivered),
      waitingBytes: bytes,
      limitBytes: this.#limits.totalBytes,
      oldestAt: oldestAtMs ?? null,
      dropped: this.#counts.counts(),
    };
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#spool.close();
    await this.#counts.write();
  }

  /** Drops what is worth no more than `worth` until `bytes` fit. False when that is not enough. */
  async #makeRoom(bytes: number, worth: number): Promise<boolean> {
    for (;;) {
      if (this.#fits(bytes)) return true;
      const victim = await this.#leastWorth(worth);
      if (!victim) return false;
      await this.#drop(victim.lane, victim.segment, this.#fullBecause());
    }
  }

  #fits(bytes: number): boolean {
    return this.#spool.status().bytes + bytes <= this.#boundBytes();
  }

  #boundBytes(): number {
    const { freeBytes, floorBytes } = this.#disk;
    return Math.min(this.#limits.totalBytes, this.#spool.status().bytes + freeBytes - floorBytes);
  }

  #fullBecause(): DropReason {
    return this.#boundBytes() < this.#limits.totalBytes ? 'site-disk-full' : 'site-spool-full';
  }

  /** The oldest segment of the least valuable lanes. */
  async #leastWorth(worth: number): Promise<{ lane: SiteLane; segment: Segment } | undefined> {
    for (let level = 0; level <= worth; level++) {
      let oldest: { lane: SiteLane; segment: Segment } | undefined;
      for (const lane of siteLanes.filter((one) => one.worth === level)) {
        const closed = await this.#spool.segments(lane.name, 'none');
        const segments = closed.length > 0 ? closed : await this.#spool.segments(lane.name, 'any');
        const segment = segments.find(({ name }) => !this.#held.has(name));
        if (segment && (!oldest || segment.openedAtMs < oldest.segment.openedAtMs)) oldest = { lane, segment };
      }
      if (oldest) return oldest;
    }
    return undefined;
  }

  /** Written down first, then done: a crash between the two is finished at the next start. */
  async #drop(lane: SiteLane, segment: Segment, reason: DropReason): Promise<void> {
    const records = Math.max(0, segment.records - (this.#delivered.get(segment.name) ?? 0));
    const frame: Frame = { lane: accountLane, bytes: Buffer.alloc(0), records: 0, signal: lane.signal };
    const meta = metaAt(this.#clock.now());
    const scope = { ...localScope, service: `${lane.name}/${segment.name}` };
    const written = await this.#spool.append([frame], scope, meta, [
      { signal: lane.signal, reason, records, message: '' },
    ]);
    // On a full disk the loss cannot be written down; it happens all the same, and the agent's own count has it.
    if (!written.ok) this.#logger.warn('a loss could not be noted for the ledger', { reason: written.error.message });
    await this.remove(segment);
    this.#disk.freeBytes += segment.sizeBytes;
    this.#counts.add(shortReason(reason), lane.name, records);
    this.#logger.warn('records were given up', { lane: lane.name, reason, records });
  }

  /** Segments whose loss was written down but not done. */
  async #finishDrops(): Promise<void> {
    const named = new Set<string>();
    for (const segment of await this.#spool.segments(accountLane, 'any')) {
      const content = await readFile(segment.path);
      for (let at = 0; at < content.length;) {
        const frame = decodeSpooled(content, at);
        if (!frame) break;
        if (frame.scope.service !== '') named.add(frame.scope.service);
        at += frame.frame.length;
      }
    }
    if (named.size === 0) return;
    for (const lane of siteLanes) {
      for (const segment of await this.#spool.segments(lane.name))
        if (named.has(`${lane.name}/${segment.name}`)) await this.remove(segment);
    }
  }

  async #checkDisk(): Promise<void> {
    if (Math.abs(this.#clock.now() - this.#disk.checkedAtMs) < diskCheckEveryMs) return;
    try {
      const disk = await statfs(this.#folder);
      const floorBytes = this.#limits.freeDiskBytes ?? Math.min(1e9, disk.blocks * disk.bsize * 0.05);
      this.#disk = { checkedAtMs: this.#clock.now(), freeBytes: disk.bavail * disk.bsize, floorBytes };
    } catch (error) {
      this.#logger.warn('the free disk space is not known', { error });
    }
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act, act);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

const metaAt = (receivedAtMs: number): SpoolMeta => ({ protocol: 'otlp', project: 0, receivedAtMs });

/** What a frame takes on disk, wrapper included. */
const sizeOf = (frame: Frame): number => frame.bytes.length + 300;

function worthOf(lane: string): number {
  return siteLanes.find((one) => one.name === lane)?.worth ?? Infinity;
}

function fullOf(reason: DropReason): SpoolRefusal {
  return reason === 'site-disk-full'
    ? { kind: 'disk-full', message: "the site's disk is nearly full", retryAfterS: 30 }
    : { kind: 'spool-full', message: "the site's spool is full of what is worth more", retryAfterS: 30 };
}

/** `spool-full` of `site-spool-full`: at the site it goes without saying. */
function shortReason(reason: DropReason): string {
  return reason.slice('site-'.length);
}
