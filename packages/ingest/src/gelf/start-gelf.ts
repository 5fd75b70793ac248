import type { Socket } from 'node:net';
import { gunzipSync, inflateSync } from 'node:zlib';
import { GrowingBuffer } from '../sockets/growing-buffer.ts';
import { type Datagram, listen, type Listener, type ListenerAddress } from '../sockets/listen.ts';
import { type Arrival, SocketIntake, type SocketParts, type Unkeyed } from '../sockets/socket-intake.ts';
import { readGelf } from '../logs/read-gelf.ts';
import { GelfChunks } from './gelf-chunks.ts';

const maxMessageBytes = 2 * 1024 * 1024;
const nul = 0;

/** Takes GELF over UDP (in chunks, zipped) and over TCP or TLS (up to a NUL). Rejects when the port is taken. */
export async function startGelf(parts: SocketParts, unkeyed: Unkeyed, address: ListenerAddress): Promise<Listener> {
  const intake = new SocketIntake(parts, 'gelf', unkeyed);
  const chunks = new GelfChunks();
  const giveUp = (nowMs: number): void => intake.lose('malformed', chunks.expire(nowMs));
  const listener = await listen(
    address,
    {
      datagrams: async (datagrams, signal) => {
        const nowMs = parts.clock.now();
        giveUp(nowMs);
        const arrivals = datagrams.map((datagram) => arrivalOf(chunks, datagram, nowMs));
        await intake.keep(
          arrivals.filter((arrival) => arrival !== undefined),
          signal,
        );
      },
      dropped: (datagrams) => intake.lose('rate-limited', datagrams),
      connection: (socket, signal) => serve(socket, intake, signal),
    },
    parts,
  );
  return {
    port: listener.port,
    close: async () => {
      await listener.close();
      giveUp(Number.POSITIVE_INFINITY);
    },
  };
}

function arrivalOf(chunks: GelfChunks, { bytes, address }: Datagram, nowMs: number): Arrival | undefined {
  const whole = chunks.add(bytes, address, nowMs);
  if (whole === undefined) return undefined;
  if (!Buffer.isBuffer(whole)) return broken(whole.refused);
  const text = unzipped(whole);
  return text === undefined ? broken('the message cannot be unzipped within its bound') : readGelf(text, nowMs);
}

function unzipped(bytes: Buffer): string | undefined {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const isZlib = bytes[0] === 0x78 && ((bytes[0] << 8) | (bytes[1] ?? 0)) % 31 === 0;
  if (!isGzip && !isZlib) return bytes.toString('utf8');
  try {
    return (isGzip ? gunzipSync : inflateSync)(bytes, { maxOutputLength: maxMessageBytes }).toString('utf8');
  } catch {
    return undefined;
  }
}

async function serve(socket: Socket, intake: SocketIntake, signal: AbortSignal): Promise<void> {
  const waiting = new GrowingBuffer();
  let skipping = false;
  const arrivalOfText = (bytes: Buffer): Arrival => readGelf(bytes.toString('utf8'), intake.parts.clock.now());
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      waiting.append(chunk);
      const arrivals: Arrival[] = [];
      for (;;) {
        const bytes = waiting.view();
        const end = bytes.indexOf(nul);
        if (end < 0) {
          if (bytes.length <= maxMessageBytes) break;
          if (!skipping) arrivals.push(tooLarge);
          skipping = true;
          waiting.consume(bytes.length);
          break;
        }
        if (!skipping && end > maxMessageBytes) arrivals.push(tooLarge);
        else if (!skipping && end > 0) arrivals.push(arrivalOfText(bytes.subarray(0, end)));
        skipping = false;
        waiting.consume(end + 1);
      }
      if (arrivals.length > 0) await intake.keep(arrivals, signal);
    }
  } catch {
    // The connection broke off: what came before is kept.
  }
  if (waiting.length > 0 && !skipping) await intake.keep([arrivalOfText(waiting.view())], signal);
}

function broken(message: string): Arrival {
  return { read: { kind: 'refused', reason: 'malformed', message }, key: undefined };
}

const tooLarge: Arrival = {
  read: { kind: 'refused', reason: 'too-large', message: `the message is longer than ${maxMessageBytes} bytes` },
  key: undefined,
};
