import type { Agent } from 'node:http';
import type { Clock, Logger } from '@sightline/base';
import type { AgentMessage, ServerMessage } from '@sightline/fleet/messages';
import { openSession, type Ending, type Session } from './session.ts';

/** Waits between two tries: full jitter under a ceiling that doubles. */
const firstDelayMs = 1000;
const maxDelayMs = 60_000;
/** A token that the server does not know may be the server's mistake (a restored copy): asked again, but rarely. */
const refusedDelayMs = 5 * 60_000;
/** Two agents with one token would push each other out without end. */
const replacedDelayMs = 2 * 60_000;
/** A session that lived this long was a good one: the next try comes soon. */
const goodSessionMs = 30_000;

type Hello = Extract<AgentMessage, { type: 'hello' }>;
type Welcome = Extract<ServerMessage, { type: 'welcome' }>;

export interface LinkOptions {
  /** `http://` or `https://`, without the path. */
  readonly server: string;
  readonly token: string;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Goes through the site's proxy where there is one; undefined for a direct connection. */
  readonly httpAgent?: Agent | undefined;
  /** What the agent says of itself at this moment; `sentAt` included. */
  readonly hello: () => Promise<Hello>;
  readonly heartbeat: () => Extract<AgentMessage, { type: 'heartbeat' }>;
  readonly onUp: (welcome: Welcome) => void;
  /** Everything but welcome, pong and bye. */
  readonly onMessage: (message: ServerMessage) => void;
  /** An answered heartbeat, with the skew (site clock minus the server's, milliseconds). */
  readonly onPong: (skewMs: number) => void;
  /** The link was up and is no more; `stopped`: because we were told to stop. */
  readonly onDown: (why: string, stopped: boolean) => void;
  /** 0 to 1. */
  readonly random?: () => number;
}

export interface LinkState {
  readonly state: 'connecting' | 'up' | 'revoked';
  /** Why it is not up, for people; '' while it is. */
  readonly why: string;
}

/** The agent's side of the link: one WebSocket that it opens, and opens again. */
export interface Link {
  state(): LinkState;
  /** False when the link is down or cannot take more: whoever sends must keep what may not be lost. */
  send(message: AgentMessage): boolean;
  /** Sends a heartbeat now: what it says has changed. */
  beat(): void;
  /** Ends the link for good, within a second. */
  close(why: string): Promise<void>;
}

/** Starts to connect. Never gives up, save when the agent's token is revoked: then it says so and stays down. */
export function startLink(options: LinkOptions): Link {
  return new RunningLink(options);
}

class RunningLink implements Link {
  readonly #options: LinkOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #session: Session | undefined;
  #state: LinkState = { state: 'connecting', why: 'not connected yet' };
  #failures = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  state(): LinkState {
    return this.#state;
  }

  send(message: AgentMessage): boolean {
    return this.#session?.send(message) ?? false;
  }

  beat(): void {
    this.#session?.beat();
  }

  async close(why: string): Promise<void> {
    this.#stop.abort();
    this.#session?.end(why);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    while (!this.#stop.signal.aborted) {
      const startedMs = clock.now();
      const ending = await this.#once();
      if (this.#stop.signal.aborted) return;
      if (ending.kind === 'revoked') {
        this.#state = { state: 'revoked', why: ending.why };
        logger.error(
          `${ending.why} What is received is kept; nothing can be asked of this site. Enrol it again with a new one-time token (--token).`,
        );
        return;
      }
      const lived = ending.kind === 'lost' && ending.welcomed && clock.now() - startedMs >= goodSessionMs;
      this.#failures = lived ? 0 : this.#failures + 1;
      const delayMs = this.#delayAfter(ending);
      this.#state = { state: 'connecting', why: ending.why };
      logger.warn(`no link: ${ending.why}`, { retryInS: Math.round(delayMs / 100) / 10 });
      await clock.sleep(delayMs, this.#stop.signal);
    }
  }

  /** One connection from its opening to its end. */
  async #once(): Promise<Ending> {
    const { onUp, onDown, logger } = this.#options;
    const ending = await openSession(this.#options, this.#stop.signal, (session, welcome) => {
      this.#session = session;
      this.#state = { state: 'up', why: '' };
      logger.info('link is up', { site: welcome.site, organisation: welcome.organisation, agent: welcome.agent });
      onUp(welcome);
    });
    const wasUp = this.#session !== undefined;
    this.#session = undefined;
    if (wasUp) onDown(ending.why, this.#stop.signal.aborted);
    return ending;
  }

  #delayAfter(ending: Ending): number {
    const random = this.#options.random ?? Math.random;
    const ceilingMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(10, Math.max(0, this.#failures - 1)));
    const jitteredMs = 50 + random() * ceilingMs;
    if (ending.kind === 'refused') return refusedDelayMs * (0.5 + random());
    if (ending.kind === 'replaced') return Math.max(ending.retryAfterMs, replacedDelayMs * (0.5 + random()));
    return Math.max(ending.retryAfterMs, jitteredMs);
  }
}
