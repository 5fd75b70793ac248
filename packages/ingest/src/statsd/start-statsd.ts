import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { KeyScope, ReceivedSeries } from '@sightline/record';
import { keepOwnSeries, type OwnSeriesParts } from '../own-series.ts';
import { metricsKeptMs, type Refusal } from '../protocol.ts';
import { StatsdAggregator } from './aggregator.ts';
import { readStatsdLine, type RefusedLine } from './read-line.ts';

export interface StatsdParts extends OwnSeriesParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface StatsdServer {
  /** Of UDP and TCP alike. */
  readonly port: number;
  /** Keeps what was added up so far, now. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const flushEveryMs = 10_000;
const receiveBufferBytes = 8 * 1024 * 1024;
const lineLimit = 8192;
const connectionsLimit = 256;
const idleMs = 300_000;
const protocol = 'statsd';

/**
 * Takes StatsD and DogStatsD over UDP and TCP (lines) on one port, 0 picks it; there are no keys: all is `scope`'s. Each line ends in the
 * ledger: as accepted with the flush that holds it, or refused. Rejects when the port is taken.
 */
export async function startStatsd(
  parts: StatsdParts,
  scope: KeyScope,
  address: { readonly host: string; readonly port: number },
): Promise<StatsdServer> {
  const intake = new Intake(parts, scope);
  const connections = new Set<TcpSocket>();
  const { udp, tcp, port } = await bindBoth(
    address,
    (packet) => intake.take(packet),
    (at) => listenTcp(at, connections, (text) => intake.take(text), parts.logger),
  );
  const lost = (error: unknown): void => parts.logger.error('StatsD could not be kept', { error });
  const flushing = new BackgroundLoop({
    clock: parts.clock,
    logger: parts.logger,
    everyMs: flushEveryMs,
    pausesFirst: true,
    round: () => intake.flush(),
    fault: lost,
  });
  flushing.start();
  return {
    port,
    flush: () => intake.flush(),
    close: async () => {
      await new Promise<void>((closed) => udp.close(() => closed()));
      for (const connection of connections) connection.destroy();
      await new Promise<void>((closed) => void tcp.close(() => closed()));
      await flushing.close();
      await intake.flush().catch(lost);
    },
  };
}

/** Lines on their way into the aggregator, and their account. */
class Intake {
  readonly #parts: StatsdParts;
  readonly #scope: KeyScope;
  readonly #aggregator: StatsdAggregator;
  #lines = 0;
  #refused = new Map<string, Refusal>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: StatsdParts, scope: KeyScope) {
    this.#parts = parts;
    this.#scope = scope;
    this.#aggregator = new StatsdAggregator(parts.metricsKeptMs ?? metricsKeptMs);
  }

  take(packet: Buffer | string): void {
    const nowMs = this.#parts.clock.now();
    for (const line of packet.toString('utf8').split('\n')) {
      const text = line.trim();
      if (text === '') continue;
      const read = readStatsdLine(text);
      const added = read.ok ? this.#aggregator.add(read.value, nowMs) : read;
      if (added.ok) this.#lines++;
      else this.#refuse(added.error);
    }
  }

  /** One at a time: series keep the order of their flushes. */
  flush(): Promise<void> {
    const mine = this.#turn.then(() => this.#flush());
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #refuse({ reason, message }: RefusedLine): void {
    const records = (this.#refused.get(message)?.records ?? 0) + 1;
    this.#refused.set(message, { signal: 'metrics', reason, message, records });
  }

  async #flush(): Promise<void> {
    const series: readonly ReceivedSeries[] = this.#aggregator.flush(this.#parts.clock.now());
    const refused = [...this.#refused.values()];
    const lines = this.#lines;
    this.#lines = 0;
    this.#refused = new Map();
    if (series.length === 0 && refused.length === 0) return;
    const kept = await keepOwnSeries(this.#parts, protocol, this.#scope, series, refused, lines);
    if (!kept) this.#parts.logger.warn('a flush of StatsD found no room in the spool', { lines });
  }
}

/** How often another port is picked where one that is free for UDP is taken for TCP. */
const picksAtMost = 20;

/** UDP and TCP on one port. Where any will do, one that both may have. */
async function bindBoth(
  address: { readonly host: string; readonly port: number },
  take: (packet: Buffer) => void,
  listen: (at: { readonly host: string; readonly port: number }) => Promise<Server>,
): Promise<{ udp: Socket; tcp: Server; port: number }> {
  for (let picks = 1; ; picks++) {
    const udp = await bindUdp(address, take);
    const { port } = udp.address();
    try {
      return { udp, tcp: await listen({ host: address.host, port }), port };
    } catch (error) {
      udp.close();
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!taken || address.port !== 0 || picks === picksAtMost) throw error;
    }
  }
}

function bindUdp(
  { host, port }: { readonly host: string; readonly port: number },
  take: (packet: Buffer) => void,
): Promise<Socket> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: receiveBufferBytes });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.on('message', take);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

function listenTcp(
  { host, port }: { readonly host: string; readonly port: number },
  connections: Set<TcpSocket>,
  take: (text: string) => void,
  logger: Logger,
): Promise<Server> {
  const server = createServer((socket) => {
    if (connections.size >= connectionsLimit) {
      logger.warn('a connection for StatsD was refused: there are too many', { limit: connectionsLimit });
      socket.destroy();
      return;
    }
    connections.add(socket);
    let rest = '';
    socket.setEncoding('utf8');
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('data', (text: string) => {
      const whole = rest + text;
      const end = whole.lastIndexOf('\n');
      take(whole.slice(0, end + 1));
      rest = whole.slice(end + 1);
      // Counted as one line that is none.
      if (rest.length <= lineLimit) return;
      take(rest.slice(0, 100));
      rest = '';
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      take(rest);
      connections.delete(socket);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
