import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '@sightline/base';
import { manifestName, signatureName } from './manifest.ts';
import { S3Client, type S3Place } from './s3-client.ts';
import type { ArchiveEntry, ArchiveTarget, ByteRange } from './target.ts';

export interface S3TargetParts {
  readonly place: S3Place;
  readonly clock: Clock;
  /** A folder of this process alone, where days are prepared; its content is removed by `prepare`. */
  readonly scratch: string;
  /** For tests. */
  readonly partBytes?: number;
}

/** Larger files are sent in parts of this size: S3 takes 10,000 of them, so 160 GB. */
const partBytes = 16 * 1024 * 1024;
const minuteMs = 60_000;
/** A manifest without a signature for so long is one whose writer was killed. */
const abandonedMs = 10 * minuteMs;

/**
 * An archive in a bucket. Nothing is renamed: a day's files come first, then its manifest, which only one writer can put there,
 * then the signature. A day without signature was not finished; it is written again.
 */
export class S3Target implements ArchiveTarget {
  readonly name: string;
  readonly writerMark = randomBytes(4).toString('hex');
  readonly leavesHalfDays = true;
  readonly #parts: S3TargetParts;
  readonly #client: S3Client;

  constructor(parts: S3TargetParts) {
    const { bucket, prefix } = parts.place;
    this.#parts = parts;
    this.#client = new S3Client(parts.place, parts.clock);
    this.name = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  }

  async prepare(): Promise<void> {
    await rm(this.#parts.scratch, { recursive: true, force: true });
    await mkdir(this.#parts.scratch, { recursive: true, mode: 0o700 });
  }

  async begin(): Promise<string> {
    const begun = path.join(this.#parts.scratch, randomUUID());
    await mkdir(begun, { recursive: true, mode: 0o700 });
    return begun;
  }

  async commit(begun: string, place: string): Promise<boolean> {
    if (await this.#isTaken(place)) return false;
    const files = (await readdir(begun, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(begun, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
    const last = [manifestName, signatureName];
    const sent: string[] = [];
    let won = false;
    try {
      for (const file of files) {
        if (last.includes(file)) continue;
        sent.push(`${place}/${file}`);
        await this.#send(path.join(begun, file), `${place}/${file}`);
      }
      won = await this.put(`${place}/${manifestName}`, await readFile(path.join(begun, manifestName)));
      if (won) await this.put(`${place}/${signatureName}`, await readFile(path.join(begun, signatureName)), true);
    } finally {
      // What nobody will ever name. Where this fails as well, whoever finishes the day removes it.
      if (!won) for (const name of sent) await this.delete(name).catch(() => undefined);
    }
    if (won) await this.#clean(place, new Set([...sent, ...last.map((file) => `${place}/${file}`)]));
    return won;
  }

  /** Whether a day is there whole. One that a killed writer left is taken apart, so that it can be written. */
  async #isTaken(place: string): Promise<boolean> {
    const manifest = await this.#client.head(this.#key(`${place}/${manifestName}`));
    if (!manifest) return false;
    if (await this.#client.head(this.#key(`${place}/${signatureName}`))) return true;
    if (this.#parts.clock.now() - manifest.modifiedMs < abandonedMs)
      throw new Error(
        `${place} in ${this.name} is being written by another process, or was left by one that was killed`,
      );
    await this.delete(`${place}/${manifestName}`);
    return false;
  }

  /** Removes what writers left that were killed before they could finish the day. */
  async #clean(place: string, known: ReadonlySet<string>): Promise<void> {
    for await (const { name } of this.list(place)) if (!known.has(name)) await this.delete(name);
  }

  async #send(file: string, name: string): Promise<void> {
    const size = this.#parts.partBytes ?? partBytes;
    if ((await stat(file)).size <= size) return this.#client.put(this.#key(name), await readFile(file));
    await this.#client.putParts(this.#key(name), partsOf(file, size));
  }

  async discard(begun: string): Promise<void> {
    await rm(begun, { recursive: true, force: true });
  }

  async put(name: string, bytes: Uint8Array, replace = false): Promise<boolean> {
    const key = this.#key(name);
    if (replace) {
      await this.#client.put(key, bytes);
      return true;
    }
    if (await this.#client.putNew(key, bytes)) return true;
    // An earlier try of this very call may have arrived though its answer did not.
    return (await this.#client.get(key))?.equals(bytes) ?? false;
  }

  async get(name: string, limitBytes: number): Promise<Buffer | undefined> {
    const size = await this.size(name);
    if (size === undefined || size > limitBytes) return undefined;
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#client.read(this.#key(name))) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async size(name: string): Promise<number | undefined> {
    return (await this.#client.head(this.#key(name)))?.sizeBytes;
  }

  read(name: string, range?: ByteRange): AsyncIterable<Uint8Array> {
    return this.#client.read(this.#key(name), range);
  }

  localPath(): undefined {
    return undefined;
  }

  async folders(folder: string): Promise<string[]> {
    const below = folder === '' ? this.#key('') : this.#key(`${folder}/`);
    const found: string[] = [];
    for await (const entry of this.#client.list(below, false))
      if ('folder' in entry) found.push(entry.folder.slice(below.length, -1));
    return found.filter((name) => name !== '' && !name.startsWith('.')).toSorted();
  }

  async *list(folder: string): AsyncGenerator<ArchiveEntry> {
    const root = this.#key('').length;
    for await (const entry of this.#client.list(this.#key(`${folder}/`), true))
      if ('key' in entry) yield { name: entry.key.slice(root), sizeBytes: entry.sizeBytes };
  }

  async delete(name: string): Promise<boolean> {
    if ((await this.size(name)) === undefined) return false;
    await this.#client.delete(this.#key(name));
    return true;
  }

  #key(name: string): string {
    const { prefix } = this.#parts.place;
    return prefix === '' ? name : `${prefix}/${name}`;
  }
}

async function* partsOf(file: string, size: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    held.push(piece as Buffer);
    length += (piece as Buffer).length;
    if (length < size) continue;
    const joined = Buffer.concat(held, length);
    let at = 0;
    for (; length - at >= size; at += size) yield joined.subarray(at, at + size);
    held = [joined.subarray(at)];
    length -= at;
  }
  if (length > 0) yield Buffer.concat(held, length);
}
