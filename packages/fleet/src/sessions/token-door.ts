import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Clock, LruCache } from '@sightline/base';
import type { Agents, FoundAgent } from '@sightline/control';

export const linkPath = '/api/v1/agent/link';

const rememberedAddresses = 10_000;
const wrongPerMinute = 60;
const windowMs = 60_000;
/** An agent that keeps losing its link waits longer each time. What one connection may send counts anew with each: so each counts. */
const connectionsPerMinute = 60;

type Entry = FoundAgent | 'revoked';
interface Turned {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterS?: number;
}

/** Who may come in by the link: known tokens, at a bounded rate of wrong ones for each address. */
export class TokenDoor {
  readonly #agents: Agents;
  readonly #clock: Clock;
  readonly #wrong: LruCache<string, { count: number; sinceMs: number }>;
  readonly #barred: LruCache<string, number>;
  readonly #connected: LruCache<string, { count: number; sinceMs: number }>;

  constructor(agents: Agents, clock: Clock) {
    this.#agents = agents;
    this.#clock = clock;
    this.#wrong = new LruCache(rememberedAddresses, windowMs, clock);
    this.#barred = new LruCache(rememberedAddresses, 3_600_000, clock);
    this.#connected = new LruCache(rememberedAddresses, windowMs, clock);
  }

  /** Keeps an agent out for a while. */
  bar(agent: string, forMs: number): void {
    this.#barred.set(agent, this.#clock.now() + forMs);
  }

  /** True while an address has not tried too many wrong tokens. */
  mayTry(address: string): boolean {
    return (this.#wrong.get(address)?.count ?? 0) < wrongPerMinute;
  }

  countWrong(address: string): void {
    this.#count(this.#wrong, address);
  }

  /** How often it happened within the minute, this time included. */
  #count(times: LruCache<string, { count: number; sinceMs: number }>, who: string): number {
    const now = this.#clock.now();
    const known = times.get(who);
    const next =
      !known || now - known.sinceMs > windowMs ? { count: 1, sinceMs: now } : { ...known, count: known.count + 1 };
    times.set(who, next);
    return next.count;
  }

  /** The agent of a request to open the link, or why it is turned away. */
  async admit(request: IncomingMessage, address: string): Promise<Entry | Turned> {
    if (!this.mayTry(address)) return { ...tooMany, retryAfterS: 60 };
    const token = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return noToken;
    const found = await this.#agents.findByToken(token);
    if (found === undefined) {
      this.countWrong(address);
      return unknownToken;
    }
    if (found === 'revoked') {
      // It comes once and stays away; who tries on counts as one who guesses.
      this.countWrong(address);
      return found;
    }
    const waitS = Math.ceil(((this.#barred.get(found.id) ?? 0) - this.#clock.now()) / 1000);
    if (waitS > 0) return { ...sentAway, retryAfterS: waitS };
    return this.#count(this.#connected, found.id) > connectionsPerMinute
      ? { ...tooManyConnections, retryAfterS: 60 }
      : found;
  }
}

export function isTurned(answer: Entry | Turned): answer is Turned {
  return typeof answer === 'object' && 'status' in answer;
}

const noToken: Turned = {
  status: 401,
  title: 'No token',
  detail: 'The link is opened with the header Authorization: Bearer and the token that enrolment gave the agent.',
};
const unknownToken: Turned = {
  status: 401,
  title: 'Unknown token',
  detail: "This agent's token is not known here. Check --server, or enrol the site again from Settings → Agents.",
};
const tooMany: Turned = {
  status: 429,
  title: 'Too many wrong tokens',
  detail: 'This address tried too many tokens that are not known.',
};
const tooManyConnections: Turned = {
  status: 429,
  title: 'Too many connections',
  detail: `This agent opened the link more than ${connectionsPerMinute} times within a minute.`,
};
const sentAway: Turned = {
  status: 429,
  title: 'Sent away for a while',
  detail: 'This agent sent more than an agent has reason to. It may come again later.',
};

/** Answers a request for an upgrade over HTTP instead, as problem+json (RFC 9457), and closes the connection. */
export function turnAway(socket: Duplex, { status, title, detail, retryAfterS }: Turned): void {
  const body = JSON.stringify({ type: 'about:blank', title, status, detail });
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(status === 401 ? ['WWW-Authenticate: Bearer realm="Sightline"'] : []),
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
