import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { ManualClock, silentLogger } from '@sightline/base';
import type { KeyScope, LedgerEntry } from '@sightline/record';
import type { Frame, Refusal } from '../protocol.ts';
import { RecordGate, type RecordLimits } from '../record-limits.ts';
import type { SocketParts } from '../sockets/socket-intake.ts';
import { type DecodedLog, logsIn, testNow } from './decode-logs.ts';

export const scopeNamed = (organisation: string): KeyScope => ({
  organisation,
  keyId: '',
  site: '',
  device: '',
  service: '',
  environment: '',
});

/** Listeners of a protocol without the rest of the product: what they kept and what they counted, in memory. */
export interface SocketBench {
  readonly parts: SocketParts;
  readonly clock: ManualClock;
  /** What the spool would answer: true while it has room. */
  room: boolean;
  /** Records a minute that the key of `acme` may send. */
  keyLimits: RecordLimits;
  /** Appends that were asked for. */
  asked: number;
  /** How often more was there than the minute may hold. */
  held: number;
  logs(): readonly DecodedLog[];
  /** `organisation: message` of each record kept. */
  kept(): string[];
  /** `reason records` of what was refused. */
  refused(): string[];
}

export function socketBench(): SocketBench {
  const frames: Frame[] = [];
  const owners: string[] = [];
  const refusals: Refusal[] = [];
  const counted: LedgerEntry[] = [];
  const clock = new ManualClock(testNow);
  const gate = new RecordGate();
  const bench: SocketBench = {
    clock,
    room: true,
    keyLimits: {},
    asked: 0,
    held: 0,
    parts: {
      spool: {
        append: async (more, scope, _, refused = []) => {
          bench.asked++;
          if (!bench.room) return { ok: false, error: { kind: 'spool-full', message: 'full', retryAfterS: 1 } };
          frames.push(...more);
          owners.push(...more.map(() => scope.organisation));
          refusals.push(...refused);
          return { ok: true, value: undefined };
        },
      },
      keys: {
        find: async (secret) =>
          secret === 'sl_ingest_acme'
            ? { scope: scopeNamed('acme'), permissions: ['ingest'], limits: { organisation: {}, key: bench.keyLimits } }
            : undefined,
      },
      gate: {
        ask: (...asked) => {
          const held = gate.ask(...asked);
          if (held) bench.held++;
          return held;
        },
      },
      ledger: { count: (entry) => void counted.push(entry), received: () => undefined },
      clock,
      logger: silentLogger,
    },
    logs: () => logsIn(frames),
    kept: () =>
      frames.flatMap((frame, index) => logsIn([frame]).map(({ body }) => `${owners[index]}: ${body.slice(0, 40)}`)),
    refused: () => {
      const sums = new Map<string, number>();
      for (const { reason, records } of [...refusals, ...counted]) sums.set(reason, (sums.get(reason) ?? 0) + records);
      return [...sums].map(([reason, records]) => `${reason} ${records}`).sort();
    },
  };
  return bench;
}

export async function sendUdp(port: number, ...datagrams: readonly (Buffer | string)[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const datagram of datagrams)
    await new Promise<void>((sent, failed) =>
      socket.send(datagram, port, '127.0.0.1', (error) => (error ? failed(error) : sent())),
    );
  socket.close();
}

/** Writes the pieces one after the other, then ends. */
export async function sendTcp(port: number, ...pieces: readonly (Buffer | string)[]): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  for (const piece of pieces) await new Promise<void>((written) => void socket.write(piece, () => written()));
  await new Promise<void>((ended) => {
    socket.on('close', () => ended());
    socket.end();
    socket.resume();
  });
}
