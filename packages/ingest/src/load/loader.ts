import { readFileSync } from 'node:fs';
import type { Clock, Logger } from '@sightline/base';
import type { GroupingBook } from '../errors/grouping/grouping-book.ts';
import type { Ledger } from '../ledger.ts';
import type { DecodePorts, Lane, Protocol } from '../protocol.ts';
import type { Spool } from '../spool/spool.ts';
import { failureOf, type LoadTarget, type StatementSettings } from './load-target.ts';
import type { MetricTarget } from './metric-target.ts';
import type { PipelineBook } from './pipelines/pipeline-book.ts';
import type { ClassBook } from './retention-classes.ts';
import { loadSegment, type SegmentParts } from './load-segment.ts';
import type { ScrubBook } from './pii/scrub-book.ts';

/** How loading stands. */
export interface LoaderStatus {
  /** Age of the oldest record that is not in the store yet, milliseconds; 0 when nothing waits. */
  readonly lagMs: number;
  readonly waitingRecords: number;
  readonly spoolBytes: number;
  readonly spoolLimitBytes: number;
}

export interface Loader {
  status(): LoaderStatus;
  /** Loads all that waits now, whatever its age. For tests and for a stop that wants an empty spool. */
  drain(): Promise<void>;
  /** Finishes the segments under way and stops; what waits is loaded after the next start. */
  close(): Promise<void>;
}

/** Segments that are loaded at the same time. */
const parallelLoads = 2;
/** How often segments that became due are looked for; the end of a load is a reason to look at once. */
const lookEveryMs = 50;
const firstDelayMs = 250;
const maxDelayMs = 15_000;
/** Failures of one segment that do not tell their cause, while the store answers, before its data is held to be the cause. */
const mostTries = 5;

/**
 * Loads segments as they come, lane by lane in order, a bounded number at a time. `settings` are the store's settings
 * under which a statement with one deduplication token takes effect once. Creates the SQL functions of the statements;
 * rejects when the store refuses them.
 */
export async function startLoader(options: {
  readonly spool: Spool;
  readonly target: LoadTarget;
  readonly protocols: readonly Protocol[];
  readonly ledger: Ledger;
  readonly settings: StatementSettings;
  /** Takes the segments of lanes of kind `metrics`. */
  readonly metrics?: MetricTarget;
  /** What decoders may ask: blobs, source maps, monitors. */
  readonly ports?: DecodePorts;
  /** Asked by the lanes that decode errors. */
  readonly grouping?: GroupingBook;
  /** Asked by the lane of logs. */
  readonly pipelines?: PipelineBook;
  /** Asked by whatever loads logs. */
  readonly classes?: ClassBook;
  /** What organisations decided about scrubbing; without it all are scrubbed alike. */
  readonly scrubbing?: ScrubBook;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<Loader> {
  await createFunctions(options.target);
  return new SegmentLoader(options);
}

/** Creates the functions that statements of lanes may use (`functions.sql`, `pii/functions.sql`). */
export async function createFunctions(target: LoadTarget): Promise<void> {
  const files = ['functions.sql', 'pii/functions.sql'];
  const text = files
    .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
    .join('\n')
    .replace(/^--.*$/gm, '');
  for (const statement of text.split(/;\s*$/m)) {
    if (statement.trim() !== '') await target.execute(statement.trim());
  }
}

class SegmentLoader implements Loader {
  readonly #spool: Spool;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #segmentParts: SegmentParts;
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #stop = new AbortController();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #pauses = new Map<string, { untilMs: number; delayMs: number }>();
  readonly #tries = new Map<string, { readonly segment: string; readonly tries: number }>();
  readonly #unknown = new Set<string>();
  readonly #running: Promise<void>;
  #look = new AbortController();
  #turn = 0;

  constructor(options: Parameters<typeof startLoader>[0]) {
    this.#spool = options.spool;
    this.#clock = options.clock;
    this.#logger = options.logger;
    const { target, settings, ledger, logger, metrics, grouping, classes, pipelines, scrubbing, ports = {} } = options;
    this.#segmentParts = {
      target,
      settings,
      ledger,
      logger,
      ports,
      ...(metrics ? { metrics } : {}),
      ...(grouping ? { grouping } : {}),
      ...(pipelines ? { pipelines } : {}),
      ...(classes ? { classes } : {}),
      ...(scrubbing ? { scrubbing } : {}),
    };
    this.#lanes = new Map(options.protocols.flatMap(({ lanes }) => lanes).map((lane) => [lane.name, lane]));
    this.#running = this.#run();
  }

  status(): LoaderStatus {
    const { bytes, limitBytes, records, oldestAtMs } = this.#spool.status();
    const lagMs = oldestAtMs === undefined ? 0 : Math.max(0, this.#clock.now() - oldestAtMs);
    return { lagMs, waitingRecords: records, spoolBytes: bytes, spoolLimitBytes: limitBytes };
  }

  async drain(): Promise<void> {
    for (const lane of this.#spool.lanes()) {
      if (!this.#lanes.has(lane)) continue;
      await this.#busy.get(lane);
      const work = this.#drainLane(lane);
      this.#busy.set(
        lane,
        work.catch(() => undefined),
      );
      await work.finally(() => this.#busy.delete(lane));
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#look.abort();
    await this.#running;
    await Promise.all(this.#busy.values());
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const lanes = this.#spool.lanes();
      // A different lane goes first each time, so that a busy one cannot starve the others.
      const first = lanes.length === 0 ? 0 : this.#turn++ % lanes.length;
      for (const lane of [...lanes.slice(first), ...lanes.slice(0, first)]) {
        if (this.#busy.size >= parallelLoads) break;
        if (this.#mayStart(lane)) this.#start(lane);
      }
      await this.#clock.sleep(lookEveryMs, this.#look.signal);
      if (this.#look.signal.aborted) this.#look = new AbortController();
    }
  }

  #mayStart(name: string): boolean {
    if (this.#busy.has(name)) return false;
    if (!this.#lanes.has(name)) {
      if (!this.#unknown.has(name)) this.#logger.error('the spool holds a lane that no protocol loads', { lane: name });
      this.#unknown.add(name);
      return false;
    }
    return (this.#pauses.get(name)?.untilMs ?? 0) <= this.#clock.now();
  }

  #start(lane: string): void {
    this.#busy.set(lane, this.#work(lane));
  }

  async #work(lane: string): Promise<void> {
    let loaded = false;
    try {
      loaded = await this.#loadNext(lane, false);
      this.#pauses.delete(lane);
    } catch (error) {
      this.#pause(lane, error);
    } finally {
      this.#busy.delete(lane);
    }
    // What came meanwhile may be due already.
    if (loaded) this.#look.abort();
  }

  #pause(lane: string, error: unknown): void {
    const delayMs = Math.min((this.#pauses.get(lane)?.delayMs ?? firstDelayMs / 2) * 2, maxDelayMs);
    this.#pauses.set(lane, { untilMs: this.#clock.now() + delayMs, delayMs });
    const { message } = failureOf(error);
    this.#logger.warn('a segment could not be loaded yet and will be tried again', { lane, delayMs, reason: message });
  }

  async #drainLane(lane: string): Promise<void> {
    while (await this.#loadNext(lane, true));
  }

  /** False when nothing was there to load. */
  async #loadNext(name: string, anyAge: boolean): Promise<boolean> {
    const lane = this.#lanes.get(name);
    const segment = lane && (await this.#spool.next(name, anyAge));
    if (!lane || !segment) return false;
    const tries = this.#triesOf(name, segment.name);
    try {
      await loadSegment(this.#segmentParts, lane, segment, tries >= mostTries);
    } catch (error) {
      const blameless = failureOf(error).kind === 'wait' || !(await this.#storeAnswers());
      if (!blameless) this.#tries.set(name, { segment: segment.name, tries: tries + 1 });
      throw error;
    }
    this.#tries.delete(name);
    await this.#spool.remove(segment);
    return true;
  }

  #triesOf(lane: string, segment: string): number {
    const known = this.#tries.get(lane);
    return known?.segment === segment ? known.tries : 0;
  }

  async #storeAnswers(): Promise<boolean> {
    try {
      await this.#segmentParts.target.execute('SELECT 1', {}, { timeoutMs: 2000 });
      return true;
    } catch (error) {
      this.#logger.warn('the store does not answer', { error });
      return false;
    }
  }
}
