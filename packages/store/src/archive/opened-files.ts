import { ok, type Clock, type Result } from '@sightline/base';
import type { ArchivedFileOf, ArchiveReader, NotOpened, OpenedFile } from './archive-reader.ts';

interface Held {
  readonly opening: Promise<Result<OpenedFile, NotOpened>>;
  users: number;
  idleSinceMs: number;
  sizeBytes: number;
}

export interface OpenedFilesParts {
  readonly files: Pick<ArchiveReader, 'open'>;
  readonly clock: Clock;
  /** How long a file stays open that nobody reads. Default 30,000. */
  readonly lingerMs?: number;
  /** Size of the files that stay open unread. Default 1 GiB. */
  readonly idleBytes?: number;
}

/**
 * Opens archived files once for all who read them at a time, and leaves them open for a moment: a search reads the same ones page
 * after page, and each may be a copy that was fetched and decrypted.
 */
export class OpenedFiles {
  readonly #parts: OpenedFilesParts;
  readonly #ending = new AbortController();
  readonly #held = new Map<string, Held>();
  #sweeping: Promise<void> | undefined;

  constructor(parts: OpenedFilesParts) {
    this.#parts = parts;
  }

  /** As `ArchiveReader.open`; `close` gives the file back. */
  async open(of: ArchivedFileOf): Promise<Result<Pick<OpenedFile, 'path' | 'close'>, NotOpened>> {
    const key = `${of.organisation}/${of.day}/${of.file.path}`;
    const held = this.#held.get(key) ?? { opening: this.#parts.files.open(of), users: 0, idleSinceMs: 0, sizeBytes: 0 };
    this.#held.set(key, held);
    held.users++;
    try {
      const opened = await held.opening;
      if (!opened.ok) {
        this.#held.delete(key);
        return opened;
      }
      held.sizeBytes = opened.value.sizeBytes;
      return ok({ path: opened.value.path, close: () => this.#giveBack(held) });
    } catch (error) {
      this.#held.delete(key);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#sweeping;
    await this.#let(() => true);
  }

  async #giveBack(held: Held): Promise<void> {
    held.users--;
    held.idleSinceMs = this.#parts.clock.now();
    const idle = [...this.#held.values()].filter(({ users }) => users === 0);
    let over = idle.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - (this.#parts.idleBytes ?? 1024 ** 3);
    // Those opened longest ago first.
    const leaving = new Set(idle.filter(({ sizeBytes }) => over > 0 && ((over -= sizeBytes), true)));
    await this.#let((one) => leaving.has(one));
    this.#sweeping ??= this.#sweep();
  }

  /** Runs while something is open. */
  async #sweep(): Promise<void> {
    const { clock, lingerMs = 30_000 } = this.#parts;
    while (this.#held.size > 0 && !this.#ending.signal.aborted) {
      await clock.sleep(lingerMs / 2, this.#ending.signal);
      await this.#let(({ idleSinceMs }) => clock.now() - idleSinceMs >= lingerMs);
    }
    this.#sweeping = undefined;
  }

  async #let(go: (held: Held) => boolean): Promise<void> {
    for (const [key, held] of this.#held) {
      if (held.users > 0 || !go(held)) continue;
      this.#held.delete(key);
      const opened = await held.opening;
      if (opened.ok) await opened.value.close();
    }
  }
}
