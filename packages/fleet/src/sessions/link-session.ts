import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, ok, type Result } from '@sightline/base';
import type { RawData, WebSocket } from 'ws';
import { agentMessage, type AgentMessage, linkProtocol, type ServerMessage } from '../messages/index.ts';
import { ClockSkew, longestRoundTripMs } from './clock-skew.ts';
import { FloodGate, type FloodLimits } from './flood-gate.ts';

export type Hello = Extract<AgentMessage, { type: 'hello' }>;
type Bye = Extract<ServerMessage, { type: 'bye' }>;
type AfterHello = Exclude<AgentMessage, { type: 'hello' }>;

/** Whose connection it is, proven by the token before the connection was taken. */
export interface SessionOwner {
  readonly agent: string;
  readonly organisation: string;
  readonly site: string;
  readonly name: string;
  readonly address: string;
}

/** What becomes of a session's frames. */
export interface SessionEvents {
  /** Answers true when the agent may stay; frames wait until then. */
  hello(session: LinkSession, hello: Hello): Promise<boolean>;
  /** Answers true for a frame that we had asked for: it costs the agent nothing. */
  message(session: LinkSession, message: AfterHello): boolean;
  flooded(session: LinkSession): void;
  /** Once, however it ended. */
  closed(session: LinkSession, why: string): void;
}

export interface SessionParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly flood: FloodLimits;
  readonly events: SessionEvents;
}

const helloWithinMs = 10_000;
const closeWithinMs = 1000;
const waitingFramesLimit = 64;
/** What an agent that does not read may make us hold. */
const unsentLimitBytes = 2 * 1024 * 1024;
const knownTypes: ReadonlySet<string> = new Set(agentMessage.options.map(({ shape }) => shape.type.value));

/**
 * One WebSocket of one agent. Holds the agent to the protocol: the hello first and within 10 s, frames that fit, not too
 * many of them, and that it reads what it is sent. What the frames mean is `events`' matter.
 */
export class LinkSession {
  readonly id = randomUUID();
  readonly owner: SessionOwner;
  readonly skew = new ClockSkew();
  readonly #socket: WebSocket;
  readonly #parts: SessionParts;
  readonly #gate: FloodGate;
  readonly #ended = new AbortController();
  readonly #gone = Promise.withResolvers<void>();
  #state: 'awaiting-hello' | 'greeting' | 'open' | 'ended' = 'awaiting-hello';
  #waiting: AfterHello[] = [];
  #heardAtMs: number;
  /** A reading of the site's clock whose round trip is being measured. */
  #reading: { sentAtMs: number; receivedAtMs: number; pingedAtMs: number } | undefined;

  constructor(socket: WebSocket, owner: SessionOwner, parts: SessionParts) {
    this.owner = owner;
    this.#socket = socket;
    this.#parts = parts;
    this.#gate = new FloodGate(parts.flood, parts.clock);
    this.#heardAtMs = parts.clock.now();
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => this.#measured());
    // Oversize and broken frames end here as well; `close` follows.
    socket.on('error', (error) => this.#end(`connection fault: ${error.message}`));
    socket.on('ping', () => {
      if (!this.#gate.pass(0)) this.#parts.events.flooded(this);
    });
    socket.on('close', (code, reason) => {
      this.#end(`closed with ${code} ${reason.toString('utf8').slice(0, 100)}`);
      this.#gone.resolve();
    });
    void this.#endWithoutHello();
  }

  /** When the last frame came, by our clock. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  /** Aborts when the session has ended. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves when the connection is closed. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Sends one frame; an agent that reads too slowly loses its link instead of our memory. */
  send(message: ServerMessage): void {
    if (this.#state === 'ended') return;
    if (this.#socket.bufferedAmount > unsentLimitBytes) return this.terminate('it does not read what it is sent');
    this.#socket.send(JSON.stringify(message));
  }

  /** Says goodbye and closes; the agent knows from `why` whether and when to come again. */
  bye(why: Bye['why'], retryAfterMs: number): void {
    this.send({ type: 'bye', why, retryAfterMs });
    this.#close(why === 'stopping' ? 1001 : 1008, why);
    this.#end(`bye: ${why}`);
  }

  /** The peer has a second to close its side. */
  #close(code: number, reason: string): void {
    this.#socket.close(code, reason.slice(0, 120));
    const overdue = new AbortController();
    void this.#gone.promise.then(() => overdue.abort());
    void this.#parts.clock.sleep(closeWithinMs, overdue.signal).then(() => this.#socket.terminate());
  }

  /** Drops the connection without a word. */
  terminate(why: string): void {
    this.#socket.terminate();
    this.#end(why);
  }

  /** Notes what the site's clock said just now, and measures the round trip that belongs to it. */
  readClock(sentAtMs: number): void {
    const now = this.#parts.clock.now();
    // One ping at a time: an agent may take many of them for an attack.
    if (this.#reading && now - this.#reading.pingedAtMs < longestRoundTripMs) return;
    this.#reading = { sentAtMs, receivedAtMs: now, pingedAtMs: now };
    if (this.#state !== 'ended') this.#socket.ping();
  }

  #measured(): void {
    const reading = this.#reading;
    this.#reading = undefined;
    if (reading) this.skew.add(reading.sentAtMs, reading.receivedAtMs, this.#parts.clock.now() - reading.pingedAtMs);
  }

  async #endWithoutHello(): Promise<void> {
    await this.#parts.clock.sleep(helloWithinMs, this.#ended.signal);
    if (this.#state === 'awaiting-hello') this.#refuse('no hello came within 10 s');
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state === 'ended') return;
    const bytes = data as Buffer;
    if (!this.#gate.pass(bytes.length)) return this.#parts.events.flooded(this);
    this.#heardAtMs = this.#parts.clock.now();
    const read = isBinary ? undefined : readFrame(bytes);
    if (!read) return this.#refuse('a frame must be a text of JSON');
    if (!read.ok) {
      if (read.error === 'unknown') return;
      if (read.error === 'protocol') return this.bye('protocol', 3_600_000);
      return this.#refuse(read.error);
    }
    if (read.value.type === 'hello') return this.#greet(read.value);
    if (this.#state === 'awaiting-hello') return this.#refuse('the first frame must be a hello');
    if (this.#state === 'open') {
      if (this.#parts.events.message(this, read.value)) this.#gate.refund(bytes.length);
      return;
    }
    this.#waiting.push(read.value);
    if (this.#waiting.length > waitingFramesLimit) this.#parts.events.flooded(this);
  }

  #greet(hello: Hello): void {
    if (this.#state !== 'awaiting-hello') return this.#refuse('a second hello');
    this.#state = 'greeting';
    this.readClock(hello.sentAt);
    this.#parts.events.hello(this, hello).then(
      (stays) => {
        if (!stays || this.#state !== 'greeting') return;
        this.#state = 'open';
        for (const message of this.#waiting.splice(0)) this.#parts.events.message(this, message);
      },
      (error: unknown) => {
        this.#parts.logger.warn('An agent could not be greeted', { agent: this.owner.agent, error });
        this.bye('stopping', 5000);
      },
    );
  }

  /** Against the protocol: 1008 and the reason (RFC 6455, 7.4.1). */
  #refuse(reason: string): void {
    this.#parts.logger.warn('An agent broke the protocol of the link', { ...this.owner, reason });
    this.#close(1008, reason);
    this.#end(reason);
  }

  #end(why: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#waiting = [];
    this.#ended.abort();
    this.#parts.events.closed(this, why);
  }
}

function readFrame(bytes: Buffer): Result<AgentMessage, string> | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const { type, protocol } = (raw ?? {}) as { type?: unknown; protocol?: unknown };
  // A later protocol's hello may have another shape: it is asked for its number first.
  if (type === 'hello' && typeof protocol === 'number' && protocol !== linkProtocol && protocol !== linkProtocol - 1)
    return { ok: false, error: 'protocol' };
  if (typeof type === 'string' && !knownTypes.has(type)) return { ok: false, error: 'unknown' };
  const read = agentMessage.safeParse(raw);
  if (read.success) return ok(read.data);
  const issue = read.error.issues[0];
  return {
    ok: false,
    error: `${typeof type === 'string' ? type : 'frame'}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  };
}
