import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { fail, ok, type Result } from '@sightline/base';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Ending, Protocol, ProtocolEndpoint } from './protocol.ts';
import {
  type BareRequest,
  countRefusal,
  defaultReceiveLimits,
  receiveRequest,
  type ReceiverParts,
  type Refused,
} from './receive.ts';

/** A body as it was read, or why it was not. */
type ReadBody = Result<Buffer, Refused>;

/**
 * Gives every endpoint of every protocol its route. They stand in a scope of their own: bodies arrive as bytes, and no
 * other plug-in's parser, hook or log sees them.
 */
export async function registerIngest(app: FastifyInstance, parts: ReceiverParts): Promise<void> {
  await app.register(async (scope) => {
    const bodies = new BodyReader(parts);
    const limits = new Map<string, number>();
    for (const endpoint of parts.protocols.flatMap(({ endpoints }) => endpoints))
      if (!limits.has(endpoint.path)) limits.set(endpoint.path, wireLimit(parts, endpoint));
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) => {
      const limitBytes = limits.get(request.routeOptions.url ?? '');
      return bodies.read(payload, limitBytes ?? wireLimit(parts, undefined));
    });
    for (const protocol of parts.protocols) {
      for (const endpoint of protocol.endpoints) route(scope, parts, bodies, protocol, endpoint);
      preflight(scope, protocol);
    }
  });
}

function route(
  scope: FastifyInstance,
  parts: ReceiverParts,
  bodies: BodyReader,
  protocol: Protocol,
  endpoint: ProtocolEndpoint,
): void {
  scope.route({
    method: endpoint.method,
    url: endpoint.path,
    // Our reader holds the bound; the framework's own would answer in its own words.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    logLevel: 'silent',
    handler: async (httpRequest, reply) => {
      const body = (httpRequest.body as ReadBody | undefined) ?? ok(Buffer.alloc(0));
      const params = httpRequest.params as Record<string, string>;
      try {
        const answer = await receiveRead(parts, protocol, endpoint, httpRequest.raw, params, body);
        return await reply.code(answer.status).headers(answer.headers).send(answer.body);
      } finally {
        bodies.release(httpRequest.raw);
      }
    },
  });
}

/** What a client is told. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Judges one request whose body was read, or was not to be; what to answer. The body is still held afterwards. */
export async function receiveRead(
  parts: ReceiverParts,
  protocol: Protocol,
  endpoint: ProtocolEndpoint,
  message: IncomingMessage,
  params: Record<string, string>,
  body: ReadBody,
): Promise<HttpAnswer> {
  const asked = bareRequest(message, params, parts.clock.now(), body.ok ? body.value : Buffer.alloc(0));
  if (body.ok) {
    const { ending, request } = await receiveRequest(parts, protocol, endpoint, asked);
    return answerTo(parts, protocol, endpoint, ending, request);
  }
  countRefusal(parts, protocol, endpoint, asked, undefined, body.error, 1);
  return answerTo(parts, protocol, endpoint, body.error, asked);
}

function answerTo(
  parts: ReceiverParts,
  protocol: Protocol,
  endpoint: ProtocolEndpoint,
  ending: Ending,
  request: BareRequest,
): HttpAnswer {
  const { status, headers, body = '' } = endpoint.reply(ending, request);
  parts.ledger.answered(protocol.name, status);
  const refused = ending.kind === 'refused' ? ending : undefined;
  return {
    status,
    headers: {
      ...(refused?.retryAfterS !== undefined && { 'retry-after': String(refused.retryAfterS) }),
      ...(refused?.status === 413 && { connection: 'close' }),
      ...(endpoint.cors && {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'retry-after, x-sentry-rate-limits, x-sentry-error',
      }),
      ...headers,
    },
    body: typeof body === 'string' ? body : Buffer.from(body),
  };
}

/** Browsers ask before they send from another origin (https://fetch.spec.whatwg.org/#cors-preflight-fetch). */
function preflight(scope: FastifyInstance, protocol: Protocol): void {
  const open = protocol.endpoints.filter((endpoint) => endpoint.cors);
  for (const [path, endpoints] of Map.groupBy(open, (endpoint) => endpoint.path)) {
    scope.options(path, async (request, reply) =>
      reply.code(204).headers(preflightHeaders(endpoints, request.headers)).send(),
    );
  }
}

/** What a browser is told of the endpoints of one path. */
export function preflightHeaders(
  endpoints: readonly ProtocolEndpoint[],
  asked: IncomingHttpHeaders,
): Record<string, string> {
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': [...endpoints.map((endpoint) => endpoint.method), 'OPTIONS'].join(', '),
    'access-control-allow-headers': asked['access-control-request-headers'] ?? '*',
    'access-control-max-age': '3600',
  };
}

function bareRequest(
  message: IncomingMessage,
  params: Record<string, string>,
  receivedAtMs: number,
  body: Buffer,
): BareRequest {
  const url = message.url ?? '';
  const at = url.indexOf('?');
  const headers: Record<string, string> = {};
  for (const name in message.headers) {
    const value = message.headers[name];
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: message.method ?? '',
    params,
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    headers,
    contentType: (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
    body,
    receivedAtMs,
  };
}

/** Bytes of a body as it comes; one that is allowed to be large unzipped may also come unzipped. */
export function wireLimit({ limits }: Pick<ReceiverParts, 'limits'>, endpoint: ProtocolEndpoint | undefined): number {
  return Math.max(limits?.wireBytes ?? defaultReceiveLimits.wireBytes, endpoint?.bodyLimitBytes ?? 0);
}

/** Bodies of these sizes are read into memory that is used again and again. */
const reused = { fromBytes: 8 * 1024, toBytes: 512 * 1024 };
/** Pieces of that memory: 16 MB, of which the system gives what is written to. What comes while all are in use gets memory of its own. */
const piecesLimit = 32;

/** What is held of one request. */
interface HeldBody {
  bytes: number;
  piece?: Buffer;
}

/** Reads bodies within a bound for each and a bound for all together. */
export class BodyReader {
  readonly #limitBytes: number;
  readonly #timeoutMs: number;
  readonly #held = new WeakMap<IncomingMessage, HeldBody>();
  /** Memory outside the heap is dear to the collector: every 64 MB of it are a full collection. */
  readonly #pieces: Buffer[] = [];
  #piecesMade = 0;
  #inFlightBytes = 0;

  constructor(parts: Pick<ReceiverParts, 'limits'>) {
    this.#limitBytes = parts.limits?.inFlightBytes ?? defaultReceiveLimits.inFlightBytes;
    this.#timeoutMs = parts.limits?.requestTimeoutMs ?? defaultReceiveLimits.requestTimeoutMs;
  }

  /** The whole body; what was read is held against the bound until `release`, and not to be touched after it. */
  async read(message: IncomingMessage, limitBytes: number): Promise<ReadBody> {
    const collected = this.#collect(message);
    let size = 0;
    let refused: Refused | undefined;
    const timer = setTimeout(() => message.destroy(new Error('request timeout')), this.#timeoutMs);
    try {
      await eachChunk(message, (chunk) => {
        size += chunk.length;
        // What is refused is still read to its end, so that the client gets to see the answer; but not for ever.
        if (refused) return size <= 2 * limitBytes + this.#limitBytes;
        refused = this.#hold(message, chunk.length, size, limitBytes);
        if (!refused) collected.add(chunk);
        return true;
      });
    } catch (error) {
      // The client went away, or took too long: nobody is left to answer, but the bytes must not stay counted.
      this.release(message);
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return refused ? fail(refused) : ok(collected.whole());
  }

  release(message: IncomingMessage): void {
    const held = this.#held.get(message);
    if (!held) return;
    this.#held.delete(message);
    this.#inFlightBytes -= held.bytes;
    if (held.piece) this.#pieces.push(held.piece);
  }

  /** Where the chunks of a message go: a piece of the reused memory where its size is known and small enough. */
  #collect(message: IncomingMessage): { add(chunk: Buffer): void; whole(): Buffer } {
    const announced = Number(message.headers['content-length'] ?? 0);
    const piece = announced >= reused.fromBytes && announced <= reused.toBytes ? this.#takePiece() : undefined;
    if (!piece) {
      const chunks: Buffer[] = [];
      return {
        add: (chunk) => void chunks.push(chunk),
        whole: () => (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)),
      };
    }
    this.#held.set(message, { bytes: 0, piece });
    let size = 0;
    // HTTP's parser takes no more than was announced.
    return { add: (chunk) => void (size += chunk.copy(piece, size)), whole: () => piece.subarray(0, size) };
  }

  #takePiece(): Buffer | undefined {
    const piece = this.#pieces.pop();
    if (piece || this.#piecesMade >= piecesLimit) return piece;
    this.#piecesMade++;
    return Buffer.allocUnsafeSlow(reused.toBytes);
  }

  #hold(message: IncomingMessage, chunkBytes: number, size: number, limitBytes: number): Refused | undefined {
    if (size > limitBytes) {
      const text = `the body is larger than ${limitBytes} bytes`;
      this.release(message);
      return { kind: 'refused', status: 413, reason: 'too-large', message: text };
    }
    if (this.#inFlightBytes + chunkBytes > this.#limitBytes) {
      this.release(message);
      const text = 'too many requests are under way';
      return { kind: 'refused', status: 429, reason: 'rate-limited', message: text, retryAfterS: 1 };
    }
    this.#inFlightBytes += chunkBytes;
    const held = this.#held.get(message);
    if (held) held.bytes += chunkBytes;
    else this.#held.set(message, { bytes: chunkBytes });
    return undefined;
  }
}

/** Hands over each chunk of a message; ends it early when `take` wants no more. Rejects when it breaks off. */
function eachChunk(message: IncomingMessage, take: (chunk: Buffer) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const onChunk = (chunk: Buffer): void => {
      if (take(chunk)) return;
      resolve();
      message.destroy();
    };
    const breakOff = (error: Error): void => {
      message.off('data', onChunk);
      reject(error);
    };
    let ended = false;
    message.on('data', onChunk);
    message.on('end', () => {
      ended = true;
      resolve();
    });
    message.on('error', breakOff);
    // It closes after its end too: an error made then for nobody would cost more than the rest of this.
    message.on('close', () => {
      if (!ended) breakOff(new Error('the client went away'));
    });
  });
}
