import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { fail, ok, type Result } from '@sightline/base';
import { faultWords, guardedLookup, isMetadataAddress } from '../../addresses.ts';
import type { CheckTools } from '../../monitor-type.ts';

// An `import` of node:http evaluates all its exports, fetch and WebSocket among them: 12 MB that a site's agent never uses.
const { request: httpRequest } = process.getBuiltinModule('node:http');

export const bodyLimitBytes = 1024 * 1024;
const headLimitBytes = 64 * 1024;

export interface Asked {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly tlsVerify: boolean;
}

export interface Answered {
  readonly status: number;
  /** '' when there is none. */
  readonly location: string;
  readonly body: string;
  /** True when the body is longer than what was read. */
  readonly cut: boolean;
  /** Until the certificate ends; undefined without TLS. */
  readonly tlsDaysLeft: number | undefined;
  readonly timings: Timings;
}

/** Milliseconds since the request began, as far as it came. */
export type Timings = Partial<Record<'dnsMs' | 'connectMs' | 'tlsMs' | 'firstByteMs' | 'bodyMs', number>>;

/** How far it came before it failed, and why. */
export interface Failed {
  readonly reason: string;
  readonly timings: Timings;
}

/**
 * One request on a connection of its own; no redirect is followed. Reads at most 1 MiB of the body, unpacked. Ends when
 * `tools.signal` aborts.
 */
export async function exchange(asked: Asked, tools: CheckTools): Promise<Result<Answered, Failed>> {
  const { url } = asked;
  const timings: Timings = {};
  if (isMetadataAddress(url.hostname)) return fail({ reason: 'refused: the address of a metadata service', timings });
  const started = tools.clock.now();
  const mark = (name: keyof Timings): void => {
    timings[name] ??= Math.max(0, tools.clock.now() - started);
  };
  try {
    const answer = await send(asked, tools, mark);
    const tlsDaysLeft = daysLeft(answer, tools.clock.now());
    const { text, cut } = await readBody(answer, tools.signal);
    mark('bodyMs');
    const { location = '' } = answer.headers;
    return ok({ status: answer.statusCode ?? 0, location, body: text, cut, tlsDaysLeft, timings });
  } catch (error) {
    return fail({ reason: tools.signal.aborted ? lateWords(timings) : faultWords(error), timings });
  }
}

function lateWords(timings: Timings): string {
  if (timings.firstByteMs !== undefined) return 'the answer began but did not end in time';
  return timings.connectMs === undefined ? 'no connection in time' : 'connected, but no answer in time';
}

function send(asked: Asked, tools: CheckTools, mark: (name: keyof Timings) => void): Promise<IncomingMessage> {
  const { url, body } = asked;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const secure = url.protocol === 'https:';
  const options = {
    agent: false as const,
    method: asked.method,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (secure ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    headers: {
      'user-agent': 'Sightline-Monitor/1.0',
      accept: '*/*',
      'accept-encoding': 'identity',
      ...asked.headers,
      ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      connection: 'close',
    },
    ...(url.username === '' ? {} : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
    lookup: guardedLookup as never,
    maxHeaderSize: headLimitBytes,
    signal: tools.signal,
    ...(secure ? { rejectUnauthorized: asked.tlsVerify } : {}),
  };
  const call = secure ? httpsRequest(options) : httpRequest(options);
  call.once('socket', (socket) => {
    socket.once('lookup', () => mark('dnsMs'));
    socket.once('connect', () => mark('connectMs'));
    socket.once('secureConnect', () => mark('tlsMs'));
  });
  call.once('error', reject);
  call.once('response', (response) => {
    mark('firstByteMs');
    resolve(response);
  });
  call.end(body === '' ? undefined : body);
  return promise;
}

async function readBody(answer: IncomingMessage, signal: AbortSignal): Promise<{ text: string; cut: boolean }> {
  const packed = unpacker(answer.headers['content-encoding']);
  const source: Readable = packed ? answer.pipe(packed) : answer;
  // A pipe does not hand on that its source broke.
  if (packed) answer.once('error', (error) => packed.destroy(error));
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      chunks.push(chunk);
      length += chunk.length;
      if (length > bodyLimitBytes) break;
    }
  } finally {
    answer.destroy();
    packed?.destroy();
  }
  const all = Buffer.concat(chunks).subarray(0, bodyLimitBytes);
  return { text: all.toString('utf8'), cut: length > bodyLimitBytes };
}

function unpacker(encoding: string | undefined) {
  switch (encoding?.toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}

function daysLeft(answer: IncomingMessage, nowMs: number): number | undefined {
  const { socket } = answer;
  if (!(socket instanceof TLSSocket)) return undefined;
  const until = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(until) ? undefined : Math.floor((until - nowMs) / 86_400_000);
}
