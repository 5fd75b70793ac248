import { mkdir, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, fail, type Logger, ok, type Result } from '@sightline/base';
import type { KeyScope } from '@sightline/record';
import type { Frame, Refusal } from '../protocol.ts';
import { type Part, SpoolLane } from './spool-lane.ts';
import type { Segment, Spool, SpoolLimits, SpoolRefusal, SpoolStatus } from './spool.ts';
import { spooledHead, type SpooledRecord, type SpoolMeta } from './spooled.ts';

interface Waiting {
  readonly parts: readonly (Part & { readonly lane: string })[];
  readonly sizeBytes: number;
  readonly atOnce: boolean;
  readonly done: (ending: Result<undefined, SpoolRefusal>) => void;
}

const laneName = /^[a-z0-9][a-z0-9-]{0,63}$/;
const diskCheckEveryMs = 1000;

/** The spool on a local disk. */
export class DiskSpool implements Spool {
  readonly #folder: string;
  readonly #limits: SpoolLimits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lanes = new Map<string, SpoolLane>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #committing: Promise<void> | undefined;
  #heldBytes = 0;
  readonly #closed = new AbortController();
  #disk = { checkedAtMs: Number.NEGATIVE_INFINITY, full: '' };
  #diskCheck: Promise<void> | undefined;

  private constructor(folder: string, limits: SpoolLimits, clock: Clock, logger: Logger) {
    this.#folder = folder;
    this.#limits = limits;
    this.#clock = clock;
    this.#logger = logger;
  }

  static async open(
    folder: string,
    limits: SpoolLimits,
    clock: Clock,
    logger: Logger,
    recovered?: (frame: SpooledRecord) => void,
  ): Promise<DiskSpool> {
    const spool = new DiskSpool(folder, limits, clock, logger);
    // What waits here was not scrubbed yet: nobody else on the machine may read it.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && laneName.test(entry.name)) await spool.#lane(entry.name).recover(recovered);
    }
    await spool.#checkDisk();
    return spool;
  }

  append(
    frames: readonly Frame[],
    scope: KeyScope,
    meta: SpoolMeta,
    refused: readonly Refusal[] = [],
  ): Promise<Result<undefined, SpoolRefusal>> {
    const parts = frames.map((frame, at) => ({
      lane: frame.lane,
      head: spooledHead(frame, scope, meta, at === 0 ? refused : []),
      bytes: frame.bytes,
      records: frame.records,
    }));
    const sizeBytes = parts.reduce((sum, { head, bytes }) => sum + head.length + bytes.length, 0);
    const refusal = this.refusal(sizeBytes);
    if (refusal) return Promise.resolve(fail(refusal));
    return new Promise((done) => {
      this.#waiting.push({ parts, sizeBytes, atOnce: meta.atOnce ?? false, done });
      this.#waitingBytes += sizeBytes;
      this.#committing ??= this.#commit();
    });
  }

  refusal(moreBytes = 0): SpoolRefusal | undefined {
    if (this.#closed.signal.aborted) return { kind: 'spool-full', message: 'the server is stopping', retryAfterS: 5 };
    if (this.#clock.now() - this.#disk.checkedAtMs >= diskCheckEveryMs) {
      this.#diskCheck ??= this.#checkDisk().finally(() => (this.#diskCheck = undefined));
    }
    if (this.#disk.full !== '') return { kind: 'disk-full', message: this.#disk.full, retryAfterS: 30 };
    const bytes = this.status().bytes + this.#waitingBytes + moreBytes;
    if (bytes > this.#limits.totalBytes) {
      const message = `the spool is full: ${this.#limits.totalBytes} bytes wait to be loaded`;
      return { kind: 'spool-full', message, retryAfterS: 10 };
    }
    if (this.#waitingBytes + moreBytes > this.#limits.pendingBytes) {
      return { kind: 'spool-full', message: 'the disk does not keep up with what arrives', retryAfterS: 2 };
    }
    return undefined;
  }

  lanes(): readonly string[] {
    return [...this.#lanes.keys()];
  }

  async next(lane: string, anyAge = false): Promise<Segment | undefined> {
    return this.#lanes.get(lane)?.next(anyAge);
  }

  async segments(lane: string, close: 'due' | 'any' | 'none' = 'due'): Promise<readonly Segment[]> {
    return (await this.#lanes.get(lane)?.segments(close)) ?? [];
  }

  async remove(segment: Segment): Promise<void> {
    await this.#lanes.get(segment.lane)?.remove(segment);
  }

  status(): SpoolStatus {
    let bytes = 0;
    let records = 0;
    let oldestAtMs: number | undefined;
    for (const lane of this.#lanes.values()) {
      bytes += lane.bytes;
      records += lane.records;
      if (lane.oldestAtMs !== undefined) oldestAtMs = Math.min(oldestAtMs ?? Infinity, lane.oldestAtMs);
    }
    return { bytes, limitBytes: this.#limits.totalBytes, records, oldestAtMs };
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#committing;
    await this.#diskCheck;
    for (const lane of this.#lanes.values()) await lane.close();
  }

  /** Group commit: whoever came while the last group was written forms the next one. */
  async #commit(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const byLane = Map.groupBy(
        group.flatMap((waiting) => waiting.parts),
        (part) => part.lane,
      );
      const failures = new Map<string, Error>();
      await Promise.all(
        [...byLane].map(async ([name, parts]) => {
          const failure = await this.#lane(name).write(parts);
          if (failure) failures.set(name, failure);
        }),
      );
      for (const [lane, error] of failures) this.#logger.error('the spool could not be written', { lane, error });
      for (const waiting of group) {
        this.#waitingBytes -= waiting.sizeBytes;
        // Another lane's failure is not theirs: refused although kept, a request would come again and count twice.
        const failure = waiting.parts.map((part) => failures.get(part.lane)).find((error) => error !== undefined);
        if (failure === undefined) void this.#acknowledge(waiting);
        else waiting.done(fail(this.#refusalOf(failure)));
      }
    }
    this.#committing = undefined;
  }

  /** At once where the lanes keep up; later where one is behind, so that clients send no faster than is loaded. */
  async #acknowledge({ parts, sizeBytes, atOnce, done }: Waiting): Promise<void> {
    const holdMs = atOnce ? 0 : Math.max(0, ...parts.map((part) => this.#lane(part.lane).holdMs()));
    if (holdMs > 0 && this.#heldBytes + sizeBytes <= this.#limits.heldBytes) {
      this.#heldBytes += sizeBytes;
      await this.#clock.sleep(holdMs, this.#closed.signal);
      this.#heldBytes -= sizeBytes;
    }
    done(ok(undefined));
  }

  #refusalOf(error: Error): SpoolRefusal {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    return { kind: 'disk-full', message: `the spool cannot be written (${code})`, retryAfterS: 30 };
  }

  #lane(name: string): SpoolLane {
    let lane = this.#lanes.get(name);
    if (!lane) {
      if (!laneName.test(name)) throw new Error(`"${name}" cannot name a lane: expected lower-case letters, digits, -`);
      const segmentBytes = this.#limits.segmentBytesOf?.[name] ?? this.#limits.segmentBytes;
      const limits = { ...this.#limits, segmentBytes };
      lane = new SpoolLane(join(this.#folder, name), name, limits, this.#clock, this.#logger);
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  async #checkDisk(): Promise<void> {
    this.#disk.checkedAtMs = this.#clock.now();
    try {
      const disk = await statfs(this.#folder);
      const free = disk.bavail * disk.bsize;
      const floor = this.#limits.freeDiskBytes ?? Math.min(2e9, disk.blocks * disk.bsize * 0.05);
      this.#disk.full = free < floor ? `the disk is nearly full: ${free} bytes free, ${floor} must stay` : '';
    } catch (error) {
      this.#logger.warn('the free disk space is not known', { error });
    }
  }
}
