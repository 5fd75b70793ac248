import { promisify } from 'node:util';
import { brotliDecompress, gunzip, unzip, zstdDecompress } from 'node:zlib';
import { fail, ok, type Result } from '@sightline/base';
import type { Reason } from '@sightline/record';
import { unsnappy } from './snappy-block.ts';

/** A body that cannot be read, with the HTTP status that says so. */
export interface BodyRefusal {
  readonly status: 400 | 413 | 415;
  readonly reason: Reason;
  readonly message: string;
}

type Decompress = (bytes: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Promise<Buffer>;

/** Node runs these on its thread pool, never on the main thread. `unzip` reads both gzip and zlib headers. */
const codings: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(unzip)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
  ['snappy', (bytes, { maxOutputLength }) => unsnappy(bytes, maxOutputLength)],
]);

const codingsLimit = 2;

/** Undoes `Content-Encoding`. What would become larger than `limitBytes` is refused before it does. */
export async function unpackBody(
  body: Buffer,
  contentEncoding: string | undefined,
  limitBytes: number,
): Promise<Result<Buffer, BodyRefusal>> {
  const names = (contentEncoding ?? '').split(',').map((name) => name.trim().toLowerCase());
  const applied = names.filter((name) => name !== '' && name !== 'identity');
  if (applied.length > codingsLimit) return fail(unsupported(contentEncoding ?? ''));
  let bytes = body;
  for (const name of applied.reverse()) {
    const decompress = codings.get(name);
    if (!decompress) return fail(unsupported(name));
    try {
      bytes = await decompress(bytes, { maxOutputLength: limitBytes, chunkSize: 64 * 1024 });
    } catch (error) {
      return fail(refusalOf(error, name, limitBytes));
    }
  }
  return bytes.length > limitBytes ? fail(tooLarge(limitBytes)) : ok(bytes);
}

/** A body beyond its bound. */
export function tooLarge(limitBytes: number): BodyRefusal {
  return { status: 413, reason: 'too-large', message: `the body is larger than ${limitBytes} bytes` };
}

function unsupported(name: string): BodyRefusal {
  const known = [...codings.keys()].join(', ');
  return { status: 415, reason: 'unsupported-type', message: `content encoding "${name}" is none of ${known}` };
}

function refusalOf(error: unknown, name: string, limitBytes: number): BodyRefusal {
  if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(limitBytes);
  return { status: 400, reason: 'malformed', message: `the body is not valid ${name}` };
}
