import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';

/**
 * A file takes no more transactions once it has so many bytes beside definitions of series, and as many as these. Small files go soon after their
 * blocks are cut; but each defines its series anew, of which a million take two hundred megabytes.
 */
const fileBytes = 16_000_000;
const frameHead = 8;
const fileName = /^log-(\d{12})\.wal$/;

/** One file of the log. Transactions are numbered through all files. */
interface LogFile {
  readonly number: number;
  readonly path: string;
  bytes: number;
  /** What of them defines series; known of the open file. */
  definitionBytes: number;
  firstSeq: number;
  lastSeq: number;
}

/**
 * The head's own write-ahead log: files of transactions, each (length, checksum, bytes), durable before anything is answered. A file
 * is read alone: it defines the series it names. Files go when everything in them is in the engine.
 */
export class HeadLog {
  readonly #folder: string;
  #files: LogFile[] = [];
  #handle: FileHandle | undefined;
  /** True where the last write failed: what is in the file behind its known end is not to be trusted. */
  #torn = false;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens the log and hands every transaction of earlier runs to `replay`, in order. A torn tail was never answered and is left out. */
  static async open(folder: string, replay: (bytes: Buffer, fileNumber: number) => number): Promise<HeadLog> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const log = new HeadLog(folder);
    const numbers = (await readdir(folder)).flatMap((name) => Number(fileName.exec(name)?.[1] ?? NaN) || []);
    numbers.sort((a, b) => a - b);
    for (const number of numbers) {
      const file = { number, path: log.#pathOf(number), bytes: 0, definitionBytes: 0, firstSeq: 0, lastSeq: 0 };
      const content = await readFile(file.path);
      file.bytes = content.length;
      for (let at = 0; at + frameHead <= content.length;) {
        const length = content.readUInt32LE(at);
        const end = at + frameHead + length;
        if (end > content.length) break;
        const bytes = content.subarray(at + frameHead, end);
        if (crc32(bytes) !== content.readUInt32LE(at + 4)) break;
        file.lastSeq = replay(bytes, number);
        file.firstSeq ||= file.lastSeq;
        at = end;
      }
      log.#files.push(file);
    }
    return log;
  }

  get bytes(): number {
    return this.#files.reduce((sum, file) => sum + file.bytes, 0);
  }

  /** Number of the file that the next transaction goes to, after `begin`. */
  get fileNumber(): number {
    return this.#files.at(-1)?.number ?? 0;
  }

  /** True when the next transaction needs a file of its own: `begin` has to be called. */
  get full(): boolean {
    const file = this.#files.at(-1);
    if (!this.#handle || this.#torn || !file) return true;
    return file.bytes >= file.definitionBytes + Math.max(fileBytes, file.definitionBytes);
  }

  /** Bytes of the file that is open. */
  get openBytes(): number {
    return this.#handle ? (this.#files.at(-1)?.bytes ?? 0) : 0;
  }

  /** Begins a new file. */
  async begin(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    const number = this.fileNumber + 1;
    const file = { number, path: this.#pathOf(number), bytes: 0, definitionBytes: 0, firstSeq: 0, lastSeq: 0 };
    this.#handle = await open(file.path, 'w', 0o600);
    this.#files.push(file);
    this.#torn = false;
    await syncFolder(this.#folder);
  }

  /**
   * Writes one transaction, of which `definitionBytes` define series. Resolves once it is durable; rejects when it is not, and then nothing of it
   * counts.
   */
  async append(seq: number, parts: readonly Uint8Array[], definitionBytes = 0): Promise<void> {
    const file = this.#files.at(-1);
    if (!this.#handle || !file) throw new Error('the log has no open file');
    const head = Buffer.alloc(frameHead);
    let length = 0;
    let checksum = 0;
    for (const part of parts) {
      length += part.length;
      checksum = crc32(part, checksum);
    }
    head.writeUInt32LE(length, 0);
    head.writeUInt32LE(checksum, 4);
    this.#torn = true;
    const whole = frameHead + length;
    const { bytesWritten } = await this.#handle.writev([head, ...parts], file.bytes);
    if (bytesWritten !== whole) throw new Error('the log could not be written whole');
    await this.#handle.datasync();
    this.#torn = false;
    file.bytes += whole;
    file.definitionBytes += definitionBytes;
    file.lastSeq = seq;
    file.firstSeq ||= seq;
  }

  /** Removes files whose transactions are all before `seq`, the open one never. */
  async release(seq: number): Promise<void> {
    while (this.#files.length > 1 && (this.#files[0] as LogFile).lastSeq < seq) {
      await rm((this.#files[0] as LogFile).path, { force: true });
      this.#files.shift();
    }
  }

  /** The first transaction that the log still holds. */
  get firstSeq(): number {
    return this.#files.find((file) => file.firstSeq > 0)?.firstSeq ?? 0;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #pathOf(number: number): string {
    return path.join(this.#folder, `log-${String(number).padStart(12, '0')}.wal`);
  }
}

/** Replaces a small file as a whole; durable when it resolves. */
export async function replaceFile(target: string, text: string): Promise<void> {
  const handle = await open(`${target}.new`, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${target}.new`, target);
  await syncFolder(path.dirname(target));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
