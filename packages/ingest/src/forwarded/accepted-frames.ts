import { type FileHandle, mkdir, open, readFile, rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@sightline/base';
import type { FrameOrigin } from '../protocol.ts';
import type { Segment, Spool } from '../spool/spool.ts';
import type { SegmentName, SegmentProgress } from './batch.ts';

/** How far one segment of one agent came. */
interface Progress {
  /** All frames before this place are kept. */
  next: number;
  /** Frames beyond it that were found in the spool after a crash. */
  readonly beyond: Set<number>;
}

/** One line of the journal: agent, lane, segment, and the new `next`; -1 for a segment that is gone, -2 - n for a frame n beyond `next`. */
type Line = readonly [agent: string, lane: string, segment: string, next: number];

interface Place extends SegmentName {
  readonly agent: string;
}

/** Segments that are remembered of one agent. Only one that never says what is gone comes near it. */
const segmentsLimit = 20_000;
const rewriteFromBytes = 4_000_000;

/**
 * Which frames of which agents were kept already (docs/decisions/0008). Held in memory; on disk in a small journal, written
 * before an agent is answered. A frame that was kept while its line was not yet written is found again by its origin, since
 * no segment of our spool is removed before the lines of all that was kept are written (`guard`).
 */
export class AcceptedFrames {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #agents = new Map<string, Map<string, Progress>>();
  readonly #underWay = new Set<Promise<unknown>>();
  /** Segments whose lines are not written yet. */
  #touched = new Map<string, Place>();
  #writing: Promise<void> | undefined;
  #file: FileHandle;
  #sizeBytes: number;

  private constructor(path: string, logger: Logger, file: FileHandle, sizeBytes: number) {
    this.#path = path;
    this.#logger = logger;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  /** Reads the journal in `folder`; a line that was cut by a crash was never answered and goes. */
  static async open(folder: string, logger: Logger): Promise<AcceptedFrames> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'accepted.jsonl');
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const sizeBytes = Buffer.byteLength(whole);
    if (whole.length < text.length) await truncate(path, sizeBytes);
    const frames = new AcceptedFrames(path, logger, await open(path, 'a', 0o600), sizeBytes);
    await syncFolder(folder);
    for (const line of whole.split('\n')) if (line !== '') frames.#replay(line);
    return frames;
  }

  /** Told of every frame that an earlier run left in our spool, before anything is accepted. */
  recovered({ origin }: { readonly origin?: FrameOrigin }): void {
    if (!origin) return;
    const progress = this.#progress(origin.agent, origin, true);
    if (!progress || origin.index < progress.next) return;
    progress.beyond.add(origin.index);
    advance(progress);
    // Its frame may be loaded and gone before the next crash: then only the journal knows of it.
    this.#touch(origin);
  }

  has(agent: string, segment: SegmentName, index: number): boolean {
    const progress = this.#progress(agent, segment, false);
    return progress !== undefined && (index < progress.next || progress.beyond.has(index));
  }

  progress(agent: string, { lane, segment }: SegmentName): SegmentProgress {
    return { lane, segment, next: this.#progress(agent, { lane, segment }, false)?.next ?? 0 };
  }

  /** False when an agent has more segments open than one can have. */
  hasRoom(agent: string): boolean {
    return (this.#agents.get(agent)?.size ?? 0) < segmentsLimit;
  }

  /**
   * Does `work`, which keeps frames in the spool and notes them with `keep`; resolves once the journal has them. Segments of
   * the spool stay meanwhile. Rejects when the journal cannot be written: then nothing may be acknowledged.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const whole = (async () => {
      const done = await work();
      await this.#write();
      return done;
    })();
    const ended = whole.catch(() => undefined).finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
    return whole;
  }

  /** Notes that one frame is kept, whatever of those before it is. */
  mark(agent: string, { lane, segment, index }: FrameOrigin): void {
    const progress = this.#progress(agent, { lane, segment }, true);
    if (!progress || index < progress.next || progress.beyond.has(index)) return;
    progress.beyond.add(index);
    advance(progress);
    this.#touch({ agent, lane, segment });
  }

  /** Notes that all frames of a segment before `next` are kept. */
  keep(agent: string, segment: SegmentName, next: number): void {
    const progress = this.#progress(agent, segment, true);
    if (!progress || next <= progress.next) return;
    progress.next = next;
    advanceFar(progress);
    this.#touch({ agent, ...segment });
  }

  /** Forgets segments that an agent has no more: those named, and in each lane those before `oldest`. */
  forget(agent: string, gone: readonly SegmentName[], oldest: readonly SegmentName[]): void {
    const known = this.#agents.get(agent);
    if (!known) return;
    const keys = gone.map(keyOf).filter((key) => known.has(key));
    const oldestOf = new Map<string, string>();
    for (const { lane, segment } of oldest) if (segment > (oldestOf.get(lane) ?? '')) oldestOf.set(lane, segment);
    // One walk, however many lanes are named.
    for (const key of oldestOf.size === 0 ? [] : known.keys()) {
      const [lane = '', segment = ''] = key.split('/');
      if (segment < (oldestOf.get(lane) ?? '')) keys.push(key);
    }
    for (const key of keys) {
      known.delete(key);
      const [lane = '', segment = ''] = key.split('/');
      this.#touch({ agent, lane, segment });
    }
    if (known.size === 0) this.#agents.delete(agent);
  }

  /** The same spool, but a segment is removed only after the lines of all frames in it are written. */
  guard(spool: Spool): Spool {
    return {
      append: (...request) => spool.append(...request),
      refusal: () => spool.refusal(),
      lanes: () => spool.lanes(),
      next: (...which) => spool.next(...which),
      segments: (...which) => spool.segments(...which),
      remove: async (segment: Segment) => {
        await Promise.all(this.#underWay);
        await this.#write();
        await spool.remove(segment);
      },
      status: () => spool.status(),
      close: () => spool.close(),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    await this.#write().catch((error: unknown) =>
      this.#logger.warn('what agents forwarded last could not be noted; it is found in the spool again', { error }),
    );
    await this.#file.close();
  }

  #progress(agent: string, segment: SegmentName, make: boolean): Progress | undefined {
    let known = this.#agents.get(agent);
    if (!known && make) this.#agents.set(agent, (known = new Map<string, Progress>()));
    let progress = known?.get(keyOf(segment));
    if (!progress && make && known) known.set(keyOf(segment), (progress = { next: 0, beyond: new Set() }));
    return progress;
  }

  #replay(text: string): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      this.#logger.warn('a line of the journal of forwarded frames cannot be read', { path: this.#path });
      return;
    }
    const [agent, lane, segment, next] = line;
    if (next === -1) {
      this.#agents.get(agent)?.delete(keyOf({ lane, segment }));
      return;
    }
    const progress = this.#progress(agent, { lane, segment }, true);
    if (!progress) return;
    if (next < 0) progress.beyond.add(-2 - next);
    else if (next > progress.next) {
      progress.next = next;
      advanceFar(progress);
    }
    advance(progress);
  }

  /** Makes the lines durable; those that come while it writes are written by the next round, one sync for all. */
  async #write(): Promise<void> {
    // Twice: a round under way may have begun before our lines were there.
    await this.#writing?.catch(() => undefined);
    this.#writing ??= this.#writeLines().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async #writeLines(): Promise<void> {
    const touched = this.#touched;
    if (touched.size === 0) return;
    this.#touched = new Map();
    try {
      if (this.#sizeBytes >= rewriteFromBytes && this.#sizeBytes > 3 * this.#livingBytes()) {
        await this.#rewrite();
        return;
      }
      const text = [...touched.values()].map((place) => this.#linesOf(place)).join('');
      await this.#file.appendFile(text);
      await this.#file.datasync();
      this.#sizeBytes += Buffer.byteLength(text);
    } catch (error) {
      this.#touched = new Map([...touched, ...this.#touched]);
      // A line written in part would spoil the one behind it.
      await truncate(this.#path, this.#sizeBytes).catch((failure: unknown) =>
        this.#logger.error('the journal of forwarded frames could not be cut back', { error: failure }),
      );
      throw error;
    }
  }

  #touch({ agent, lane, segment }: Place): void {
    this.#touched.set(`${agent}/${lane}/${segment}`, { agent, lane, segment });
  }

  #linesOf({ agent, lane, segment }: Place): string {
    const progress = this.#progress(agent, { lane, segment }, false);
    const places = progress ? [progress.next, ...[...progress.beyond].map((index) => -2 - index)] : [-1];
    return places.map((next) => `${JSON.stringify([agent, lane, segment, next] satisfies Line)}\n`).join('');
  }

  #livingBytes(): number {
    let segments = 0;
    for (const known of this.#agents.values()) segments += known.size;
    return segments * 100;
  }

  async #rewrite(): Promise<void> {
    const lines: string[] = [];
    for (const [agent, known] of this.#agents) {
      for (const key of known.keys()) {
        const [lane = '', segment = ''] = key.split('/');
        lines.push(this.#linesOf({ agent, lane, segment }));
      }
    }
    const text = lines.join('');
    const fresh = await open(`${this.#path}.new`, 'w', 0o600);
    try {
      await fresh.writeFile(text);
      await fresh.datasync();
    } finally {
      await fresh.close();
    }
    await rename(`${this.#path}.new`, this.#path);
    await syncFolder(join(this.#path, '..'));
    await this.#file.close();
    this.#file = await open(this.#path, 'a', 0o600);
    this.#sizeBytes = Buffer.byteLength(text);
  }
}

const keyOf = ({ lane, segment }: SegmentName): string => `${lane}/${segment}`;

/** Takes in the frames beyond `next` that now follow it without a gap. A step for each frame taken: frames are marked one by one. */
function advance(progress: Progress): void {
  while (progress.beyond.delete(progress.next)) progress.next++;
}

/** As `advance`, after `next` was set: frames before it are no longer beyond. */
function advanceFar(progress: Progress): void {
  for (const index of progress.beyond) if (index < progress.next) progress.beyond.delete(index);
  advance(progress);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
