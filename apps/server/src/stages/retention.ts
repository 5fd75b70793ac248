import type { Clock, Logger } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { ClassBook } from '@sightline/ingest';
import { classExpressionOf, isBuiltIn } from '@sightline/query';
import type { RetentionClass } from '@sightline/record';

/** What a person changed applies after so long at the latest. */
const freshMs = 10_000;
/** Organisations with classes of their own in one segment; more would make the statement too long. */
const ownAtMost = 200;

/** Which retention classes logs have, read from the control plane at most every ten seconds while logs come. */
export class CachedClassBook implements ClassBook {
  readonly #source: Pick<Control['retention'], 'all'>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #own: ReadonlyMap<string, readonly RetentionClass[]> | undefined;
  #readAtMs = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(source: Pick<Control['retention'], 'all'>, clock: Clock, logger: Logger) {
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
  }

  async of(organisations: ReadonlySet<string>): ReturnType<ClassBook['of']> {
    if (!this.#own) await this.#read();
    else if (this.#clock.now() - this.#readAtMs >= freshMs && this.#reading === undefined)
      this.#reading = this.#read()
        .catch((error: unknown) => this.#logger.warn('retention classes could not be read again', { error }))
        .finally(() => (this.#reading = undefined));
    const own = [...organisations].toSorted().flatMap((organisation) => {
      const classes = this.#own?.get(organisation);
      return classes ? [{ organisation, classes }] : [];
    });
    if (own.length === 0) return undefined;
    if (own.length > ownAtMost)
      this.#logger.error('too many organisations with retention classes of their own in one segment', {
        organisations: own.length,
        expected: ownAtMost,
      });
    return classExpressionOf(own.slice(0, ownAtMost), (organisation, { name, message }) =>
      this.#logger.error('the query of a retention class cannot be read and takes nothing', {
        organisation,
        name,
        message,
      }),
    );
  }

  async #read(): Promise<void> {
    const all = await this.#source.all();
    this.#own = new Map(
      all.filter(({ classes }) => !isBuiltIn(classes)).map(({ organisation, classes }) => [organisation, classes]),
    );
    this.#readAtMs = this.#clock.now();
  }
}
