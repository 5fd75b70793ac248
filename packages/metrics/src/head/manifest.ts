import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceFile } from './log.ts';

/** A block's samples as a file of rows that may or may not be in the engine yet. */
export interface PendingCut {
  readonly startMs: number;
  readonly generation: number;
  readonly file: string;
  /** Samples of transactions up to this number are in it. */
  readonly seq: number;
}

interface ManifestFile {
  readonly version: 1;
  readonly id: string;
  readonly generation: number;
  readonly exemplarsSeq: number;
  readonly cuts: readonly (readonly [startMs: number, seq: number])[];
  readonly pending: readonly PendingCut[];
}

/** What was cut, up to which transaction: small, replaced as a whole. */
export class Manifest {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();
  /** By start of the block: samples of transactions up to this number are cut. */
  readonly cuts = new Map<number, number>();
  pending: PendingCut[] = [];
  /** Tells the cuts of this folder from those of any other before the same engine. */
  id: string = randomUUID();
  generation = 0;
  /** Exemplars of transactions up to this number are in the engine. */
  exemplarsSeq = 0;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Reads the manifest; an empty one where there is none. Throws when it is damaged: then cutting again could double samples. */
  static async read(path: string): Promise<Manifest> {
    const manifest = new Manifest(path);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return manifest;
      throw error;
    }
    const file = JSON.parse(text) as ManifestFile;
    if (file.version !== 1) throw new Error(`the manifest of the metric head has version ${String(file.version)}`);
    manifest.id = file.id;
    manifest.generation = file.generation;
    manifest.exemplarsSeq = file.exemplarsSeq;
    for (const [startMs, seq] of file.cuts) manifest.cuts.set(startMs, seq);
    manifest.pending = [...file.pending];
    return manifest;
  }

  /** Durable when it resolves. */
  write(): Promise<void> {
    const writing = this.#writing.catch(() => undefined).then(() => this.#write());
    this.#writing = writing;
    return writing;
  }

  async #write(): Promise<void> {
    const file: ManifestFile = {
      version: 1,
      id: this.id,
      generation: this.generation,
      exemplarsSeq: this.exemplarsSeq,
      cuts: [...this.cuts],
      pending: this.pending,
    };
    await replaceFile(this.#path, JSON.stringify(file));
  }

  /** Forgets cuts of which the log holds no transactions any more. */
  prune(firstSeq: number): void {
    for (const [startMs, seq] of this.cuts) if (seq < firstSeq) this.cuts.delete(startMs);
  }
}
