import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { fail, ok, reasonOf, type Result } from '@sightline/base';
import type { Limited, QueryFault } from '@sightline/query/promql';
import type { Selection, Statistics } from '../selection.ts';
import { framesOf, type Frame, type FrameKind } from './frames.ts';
import type { HeadMethod } from './head-service.ts';
import { readSelection } from './selection-frames.ts';

/** Path of the head's route, before the method; the form of frames is part of it. */
export const headPath = '/internal/metric-head/v1/';
export const headMediaType = 'application/vnd.sightline.metric-head+json';

export interface HeadClientOptions {
  /** The installation's secret, which opens the route. */
  readonly secret: string;
  /** Until a connection stands, and until an answer is whole, milliseconds. Default 2 s and 30 s. */
  readonly connectMs?: number;
  readonly answerMs?: number;
  /** Bytes of one answer. Default 384 MB. */
  readonly answerBytes?: number;
}

/** Why a head gave no answer. */
export type HeadFault =
  | { readonly kind: 'not-reached'; readonly reason: string }
  | { readonly kind: 'refused'; readonly fault: QueryFault };

interface Whole {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly frames: ReadonlyMap<FrameKind, readonly Frame[]>;
  readonly process: string;
}

/** Asks the head of another process. Whatever goes wrong on the way is a value. */
export class HeadClient {
  readonly #options: HeadClientOptions;
  // More questions wait for a connection: what is read at a time is bounded.
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 8 });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 8 });

  constructor(options: HeadClientOptions) {
    this.#options = options;
  }

  async select(url: string, argument: unknown): Promise<Result<Selection, HeadFault>> {
    return this.#read(url, 'select', argument, ({ bytes, frames, process }) => readSelection(bytes, frames, process));
  }

  async list<T>(
    url: string,
    method: Exclude<HeadMethod, 'select' | 'statistics'>,
    argument: unknown,
  ): Promise<Result<Limited<T>, HeadFault>> {
    return this.#read(url, method, argument, (whole) => ({
      items: (whole.frames.get('items') ?? []).flatMap((_, i) => jsonOf(whole, 'items', i) as T[]),
      cut: (jsonOf(whole, 'json', 1) as { cut: boolean }).cut,
    }));
  }

  async statistics(url: string, organisation: string): Promise<Result<Statistics, HeadFault>> {
    return this.#read(url, 'statistics', organisation, (whole) => jsonOf(whole, 'json', 1) as Statistics);
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #read<T>(
    url: string,
    method: HeadMethod,
    argument: unknown,
    read: (whole: Whole) => T,
  ): Promise<Result<T, HeadFault>> {
    try {
      const bytes = await this.#bytes(new URL(headPath + method, url), JSON.stringify({ argument }, finite));
      const frames = framesOf(bytes);
      if (!frames) return fail({ kind: 'not-reached', reason: 'its answer was cut off' });
      const { process, fault } = jsonOf({ bytes, frames }, 'json', 0) as { process: string; fault?: QueryFault };
      if (fault) return fail({ kind: 'refused', fault });
      return ok(read({ bytes, frames, process }));
    } catch (error) {
      if (error instanceof TooLarge) return fail({ kind: 'refused', fault: error.fault });
      return fail({ kind: 'not-reached', reason: reasonOf(error) });
    }
  }

  async #bytes(url: URL, body: string): Promise<Uint8Array<SharedArrayBuffer>> {
    const { answerMs = 30_000, answerBytes = 384_000_000 } = this.#options;
    const signal = AbortSignal.timeout(answerMs);
    const response = await this.#send(url, body, signal);
    const pieces: Uint8Array[] = [];
    let length = 0;
    try {
      if (response.statusCode !== 200) throw new Error(`it answered with status ${response.statusCode ?? 0}`);
      for await (const piece of response) {
        length += (piece as Uint8Array).length;
        if (length > answerBytes) throw new TooLarge(answerBytes);
        pieces.push(piece as Uint8Array);
      }
    } finally {
      if (!response.readableEnded) response.destroy();
    }
    // Shared, so that both query threads read samples where they lie.
    const whole = new Uint8Array(new SharedArrayBuffer(length));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  #send(url: URL, body: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { secret, connectMs = 2000 } = this.#options;
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const call = (secure ? httpsRequest : httpRequest)(url, {
        agent: secure ? this.#https : this.#http,
        method: 'POST',
        signal,
        headers: {
          authorization: `Bearer ${secret}`,
          'content-type': headMediaType,
          'content-length': Buffer.byteLength(body),
        },
      });
      call.once('socket', (socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(() => call.destroy(new Error(`no connection within ${connectMs} ms`)), connectMs);
        const settled = (): void => clearTimeout(timer);
        socket.once('connect', settled).once('close', settled);
      });
      call.once('error', reject).once('response', resolve);
      call.end(body);
    });
  }
}

class TooLarge extends Error {
  readonly fault: QueryFault;
  constructor(most: number) {
    const message = `the newest samples of the selector are more than the ${Math.floor(most / 1e6)} MB that may be asked of another process: choose fewer series`;
    super(message);
    this.fault = { kind: 'execution', message };
  }
}

/** JSON knows no infinite numbers; times may be without a bound. */
const finite = (_: string, value: unknown): unknown =>
  value === Infinity ? Number.MAX_VALUE : value === -Infinity ? -Number.MAX_VALUE : value;

function jsonOf({ bytes, frames }: Pick<Whole, 'bytes' | 'frames'>, kind: FrameKind, which: number): unknown {
  const place = frames.get(kind)?.[which];
  if (!place) throw new Error('its answer lacks a part');
  return JSON.parse(Buffer.from(bytes.buffer, place.at, place.length).toString());
}
