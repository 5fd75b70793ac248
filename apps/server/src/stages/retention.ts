import { randomUUID } from 'node:crypto';
import type { Clock, Logger } from '@sightline/base';
import type { Control, LegalHold } from '@sightline/control';
import type { ClassBook } from '@sightline/ingest';
import { classCondition, classExpressionOf, isBuiltIn } from '@sightline/query';
import type { Finding, FindingSink, RetentionClass } from '@sightline/record';
import { type HeldRows, HotStep, type WaitingRows } from '@sightline/store';
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
/** The step renews it while it works: another process begins where this one is gone for so long. */
const leaseMs = 2 * 60_000;
/** The archive writes a day an hour after it is over. One that is so far behind, for so long, is somebody's business. */
const lateMs = 60 * 3_600_000;
const lateSinceMs = 3 * 3_600_000;
/** Told every hour while it lasts. */
const findingLastsMs = 3 * 3_600_000;

/** What leaves the engine because the days of its class are over. Begins when it is started. */
export function openHotStep(
  { stores, clock, logger, closers }: Pick<StageParts, 'stores' | 'clock' | 'logger' | 'closers'>,
  ingest: { readonly waitingSinceMs: () => number | undefined } | undefined,
  archive?: {
    readonly sealedUntil: (organisation: string) => Promise<number>;
    /** Where it is told that what is over waits for the archive. */
    readonly findings: () => FindingSink | undefined;
  },
): HotStep {
  const { retention, detect } = stores.control;
  const own = logger.with({ part: 'retention' });
  const holder = randomUUID();
  const step = new HotStep({
    store: stores.store,
    clock,
    logger: own,
    waitingSinceMs: waitingSince(clock, ingest),
    ...(archive
      ? {
          sealedUntil: (organisations) => sealedUntil(archive, organisations, own),
          waiting: async (rows) => {
            const late = rows.filter(
              ({ sinceMs, sealedUntilMs }) =>
                clock.now() - sealedUntilMs >= lateMs && clock.now() - sinceMs >= lateSinceMs,
            );
            if (late.length > 0) await archive.findings()?.accept(late.map((one) => waitingFinding(one, clock.now())));
          },
        }
      : {}),
    lease: async () => (await detect.leases.hold(holder, [leaseName], leaseMs)).length > 0,
    terms: async () => new Map((await retention.all()).map(({ organisation, ...terms }) => [organisation, terms])),
    holds: async () => (await retention.holds.active('')).map(heldRows),
    whileNonePlaced: (work) => retention.holds.whileNonePlaced('', (active) => work(active.map(heldRows))),
    deletions: retention.deletions,
  });
  closers.add('retention of logs', async () => {
    await step.close();
    await detect.leases.release(holder, [leaseName]);
  });
  return step;
}

/** What each organisation has in the archive. One whose archive does not answer, or is damaged, holds no other back: nothing of it goes. */
async function sealedUntil(
  archive: { readonly sealedUntil: (organisation: string) => Promise<number> },
  organisations: readonly string[],
  logger: Logger,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const organisation of organisations)
    try {
      found.set(organisation, await archive.sealedUntil(organisation));
    } catch (error) {
      logger.warn('it is not known what the archive has; nothing leaves the engine', { organisation, error });
      found.set(organisation, 0);
    }
  return found;
}

/** Logs whose days are over and that the archive does not take. */
function waitingFinding({ organisation, rows, sinceMs, sealedUntilMs }: WaitingRows, nowMs: number): Finding {
  const has =
    sealedUntilMs === 0
      ? 'Nothing of them is archived'
      : `The archive has the days before ${new Date(sealedUntilMs).toISOString().slice(0, 10)}`;
  return {
    organisation,
    source: 'rule',
    sourceId: 'retention-waits-for-archive',
    state: 'firing',
    severity: 'high',
    title: 'Logs whose days are over wait for the archive',
    summary: `${rows.toLocaleString('en-US')} logs stay in the engine. ${has}: its disk or bucket may be full or away, or its newest manifest damaged. The server's own log says why.`,
    labels: { check: 'retention-waits-for-archive' },
    annotations: {},
    value: rows,
    threshold: 0,
    unit: '',
    link: '/retention',
    sinceMs,
    atMs: nowMs,
    expiresAtMs: nowMs + findingLastsMs,
    policy: '',
    runbook: '',
  };
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
