import { open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { borrowChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { blockMs } from '../block.ts';
import type { Catalogue } from '../series/catalogue.ts';
import type { HeadBlock } from './head-block.ts';
import { type HeadEngine, pathLiteral } from './head-settings.ts';
import { inOrder } from './in-order.ts';
import type { Manifest, PendingCut } from './manifest.ts';
import { RowBinaryWriter } from './row-binary.ts';

const structure = 'organisation String, metric String, fp UInt64, t Int64, chunk String';
/** Bytes of rows that are gathered before they are written. */
const writeBytes = 4_000_000;
/** Series that are encoded before others get a turn. */
const turnSeries = 200;

/** Moves frozen blocks into the engine: rows to a file, its name into the manifest, one insert under the cut's token. */
export class Cutter {
  readonly #folder: string;
  readonly #engine: HeadEngine;
  readonly #catalogue: Catalogue;
  readonly #manifest: Manifest;
  cuts = 0;
  chunks = 0;
  chunkBytes = 0;
  samples = 0;

  constructor(parts: {
    readonly folder: string;
    readonly engine: HeadEngine;
    readonly catalogue: Catalogue;
    readonly manifest: Manifest;
  }) {
    this.#folder = parts.folder;
    this.#engine = parts.engine;
    this.#catalogue = parts.catalogue;
    this.#manifest = parts.manifest;
  }

  /** Inserts what an earlier run had begun, and removes files that it left. */
  async finishPending(): Promise<void> {
    for (const pending of this.#manifest.pending) await this.insert(pending);
    for (const name of await readdir(this.#folder)) {
      if (!/^(?:cut|rows|series)-.*\.rows$/.test(name)) continue;
      if (!this.#manifest.pending.some((pending) => pending.file === name))
        await rm(path.join(this.#folder, name), { force: true });
    }
  }

  /**
   * Writes a frozen block's rows. Resolves when they are durable and the manifest tells of them: from then on the block's part of the log
   * is not needed. `undefined` when the block had none.
   */
  async write(block: HeadBlock): Promise<PendingCut | undefined> {
    const generation = ++this.#manifest.generation;
    const file = `cut-${block.startMs}-${generation}.rows`;
    const target = path.join(this.#folder, file);
    const rows = new RowBinaryWriter();
    // Within the block, and later than what was cut of it before, which mostly is earlier: readers find it in order.
    const atMs = block.startMs + (generation % blockMs);
    const gathered = new SampleBuffer(1024);
    let written = 0;
    const handle = await open(target, 'w', 0o600);
    try {
      for (let i = 0; i < block.count; i++) {
        written += this.#row(rows, block, block.members[i] as number, gathered, atMs);
        if (rows.length >= writeBytes) await handle.writeFile(rows.take());
        else if (i % turnSeries === turnSeries - 1) await new Promise((resolve) => setImmediate(resolve));
      }
      if (rows.length > 0) await handle.writeFile(rows.take());
      await handle.sync();
    } finally {
      await handle.close();
    }
    this.#manifest.cuts.set(block.startMs, block.lastSeq);
    if (written === 0) {
      await this.#manifest.write();
      await rm(target, { force: true });
      return undefined;
    }
    const pending = { startMs: block.startMs, generation, file, seq: block.lastSeq };
    this.#manifest.pending = [...this.#manifest.pending, pending];
    await this.#manifest.write();
    return pending;
  }

  /** Inserts the rows of a cut. Rejects when the engine does not take them now. */
  async insert(pending: PendingCut): Promise<void> {
    const file = path.join(this.#folder, pending.file);
    await this.#engine.execute(
      `INSERT INTO metric_chunks (organisation, metric, fp, t, chunk) SELECT organisation, metric, fp, t, chunk FROM file(${pathLiteral(file)}, RowBinary, '${structure}')`,
      {},
      `cut:${this.#manifest.id}:${pending.startMs}:${pending.generation}`,
    );
    this.#manifest.pending = this.#manifest.pending.filter((other) => other !== pending);
    await this.#manifest.write();
    await rm(file, { force: true });
    this.cuts++;
  }

  #row(rows: RowBinaryWriter, block: HeadBlock, sid: number, gathered: SampleBuffer, atMs: number): number {
    const family = this.#catalogue.families[sid];
    if (!family) return 0;
    gathered.clear();
    const ordered = block.gather(sid, gathered);
    if (gathered.count === 0) return 0;
    const samples = ordered ? gathered : inOrder(gathered);
    const chunk = borrowChunk(samples);
    const member = this.#catalogue.members[sid] as number;
    rows.string(family.organisation);
    rows.string(family.metric);
    rows.halves(family.fpLo[member] as number, family.fpHi[member] as number);
    rows.int64(atMs);
    rows.bytes(chunk);
    this.chunks++;
    this.chunkBytes += chunk.length;
    this.samples += samples.count;
    return 1;
  }
}
