import type { Clock, Logger } from '@sightline/base';
import type { ScrubRules } from '@sightline/record';
import { untouchedScrubRules } from '@sightline/record';
import type { SpooledFrame } from '../../protocol.ts';
import { failureOf, type LoadTarget } from '../load-target.ts';
import { ownScrub, type OwnScrub } from './own-scrub.ts';

/** The rules of one organisation as they stand now. */
export interface ScrubSetting {
  readonly organisation: string;
  readonly rules: ScrubRules;
  readonly salt: string;
  /** What is received from this moment on is loaded by statements of the organisation's own, milliseconds since the epoch. */
  readonly ownSinceMs: number;
}

/** Where the book reads: every organisation that ever wrote rules. Bounded and with a time limit. */
export type ScrubSource = () => Promise<readonly ScrubSetting[]>;

/** How the loader asks what organisations decided about scrubbing. */
export interface ScrubBook {
  /** Makes sure that the rules are known; rejects (to be tried again) when they never could be read. */
  ready(): Promise<void>;
  /** The scrubber of the frame's organisation; undefined where the usual one serves. */
  of(frame: Pick<SpooledFrame, 'scope' | 'receivedAtMs'>): OwnScrub | undefined;
}

/** Rules that a person changed apply after so long at the latest. */
const freshMs = 10_000;
/**
 * First rules apply from so long after they were written. Which frames a statement takes must be the same whenever a segment is
 * tried again, or records would be stored twice: it depends on the time of receipt alone, and nothing received by then can be
 * loaded before every loader knows.
 */
export const firstRulesAfterMs = 15_000;

interface Known {
  readonly text: string;
  readonly ownSinceMs: number;
  readonly own: OwnScrub;
}

/** Keeps the rules of all organisations that have some, and reads them again before they are older than ten seconds. */
export class CachedScrubBook implements ScrubBook {
  readonly #source: ScrubSource;
  readonly #target: LoadTarget;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #known: ReadonlyMap<string, Known> = new Map();
  #readAtMs = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(source: ScrubSource, target: LoadTarget, clock: Clock, logger: Logger) {
    this.#source = source;
    this.#target = target;
    this.#clock = clock;
    this.#logger = logger;
  }

  of({ scope, receivedAtMs }: Pick<SpooledFrame, 'scope' | 'receivedAtMs'>): OwnScrub | undefined {
    const known = this.#known.get(scope.organisation);
    return known && receivedAtMs >= known.ownSinceMs ? known.own : undefined;
  }

  async ready(): Promise<void> {
    if (this.#clock.now() - this.#readAtMs < freshMs) return;
    try {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
      await this.#reading;
    } catch (error) {
      if (this.#readAtMs === -Infinity)
        throw Object.assign(new Error('the rules for scrubbing cannot be read', { cause: error }), {
          kind: 'unavailable',
        });
      this.#logger.warn('the rules for scrubbing could not be read again; the old ones apply', { error });
    }
  }

  async #read(): Promise<void> {
    const nowMs = this.#clock.now();
    const known = new Map<string, Known>();
    for (const { organisation, rules, salt, ownSinceMs } of await this.#source()) {
      const before = this.#known.get(organisation);
      const text = JSON.stringify([rules, salt]);
      const own = before?.text === text ? before.own : await this.#working(organisation, rules, salt);
      known.set(organisation, { text, ownSinceMs, own });
    }
    this.#known = known;
    this.#readAtMs = nowMs;
  }

  /**
   * Rules are checked when they are saved. If the engine refuses them all the same, the organisation's statements would fail for
   * ever: then only what needs no pattern of its own applies, every detector is on, and it is said.
   */
  async #working(organisation: string, rules: ScrubRules, salt: string): Promise<OwnScrub> {
    const own = ownScrub(rules, salt);
    try {
      await this.#target.execute(`WITH ${own.functions} SELECT own_scrub_text('body', '')`, own.parameters, {
        timeoutMs: 10_000,
      });
      return own;
    } catch (error) {
      if (failureOf(error).kind === 'wait') throw error;
      this.#logger.error('an organisation’s scrubbing rules do not work and do not apply', { organisation, error });
      return ownScrub({ ...untouchedScrubRules, userIds: rules.userIds }, salt);
    }
  }
}
