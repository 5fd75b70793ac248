import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import path from 'node:path';
import type { ArchiveEntry, ArchiveTarget, ByteRange } from './target.ts';

const unfinished = '.unfinished';

/** An archive in a folder. A day is put in place by one rename: a kill leaves nothing or the whole day. */
export class DiskTarget implements ArchiveTarget {
  readonly writerMark = '';
  readonly leavesHalfDays = false;
  readonly name: string;

  constructor(folder: string) {
    this.name = folder;
  }

  async prepare(): Promise<void> {
    await rm(this.#at(unfinished), { recursive: true, force: true });
    await mkdir(this.#at(unfinished), { recursive: true, mode: 0o700 });
  }

  async begin(): Promise<string> {
    const begun = this.#at(unfinished, randomUUID());
    await mkdir(begun, { recursive: true, mode: 0o700 });
    return begun;
  }

  async commit(begun: string, place: string): Promise<boolean> {
    const to = this.#at(place);
    await syncTree(begun);
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
    const first = await moved(begun, to);
    await syncFolder(path.dirname(to));
    await syncFolder(this.name);
    return first;
  }

  async discard(begun: string): Promise<void> {
    await rm(begun, { recursive: true, force: true });
  }

  async put(name: string, bytes: Uint8Array, replace = false): Promise<boolean> {
    const to = this.#at(name);
    await mkdir(this.#at(unfinished), { recursive: true, mode: 0o700 });
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
    const fresh = this.#at(unfinished, randomUUID());
    await writeDurably(fresh, bytes);
    try {
      if (replace) await rename(fresh, to);
      else await link(fresh, to);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(fresh, { force: true });
    }
    await syncFolder(path.dirname(to));
    return true;
  }

  async get(name: string, limitBytes: number): Promise<Buffer | undefined> {
    const found = await orMissing(stat(this.#at(name)));
    return found?.isFile() && found.size <= limitBytes ? orMissing(readFile(this.#at(name))) : undefined;
  }

  async size(name: string): Promise<number | undefined> {
    const found = await orMissing(stat(this.#at(name)));
    return found?.isFile() ? found.size : undefined;
  }

  async *read(name: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    if (range?.length === 0) return;
    const part = range && { start: range.from, end: range.from + range.length - 1 };
    for await (const piece of createReadStream(this.#at(name), part)) yield piece as Buffer;
  }

  localPath(name: string): string {
    return this.#at(name);
  }

  async folders(folder: string): Promise<string[]> {
    const entries = (await orMissing(readdir(this.#at(folder), { withFileTypes: true }))) ?? [];
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .toSorted();
  }

  async *list(folder: string): AsyncGenerator<ArchiveEntry> {
    const found = (await orMissing(readdir(this.#at(folder), { recursive: true, withFileTypes: true }))) ?? [];
    for (const entry of found) {
      if (entry.isDirectory()) continue;
      const file = path.join(entry.parentPath, entry.name);
      const size = (await orMissing(stat(file)))?.size;
      if (size !== undefined) yield { name: path.relative(this.name, file).replaceAll('\\', '/'), sizeBytes: size };
    }
  }

  async delete(name: string): Promise<boolean> {
    const gone = await orMissing(unlink(this.#at(name)).then(() => true));
    if (!gone) return false;
    const folder = path.dirname(this.#at(name));
    await syncFolder(folder);
    // Empty folders of classes are no use; what is not empty stays.
    await rmdir(folder).catch(() => undefined);
    return true;
  }

  #at(...names: readonly string[]): string {
    return path.join(this.name, ...names);
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** False when another process was faster. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) return false;
    throw error;
  }
}

async function synced(handle: FileHandle, work?: () => Promise<void>): Promise<void> {
  try {
    await work?.();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file of this machine that must not exist yet; resolves once it is on the disk. */
export async function writeDurably(
  file: string,
  content: Uint8Array | string | AsyncIterable<Uint8Array>,
): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  await synced(handle, async () => {
    const pieces = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    // One `write` may take only a part of a piece.
    for await (const piece of pieces) await handle.writeFile(piece);
  });
}

const syncFolder = async (folder: string): Promise<void> => synced(await open(folder, 'r'));

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await syncTree(path.join(folder, entry.name));
  await syncFolder(folder);
}
