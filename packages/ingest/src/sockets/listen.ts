import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock, Logger } from '@sightline/base';
import { readFile } from 'node:fs/promises';

/** Where a listener listens. `tcp` with `tls` is TLS alone. */
export interface ListenerAddress {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
  readonly udp: boolean;
  readonly tcp: boolean;
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
}

export interface Listener {
  readonly port: number;
  /** Takes no more, ends what is connected, and waits for what is being kept. */
  close(): Promise<void>;
}

/** What a protocol does with what comes. Both resolve when it is done; neither rejects but for our own bugs. */
export interface Serving {
  /** Serves one connection to its end. What it does not read is not sent. */
  readonly connection?: (socket: Socket, signal: AbortSignal) => Promise<void>;
  /** Takes datagrams; those that come meanwhile wait, within a bound. */
  readonly datagrams?: (datagrams: readonly Datagram[], signal: AbortSignal) => Promise<void>;
  /** Told how many datagrams found no room, with us or with the kernel. */
  readonly dropped?: (datagrams: number) => void;
  /** Answers a datagram by itself, where a protocol does not take them as records. */
  readonly answer?: (datagram: Buffer) => Buffer | undefined;
}

export interface Datagram {
  readonly bytes: Buffer;
  readonly address: string;
}

const connectionsLimit = 512;
const idleMs = 600_000;
const receiveBufferBytes = 8 * 1024 * 1024;
const waiting = { datagrams: 50_000, bytes: 32 * 1024 * 1024 };
const takenAtOnce = 5000;
const lookForDropsMs = 10_000;

/** Listens until closed. Rejects when a port is taken. */
export async function listen(
  address: ListenerAddress,
  serving: Serving,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<Listener> {
  const stop = new AbortController();
  const tcp =
    address.tcp && serving.connection ? await listenTcp(address, serving.connection, stop.signal, logger) : undefined;
  const port = tcp?.port ?? address.port;
  const close = async (udp?: Listener): Promise<void> => {
    stop.abort();
    await Promise.all([tcp?.close(), udp?.close()]);
  };
  if (!address.udp) return { port, close };
  try {
    const udp = await listenUdp({ ...address, port }, serving, stop.signal, clock, logger);
    return { port: udp.port, close: () => close(udp) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listenTcp(
  { host, port, tls }: ListenerAddress,
  serve: NonNullable<Serving['connection']>,
  signal: AbortSignal,
  logger: Logger,
): Promise<Listener> {
  const connections = new Set<Socket>();
  const served = new Set<Promise<void>>();
  const accept = (socket: Socket): void => {
    socket.on('error', () => undefined);
    if (connections.size >= connectionsLimit) {
      logger.warn('a connection was refused: there are too many', { limit: connectionsLimit });
      socket.destroy();
      return;
    }
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.setTimeout(idleMs, () => socket.destroy());
    const serving = serve(socket, signal)
      .catch((error: unknown) => logger.error('a connection ended in an exception', { error }))
      .finally(() => {
        // What was written last still goes out; a peer that does not take it runs into the time of silence.
        socket.destroySoon();
        served.delete(serving);
      });
    served.add(serving);
  };
  const server: Server = tls
    ? createTlsServer({ cert: tls.cert, key: tls.key, handshakeTimeout: 10_000 }, accept)
    : createServer(accept);
  // A client that breaks off its handshake is its own affair.
  server.on('tlsClientError', () => undefined);
  server.maxConnections = connectionsLimit;
  const raw = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    raw.add(socket);
    socket.on('close', () => raw.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const connection of [...connections, ...raw]) connection.destroy();
      await Promise.all([closed, ...served]);
    },
  };
}

async function listenUdp(
  { host, port }: ListenerAddress,
  serving: Serving,
  signal: AbortSignal,
  clock: Clock,
  logger: Logger,
): Promise<Listener> {
  const socket: UdpSocket = createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: receiveBufferBytes,
  });
  let queue: Datagram[] = [];
  let queuedBytes = 0;
  let dropped = 0;
  let running: Promise<void> | undefined;
  const work = async (take: NonNullable<Serving['datagrams']>): Promise<void> => {
    while (queue.length > 0) {
      const taken = queue.slice(0, takenAtOnce);
      queue = queue.slice(takenAtOnce);
      queuedBytes -= taken.reduce((sum, { bytes }) => sum + bytes.length, 0);
      await take(taken, signal);
      serving.dropped?.(dropped);
      dropped = 0;
    }
    running = undefined;
  };
  socket.on('message', (bytes, from) => {
    const answer = serving.answer?.(bytes);
    if (answer) socket.send(answer, from.port, from.address, () => undefined);
    if (!serving.datagrams) return;
    if (queue.length >= waiting.datagrams || queuedBytes + bytes.length > waiting.bytes) {
      dropped++;
      return;
    }
    queue.push({ bytes, address: `${from.address}:${from.port}` });
    queuedBytes += bytes.length;
    running ??= Promise.resolve(serving.datagrams)
      .then(work)
      .catch((error: unknown) => {
        running = undefined;
        logger.error('datagrams ended in an exception', { error });
      });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve();
    });
  });
  const bound = socket.address();
  const watching = serving.datagrams ? watchDrops(bound, serving, signal, clock) : undefined;
  return {
    port: bound.port,
    close: async () => {
      await watching;
      await new Promise<void>((closed) => socket.close(() => closed()));
      await running;
    },
  };
}

/** Counts what the kernel dropped because we did not read in time, until `signal` aborts and once more then. */
async function watchDrops(
  { port, family }: AddressInfo,
  { dropped }: Serving,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  const table = family === 'IPv6' ? '/proc/net/udp6' : '/proc/net/udp';
  let counted = 0;
  while (!signal.aborted) {
    await clock.sleep(lookForDropsMs, signal);
    // Only Linux tells.
    const drops = kernelDrops(await readFile(table, 'utf8').catch(() => ''), port);
    if (drops > counted) dropped?.(drops - counted);
    counted = Math.max(counted, drops);
  }
}

/** Datagrams that the kernel dropped on the sockets of a port, by its own table (`/proc/net/udp`, last column). */
export function kernelDrops(table: string, port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.endsWith(local)) drops += Number(columns.at(-1)) || 0;
  }
  return drops;
}
