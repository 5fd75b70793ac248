import type { Socket } from 'node:net';
import { encode } from '@msgpack/msgpack';
import { ByteBudget } from '../sockets/byte-budget.ts';
import { GrowingBuffer } from '../sockets/growing-buffer.ts';
import { listen, type Listener, type ListenerAddress } from '../sockets/listen.ts';
import { type Arrival, SocketIntake, type SocketParts, type Unkeyed } from '../sockets/socket-intake.ts';
import { Handshake, readPing } from './handshake.ts';
import { NotMessagePack, ValueScanner } from './msgpack-values.ts';
import { decoded, readForward } from './read-forward.ts';

const maxMessageBytes = 32 * 1024 * 1024;
const pendingBytes = 128 * 1024 * 1024;
const maxPingBytes = 8192;

export interface ForwardAddress extends ListenerAddress {
  /** Whether clients must prove that they know a key before they may send. */
  readonly handshake: boolean;
}

/**
 * Takes Fluentd's Forward Protocol over TCP or TLS, and answers its heartbeats over UDP. With `handshake`, the shared key is an ingest key: the one that
 * records without a key are bound to, or the one that the client gives as its user name too, because of other keys only hashes are kept. Rejects when the port is taken.
 */
export function startForward(parts: SocketParts, unkeyed: Unkeyed, address: ForwardAddress): Promise<Listener> {
  const intake = new SocketIntake(parts, 'fluent-forward', unkeyed);
  const budget = new ByteBudget(pendingBytes);
  const known = unkeyed.kind === 'key' ? unkeyed.key : undefined;
  return listen(
    address,
    {
      connection: async (socket, signal) => {
        const connection = new Connection(socket, intake, budget, signal);
        try {
          await (address.handshake ? connection.serveKnown(known) : connection.serve(undefined));
        } catch {
          // The connection broke off, or what came was no MessagePack and is counted.
        } finally {
          connection.release();
        }
      },
      answer: (datagram) => (datagram.length <= 8 ? Buffer.from([0]) : undefined),
    },
    parts,
  );
}

class Connection {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #intake: SocketIntake;
  readonly #budget: ByteBudget;
  readonly #signal: AbortSignal;
  readonly #waiting = new GrowingBuffer();
  #held = 0;

  constructor(socket: Socket, intake: SocketIntake, budget: ByteBudget, signal: AbortSignal) {
    this.#socket = socket;
    this.#chunks = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    this.#intake = intake;
    this.#budget = budget;
    this.#signal = signal;
  }

  /** Lets the client in once it has proved a key, and takes its records for that key. */
  async serveKnown(listenerKey: string | undefined): Promise<void> {
    const handshake = new Handshake();
    this.#socket.write(handshake.helo());
    const bytes = await this.#next(maxPingBytes);
    const ping = bytes && readPing(decoded(bytes));
    if (!ping) return this.#refuse(handshake, 'expected a PING');
    for (const key of [ping.username, listenerKey]) {
      if (key === undefined || key === '' || !handshake.proves(ping, key)) continue;
      const scope = await this.#intake.scopeOf(key, this.#signal);
      if (!scope || 'refused' in scope) continue;
      this.#socket.write(handshake.welcome(ping, key));
      return this.serve(key);
    }
    this.#intake.lose('unauthorised', 1);
    return this.#refuse(handshake, 'the shared key is not known');
  }

  /** Takes records, for `key` where they bring none of their own. */
  async serve(key: string | undefined): Promise<void> {
    for (;;) {
      const bytes = await this.#next(maxMessageBytes);
      if (!bytes) return;
      const { arrivals, chunk } = await readForward(bytes, this.#intake.parts.clock.now());
      const keyed: readonly Arrival[] =
        key === undefined ? arrivals : arrivals.map((arrival) => ({ ...arrival, key: arrival.key ?? key }));
      const kept = await this.#intake.keep(keyed, this.#signal);
      // Without an answer the client sends the chunk again.
      if (kept && chunk !== undefined) this.#socket.write(encode({ ack: chunk }));
    }
  }

  release(): void {
    this.#budget.change(this.#held, 0);
    this.#held = 0;
  }

  #refuse(handshake: Handshake, reason: string): void {
    this.#socket.end(handshake.refuse(reason));
  }

  /** The next whole value; undefined when the client is done. Throws where nothing more can be told apart. */
  async #next(limitBytes: number): Promise<Buffer | undefined> {
    const scanner = new ValueScanner();
    for (;;) {
      let end: number | undefined;
      try {
        end = this.#waiting.length === 0 ? undefined : scanner.end(this.#waiting.view());
      } catch (error) {
        this.#intake.lose('malformed', 1);
        throw error;
      }
      if (end !== undefined) {
        const value = this.#waiting.view().subarray(0, end);
        this.#waiting.consume(end);
        this.#hold();
        return value;
      }
      if (this.#waiting.length > limitBytes) {
        this.#intake.lose('too-large', 1);
        throw new NotMessagePack('a message is too large');
      }
      const { value: chunk, done } = await this.#chunks.next();
      if (done) {
        if (this.#waiting.length > 0) this.#intake.lose('malformed', 1);
        return undefined;
      }
      this.#waiting.append(chunk);
      if (this.#hold()) continue;
      this.#intake.lose('rate-limited', 1);
      throw new NotMessagePack('too much is under way');
    }
  }

  /** Accounts for what waits; false where all connections together hold too much. */
  #hold(): boolean {
    if (!this.#budget.change(this.#held, this.#waiting.length)) return false;
    this.#held = this.#waiting.length;
    return true;
  }
}
