import type { Clock, Logger } from '@sightline/base';
import type { Pipeline, PipelineStep } from '@sightline/record';
import type { BoundValue } from '../load-target.ts';
import { CapCounts } from './cap-counts.ts';

/** Pipelines of an organisation as SQL around the SELECT that decodes its logs; what it yields besides: `query/src/pipelines`. */
export interface PipedSql {
  /** Each around what the one before yields; the first around the SELECT. */
  readonly stages: readonly ((select: string) => string)[];
  readonly parameters: Readonly<Record<string, BoundValue>>;
  /** By number: the pipeline, and the step's place in it; undefined: the pipeline itself. */
  readonly steps: readonly (
    | { readonly pipeline: Pipeline; readonly at: number | undefined; readonly step: PipelineStep | undefined }
    | undefined
  )[];
  readonly caps: boolean;
  readonly metrics: boolean;
}

/** Pipelines as a person saved them. */
export interface PipelineVersion {
  readonly organisation: string;
  /** Counts up within the organisation. */
  readonly version: number;
  /** They treat what is received from then on. */
  readonly takesEffectAtMs: number;
  readonly savedAtMs: number;
  readonly pipelines: readonly Pipeline[];
}

/** Where the book reads. Bounded, with a time limit. */
export interface PipelineSource {
  /** Versions that were saved at that time or later, at first all that are kept. */
  savedSince(fromMs: number): Promise<readonly PipelineVersion[]>;
  /** undefined where this program cannot read them: they were checked when they were saved, maybe by another one. */
  compile(pipelines: readonly Pipeline[]): PipedSql | undefined;
}

/** What treats a record: for ever the same, by when it was received. */
export interface Treatment {
  readonly organisation: string;
  readonly version: number;
  readonly sql: PipedSql;
  /** Undefined until the engine was asked; false where it cannot run the statement at all. */
  runs: boolean | undefined;
}

export interface PipelineBook {
  readonly caps: CapCounts;
  /** Makes sure that all is known that treats records received up to then. Must be called before `of`. */
  ready(receivedAtMs: number): Promise<void>;
  /** undefined: nothing treats what this organisation sent then. */
  of(organisation: string, receivedAtMs: number): Treatment | undefined;
}

/** A version takes effect this long after it was saved, so that every loader knows it by then. */
export const pipelinesSettleMs = 2000;
/** How long saving may take, from the time that it notes to the moment when others see it. */
const commitMs = 1500;
/** Clocks and transactions: what was saved shortly before the last look is looked for again. */
const overlapMs = 60_000;

interface Entry {
  readonly version: PipelineVersion;
  treatment: Treatment | undefined | 'not-compiled';
}

/**
 * Knows which version of an organisation's pipelines treats a record. That hangs on when it was received alone, so that a segment
 * that is loaded again after a crash is treated as it was before, whatever was saved in between.
 */
export class CachedPipelineBook implements PipelineBook {
  readonly caps = new CapCounts();
  readonly #source: PipelineSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By organisation, newest first. */
  readonly #entries = new Map<string, Entry[]>();
  #lookedAtMs = -Infinity;
  #looking: Promise<void> | undefined;

  constructor(source: PipelineSource, clock: Clock, logger: Logger) {
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
  }

  async ready(receivedAtMs: number): Promise<void> {
    // What a clock that was set back put into the future cannot be waited for.
    const neededMs = Math.min(receivedAtMs, this.#clock.now()) - pipelinesSettleMs + commitMs;
    // A look that is under way may have begun too early.
    while (this.#lookedAtMs < neededMs) {
      const first = this.#lookedAtMs === -Infinity;
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
      try {
        await this.#looking;
      } catch (error) {
        // Who cannot ask for changes cannot have been told of one either: nobody can save any. But never to have known is another thing.
        if (first)
          throw Object.assign(new Error('the pipelines cannot be read', { cause: error }), { kind: 'unavailable' });
        this.#logger.warn('pipelines could not be read again; the known ones apply', { error });
        return;
      }
    }
  }

  of(organisation: string, receivedAtMs: number): Treatment | undefined {
    const entry = this.#entries
      .get(organisation)
      ?.find(({ version: { takesEffectAtMs } }) => takesEffectAtMs <= receivedAtMs);
    if (!entry) return undefined;
    if (entry.treatment === 'not-compiled') entry.treatment = this.#compile(entry.version);
    return entry.treatment;
  }

  async #look(): Promise<void> {
    const nowMs = this.#clock.now();
    const found = await this.#source.savedSince(Math.max(0, this.#lookedAtMs - overlapMs));
    for (const version of found) {
      const known = this.#entries.get(version.organisation) ?? [];
      if (known.some((one) => one.version.version === version.version)) continue;
      known.push({ version, treatment: 'not-compiled' });
      known.sort((a, b) => b.version.version - a.version.version);
      this.#entries.set(version.organisation, known.slice(0, versionsKept));
    }
    this.#lookedAtMs = nowMs;
  }

  #compile({ organisation, version, pipelines }: PipelineVersion): Treatment | undefined {
    if (!pipelines.some(({ enabled }) => enabled)) return undefined;
    const sql = this.#source.compile(pipelines);
    if (!sql) {
      this.#logger.error('stored pipelines cannot be read and do not apply', { organisation, version });
      return undefined;
    }
    return { organisation, version, sql, runs: undefined };
  }
}

/** Versions of one organisation that are remembered: segments may wait while many are saved. */
export const versionsKept = 100;
