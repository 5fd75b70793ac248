import { connect } from 'node:net';
import type { LoadResult } from './load.ts';
import { type LogProtocol, logProtocols, requestsIn } from './log-protocols.ts';
import { type LogSide, startLoki, startOurs, startVictoriaLogs } from './log-sides.ts';
import { type IngestFigures, measureIngest, sendRequests } from './measure-ingest.ts';
import { timed } from './timed-request.ts';

/** Where the peers' programs are; '' leaves one out. */
export interface LogPeers {
  readonly victoriaLogs: string;
  readonly loki: string;
}

export interface LogIngestFigures extends IngestFigures {
  readonly protocol: string;
  /** Records that a query found in the end, of those that were sent. */
  readonly found: number;
  readonly sent: number;
}

const recordsPerRequest = 250;
const sockets = 16;
const patienceMs = 120_000;
const pollMs = 200;

/**
 * Logs in the protocols of other programs, to us and to each peer that speaks them, with everything on: each side gets the same requests, in turn,
 * `rounds` times; then once more half as many, to see how soon all of them are found. Every side is asked in the end for how many it holds.
 */
export async function benchLogIngest(
  records: number,
  rounds: number,
  only: string,
  peers: LogPeers,
): Promise<LogIngestFigures[]> {
  const figures: LogIngestFigures[] = [];
  for (const protocol of logProtocols.filter(({ name }) => name.includes(only)))
    figures.push(...(await benchProtocol(protocol, Math.ceil(records / recordsPerRequest), rounds, peers)));
  return figures;
}

async function benchProtocol(
  protocol: LogProtocol,
  requests: number,
  rounds: number,
  peers: LogPeers,
): Promise<LogIngestFigures[]> {
  const templates = requestsIn(protocol, 400, recordsPerRequest, Date.now());
  const bodyOf = (request: number): Buffer => {
    const bytes = timed(templates[request % templates.length]!, Date.now());
    return protocol.pack?.(bytes) ?? bytes;
  };
  const sides: LogSide[] = [];
  try {
    sides.push(await startOurs());
    if (peers.victoriaLogs) sides.push(await startVictoriaLogs(peers.victoriaLogs));
    if (peers.loki && protocol.name.startsWith('loki')) sides.push(await startLoki(peers.loki));
    const measured = new Map<LogSide, IngestFigures[]>(sides.map((side) => [side, []]));
    for (let round = 0; round < rounds; round++)
      for (const side of sides) {
        const sending = async (): Promise<LoadResult> => {
          const load = await sendTo(side, protocol, bodyOf, requests);
          await side.settle?.();
          return load;
        };
        const name = `${protocol.name}: ${side.name}`;
        measured.get(side)?.push(await measureIngest(name, side, requests * recordsPerRequest, sending));
      }
    const all: LogIngestFigures[] = [];
    for (const side of sides) {
      const before = rounds * requests * recordsPerRequest;
      const more = Math.ceil(requests / 2);
      await sendTo(side, protocol, bodyOf, more);
      const sent = before + more * recordsPerRequest;
      const { found, waitedMs } = await untilFound(side, sent);
      for (const figure of measured.get(side) ?? [])
        all.push({ ...figure, visibleP50Ms: waitedMs, visibleMaxMs: waitedMs, protocol: protocol.name, found, sent });
    }
    return all;
  } finally {
    for (const side of sides) await side.stop();
  }
}

async function untilFound(side: LogSide, sent: number): Promise<{ found: number; waitedMs: number }> {
  const startedMs = performance.now();
  for (;;) {
    const found = await side.count();
    const waitedMs = performance.now() - startedMs;
    if (found >= sent || waitedMs > patienceMs) return { found, waitedMs };
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function sendTo(
  side: LogSide,
  { name, contentType }: LogProtocol,
  bodyOf: (request: number) => Buffer,
  requests: number,
): Promise<LoadResult> {
  const door = side.doors[name];
  if (door === undefined) throw new Error(`${side.name} does not take ${name}`);
  if (typeof door === 'number') return sendOverSockets(door, bodyOf, requests);
  return sendRequests({ url: door, headers: { ...side.headers, 'content-type': contentType } }, bodyOf, requests);
}

/** Writes all over some connections, as fast as they are read; done when the other side has read and closed each. */
async function sendOverSockets(port: number, bodyOf: (request: number) => Buffer, total: number): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  let sent = 0;
  const worker = async (): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1' });
    const closed = new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => resolve());
    });
    socket.resume();
    while (sent < total) {
      const body = bodyOf(sent++);
      const atMs = performance.now();
      await new Promise<void>((resolve, reject) => {
        socket.write(body, (error) => (error ? reject(error) : resolve()));
      });
      latenciesMs.push(performance.now() - atMs);
    }
    socket.end();
    await closed;
  };
  await Promise.all(Array.from({ length: sockets }, worker));
  const seconds = (performance.now() - startedMs) / 1000;
  return { requests: total, refused: 0, seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}
