import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { retentionClassName } from '@sightline/record';
import { writeDurably } from './disk-target.ts';
import { organisationName } from './manifest.ts';
import type { DataKey } from './sealed-file.ts';

/** Seals short texts under the installation's key; `open` answers undefined for what was not sealed so. */
export interface KeySealer {
  seal(text: string, boundTo: string): Buffer;
  open(sealed: Buffer, boundTo: string): string | undefined;
}

/** Whose a key is. */
export interface KeyOwner {
  readonly organisation: string;
  readonly class: string;
}

/** Keys with which archived files are opened. */
export interface ArchiveKeys {
  /** The secret; undefined where there is none of this id, or no more. */
  find(owner: KeyOwner, id: string): Promise<Uint8Array | undefined>;
}

const idPattern = /^\d{4}-\d{2}-[A-Za-z0-9]{8,32}$/;
const ending = '.sealed';

/**
 * The data keys of an installation's archive: one for each organisation, class and month of receipt, each in a file of its own
 * below `folder` (`<organisation>/<class>/<month>-<chance>.sealed`), sealed under the installation's key. They are nowhere else: not
 * in the database, so that no old row and no write-ahead log holds a copy of one that was destroyed.
 */
export class Keyring implements ArchiveKeys {
  readonly #folder: string;
  readonly #sealer: KeySealer;

  constructor(folder: string, sealer: KeySealer) {
    this.#folder = folder;
    this.#sealer = sealer;
  }

  /** The key for what is written now of a month (`YYYY-MM`), made where there is none. Throws where one cannot be opened. */
  async current(owner: KeyOwner, month: string): Promise<DataKey> {
    const ids = await this.list(owner);
    const existing = ids.find((id) => id.startsWith(`${month}-`));
    if (existing !== undefined) {
      const secret = await this.find(owner, existing);
      if (secret) return { id: existing, secret };
    }
    const id = `${month}-${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    const secret = randomBytes(32);
    const file = this.#file(owner, id);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const fresh = `${file}.${randomUUID()}`;
    await writeDurably(fresh, this.#sealer.seal(secret.toString('base64'), boundTo(owner, id)));
    try {
      await link(fresh, file);
    } finally {
      await rm(fresh, { force: true });
    }
    await syncFolder(path.dirname(file));
    return { id, secret };
  }

  /** As `ArchiveKeys.find`. Throws where the key is there and was sealed under another installation's key. */
  async find(owner: KeyOwner, id: string): Promise<Uint8Array | undefined> {
    if (!idPattern.test(id)) return undefined;
    const file = this.#file(owner, id);
    const sealed = await readFile(file).catch(missing);
    if (!sealed) return undefined;
    const text = this.#sealer.open(sealed, boundTo(owner, id));
    if (text === undefined)
      throw new Error(`${file} cannot be opened with secrets/instance.key. Restore both from the same backup.`);
    return Buffer.from(text, 'base64');
  }

  /** Ids of the keys of an organisation's class, oldest month first. */
  async list(owner: KeyOwner): Promise<string[]> {
    const names = (await readdir(path.dirname(this.#file(owner, ''))).catch(missing)) ?? [];
    return names
      .filter((name) => name.endsWith(ending))
      .map((name) => name.slice(0, -ending.length))
      .filter((id) => idPattern.test(id))
      .toSorted();
  }

  /** Classes of which an organisation has or had keys. */
  async classes(organisation: string): Promise<string[]> {
    return namesIn(path.join(this.#folder, checked(organisation, organisationName)));
  }

  async organisations(): Promise<string[]> {
    return namesIn(this.#folder);
  }

  /** Overwrites a key's file and removes it; resolves once that is on the disk. False where there was none. */
  async destroy(owner: KeyOwner, id: string): Promise<boolean> {
    if (!idPattern.test(id)) return false;
    const file = this.#file(owner, id);
    const handle = await open(file, 'r+').catch(missing);
    if (!handle) return false;
    try {
      const { size } = await handle.stat();
      await handle.write(randomBytes(size), 0, size, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rm(file, { force: true });
    await syncFolder(path.dirname(file));
    return true;
  }

  #file({ organisation, class: kept }: KeyOwner, id: string): string {
    return path.join(
      this.#folder,
      checked(organisation, organisationName),
      checked(kept, retentionClassName),
      `${id}${ending}`,
    );
  }
}

const boundTo = ({ organisation, class: kept }: KeyOwner, id: string): string =>
  `archive key ${organisation}/${kept}/${id}`;

function checked(name: string, pattern: RegExp): string {
  if (!pattern.test(name)) throw new Error(`no name for a folder: ${JSON.stringify(name)}`);
  return name;
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(missing)) ?? [];
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
