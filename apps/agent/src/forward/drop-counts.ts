import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '@sightline/base';
import { z } from 'zod';

const stored = z.record(z.string().max(100), z.number().int().min(0));
const kindsLimit = 100;

/** How many records were given up since the agent was installed, by reason and lane (`spool-full logs-debug`). */
export class DropCounts {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #counts: Map<string, number>;
  #writing: Promise<void> | undefined;
  #changed = false;

  private constructor(file: string, logger: Logger, counts: Map<string, number>) {
    this.#path = file;
    this.#logger = logger;
    this.#counts = counts;
  }

  /** Reads the counts of earlier runs. They are figures for people: a file that cannot be read is begun anew, and that is said. */
  static async open(folder: string, logger: Logger): Promise<DropCounts> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, 'dropped.json');
    try {
      const counts = stored.parse(JSON.parse(await readFile(file, 'utf8')));
      return new DropCounts(file, logger, new Map(Object.entries(counts)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        logger.warn('the counts of dropped records cannot be read and begin anew', { file, error });
      return new DropCounts(file, logger, new Map());
    }
  }

  add(reason: string, lane: string, records: number): void {
    if (records === 0) return;
    const named = `${reason} ${lane}`;
    const key = this.#counts.has(named) || this.#counts.size < kindsLimit ? named : 'other';
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + records);
    this.#changed = true;
    void this.write();
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Writes what changed; one write at a time, the last state wins. */
  async write(): Promise<void> {
    this.#writing ??= this.#writeUntilDone().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async #writeUntilDone(): Promise<void> {
    while (this.#changed) {
      this.#changed = false;
      try {
        const file = await open(`${this.#path}.new`, 'w', 0o600);
        try {
          await file.writeFile(JSON.stringify(this.counts()));
          await file.datasync();
        } finally {
          await file.close();
        }
        await rename(`${this.#path}.new`, this.#path);
      } catch (error) {
        this.#logger.warn('the counts of dropped records could not be written', { error });
      }
    }
  }
}
