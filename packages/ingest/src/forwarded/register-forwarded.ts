import type { IncomingMessage } from 'node:http';
import type { Clock, Logger, Result } from '@sightline/base';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { findKey } from '../find-key.ts';
import type { Ledger } from '../ledger.ts';
import { BodyReader } from '../receive-http.ts';
import type { Refused } from '../receive.ts';
import type { Spool } from '../spool/spool.ts';
import { unpackBody } from '../unpack-body.ts';
import { acceptBatch, type ForwardingAgent } from './accept-batch.ts';
import type { AcceptedFrames } from './accepted-frames.ts';
import { forwardBatchLimitBytes, forwardPath, type ForwardReply, readBatch, sentAtHeader } from './batch.ts';
import { skewOf } from './clock-skew.ts';

/** Who knows the agents; the control plane fills this. */
export interface ForwardingAgents {
  /** What a token opens; `revoked`: it was good once. Must be quick: it is asked per request. */
  findByToken(token: string): Promise<ForwardingAgent | 'revoked' | undefined>;
}

export interface ForwardedParts {
  readonly spool: Pick<Spool, 'append' | 'refusal' | 'status'>;
  readonly accepted: AcceptedFrames;
  readonly agents: ForwardingAgents;
  readonly ledger: Pick<Ledger, 'received' | 'answered'>;
  /** How long samples of metrics are kept; older ones are refused. Default 30 days. */
  readonly metricsKeptMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Answer {
  readonly status: number;
  readonly body: ForwardReply | { readonly message: string };
  readonly retryAfterS?: number;
}

/** Backlogs wait while what is received is this far from its table: data of now goes first. */
const backlogWaitsFromMs = 5000;
/** Requests of one agent that may be on their way: bodies that come slowly must not take the memory of all. */
const requestsLimit = 5;
/** Batches of one agent that may wait for each other. An agent sends one at a time; more are left over from cut links. */
const waitingLimit = 4;

/**
 * `POST /api/v1/agent/forward`: batches from agents' spools (`batch.ts`), bearer: the agent's token. 200 with a `ForwardReply`;
 * 400 for what is no batch, 422 for one with a broken frame, 401 and 403 for tokens unknown and revoked, 413, 415; 429 and 503 with Retry-After when the agent shall
 * come again with the same.
 */
export async function registerForwarded(app: FastifyInstance, parts: ForwardedParts): Promise<void> {
  await app.register(async (scope) => {
    const bodies = new BodyReader({ limits: { inFlightBytes: 8 * forwardBatchLimitBytes } });
    const door = new ForwardedDoor(parts);
    // Before the body: a thin line takes its time with it, and who is no agent must not fill the memory that is for them.
    const begun = new WeakMap<FastifyRequest, { readonly atMs: number; readonly agent: ForwardingAgent }>();
    const send = (reply: FastifyReply, { status, body, retryAfterS }: Answer): FastifyReply => {
      parts.ledger.answered('agent', status);
      void reply.code(status);
      if (retryAfterS !== undefined) void reply.header('retry-after', String(retryAfterS));
      return reply.send(body);
    };
    scope.addHook('onRequest', async (request, reply) => {
      const atMs = parts.clock.now();
      const known = await door.authenticate(request);
      if ('status' in known) return send(reply.header('connection', 'close'), known);
      if (!door.enter(known.id))
        return send(
          reply.header('connection', 'close'),
          refuse(429, 'other batches of this agent are still on their way', 2),
        );
      reply.raw.once('close', () => door.leave(known.id));
      begun.set(request, { atMs, agent: known });
      return undefined;
    });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
      bodies.read(payload, forwardBatchLimitBytes),
    );
    scope.route({
      method: 'POST',
      url: forwardPath,
      bodyLimit: Number.MAX_SAFE_INTEGER,
      logLevel: 'silent',
      handler: async (request, reply) => {
        try {
          return await send(reply, await door.take(request, begun.get(request)));
        } finally {
          bodies.release(request.raw);
        }
      },
    });
  });
}

class ForwardedDoor {
  readonly #parts: ForwardedParts;
  /** The last batch of each agent: they are worked on one after the other, or one sent twice would be kept twice. */
  readonly #turns = new Map<string, { last: Promise<unknown>; waiting: number }>();

  readonly #onTheirWay = new Map<string, number>();

  constructor(parts: ForwardedParts) {
    this.#parts = parts;
  }

  /** False when too many requests of an agent are on their way; else `leave` must follow when this one is over. */
  enter(agent: string): boolean {
    const before = this.#onTheirWay.get(agent) ?? 0;
    if (before >= requestsLimit) return false;
    this.#onTheirWay.set(agent, before + 1);
    return true;
  }

  leave(agent: string): void {
    const left = (this.#onTheirWay.get(agent) ?? 1) - 1;
    if (left > 0) this.#onTheirWay.set(agent, left);
    else this.#onTheirWay.delete(agent);
  }

  /** Never throws: an exception is our bug and ends as 500, after which the agent comes again. */
  async take(
    request: FastifyRequest,
    begun: { readonly atMs: number; readonly agent: ForwardingAgent } | undefined,
  ): Promise<Answer> {
    try {
      if (!begun) return refuse(401, 'an agent token is needed as "Authorization: Bearer <token>"');
      const saidMs = Number(request.headers[sentAtHeader] ?? Number.NaN) - begun.atMs;
      const agent = { ...begun.agent, clockSkewMs: skewOf(begun.agent.clockSkewMs, saidMs) };
      return await this.#inTurn(agent.id, () => this.#accept(agent, request));
    } catch (error) {
      this.#parts.logger.error('a forwarded batch ended in an exception', { error });
      return { status: 500, body: { message: 'internal error' }, retryAfterS: 5 };
    }
  }

  /** The agent of a request, or how it is refused. Never throws. */
  async authenticate(request: FastifyRequest): Promise<ForwardingAgent | Answer> {
    const token = findKey({ authorization: request.headers.authorization ?? '' });
    if (token === undefined || token.length > 512)
      return refuse(401, 'an agent token is needed as "Authorization: Bearer <token>"');
    let agent;
    try {
      agent = await this.#parts.agents.findByToken(token);
    } catch (error) {
      this.#parts.logger.warn('an agent token could not be checked', { error });
      return refuse(503, 'tokens cannot be checked at the moment', 5);
    }
    if (agent === 'revoked') return refuse(403, 'the token of this agent was revoked; enrol the agent again');
    return agent ?? refuse(401, 'the agent token is not known');
  }

  async #accept(agent: ForwardingAgent, request: FastifyRequest): Promise<Answer> {
    const { spool, accepted } = this.#parts;
    const full = spool.refusal();
    if (full) return refuse(503, full.message, full.retryAfterS);
    if (!accepted.hasRoom(agent.id)) return refuse(429, 'too many segments of this agent are open', 30);
    const body = (request.body as Result<Buffer, Refused> | undefined) ?? { ok: true, value: Buffer.alloc(0) };
    if (!body.ok) return refuse(body.error.status, body.error.message, body.error.retryAfterS);
    const plain = await unpackBody(body.value, request.headers['content-encoding'], forwardBatchLimitBytes);
    if (!plain.ok) return refuse(plain.error.status, plain.error.message);
    const batch = readBatch(plain.value);
    if ('message' in batch) return refuse(batch.frameBroken ? 422 : 400, batch.message);
    if (batch.backlog && this.#lagMs() > backlogWaitsFromMs)
      return refuse(429, 'the server is behind; what waited may wait a little longer', 3);
    const ending = await acceptBatch(this.#parts, agent, batch);
    return 'kind' in ending ? refuse(503, ending.message, ending.retryAfterS) : { status: 200, body: ending };
  }

  #lagMs(): number {
    const { oldestAtMs } = this.#parts.spool.status();
    return oldestAtMs === undefined ? 0 : this.#parts.clock.now() - oldestAtMs;
  }

  async #inTurn(agent: string, work: () => Promise<Answer>): Promise<Answer> {
    const turn = this.#turns.get(agent) ?? { last: Promise.resolve(), waiting: 0 };
    if (turn.waiting >= waitingLimit) return refuse(429, 'batches of this agent are still being worked on', 2);
    this.#turns.set(agent, turn);
    turn.waiting++;
    const mine = turn.last.then(work);
    turn.last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      turn.waiting--;
      if (turn.waiting === 0) this.#turns.delete(agent);
    }
  }
}

function refuse(status: number, message: string, retryAfterS?: number): Answer {
  return { status, body: { message }, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
}
