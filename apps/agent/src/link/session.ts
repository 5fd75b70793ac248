import { agentMessage, linkFrameLimitBytes, linkProtocol, serverMessage } from '@sightline/fleet/messages';
import type { AgentMessage, ServerMessage } from '@sightline/fleet/messages';
import { WebSocket, type RawData } from 'ws';
import type { LinkOptions } from './link.ts';

/** How a connection ended, and what that means for the next. `why` is a sentence's worth for people. */
export type Ending =
  | { readonly kind: 'lost'; readonly why: string; readonly retryAfterMs: number; readonly welcomed: boolean }
  | { readonly kind: 'refused'; readonly why: string; readonly retryAfterMs: number }
  | { readonly kind: 'replaced'; readonly why: string; readonly retryAfterMs: number }
  | { readonly kind: 'revoked'; readonly why: string; readonly retryAfterMs: number };

type Welcome = Extract<ServerMessage, { type: 'welcome' }>;
type Bye = Extract<ServerMessage, { type: 'bye' }>;

const handshakeMs = 10_000;
/** Heartbeats without an answer after which the link is taken for dead. */
const missedLimit = 3;
/** What may wait in memory for a slow line; sends beyond it are refused. */
const waitingLimitBytes = 16 * 1024 * 1024;

/** One welcomed connection. */
export interface Session {
  send(message: AgentMessage): boolean;
  /** Sends a heartbeat out of turn. */
  beat(): void;
  /** Closes it on our side; `why` is told to the server. */
  end(why: string): void;
}

/**
 * Opens one connection: upgrade, hello, welcome, then heartbeats until it ends. Resolves when it has ended, and never
 * rejects. `welcomed` is called once, when the server has let us in.
 */
export function openSession(
  options: LinkOptions,
  stop: AbortSignal,
  welcomed: (session: Session, welcome: Welcome) => void,
): Promise<Ending> {
  return new Promise((resolve) => new OpenSession(options, stop, welcomed, resolve));
}

class OpenSession implements Session {
  readonly #options: LinkOptions;
  readonly #socket: WebSocket;
  readonly #welcomed: (session: Session, welcome: Welcome) => void;
  readonly #over = new AbortController();
  readonly #resolve: (ending: Ending) => void;
  #welcome: Welcome | undefined;
  #missed = 0;
  /** What we know of the end before the socket tells of it. */
  #ending: Ending | undefined;

  constructor(
    options: LinkOptions,
    stop: AbortSignal,
    welcomed: (session: Session, welcome: Welcome) => void,
    resolve: (ending: Ending) => void,
  ) {
    this.#options = options;
    this.#welcomed = welcomed;
    this.#resolve = resolve;
    const { server, token, version, httpAgent } = options;
    const socket = new WebSocket(`${server.replace(/^http/, 'ws')}/api/v1/agent/link`, {
      headers: { authorization: `Bearer ${token}`, 'user-agent': `sightline-agent/${version}` },
      // Frames are small and rare; a deflate context would cost more memory than all of them.
      perMessageDeflate: false,
      maxPayload: linkFrameLimitBytes,
      handshakeTimeout: handshakeMs,
      ...(httpAgent && { agent: httpAgent }),
    });
    this.#socket = socket;
    const stopped = (): void => this.end('the agent was stopped');
    stop.addEventListener('abort', stopped, { once: true });
    socket.on('open', () => void this.#sayHello());
    socket.on('message', (data, binary) => this.#receive(data, binary));
    socket.on('unexpected-response', (_, response) => {
      this.#ending = endingOf(response.statusCode ?? 0, response.headers['retry-after'], server);
      response.resume();
      socket.terminate();
    });
    // 'close' follows each error; an error without one knows nothing better.
    socket.on('error', (error) => (this.#ending ??= this.#lost(errorText(error))));
    socket.on('close', (code, reason) => {
      stop.removeEventListener('abort', stopped);
      this.#over.abort();
      const said = reason.toString() || (code === 1006 ? 'the connection broke' : `closed with ${code}`);
      this.#resolve(this.#ending ?? this.#lost(said));
    });
  }

  send(message: AgentMessage): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN || this.#socket.bufferedAmount > waitingLimitBytes) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  beat(): void {
    this.#missed++;
    this.send(this.#options.heartbeat());
  }

  end(why: string): void {
    this.#ending ??= this.#lost(why);
    this.#close(1000, why);
  }

  /** The closing handshake has a second; then the connection is cut. */
  #close(code: number, why: string): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) return this.#socket.terminate();
    this.#socket.close(
      code,
      Buffer.from(why)
        .subarray(0, 120)
        .toString('utf8')
        .replace(/\uFFFD$/, ''),
    );
    const cut = setTimeout(() => this.#socket.terminate(), 1000);
    this.#over.signal.addEventListener('abort', () => clearTimeout(cut), { once: true });
  }

  #lost(why: string, retryAfterMs = 0): Ending {
    return { kind: 'lost', why: why.slice(0, 250), retryAfterMs, welcomed: this.#welcome !== undefined };
  }

  async #sayHello(): Promise<void> {
    try {
      this.send(agentMessage.parse(await this.#options.hello()));
    } catch (error) {
      this.#ending ??= this.#lost(`the hello could not be made: ${(error as Error).message}`);
      this.#close(1011, 'no hello');
      return;
    }
    await this.#options.clock.sleep(handshakeMs, this.#over.signal);
    if (this.#welcome || this.#over.signal.aborted) return;
    this.#ending ??= this.#lost(`the server sent no welcome within ${handshakeMs / 1000} s`);
    this.#close(1008, 'no welcome');
  }

  #receive(data: RawData, binary: boolean): void {
    const message = binary ? undefined : readFrame(data);
    if (message === 'unknown') return;
    if (message === undefined) {
      this.#ending ??= this.#lost('the server sent a frame that this agent does not understand');
      return this.#close(1008, 'frame not understood');
    }
    if (message.type === 'bye') return this.#sayBye(message);
    if (message.type === 'welcome') return this.#begin(message);
    if (!this.#welcome) {
      this.#ending ??= this.#lost('the server did not begin with a welcome');
      return this.#close(1008, 'welcome expected');
    }
    if (message.type === 'pong') {
      this.#missed = 0;
      return this.#options.onPong(this.#skew(message.echo, message.now));
    }
    this.#options.onMessage(message);
  }

  #begin(welcome: Welcome): void {
    if (this.#welcome) return;
    this.#welcome = welcome;
    this.#welcomed(this, welcome);
    this.#options.onPong(this.#skew(welcome.echo, welcome.now));
    void this.#beat(welcome.heartbeatMs);
  }

  /** Half the round trip lies between the server's clock and the middle of ours. */
  #skew(echo: number, serverNow: number): number {
    return (echo + this.#options.clock.now()) / 2 - serverNow;
  }

  /** Counts heartbeats and not time: the site's clock may jump. */
  async #beat(everyMs: number): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      await clock.sleep(everyMs, this.#over.signal);
      if (this.#over.signal.aborted) return;
      if (this.#missed >= missedLimit) {
        this.#ending ??= this.#lost(`the server did not answer ${missedLimit} heartbeats`);
        return this.#socket.terminate();
      }
      this.beat();
    }
  }

  #sayBye({ why, retryAfterMs }: Bye): void {
    const sentences: Record<Bye['why'], Ending> = {
      revoked: { kind: 'revoked', why: 'The server revoked this agent.', retryAfterMs },
      replaced: {
        kind: 'replaced',
        why: 'another agent connected with this token; if it is none of yours, revoke this one and enrol the site again',
        retryAfterMs,
      },
      stopping: this.#lost('the server is stopping', retryAfterMs),
      flooding: this.#lost('the server found this agent to send too much', Math.max(retryAfterMs, 30_000)),
      protocol: {
        kind: 'refused',
        why: `the server does not speak version ${linkProtocol} of the link; update the agent or the server`,
        retryAfterMs,
      },
    };
    this.#ending ??= sentences[why];
    this.#close(1000, why);
  }
}

const knownTypes = new Set(serverMessage.options.map((option) => option.shape.type.value as string));

/** A frame's message; 'unknown' for one of a later protocol, undefined for none. */
function readFrame(data: RawData): ServerMessage | 'unknown' | undefined {
  try {
    const value = JSON.parse((data as Buffer).toString('utf8')) as { type?: unknown } | null;
    if (typeof value?.type !== 'string') return undefined;
    if (!knownTypes.has(value.type)) return 'unknown';
    return serverMessage.safeParse(value).data;
  } catch {
    return undefined;
  }
}

/** What an answer other than the upgrade means. */
function endingOf(status: number, retryAfter: string | undefined, server: string): Ending {
  const retryAfterMs = Math.min(600, Math.max(0, Number(retryAfter ?? 0) || 0)) * 1000;
  if (status === 401 || status === 403) {
    return {
      kind: 'refused',
      why: `${server} does not accept this agent's token (HTTP ${status}): it was revoked, or belongs to another server`,
      retryAfterMs,
    };
  }
  const why =
    status === 404
      ? `${server} has no link for agents (HTTP 404): is it the address of Sightline?`
      : `${server} answered HTTP ${status}`;
  return { kind: 'lost', why, retryAfterMs, welcomed: false };
}

/** Node's connection errors hide the cause in a list when a name has several addresses. */
function errorText(error: Error & { readonly errors?: readonly Error[] }): string {
  return error.message || error.errors?.map((one) => one.message).join('; ') || error.name;
}
