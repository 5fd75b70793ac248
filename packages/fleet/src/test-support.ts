import { createServer, type Server } from 'node:http';
import { type Clock, silentLogger } from '@sightline/base';
import type { Control } from '@sightline/control';
import type { Finding } from '@sightline/record';
import { WebSocket } from 'ws';
import { type Fleet, type FleetOptions, openFleet } from './fleet.ts';
import type { AgentMessage, ServerMessage } from './messages/index.ts';
import { linkPath } from './sessions/token-door.ts';

/** A fleet behind a real HTTP server on loopback. */
export interface TestFleet {
  readonly fleet: Fleet;
  readonly url: string;
  readonly findings: Finding[];
  close(): Promise<void>;
}

export async function startTestFleet(
  control: Control,
  clock: Clock,
  more: Partial<FleetOptions> = {},
): Promise<TestFleet> {
  const findings: Finding[] = [];
  const fleet = openFleet({
    control,
    findings: { accept: async (found) => void findings.push(...found) },
    signals: { lastSignalMs: async () => undefined },
    clock,
    logger: silentLogger,
    ...more,
  });
  const server: Server = createServer((_, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket, head) =>
    fleet.upgrade(request, socket, head, String(request.headers['x-test-address'] ?? '127.0.0.1')),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  return {
    fleet,
    url: `ws://127.0.0.1:${port}${linkPath}`,
    findings,
    close: async () => {
      await fleet.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const spool = { waitingRecords: 0, waitingBytes: 0, limitBytes: 2e9, oldestAt: null, dropped: {} };
type Hello = Extract<AgentMessage, { type: 'hello' }>;
type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;

/** The hello of an agent that started and was booted long ago. */
export function helloAt(nowMs: number, more: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    protocol: 1,
    version: '1.0.0',
    facts: { host: 'pc-47', os: 'Linux', arch: 'x64', cpus: 2, memoryBytes: 4e9, docker: '' },
    policy: { systemInfo: true, dockerStatus: true, logs: ['*'], restart: ['backend'] },
    spool,
    startedAt: nowMs - 3_600_000,
    bootedAt: nowMs - 7_200_000,
    lost: null,
    sentAt: nowMs,
    ...more,
  };
}

export const heartbeatAt = (nowMs: number): AgentMessage => ({ type: 'heartbeat', sentAt: nowMs, spool });

/** An agent's end of the link, in the test's hand. */
export class TestAgent {
  readonly socket: WebSocket;
  readonly #inbox: ServerMessage[] = [];
  readonly #waiters: { type: string; give: (message: ServerMessage) => void }[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(url: string, token: string, address = '127.0.0.1') {
    this.socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${token}`, 'x-test-address': address },
      perMessageDeflate: false,
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    this.socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString('utf8')) as ServerMessage;
      const at = this.#waiters.findIndex((waiter) => waiter.type === message.type);
      if (at < 0) this.#inbox.push(message);
      else this.#waiters.splice(at, 1)[0]?.give(message);
    });
  }

  /** The next frame of a type; frames of others wait. */
  next<T extends ServerMessage['type']>(type: T): Promise<Of<T>> {
    const at = this.#inbox.findIndex((message) => message.type === type);
    if (at >= 0) return Promise.resolve(this.#inbox.splice(at, 1)[0] as Of<T>);
    return new Promise((resolve) => this.#waiters.push({ type, give: (message) => resolve(message as Of<T>) }));
  }

  /** Frames that nobody asked for yet. */
  get unread(): readonly ServerMessage[] {
    return this.#inbox;
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.OPEN) return this;
    await new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('unexpected-response', (_, response) => reject(new Error(`HTTP ${response.statusCode}`)));
      this.socket.once('error', reject);
    });
    return this;
  }

  say(message: AgentMessage | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Opens, says hello and has the welcome. */
  async greet(hello: AgentMessage): Promise<Of<'welcome'>> {
    await this.opened();
    this.say(hello);
    return this.next('welcome');
  }

  /** Ends without a word, as a cut line does. */
  cut(): void {
    this.socket.terminate();
  }
}
