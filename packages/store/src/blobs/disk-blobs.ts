import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { fail, ok, type Clock, type Logger, type Result } from '@sightline/base';
import type { BlobArea, BlobKey, BlobPut, BlobRefusal, BlobStore, KeptBlob } from '../port/blobs.ts';

const unfinished = 'unfinished';

/**
 * Opens the blobs in `folder`: `<organisation>/<area>/<two digits>/<hash>`. What an earlier run began to write and did not
 * finish is removed. Throws where the folder cannot be made.
 */
export async function openDiskBlobs(options: {
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<BlobStore> {
  const begun = path.join(options.folder, unfinished);
  await rm(begun, { recursive: true, force: true });
  await mkdir(begun, { recursive: true, mode: 0o700 });
  return new DiskBlobs(options.folder, options.clock, options.logger);
}

class DiskBlobs implements BlobStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(folder: string, clock: Clock, logger: Logger) {
    this.#folder = folder;
    this.#clock = clock;
    this.#logger = logger;
  }

  async put(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    { organisation, area, limitBytes, algorithm = 'sha256', expected }: BlobPut,
  ): Promise<Result<KeptBlob, BlobRefusal>> {
    const begun = path.join(this.#folder, unfinished, randomUUID());
    const hash = createHash(algorithm);
    let sizeBytes = 0;
    try {
      const file = await open(begun, 'wx', 0o600);
      try {
        for await (const piece of source instanceof Uint8Array ? [source] : source) {
          sizeBytes += piece.length;
          if (sizeBytes > limitBytes) return refused('too-large', `more than ${limitBytes} bytes`);
          hash.update(piece);
          // One `write` may take only a part of a piece.
          await file.writeFile(piece);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      const named = hash.digest('hex');
      if (expected !== undefined && expected !== named)
        return refused('other-content', `the content's hash is ${named}, not ${expected}`);
      await this.#place(begun, { organisation, area, hash: named });
      return ok({ hash: named, sizeBytes });
    } finally {
      await rm(begun, { force: true });
    }
  }

  async #place(begun: string, key: BlobKey): Promise<void> {
    const target = this.#path(key);
    const folder = path.dirname(target);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const now = this.#clock.now() / 1000;
    await utimes(begun, now, now);
    await rename(begun, target);
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  async read(key: BlobKey): Promise<Buffer | undefined> {
    const content = await orMissing(readFile(this.#path(key)));
    if (content === undefined) return undefined;
    if (createHash(algorithmOf(key.hash)).update(content).digest('hex') === key.hash) return content;
    this.#logger.error('a blob was damaged on the disk', { area: key.area, hash: key.hash });
    return undefined;
  }

  async size(key: BlobKey): Promise<number | undefined> {
    return (await orMissing(stat(this.#path(key))))?.size;
  }

  async *stream(key: BlobKey): AsyncIterable<Buffer> {
    const hash = createHash(algorithmOf(key.hash));
    for await (const piece of createReadStream(this.#path(key), { highWaterMark: 256 * 1024 })) {
      hash.update(piece as Buffer);
      yield piece as Buffer;
    }
    if (hash.digest('hex') !== key.hash) throw new Error(`the blob ${key.hash} was damaged on the disk`);
  }

  async touch(key: BlobKey): Promise<boolean> {
    const now = this.#clock.now() / 1000;
    return (await orMissing(utimes(this.#path(key), now, now).then(() => true))) ?? false;
  }

  async remove(key: BlobKey, beforeMs = Infinity): Promise<boolean> {
    const age = beforeMs === Infinity ? undefined : await orMissing(stat(this.#path(key)));
    if (age && age.mtimeMs >= beforeMs) return false;
    return (await orMissing(rm(this.#path(key)).then(() => true))) ?? false;
  }

  async sweep(area: BlobArea, beforeMs: number): Promise<number> {
    let removed = 0;
    for (const organisation of await names(this.#folder)) {
      if (organisation === unfinished) continue;
      const folder = path.join(this.#folder, organisation, area);
      for (const part of await names(folder)) {
        for (const name of await names(path.join(folder, part))) {
          const file = path.join(folder, part, name);
          const age = await orMissing(stat(file));
          if (age === undefined || age.mtimeMs >= beforeMs) continue;
          await rm(file, { force: true });
          removed++;
        }
      }
    }
    return removed;
  }

  /** Throws for a key that names no file of ours: nothing a client sends may lead out of the folder. */
  #path({ organisation, area, hash }: BlobKey): string {
    if (!/^[\w-]{1,64}$/.test(organisation)) throw new Error('this is no id of an organisation');
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) throw new Error('this is no hash of a blob');
    return path.join(this.#folder, organisation, area, hash.slice(0, 2), hash);
  }
}

function algorithmOf(hash: string): 'sha1' | 'sha256' {
  return hash.length === 40 ? 'sha1' : 'sha256';
}

function refused(reason: BlobRefusal['reason'], message: string): Result<never, BlobRefusal> {
  return fail({ reason, message });
}

async function names(folder: string): Promise<string[]> {
  return (await orMissing(readdir(folder))) ?? [];
}

/** What was asked; undefined where there is no such file. */
async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
