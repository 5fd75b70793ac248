import { open, type FileHandle } from 'node:fs/promises';
import type { SpooledFrame } from '../protocol.ts';
import { decodeSpooled, spooledSize, type SpooledRecord } from '../spool/spooled.ts';

/** A frame as a load holds it: all but its bytes, which stay in the segment until somebody asks for them. */
export interface StoredFrame extends Omit<SpooledFrame, 'bytes'>, Pick<SpooledRecord, 'refused'> {
  /** Where the frame begins in its segment. */
  readonly at: number;
  /** All of it, length included. */
  readonly frameBytes: number;
  /** Where the client's bytes begin in the segment. */
  readonly bytesAt: number;
  /** Size of the client's bytes. */
  readonly sizeBytes: number;
}

export interface StoredFrames {
  readonly frames: StoredFrame[];
  /** Where the first frame begins that cannot be read; undefined when all can. */
  readonly brokenAt: number | undefined;
}

/** What is read of a segment at once. */
const windowBytes = 1024 * 1024;
/** Windows that are kept for the next segment: as many as are loaded at the same time. */
const windowsKept = 2;
const spareWindows: Buffer[] = [];

/**
 * Reads a segment through a window of a megabyte that is used again and again: a segment read whole would be memory outside the heap,
 * of which every some ten megabytes make the collector walk all of it.
 */
export class SegmentReader {
  readonly #file: FileHandle;
  readonly #sizeBytes: number;
  #window = spareWindows.pop() ?? Buffer.allocUnsafeSlow(windowBytes);
  /** Which bytes of the segment stand in the window. */
  #from = 0;
  #to = 0;

  private constructor(file: FileHandle, sizeBytes: number) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  static async open(path: string): Promise<SegmentReader> {
    const file = await open(path, 'r');
    try {
      return new SegmentReader(file, (await file.stat()).size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * All frames up to the first that is broken. The spool checked every frame when it was written or recovered: a break here is the
   * disk's, and what follows is lost.
   */
  async frames(): Promise<StoredFrames> {
    const frames: StoredFrame[] = [];
    let at = 0;
    while (at < this.#sizeBytes) {
      const ahead = Math.min(lengthBytes, this.#sizeBytes - at);
      const size = spooledSize(this.#held(at, ahead) ?? (await this.#read(at, ahead)));
      if (size === undefined || at + size > this.#sizeBytes) return { frames, brokenAt: at };
      const record = decodeSpooled(this.#held(at, size) ?? (await this.#read(at, size)), 0);
      if (!record) return { frames, brokenAt: at };
      const { bytes, frame, ...head } = record;
      const bytesAt = at + (bytes.byteOffset - frame.byteOffset);
      frames.push({ ...head, at, frameBytes: frame.length, bytesAt, sizeBytes: bytes.length });
      at += frame.length;
    }
    return { frames, brokenAt: undefined };
  }

  /** The client's bytes, valid until the next call. Asked in the order of the segment, most are there without waiting. */
  bytesOf({ bytesAt, sizeBytes }: StoredFrame): Buffer | Promise<Buffer> {
    return this.#held(bytesAt, sizeBytes) ?? this.#read(bytesAt, sizeBytes);
  }

  /** Writes these frames, as they are, into a file of their own. */
  async copy(frames: readonly StoredFrame[], path: string): Promise<void> {
    const target = await open(path, 'w');
    try {
      for (const { at, frameBytes } of frames) {
        for (let done = 0; done < frameBytes; done += windowBytes) {
          const size = Math.min(windowBytes, frameBytes - done);
          await target.writeFile(this.#held(at + done, size) ?? (await this.#read(at + done, size)));
        }
      }
    } finally {
      await target.close();
    }
  }

  async close(): Promise<void> {
    // One that had to grow for a large frame goes.
    if (spareWindows.length < windowsKept && this.#window.length === windowBytes) spareWindows.push(this.#window);
    this.#window = Buffer.alloc(0);
    this.#from = this.#to = 0;
    await this.#file.close();
  }

  #held(at: number, size: number): Buffer | undefined {
    if (at < this.#from || at + size > this.#to) return undefined;
    return this.#window.subarray(at - this.#from, at - this.#from + size);
  }

  /** Moves the window to `at`. Rejects when the segment is shorter than it was. */
  async #read(at: number, size: number): Promise<Buffer> {
    if (size > this.#window.length) this.#window = Buffer.allocUnsafeSlow(size);
    this.#from = this.#to = at;
    const wanted = Math.min(this.#window.length, this.#sizeBytes - at);
    while (this.#to - at < wanted) {
      const done = this.#to - at;
      const { bytesRead } = await this.#file.read(this.#window, done, wanted - done, at + done);
      if (bytesRead === 0) break;
      this.#to += bytesRead;
    }
    const held = this.#held(at, size);
    if (!held) throw Object.assign(new Error('a segment is shorter than it was'), { code: 'EIO' });
    return held;
  }
}

/** The longest length that can stand before a frame. */
const lengthBytes = 8;

/** Opens a segment for one piece of work. */
export async function withSegment<T>(path: string, work: (reader: SegmentReader) => Promise<T>): Promise<T> {
  const reader = await SegmentReader.open(path);
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}
