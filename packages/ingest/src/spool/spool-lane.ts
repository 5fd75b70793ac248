import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock, Logger } from '@sightline/base';
import { LoadPace } from './load-pace.ts';
import type { Segment, SpoolLimits } from './spool.ts';
import { decodeSpooled, type SpooledRecord } from './spooled.ts';

/** A frame to be written. */
export interface Part {
  readonly head: Buffer;
  readonly bytes: Uint8Array;
  readonly records: number;
}

interface Growing {
  readonly file: FileHandle;
  readonly name: string;
  readonly path: string;
  readonly openedAtMs: number;
  sizeBytes: number;
  records: number;
}

/** The segment that a loader was given last. */
interface Loading {
  readonly segment: Segment;
  readonly sinceMs: number;
  /** How often it was given out: more than once after a load that failed. */
  tries: number;
}

interface Backlog {
  readonly records: number;
  readonly sizeBytes: number;
  readonly loading: number | 'failing';
  /** How much longer than expected the load under way takes already. */
  readonly slowness: number;
}

/** A load that takes longer has met more than work: answers do not wait for it. */
const stuckAfterMs = 10_000;
/**
 * From one of these sizes on, a load is worth its fixed price. Below, nothing is closed or held back to be found sooner: on a
 * machine where that price alone is seconds, less would come in, and nothing sooner.
 */
const worth = { records: 50_000, bytes: 16e6 };
const isWorthALoad = (records: number, sizeBytes: number): boolean =>
  records >= worth.records || sizeBytes >= worth.bytes;

const suffix = '.seg';
/** A loader's notes about one segment; they live as long as it does. */
/** What a loader notes beside a segment for as long as it is there (load/splits.ts, load/pipelines). */
const noteSuffixes = ['.splits', '.caps', '.samples'] as const;

/** The segments of one lane: closed ones in order of age, and at most one that grows. */
export class SpoolLane {
  readonly #folder: string;
  readonly #lane: string;
  readonly #limits: SpoolLimits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #closed: Segment[] = [];
  readonly #pace = new LoadPace();
  #growing: Growing | undefined;
  #loading: Loading | undefined;
  #lastId = 0;
  /** Writing and closing take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string, lane: string, limits: SpoolLimits, clock: Clock, logger: Logger) {
    this.#folder = folder;
    this.#lane = lane;
    this.#limits = limits;
    this.#clock = clock;
    this.#logger = logger;
  }

  get bytes(): number {
    return this.#closed.reduce((sum, segment) => sum + segment.sizeBytes, this.#growing?.sizeBytes ?? 0);
  }

  get records(): number {
    return this.#closed.reduce((sum, segment) => sum + segment.records, this.#growing?.records ?? 0);
  }

  get oldestAtMs(): number | undefined {
    return this.#closed[0]?.openedAtMs ?? (this.#growing?.sizeBytes ? this.#growing.openedAtMs : undefined);
  }

  /** Finds the segments of an earlier run. A frame that was cut by a crash was never acknowledged and goes. */
  async recover(seen?: (frame: SpooledRecord) => void): Promise<void> {
    const files = await readdir(this.#folder);
    for (const file of files.sort()) {
      const path = join(this.#folder, file);
      // How far the loader came with a segment that is still here.
      if (noteSuffixes.some((note) => file.endsWith(note) && files.includes(file.slice(0, -note.length)))) continue;
      // Whatever else lies here is a loader's work file: it is made again.
      if (!file.endsWith(suffix)) {
        await rm(path, { recursive: true, force: true });
        continue;
      }
      const segment = await this.#recoverSegment(path, file.slice(0, -suffix.length), seen);
      if (segment) this.#closed.push(segment);
    }
  }

  /** Appends and makes durable. On failure nothing of it stays, and the error is handed back. */
  write(parts: readonly Part[]): Promise<Error | undefined> {
    return this.#inTurn(async () => {
      try {
        const growing = (this.#growing ??= await this.#create());
        await this.#writeOut(growing, parts);
        if (this.#isFull(growing)) await this.#seal();
        return undefined;
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    });
  }

  next(anyAge: boolean): Promise<Segment | undefined> {
    return this.#inTurn(async () => {
      const growing = this.#growing;
      if (this.#closed.length === 0 && growing && growing.sizeBytes > 0 && (anyAge || this.#isDue(growing))) {
        await this.#seal();
      }
      const segment = this.#closed[0];
      if (segment) this.#noteLoading(segment);
      return segment;
    });
  }

  segments(close: 'due' | 'any' | 'none'): Promise<readonly Segment[]> {
    return this.#inTurn(async () => {
      const growing = this.#growing;
      const ready = close === 'any' || (close === 'due' && growing !== undefined && this.#isDue(growing));
      if (growing && growing.sizeBytes > 0 && ready) await this.#seal();
      return [...this.#closed];
    });
  }

  /**
   * How long an answer for what was written last should wait, milliseconds, so that its records are found in time after it.
   * 0 where loading fails or is stuck: then the spool is there to take what comes.
   */
  holdMs(): number {
    const { records, sizeBytes, loading, slowness } = this.#backlog();
    if (loading === 'failing' || !isWorthALoad(records, sizeBytes)) return 0;
    const aheadMs = loading + this.#pace.expectedMs(records) * slowness;
    return Math.min(this.#limits.holdMs, Math.max(0, aheadMs - this.#limits.findableAfterMs));
  }

  async remove(segment: Segment): Promise<void> {
    const loading = this.#loading?.segment.name === segment.name ? this.#loading : undefined;
    if (loading?.tries === 1 && isWorthALoad(segment.records, segment.sizeBytes))
      this.#pace.learn(segment.records, this.#clock.now() - loading.sinceMs);
    const at = this.#closed.findIndex((closed) => closed.name === segment.name);
    await rm(segment.path, { force: true });
    for (const note of noteSuffixes) await rm(segment.path + note, { force: true });
    if (at >= 0) this.#closed.splice(at, 1);
    if (loading) this.#loading = undefined;
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#seal());
  }

  /** While the lane keeps up, no larger than is loaded in time; once it is far behind, as large as loads are cheapest. */
  #isFull({ sizeBytes, records }: Growing): boolean {
    const { segmentBytes, segmentRecords, findableAfterMs } = this.#limits;
    if (sizeBytes >= segmentBytes || records >= segmentRecords) return true;
    if (this.#closed.length > 1 || !isWorthALoad(records, sizeBytes)) return false;
    return records >= this.#pace.recordsWithin(findableAfterMs);
  }

  /** Closed as late as its load allows: each load has a price of its own. A clock set back is no reason to wait. */
  #isDue({ openedAtMs, records, sizeBytes }: Growing): boolean {
    const ageMs = this.#clock.now() - openedAtMs;
    const worthIt = isWorthALoad(records, sizeBytes);
    const loadMs = worthIt ? this.#pace.expectedMs(records) - this.#pace.expectedMs(0) : 0;
    return ageMs < 0 || ageMs + loadMs >= this.#limits.sealAfterMs;
  }

  #noteLoading(segment: Segment): void {
    if (this.#loading?.segment.name === segment.name) this.#loading.tries++;
    else this.#loading = { segment, sinceMs: this.#clock.now(), tries: 1 };
  }

  /** What was not given out yet, and how long what was given out is likely to take, milliseconds. */
  #backlog(): Backlog {
    const loading = this.#loading;
    if (!loading) return { records: this.records, sizeBytes: this.bytes, loading: 0, slowness: 1 };
    const records = this.records - loading.segment.records;
    const sizeBytes = this.bytes - loading.segment.sizeBytes;
    const tookMs = this.#clock.now() - loading.sinceMs;
    if (loading.tries > 1 || tookMs > stuckAfterMs) return { records, sizeBytes, loading: 'failing', slowness: 1 };
    const expectedMs = this.#pace.expectedMs(loading.segment.records);
    const slowness = Math.max(1, tookMs / expectedMs);
    return { records, sizeBytes, loading: Math.max(0, expectedMs - tookMs), slowness };
  }

  async #writeOut(growing: Growing, parts: readonly Part[]): Promise<void> {
    const before = growing.sizeBytes;
    const buffers = parts.flatMap(({ head, bytes }) => (bytes.length === 0 ? [head] : [head, bytes]));
    const size = sizeOf(buffers);
    try {
      let at = before;
      for (let from = 0; from < buffers.length; from += buffersPerWrite) {
        at += await writeWhole(growing.file, buffers.slice(from, from + buffersPerWrite), at);
      }
      if (!writesAreDurable) await growing.file.datasync();
    } catch (error) {
      await this.#abandonTail(growing, before);
      throw error;
    }
    growing.sizeBytes = before + size;
    growing.records += parts.reduce((sum, part) => sum + part.records, 0);
  }

  /** After a failed write or sync the file's end is not known: cut it back and go on in a new segment. */
  async #abandonTail(growing: Growing, sizeBytes: number): Promise<void> {
    await growing.file.truncate(sizeBytes).catch((error: unknown) => {
      this.#logger.error('a spool segment could not be cut back', { segment: growing.name, error });
    });
    await this.#seal();
  }

  async #seal(): Promise<void> {
    const growing = this.#growing;
    if (!growing) return;
    try {
      await growing.file.close();
    } finally {
      // At once from the one place to the other: what waits is counted at any moment.
      this.#growing = undefined;
      const { name, path, sizeBytes, records, openedAtMs } = growing;
      if (sizeBytes > 0) this.#closed.push({ lane: this.#lane, name, path, sizeBytes, records, openedAtMs });
    }
    if (growing.sizeBytes === 0) await rm(growing.path, { force: true });
  }

  async #create(): Promise<Growing> {
    await mkdir(this.#folder, { recursive: true });
    // The random part keeps names apart when the clock was set back: a name used twice would be taken for a replay.
    this.#lastId = Math.max(this.#lastId + 1, Math.floor(this.#clock.now() * 1000));
    const name = `${String(this.#lastId).padStart(17, '0')}-${randomBytes(4).toString('hex')}`;
    const path = join(this.#folder, name + suffix);
    const file = await open(path, writesAreDurable ? durableFlags : 'wx');
    await syncFolder(this.#folder);
    await syncFolder(dirname(this.#folder));
    return { file, name, path, openedAtMs: this.#clock.now(), sizeBytes: 0, records: 0 };
  }

  async #recoverSegment(
    path: string,
    name: string,
    seen?: (frame: SpooledRecord) => void,
  ): Promise<Segment | undefined> {
    const content = await readFile(path);
    let sizeBytes = 0;
    let records = 0;
    let openedAtMs = this.#clock.now();
    while (sizeBytes < content.length) {
      const frame = decodeSpooled(content, sizeBytes);
      if (!frame) break;
      if (sizeBytes === 0) openedAtMs = frame.receivedAtMs;
      seen?.(frame);
      sizeBytes += frame.frame.length;
      records += frame.records;
    }
    if (sizeBytes < content.length) {
      this.#logger.warn('a torn tail was cut from a spool segment', { name, cutBytes: content.length - sizeBytes });
      await truncate(path, sizeBytes);
    }
    this.#lastId = Math.max(this.#lastId, Number(name.split('-')[0]) || 0);
    if (sizeBytes > 0) return { lane: this.#lane, name, path, sizeBytes, records, openedAtMs };
    await rm(path, { force: true });
    return undefined;
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act, act);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/**
 * Linux makes the bytes of each write durable itself, just as `fdatasync` after it would: one hop to another thread and back is less
 * for each group of requests. Other systems promise less of that flag than of the call.
 */
const writesAreDurable = process.platform === 'linux';
const durableFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

/** One call takes at most 1024 (IOV_MAX). */
const buffersPerWrite = 512;

const sizeOf = (buffers: readonly Uint8Array[]): number => buffers.reduce((sum, buffer) => sum + buffer.length, 0);

/** Writes the buffers one behind the other; returns their size. Not joined first: the copies would be the heap's work. */
async function writeWhole(file: FileHandle, buffers: readonly Uint8Array[], position: number): Promise<number> {
  const size = sizeOf(buffers);
  let done = (await file.writev(buffers, position)).bytesWritten;
  if (done === size) return size;
  // The system may write less than it was given.
  const whole = Buffer.concat(buffers, size);
  while (done < size) done += (await file.write(whole, done, size - done, position + done)).bytesWritten;
  return size;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
