import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { encode } from '@msgpack/msgpack';
import { textOf } from '../errors/json-reader.ts';

/** What a client said in its PING. */
export interface Ping {
  readonly host: string;
  readonly salt: string | Uint8Array;
  readonly digest: string;
  /** Where our own key may stand; '' when it was left out. */
  readonly username: string;
}

/** One handshake of the Forward Protocol: both sides prove that they know a shared key without telling it. */
export class Handshake {
  readonly #nonce = randomBytes(16);
  readonly #auth = randomBytes(16);

  /** HELO: with it the server begins. */
  helo(): Uint8Array {
    return encode(['HELO', { nonce: this.#nonce, auth: this.#auth, keepalive: true }]);
  }

  /** Whether the client knows `sharedKey`. */
  proves(ping: Ping, sharedKey: string): boolean {
    const expected = Buffer.from(this.#digest(ping.salt, ping.host, sharedKey));
    const given = Buffer.from(ping.digest.toLowerCase());
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  /** PONG that lets the client in, and proves to it that we know the key too. */
  welcome(ping: Ping, sharedKey: string): Uint8Array {
    return encode(['PONG', true, '', serverName, this.#digest(ping.salt, serverName, sharedKey)]);
  }

  /** PONG that does not. */
  refuse(reason: string): Uint8Array {
    return encode(['PONG', false, reason, '', '']);
  }

  #digest(salt: string | Uint8Array, host: string, sharedKey: string): string {
    return createHash('sha512').update(salt).update(host).update(this.#nonce).update(sharedKey).digest('hex');
  }
}

const serverName = 'sightline';

/** Reads `["PING", host, salt, digest, user name, digest of the password]`; undefined for anything else. */
export function readPing(value: unknown): Ping | undefined {
  if (!Array.isArray(value) || value[0] !== 'PING') return undefined;
  const [, host, salt, digest, username] = value as unknown[];
  const salted = typeof salt === 'string' || salt instanceof Uint8Array ? salt : undefined;
  if (typeof host !== 'string' || salted === undefined || salted.length > 1024 || typeof digest !== 'string')
    return undefined;
  return { host, salt: salted, digest, username: textOf(username, 512) };
}
