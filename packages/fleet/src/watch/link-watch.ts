import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { Agent, Incidents, LinkWatchRows } from '@sightline/control';
import type { Finding, FindingSink } from '@sightline/record';
import { endedFinding, lostAllTogether, lostFinding, type OtherViews } from './link-finding.ts';

/** When a site was last heard by any signal; filled from the telemetry store. */
export interface SiteSignals {
  /** Milliseconds since the epoch; undefined when never. Answers within seconds or throws. */
  lastSignalMs(organisation: string, site: string): Promise<number | undefined>;
}

export interface LinkWatchOptions {
  readonly rows: LinkWatchRows;
  readonly findings: FindingSink;
  /** Where the verdict on a loss is written down for people. */
  readonly incidents: Pick<Incidents, 'latestOfGroup' | 'note'>;
  readonly signals: SiteSignals;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Writes the heartbeats that wait, before each look. */
  readonly flush: () => Promise<void>;
}

/** A link is lost when nothing was heard for three heartbeats. */
export const lostAfterMs = 45_000;
/** Heartbeats reach the rows this much later. */
const writtenAfterMs = 6000;
/** After a start, agents may take this long to find us again (their longest back-off is 60 s): nothing is judged till then. */
export const graceMs = 75_000;
const lookEveryMs = 2000;
/** Between two looks at most; else we were not there, and what was not heard then says nothing. */
const longestGapMs = 20_000;
/** When many links go at once it is rarely the stores: they get this much longer. */
const togetherGraceMs = 60_000;
/** An incident opened this long before the finding was noted is another one's. */
const toldWithinMs = 60_000;
const togetherWithinMs = 30_000;

/**
 * Turns lost links into findings and ends them when the agents are back. Any number of servers may watch: what each tells
 * is the same finding. One look at a time; `close` ends it.
 */
export class LinkWatch {
  readonly #options: LinkWatchOptions;
  readonly #loop: BackgroundLoop;
  #judgesFromMs: number;
  #lookedAtMs: number;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
    this.#lookedAtMs = options.clock.now();
    this.#judgesFromMs = this.#lookedAtMs + graceMs;
    const { clock, logger } = options;
    this.#loop = new BackgroundLoop({
      clock,
      logger,
      everyMs: lookEveryMs,
      round: () => this.look(),
      fault: (error) => {
        logger.warn('The links of agents could not be watched', { error });
        this.#judgesFromMs = Math.max(this.#judgesFromMs, clock.now() + longestGapMs);
      },
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** One look at all links. */
  async look(): Promise<void> {
    const { rows, clock, flush } = this.#options;
    await flush();
    const now = clock.now();
    if (now - this.#lookedAtMs > longestGapMs) this.#judgesFromMs = Math.max(this.#judgesFromMs, now + longestGapMs);
    this.#lookedAtMs = now;
    await this.#tellEnded(now);
    if (now < this.#judgesFromMs) return;
    await rows.expire(now - lostAfterMs - writtenAfterMs);
    await this.#tellLost(now);
  }

  async #tellLost(now: number): Promise<void> {
    const { rows, findings } = this.#options;
    const told: { agent: Agent; finding: Finding }[] = [];
    for (const agent of await rows.lost(now - lostAfterMs)) {
      const views = await this.#otherViews(agent);
      if (lostAllTogether(views) && now - agent.linkSince < lostAfterMs + togetherGraceMs) continue;
      told.push({ agent, finding: lostFinding(agent, views, now) });
    }
    if (told.length === 0) return;
    // Told first, noted then: a crash between tells twice, which changes nothing, and never forgets.
    await findings.accept(told.map(({ finding }) => finding));
    await rows.found(
      told.map(({ agent }) => agent.id),
      now,
    );
  }

  async #tellEnded(now: number): Promise<void> {
    const { rows, findings } = this.#options;
    const ended = await rows.ended();
    if (ended.length === 0) return;
    await findings.accept(ended.map((agent) => endedFinding(agent, now)));
    for (const agent of ended) await this.#noteVerdict(agent);
    await rows.found(
      ended.map(({ id }) => id),
      null,
    );
  }

  /** What the loss turned out to be, as the last word on the time line of the incident that it was. */
  async #noteVerdict({ organisation, site, link, linkVerdict, linkFoundAt }: Agent): Promise<void> {
    if (link !== 'up' || linkVerdict === '' || linkFoundAt === null) return;
    const { incidents } = this.#options;
    const incident = await incidents.latestOfGroup(organisation, `link:${site}`);
    // Links that were lost in a storm share one incident: there each says it in its finding.
    if (!incident || incident.openedAt < linkFoundAt - toldWithinMs) return;
    await incidents.note(organisation, incident.id, { kind: 'note', actor: '', text: linkVerdict });
  }

  async #otherViews(agent: Agent): Promise<OtherViews> {
    const { rows, signals, logger } = this.#options;
    const neighbours = await rows.neighbours(agent.organisation, agent.linkSince, togetherWithinMs);
    try {
      return { ...neighbours, lastSignalMs: await signals.lastSignalMs(agent.organisation, agent.site) };
    } catch (error) {
      // Without the telemetry store the finding is still due; it says less.
      logger.warn('When a site was last heard is not known', { site: agent.site, error });
      return { ...neighbours, lastSignalMs: undefined };
    }
  }

  /** Ends after the look that is on its way. */
  close(): Promise<void> {
    return this.#loop.close();
  }
}
