import { open, readFile } from 'node:fs/promises';

/**
 * Which ranges of a segment were given up as a whole and are loaded in halves. Kept in a file beside the segment: a range
 * that failed once, of which halves are stored, must never be tried as a whole again, or those halves would be in the store
 * twice.
 */
export class Splits {
  readonly #path: string;
  readonly #known: Set<string>;

  private constructor(path: string, known: Set<string>) {
    this.#path = path;
    this.#known = known;
  }

  /** The splits of the segment at `segmentPath`, empty where none were noted. */
  static async read(segmentPath: string): Promise<Splits> {
    const path = splitsPath(segmentPath);
    try {
      // A line that a crash cut short names a range whose halves were not begun.
      const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
      return new Splits(path, new Set(lines));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Splits(path, new Set());
      throw error;
    }
  }

  has(statement: string, from: number, to: number): boolean {
    return this.#known.has(`${statement} ${from} ${to}`);
  }

  /** Resolves once the note is durable; only then may a half be loaded. */
  async add(statement: string, from: number, to: number): Promise<void> {
    const line = `${statement} ${from} ${to}`;
    const file = await open(this.#path, 'a');
    try {
      await file.write(`${line}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    this.#known.add(line);
  }
}

/** Where the splits of a segment are noted. */
export function splitsPath(segmentPath: string): string {
  return `${segmentPath}.splits`;
}
