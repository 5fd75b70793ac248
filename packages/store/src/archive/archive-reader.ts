import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { fail, ok, type Result } from '@sightline/base';
import type { ArchiveKeys } from './keyring.ts';
import { type ArchivedFile, dayName, type Manifest, manifestName, organisationName, readManifest } from './manifest.ts';
import { openPieces, SealedFileError } from './sealed-file.ts';
import type { ArchiveTarget } from './target.ts';

/** A file of an archive, by the day whose manifest names it. */
export interface ArchivedFileOf {
  readonly organisation: string;
  readonly day: string;
  readonly file: ArchivedFile;
}

/** Why an archived file cannot be read: it is not there, its key is not there, or what is there is not what was written. */
export interface NotOpened {
  readonly reason: 'missing' | 'no-key' | 'damaged';
  readonly message: string;
}

/** An archived file as plain Parquet on this machine. */
export interface OpenedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Removes the copy, where one was made. */
  close(): Promise<void>;
}

export interface ArchiveReaderParts {
  readonly target: ArchiveTarget;
  readonly keys: ArchiveKeys;
  /** A folder of this process alone, for plain copies that are open; its content is removed by `prepare`. */
  readonly scratch: string;
}

export const mostManifestBytes = 64 * 1024 * 1024;

/** Reads an archive, wherever it lies, and opens its files. It checks no signature: `verifyArchive` does. */
export class ArchiveReader {
  readonly #parts: ArchiveReaderParts;

  constructor(parts: ArchiveReaderParts) {
    this.#parts = parts;
  }

  /** Removes plain copies that an earlier run left open. */
  async prepare(): Promise<void> {
    await rm(this.#parts.scratch, { recursive: true, force: true });
    await mkdir(this.#parts.scratch, { recursive: true, mode: 0o700 });
  }

  async organisations(): Promise<string[]> {
    return (await this.#parts.target.folders('')).filter((name) => organisationName.test(name));
  }

  /** Days (`YYYY-MM-DD`) of an organisation, oldest first. One that is being written may be among them: it has no manifest yet. */
  async days(organisation: string): Promise<string[]> {
    if (!organisationName.test(organisation)) return [];
    return (await this.#parts.target.folders(organisation)).filter((name) => dayName.test(name));
  }

  /** The catalogue of a day; undefined where there is none that can be read. */
  async manifest(organisation: string, day: string): Promise<Manifest | undefined> {
    if (!organisationName.test(organisation) || !dayName.test(day)) return undefined;
    const bytes = await this.#parts.target.get(`${organisation}/${day}/${manifestName}`, mostManifestBytes);
    return bytes && readManifest(bytes);
  }

  /** Whether the file is not in the archive any more: its days were over, or somebody took it away. */
  async isGone({ organisation, day, file }: ArchivedFileOf): Promise<boolean> {
    return (await this.#parts.target.size(`${organisation}/${day}/${file.path}`)) === undefined;
  }

  /** Pieces of the file as plain Parquet. Throws `SealedFileError` where it cannot be decrypted, and where it is not there. */
  pieces({ organisation, day, file }: ArchivedFileOf): AsyncIterable<Uint8Array> {
    const { target, keys } = this.#parts;
    const stored = target.read(`${organisation}/${day}/${file.path}`);
    if (file.key === undefined) return stored;
    const expected = file.key;
    return openPieces(stored, (id) =>
      id === expected ? keys.find({ organisation, class: file.class }, id) : undefined,
    );
  }

  /** The file as plain Parquet on this machine: where it lies, or as a copy that is gone after `close`. */
  async open(of: ArchivedFileOf): Promise<Result<OpenedFile, NotOpened>> {
    const { target, keys, scratch } = this.#parts;
    const { organisation, day, file } = of;
    const name = `${organisation}/${day}/${file.path}`;
    const sizeBytes = await target.size(name);
    if (sizeBytes === undefined) return fail({ reason: 'missing', message: `${name} is not in the archive any more.` });
    const local = target.localPath(name);
    if (file.key === undefined && local !== undefined)
      return ok({ path: local, sizeBytes, close: async () => undefined });
    if (file.key !== undefined && !(await keys.find({ organisation, class: file.class }, file.key)))
      return fail({ reason: 'no-key', message: `${name} cannot be read: the key ${file.key} is not there any more.` });
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    const copy = path.join(scratch, `${randomUUID()}.parquet`);
    const close = (): Promise<void> => rm(copy, { force: true });
    let copiedBytes = 0;
    try {
      copiedBytes = await writeCopy(copy, this.pieces(of));
    } catch (error) {
      await close();
      if (error instanceof SealedFileError) return fail({ reason: 'damaged', message: `${name}: ${error.message}.` });
      throw error;
    }
    return ok({ path: copy, sizeBytes: copiedBytes, close });
  }
}

const blockBytes = 1024 * 1024;

/** Writes a file that must not exist yet, in large blocks; answers its length. It is a copy that no restart needs: nothing waits for the disk. */
async function writeCopy(file: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const handle = await open(file, 'wx', 0o600);
  try {
    let [held, heldBytes, bytes]: [Uint8Array[], number, number] = [[], 0, 0];
    for await (const piece of pieces) {
      held.push(piece);
      heldBytes += piece.length;
      if (heldBytes < blockBytes) continue;
      await handle.writeFile(Buffer.concat(held, heldBytes));
      bytes += heldBytes;
      [held, heldBytes] = [[], 0];
    }
    await handle.writeFile(Buffer.concat(held, heldBytes));
    return bytes + heldBytes;
  } finally {
    await handle.close();
  }
}
