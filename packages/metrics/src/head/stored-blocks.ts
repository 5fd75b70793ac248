import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { blockStartOf } from '../block.ts';
import type { Head } from './head.ts';
import { type HeadEngine, pathLiteral } from './head-settings.ts';
import { RowBinaryReader } from './row-binary.ts';

/** Starts of the first and the last block, milliseconds; NaN when there is none. */
export interface StoredRange {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Between which blocks the engine has chunks of an organisation: asked once, then kept by what is cut. */
export class StoredBlocks {
  readonly #folder: string;
  readonly #engine: HeadEngine;
  readonly #head: Head;
  readonly #known = new Map<string, Promise<StoredRange>>();
  readonly #ranges = new Map<string, StoredRange>();
  #files = 0;

  constructor(parts: { readonly folder: string; readonly engine: HeadEngine; readonly head: Head }) {
    this.#folder = parts.folder;
    this.#engine = parts.engine;
    this.#head = parts.head;
  }

  /** Asks the engine once; `range` answers afterwards. */
  async prepare(organisation: string): Promise<void> {
    let asked = this.#known.get(organisation);
    if (!asked) {
      asked = this.#ask(organisation);
      this.#known.set(organisation, asked);
      asked.then(
        (range) => this.#ranges.set(organisation, range),
        () => this.#known.delete(organisation),
      );
    }
    await asked;
  }

  /** As of this moment: to be read together with what the head holds, so that no block falls between the two. */
  range(organisation: string): StoredRange {
    const { firstMs, lastMs } = this.#ranges.get(organisation) ?? { firstMs: Number.NaN, lastMs: Number.NaN };
    // A block that was cut for another organisation widens the range: that costs a look, and loses nothing.
    let [first, last] = [firstMs, lastMs];
    for (const startMs of this.#head.changes.keys()) {
      if (!(startMs >= first)) first = startMs;
      if (!(startMs <= last)) last = startMs;
    }
    return { firstMs: first, lastMs: last };
  }

  async #ask(organisation: string): Promise<StoredRange> {
    const file = path.join(this.#folder, `series-stored-${this.#files++}.rows`);
    try {
      await this.#engine.execute(
        `INSERT INTO FUNCTION file(${pathLiteral(file)}, RowBinary, 'rows UInt64, first Int64, last Int64')
         SELECT count(), min(t), max(t) FROM metric_chunks WHERE organisation = {organisation:String} SETTINGS engine_file_truncate_on_insert = 1`,
        { organisation },
        '',
      );
      const reader = new RowBinaryReader(await readFile(file));
      const rows = reader.int64();
      const [first, last] = [reader.int64(), reader.int64()];
      if (rows === 0) return { firstMs: Number.NaN, lastMs: Number.NaN };
      return { firstMs: blockStartOf(first), lastMs: blockStartOf(last) };
    } finally {
      await rm(file, { force: true });
    }
  }
}
