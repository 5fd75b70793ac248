import { type Clock, LruCache } from '@sightline/base';
import type { CheckIn } from './check-ins.ts';

const keptMs = 60_000;
const organisationsAtMost = 1000;
const wordsPerOrganisation = 500;

/**
 * Check-ins of one run overtake each other: a job of some milliseconds sends two requests at once, and the end may come first. For a
 * minute, this remembers ends that came before there was a monitor (only the beginning says how to make it), and which runs are over.
 * At most 500 of each for an organisation, the oldest leaving first; a process knows those that came to itself.
 */
export class OvertakenWords {
  readonly #clock: Clock;
  readonly #organisations: LruCache<string, { waiting: LruCache<string, CheckIn>; ended: LruCache<string, true> }>;

  constructor(clock: Clock) {
    this.#clock = clock;
    // Longer than its words live: it leaves when nothing of it is known any more.
    this.#organisations = new LruCache(organisationsAtMost, 2 * keptMs, clock);
  }

  /** Keeps an end until the monitor of this name is made; the last of several. */
  keep(name: string, checkIn: CheckIn): void {
    this.#of(checkIn.organisation).waiting.set(name, checkIn);
  }

  /** The end that waits for the monitor of this name, which then waits no more. */
  take(organisation: string, name: string): CheckIn | undefined {
    const { waiting } = this.#of(organisation);
    const word = waiting.get(name);
    waiting.delete(name);
    return word;
  }

  /** The run of this id is over. */
  over({ organisation, checkInId = '' }: CheckIn): void {
    if (checkInId !== '') this.#of(organisation).ended.set(checkInId, true);
  }

  /** Whether the run whose beginning this is came to its end already. */
  isOver({ organisation, checkInId = '' }: CheckIn): boolean {
    return checkInId !== '' && this.#of(organisation).ended.get(checkInId) === true;
  }

  #of(organisation: string): { waiting: LruCache<string, CheckIn>; ended: LruCache<string, true> } {
    const known = this.#organisations.get(organisation) ?? {
      waiting: new LruCache<string, CheckIn>(wordsPerOrganisation, keptMs, this.#clock),
      ended: new LruCache<string, true>(wordsPerOrganisation, keptMs, this.#clock),
    };
    this.#organisations.set(organisation, known);
    return known;
  }
}
