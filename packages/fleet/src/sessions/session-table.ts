import type { Agents, AgentSeen, Audit } from '@sightline/control';
import type { Clock, Logger } from '@sightline/base';
import type { Finding, FindingSink } from '@sightline/record';
import type { AgentMessage, AgentScrapeTarget, MonitorOrder, MonitorResult } from '../messages/index.ts';
import { linkProtocol } from '../messages/index.ts';
import type { OpenRequests } from '../requests/open-requests.ts';
import { judgeLoss } from '../watch/judge-loss.ts';
import type { Hello, LinkSession, SessionEvents } from './link-session.ts';
import { TwoPlaces } from './two-places.ts';

/** Monitors that run on agents; filled by the part that judges them. */
export interface AgentMonitors {
  /** What the agents of a site are to run. */
  ordersFor(organisation: string, site: string): Promise<readonly MonitorOrder[]>;
  /** Takes results, timed by a clock that is `skewMs` ahead of ours; telling one twice changes nothing. Throws only when it could not be kept: they come again. */
  accept(organisation: string, site: string, results: readonly MonitorResult[], skewMs: number): Promise<void>;
}

export interface SessionTableOptions {
  readonly agents: Agents;
  readonly audit: Audit;
  readonly findings: FindingSink;
  readonly monitors: AgentMonitors | undefined;
  readonly requests: OpenRequests;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when an agent was sent away for a while. */
  readonly barred: (agent: string, forMs: number) => void;
}

/** How often an agent says that it lives, ms. */
export const heartbeatMs = 15_000;
const missedHeartbeats = 3;
/** What a replaced or flooding agent waits before it comes again. */
const replacedRetryMs = 60_000;
const floodRetryMs = 120_000;
/** Findings about tokens and floods count as over when they were not seen for this long. */
const troubleLastsMs = 3_600_000;

/** What one agent scrapes, as it said last; times are the server's clock's. */
export interface ScrapeReport {
  readonly agent: string;
  readonly site: string;
  readonly targets: readonly AgentScrapeTarget[];
  readonly omitted: number;
}

/** The agents that are connected to this server, and what becomes of what they send. */
export class SessionTable implements SessionEvents {
  readonly #options: SessionTableOptions;
  readonly #byAgent = new Map<string, LinkSession>();
  readonly #sessions = new Set<LinkSession>();
  readonly #orders = new WeakMap<LinkSession, string>();
  readonly #twoPlaces: TwoPlaces;
  /** What agents said last of their targets. */
  readonly #scraped = new Map<LinkSession, ScrapeReport>();
  #seen = new Map<string, AgentSeen>();
  #stopping = false;

  constructor(options: SessionTableOptions) {
    this.#options = options;
    this.#twoPlaces = new TwoPlaces(options.clock);
  }

  /** Connections, those that have not said hello included. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The open session of an agent on this server. */
  of(agent: string): LinkSession | undefined {
    const session = this.#byAgent.get(agent);
    return session?.open === true ? session : undefined;
  }

  add(session: LinkSession): void {
    this.#sessions.add(session);
  }

  async hello(session: LinkSession, hello: Hello): Promise<boolean> {
    const { agents, clock, logger, monitors } = this.#options;
    const { agent, organisation, site, address } = session.owner;
    const receivedAt = clock.now();
    const before = await agents.linkUp(
      agent,
      session.id,
      { version: hello.version, facts: hello.facts, policy: hello.policy, spool: hello.spool, address },
      (was) => judgeLoss(was, hello, receivedAt),
    );
    if (!before) {
      session.bye('revoked', 0);
      return false;
    }
    // The newest connection has the link: the one before may be dead without knowing.
    this.#byAgent.get(agent)?.bye('replaced', replacedRetryMs);
    if (session.ended.aborted) {
      await agents.linkDown(agent, session.id, clock.now());
      return false;
    }
    this.#byAgent.set(agent, session);
    await this.#lookForTwoPlaces(session, hello);
    const orders = (await monitors?.ordersFor(organisation, site)) ?? [];
    this.#orders.set(session, JSON.stringify(orders));
    session.send({
      type: 'welcome',
      protocol: linkProtocol,
      agent,
      organisation,
      site,
      heartbeatMs,
      now: clock.now(),
      echo: hello.sentAt,
      monitors: [...orders],
    });
    logger.info('Agent connected', { agent, site, address, version: hello.version });
    return true;
  }

  message(session: LinkSession, message: Exclude<AgentMessage, { type: 'hello' }>): boolean {
    const { clock, requests } = this.#options;
    switch (message.type) {
      case 'heartbeat':
        session.readClock(message.sentAt);
        this.#note(session, { spool: message.spool, policy: message.policy });
        session.send({ type: 'pong', echo: message.sentAt, now: clock.now(), skewMs: session.skew.medianMs });
        return false;
      case 'containers':
        this.#note(session, { containers: message.containers });
        return false;
      case 'scrape-targets':
        this.#note(session, {});
        this.#scraped.set(session, reportOf(session, message));
        return false;
      case 'results':
        // Whoever says anything at all is asked for at the next flush: an agent that was revoked elsewhere must not stay by keeping its heartbeats back.
        this.#note(session, {});
        void this.#takeResults(session, message.batch, message.results);
        return false;
      case 'answer':
        this.#note(session, {});
        return requests.take(session, message);
    }
  }

  /** What the connected agents of an organisation scrape. */
  scraped(organisation: string): ScrapeReport[] {
    return [...this.#scraped]
      .filter(([session]) => session.open && session.owner.organisation === organisation)
      .map(([, report]) => report);
  }

  #note(session: LinkSession, more: Pick<AgentSeen, 'spool' | 'policy' | 'containers'>): void {
    const skew = session.skew.medianMs;
    this.#seen.set(session.id, {
      ...this.#seen.get(session.id),
      agent: session.owner.agent,
      session: session.id,
      at: this.#options.clock.now(),
      ...(skew === null ? {} : { clockSkewMs: skew }),
      ...more,
    });
  }

  async #takeResults(session: LinkSession, batch: number, results: readonly MonitorResult[]): Promise<void> {
    const { monitors, logger } = this.#options;
    const { organisation, site } = session.owner;
    try {
      await monitors?.accept(organisation, site, results, session.skew.medianMs ?? 0);
      session.send({ type: 'checked', batch });
    } catch (error) {
      // Not confirmed: the agent sends them again.
      logger.warn('Results of monitors could not be kept', { site, results: results.length, error });
    }
  }

  async #lookForTwoPlaces(session: LinkSession, hello: Hello): Promise<void> {
    const { agent, site, address } = session.owner;
    const run = { host: hello.facts.host, startedAt: hello.startedAt, address };
    const other = this.#twoPlaces.seen(agent, run);
    if (!other) return;
    await this.#trouble(session, {
      action: 'agent.two-places',
      title: `The token of ${site}'s agent is used in two places`,
      summary: `${hello.facts.host} at ${address} and ${other.host} at ${other.address} take the link from each other. If only one is yours, revoke the agent and enrol again.`,
    });
  }

  flooded(session: LinkSession): void {
    const { site, agent } = session.owner;
    session.bye('flooding', floodRetryMs);
    this.#options.barred(agent, floodRetryMs);
    void this.#trouble(session, {
      action: 'agent.flooding',
      title: `${site}'s agent floods the link`,
      summary: `It sent more frames than an agent has reason to, from ${session.owner.address}. It was sent away for ${floodRetryMs / 60_000} min.`,
    });
  }

  /**
   * Tells people that something is wrong with an agent itself. The site stands in the title only: a label `site` would make
   * a link's finding of it, which silences what else the site has to say.
   */
  async #trouble(session: LinkSession, about: { action: string; title: string; summary: string }): Promise<void> {
    const { audit, findings, clock, logger } = this.#options;
    const { agent, organisation, address, name, site } = session.owner;
    const now = clock.now();
    const finding: Finding = {
      organisation,
      source: 'link',
      sourceId: agent,
      state: 'firing',
      severity: 'high',
      title: about.title,
      summary: about.summary,
      labels: { agent, trouble: about.action },
      annotations: { agent: name, address },
      value: null,
      threshold: null,
      unit: '',
      link: '/settings?tab=agents',
      sinceMs: now,
      atMs: now,
      expiresAtMs: now + troubleLastsMs,
      policy: '',
      runbook: '',
    };
    try {
      await audit.append(
        organisation,
        { name, address },
        { action: about.action, subject: site, detail: about.summary },
      );
      await findings.accept([finding]);
    } catch (error) {
      logger.error('Trouble with an agent could not be told', { agent, site, trouble: about.action, error });
    }
  }

  closed(session: LinkSession, why: string): void {
    const { agents, clock, logger } = this.#options;
    const { agent, site } = session.owner;
    this.#sessions.delete(session);
    this.#scraped.delete(session);
    if (this.#byAgent.get(agent) !== session) return;
    this.#byAgent.delete(agent);
    logger.info('Agent disconnected', { agent, site, why });
    // While we stop, the agents are well: they find another server or us again, and the watch knows that we were away.
    if (this.#stopping) return;
    const silentForMs = clock.now() - session.heardAtMs;
    const at = silentForMs > 2 * heartbeatMs ? session.heardAtMs : clock.now();
    agents.linkDown(agent, session.id, at).catch((error: unknown) => {
      // The watch finds it by its silence.
      logger.warn('The end of a link could not be written', { agent, error });
    });
  }

  /** Ends sessions that were not heard for three heartbeats. */
  endSilent(): void {
    const silentSince = this.#options.clock.now() - missedHeartbeats * heartbeatMs;
    for (const session of this.#sessions) {
      if (session.open && session.heardAtMs < silentSince) session.terminate('three heartbeats missed');
    }
  }

  /** Writes the heartbeats that wait; sessions that lost their agent's link elsewhere are told so. */
  async flush(): Promise<void> {
    const { agents } = this.#options;
    const seen = this.#seen;
    if (seen.size === 0) return;
    this.#seen = new Map();
    let still: ReadonlySet<string>;
    try {
      still = await agents.saw([...seen.values()]);
    } catch (error) {
      for (const [id, one] of seen) this.#seen.set(id, { ...one, ...this.#seen.get(id) });
      throw error;
    }
    for (const session of this.#byAgent.values()) {
      if (!seen.has(session.id) || still.has(session.id)) continue;
      session.bye(await agents.whyLost(session.owner.agent), replacedRetryMs);
    }
  }

  /** Tells agents whose monitors changed what to run now. */
  async tellOrders(): Promise<void> {
    const { monitors } = this.#options;
    if (!monitors) return;
    for (const session of this.#byAgent.values()) {
      if (!session.open) continue;
      const { organisation, site } = session.owner;
      const orders = await monitors.ordersFor(organisation, site);
      const text = JSON.stringify(orders);
      if (this.#orders.get(session) === text) continue;
      this.#orders.set(session, text);
      session.send({ type: 'monitors', monitors: [...orders] });
    }
  }

  /** Ends the session of an agent that was revoked here. */
  revoked(agent: string): void {
    this.#byAgent.get(agent)?.bye('revoked', 0);
  }

  /** Says goodbye to all, spread over ten seconds so that they do not come back in one moment; resolves when all are gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const closed = [...this.#sessions].map(async (session) => {
      session.bye('stopping', Math.round(500 + Math.random() * 9500));
      return session.gone;
    });
    await Promise.all(closed);
  }
}

/** An agent's targets are its site's, whatever their labels say. */
function reportOf(
  session: LinkSession,
  { targets, omitted }: Extract<AgentMessage, { type: 'scrape-targets' }>,
): ScrapeReport {
  const { name, site } = session.owner;
  const skewMs = session.skew.medianMs ?? 0;
  return {
    agent: name,
    site,
    omitted,
    targets: targets.map((target) => ({
      ...target,
      labels: { ...target.labels, site },
      lastScrapeAt: target.lastScrapeAt === null ? null : target.lastScrapeAt - skewMs,
    })),
  };
}
