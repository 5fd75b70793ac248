import { createServer, type IncomingMessage } from 'node:http';
import { agentMessage, type AgentMessage, type ServerMessage } from '@sightline/fleet/messages';
import { WebSocketServer, type WebSocket } from 'ws';

/** Generous: tests of containers share the machine with them. */
const waitMs = 15_000;

type Of<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>;

/** One connection of an agent, in the test's hand. */
export interface Connection {
  readonly request: IncomingMessage;
  readonly socket: WebSocket;
  readonly received: AgentMessage[];
  readonly ended: Promise<number>;
  say(message: ServerMessage): void;
  /** The next message of a type; fails after a while. */
  next<Type extends AgentMessage['type']>(type: Type): Promise<Of<Type>>;
}

/** The server's end of the link, real sockets, without any judgement of its own. */
export interface LinkServer {
  readonly url: string;
  /** The status that upgrades are refused with; 0 to let them in. */
  refuseWith: number;
  /** Replies to enrolments: status and body; asked for each. */
  enrol: (body: unknown) => { readonly status: number; readonly body: unknown };
  readonly tries: () => number;
  connection(): Promise<Connection>;
  close(): Promise<void>;
}

export const welcomeOf = (
  nowMs: number,
  more: Partial<Extract<ServerMessage, { type: 'welcome' }>> = {},
): ServerMessage => ({
  type: 'welcome',
  protocol: 1,
  agent: 'agt_1',
  organisation: 'org_1',
  site: 'STORE_047',
  heartbeatMs: 1000,
  now: nowMs,
  echo: nowMs,
  monitors: [],
  ...more,
});

export async function startLinkServer(): Promise<LinkServer> {
  const waiting: ((connection: Connection) => void)[] = [];
  const ready: Connection[] = [];
  let tries = 0;
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url !== '/api/v1/agent/enrol') return reply.writeHead(503).end();
      const { status, body } = own.enrol(JSON.parse(Buffer.concat(chunks).toString()));
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.on('upgrade', (request, socket, head) => {
    tries++;
    if (own.refuseWith > 0) return socket.end(`HTTP/1.1 ${own.refuseWith} No\r\ncontent-length: 0\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (client) => {
      const connection = connectionOf(client, request);
      const taker = waiting.shift();
      if (taker) taker(connection);
      else ready.push(connection);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const own: LinkServer = {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    refuseWith: 0,
    enrol: () => ({ status: 404, body: { detail: 'No such token.' } }),
    tries: () => tries,
    connection: () => {
      const there = ready.shift();
      if (there) return Promise.resolve(there);
      return within(waitMs, 'connection', new Promise((resolve) => waiting.push(resolve)));
    },
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return own;
}

function connectionOf(socket: WebSocket, request: IncomingMessage): Connection {
  const received: AgentMessage[] = [];
  const inbox: AgentMessage[] = [];
  const takers: { type: string; take: (message: AgentMessage) => void }[] = [];
  socket.on('message', (data) => {
    const message = agentMessage.parse(JSON.parse((data as Buffer).toString()));
    received.push(message);
    const at = takers.findIndex((taker) => taker.type === message.type);
    if (at >= 0) takers.splice(at, 1)[0]?.take(message);
    else inbox.push(message);
  });
  return {
    request,
    socket,
    received,
    ended: new Promise((resolve) => socket.once('close', (code) => resolve(code))),
    say: (message) => socket.send(JSON.stringify(message)),
    next: <Type extends AgentMessage['type']>(type: Type) => {
      const at = inbox.findIndex((message) => message.type === type);
      if (at >= 0) return Promise.resolve(inbox.splice(at, 1)[0] as Of<Type>);
      const { promise: come, resolve: take } = Promise.withResolvers<AgentMessage>();
      const taker = { type, take };
      takers.push(taker);
      // Who no longer waits takes nothing from whoever asks next.
      const leave = (): void => {
        if (takers.includes(taker)) takers.splice(takers.indexOf(taker), 1);
      };
      return within(waitMs, type, come).finally(leave) as Promise<Of<Type>>;
    },
  };
}

/** What `promise` brings, or a failure that names it. */
function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
