import { randomUUID } from 'node:crypto';
import type { Clock, Logger } from '@sightline/base';
import type { Control, LegalHold } from '@sightline/control';
import type { ClassBook } from '@sightline/ingest';
import { classCondition, classExpressionOf, isBuiltIn } from '@sightline/query';
import type { RetentionClass } from '@sightline/record';
import { type HeldRows, HotStep } from '@sightline/store';
import type { StageParts } from '../stage.ts';
import { waitingSince } from './spans.ts';

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

const leaseName = 'retention of logs';
/** Longer than a statement of the step may take, so that a second process begins only where the first is gone. */
const leaseMs = 45 * 60_000;

/** What leaves the engine because the days of its class are over. Begins when it is started. */
export function openHotStep(
  { stores, clock, logger, closers }: Pick<StageParts, 'stores' | 'clock' | 'logger' | 'closers'>,
  ingest: { readonly waitingSinceMs: () => number | undefined } | undefined,
): HotStep {
  const { retention, detect } = stores.control;
  const holder = randomUUID();
  const step = new HotStep({
    store: stores.store,
    clock,
    logger: logger.with({ part: 'retention' }),
    waitingSinceMs: waitingSince(clock, ingest),
    lease: async () => (await detect.leases.hold(holder, [leaseName], leaseMs)).length > 0,
    terms: async () => new Map((await retention.all()).map(({ organisation, ...terms }) => [organisation, terms])),
    holds: async () => (await retention.holds.active('')).map(heldRows),
    deletions: retention.deletions,
  });
  closers.add('retention of logs', async () => {
    await step.close();
    await detect.leases.release(holder, [leaseName]);
  });
  return step;
}

/** What a hold keeps in the engine. A query that cannot be read keeps everything of its class, site and time. */
export function heldRows(hold: LegalHold & { readonly organisation: string }, i: number): HeldRows {
  const prefix = `hold${i}`;
  const query = classCondition(hold.name, hold.query, `${prefix}q`);
  const { sql, parameters } = query.ok ? query.value : { sql: '1', parameters: {} };
  const conditions = [sql];
  if (hold.class !== '') conditions.push(`class = {${prefix}class:String}`);
  if (hold.site !== '') conditions.push(`lowerUTF8(site) = lowerUTF8({${prefix}site:String})`);
  return {
    organisation: hold.organisation,
    sql: conditions.join(' AND '),
    parameters: { ...parameters, [`${prefix}class`]: hold.class, [`${prefix}site`]: hold.site },
    fromMs: hold.from,
    toMs: hold.to,
  };
}
