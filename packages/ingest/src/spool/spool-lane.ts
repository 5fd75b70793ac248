import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock, Logger } from '@sightline/base';
import type { Segment, SpoolLimits } from './spool.ts';
import { decodeSpooled } from './spooled.ts';

interface Growing {
  readonly file: FileHandle;
  readonly name: string;
  readonly path: string;
  readonly openedAtMs: number;
  sizeBytes: number;
  records: number;
}

const suffix = '.seg';
/** A loader's notes about one segment; they live as long as it does. */
const splitsSuffix = '.splits';

/** The segments of one lane: closed ones in order of age, and at most one that grows. */
export class SpoolLane {
  readonly #folder: string;
  readonly #lane: string;
  readonly #limits: SpoolLimits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #closed: Segment[] = [];
  #growing: Growing | undefined;
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
  async recover(): Promise<void> {
    const files = await readdir(this.#folder);
    for (const file of files.sort()) {
      const path = join(this.#folder, file);
      // How far the loader came with a segment that is still here.
      if (file.endsWith(splitsSuffix) && files.includes(file.slice(0, -splitsSuffix.length))) continue;
      // Whatever else lies here is a loader's work file: it is made again.
      if (!file.endsWith(suffix)) {
        await rm(path, { recursive: true, force: true });
        continue;
      }
      const segment = await this.#recoverSegment(path, file.slice(0, -suffix.length));
      if (segment) this.#closed.push(segment);
    }
  }

  /** Appends and makes durable. On failure nothing of it stays, and the error is handed back. */
  write(parts: readonly { readonly bytes: Buffer; readonly records: number }[]): Promise<Error | undefined> {
    return this.#inTurn(async () => {
      try {
        const growing = (this.#growing ??= await this.#create());
        await this.#writeOut(growing, parts);
        const full = growing.sizeBytes >= this.#limits.segmentBytes || growing.records >= this.#limits.segmentRecords;
        if (full) await this.#seal();
        return undefined;
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    });
  }

  next(anyAge: boolean): Promise<Segment | undefined> {
    return this.#inTurn(async () => {
      const growing = this.#growing;
      if (this.#closed.length === 0 && growing && growing.sizeBytes > 0) {
        const ageMs = this.#clock.now() - growing.openedAtMs;
        if (anyAge || ageMs >= this.#limits.sealAfterMs || ageMs < 0) await this.#seal();
      }
      return this.#closed[0];
    });
  }

  async remove(segment: Segment): Promise<void> {
    const at = this.#closed.findIndex((closed) => closed.name === segment.name);
    await rm(segment.path, { force: true });
    await rm(segment.path + splitsSuffix, { force: true });
    if (at >= 0) this.#closed.splice(at, 1);
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#seal());
  }

  async #writeOut(
    growing: Growing,
    parts: readonly { readonly bytes: Buffer; readonly records: number }[],
  ): Promise<void> {
    const before = growing.sizeBytes;
    const buffers = parts.map((part) => part.bytes);
    const size = sizeOf(buffers);
    try {
      let at = before;
      for (let from = 0; from < buffers.length; from += buffersPerWrite) {
        at += await writeWhole(growing.file, buffers.slice(from, from + buffersPerWrite), at);
      }
      await growing.file.datasync();
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
    this.#growing = undefined;
    await growing.file.close();
    const { name, path, sizeBytes, records, openedAtMs } = growing;
    if (sizeBytes === 0) await rm(path, { force: true });
    else this.#closed.push({ lane: this.#lane, name, path, sizeBytes, records, openedAtMs });
  }

  async #create(): Promise<Growing> {
    await mkdir(this.#folder, { recursive: true });
    // The random part keeps names apart when the clock was set back: a name used twice would be taken for a replay.
    this.#lastId = Math.max(this.#lastId + 1, Math.floor(this.#clock.now() * 1000));
    const name = `${String(this.#lastId).padStart(17, '0')}-${randomBytes(4).toString('hex')}`;
    const path = join(this.#folder, name + suffix);
    const file = await open(path, 'wx');
    await syncFolder(this.#folder);
    await syncFolder(dirname(this.#folder));
    return { file, name, path, openedAtMs: this.#clock.now(), sizeBytes: 0, records: 0 };
  }

  async #recoverSegment(path: string, name: string): Promise<Segment | undefined> {
    const content = await readFile(path);
    let sizeBytes = 0;
    let records = 0;
    let openedAtMs = this.#clock.now();
    while (sizeBytes < content.length) {
      const frame = decodeSpooled(content, sizeBytes);
      if (!frame) break;
      if (sizeBytes === 0) openedAtMs = frame.receivedAtMs;
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

/** One call takes at most 1024 (IOV_MAX). */
const buffersPerWrite = 512;

const sizeOf = (buffers: readonly Buffer[]): number => buffers.reduce((sum, buffer) => sum + buffer.length, 0);

/** Writes the buffers one behind the other; returns their size. Not joined first: the copies would be the heap's work. */
async function writeWhole(file: FileHandle, buffers: readonly Buffer[], position: number): Promise<number> {
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
