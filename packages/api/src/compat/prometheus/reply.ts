import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGzip, gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiFault } from './fault.ts';
import { RowGzip } from './row-gzip.ts';

/** JSON that is written piece by piece: texts, or their bytes. `points`: nearly all of it is points, which may be packed in their own way. */
export class Pieces {
  readonly pieces: Iterable<string | Uint8Array>;
  readonly points: boolean;
  constructor(pieces: Iterable<string | Uint8Array>, points = false) {
    this.pieces = pieces;
    this.points = points;
  }
}

/** `{status: "success", data, warnings, infos}`. */
export interface Success {
  /** What JSON can hold, or pieces of it. */
  readonly data: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Shorter replies are neither streamed nor packed. */
const smallBytes = 8192;
const annotationLimit = 10;
/** zlib's. */
const level = 2;

export async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Success | ApiFault,
): Promise<FastifyReply> {
  reply.header('cache-control', 'no-store').type('application/json');
  if (answer instanceof ApiFault) {
    if (answer.kind === 'unauthorized') {
      reply.header('www-authenticate', 'Bearer realm="Sightline", Basic realm="Sightline"');
    }
    if (answer.kind === 'too_many_requests' || answer.kind === 'unavailable') reply.header('retry-after', '5');
    const { kind, message } = answer;
    return reply.code(answer.status).send(JSON.stringify({ status: 'error', errorType: kind, error: message }));
  }
  const pieces = envelope(answer)[Symbol.iterator]();
  const head: Uint8Array[] = [];
  for (let headBytes = 0; headBytes < smallBytes;) {
    const { value, done } = pieces.next();
    if (done) return reply.send(Buffer.concat(head));
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    head.push(bytes);
    headBytes += bytes.length;
  }
  reply.header('vary', 'accept-encoding');
  const packs = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/i.test(request.headers['accept-encoding'] ?? '');
  const first = Buffer.concat(head);
  if (!packs) return reply.send(streamOf(paced(first, pieces)));
  reply.header('content-encoding', 'gzip');
  if (answer.data instanceof Pieces && answer.data.points && isShortAsRows(first))
    return reply.send(streamOf(packedRows(paced(first, pieces))));
  const body = streamOf(paced(first, pieces));
  const packer = createGzip({ level });
  body.once('error', (error) => packer.destroy(error));
  packer.once('close', () => body.destroy());
  return reply.send(body.pipe(packer));
}

function* envelope({ data, warnings = [], infos = [] }: Success): Generator<string | Uint8Array> {
  yield '{"status":"success","data":';
  if (data instanceof Pieces) yield* data.pieces;
  else yield JSON.stringify(data);
  if (warnings.length > 0) yield `,"warnings":${JSON.stringify(cut(warnings, 'warning'))}`;
  if (infos.length > 0) yield `,"infos":${JSON.stringify(cut(infos, 'info'))}`;
  yield '}';
}

function cut(texts: readonly string[], kind: string): string[] {
  const more = texts.length - annotationLimit;
  const shown = texts.slice(0, annotationLimit);
  return more > 0 ? [...shown, `${more} more ${kind} annotations omitted`] : shown;
}

/** Other work gets its turn between any two pieces. */
async function* paced(head: Uint8Array, pieces: Iterator<string | Uint8Array>): AsyncGenerator<string | Uint8Array> {
  yield head;
  for (let next = pieces.next(); !next.done; next = pieces.next()) {
    yield next.value;
    await nextTurn();
  }
}

const streamOf = (pieces: AsyncIterable<string | Uint8Array>): Readable => Readable.from(pieces, { objectMode: false });

/** Values that come again and again zlib makes much shorter. */
function isShortAsRows(head: Uint8Array): boolean {
  return new RowGzip().pack(head).length < 1.2 * gzipSync(head, { level }).length;
}

/** Frees a piece that has memory of its own: megabytes of an answer would lie about until the next collection. */
function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}

async function* packedRows(pieces: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  const rows = new RowGzip();
  for await (const piece of pieces) {
    if (typeof piece === 'string') {
      yield rows.pack(Buffer.from(piece));
      continue;
    }
    const packed = rows.pack(piece);
    giveBack(piece);
    yield packed;
  }
  yield rows.end();
}
