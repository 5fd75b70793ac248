import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Encrypted files of the archive: AES-256-GCM in chunks (the STREAM construction), so that a file is written and read without
 * holding it whole, and neither cut, reordered nor changed unnoticed. `docs/archive.md` describes the format for those who
 * write a reader.
 *
 *   header: "SLAR" | version 1 (1 byte) | chunk size (4, little endian) | salt (32) | length of key id (1) | key id
 *   chunks: ciphertext | tag (16); all but the last of the chunk size
 *   file key: HKDF-SHA-256 of the data key, with the salt and the text below; nonce: 7 zeros | number (4, big endian) | 1 if last
 *   additional data of each chunk: the header
 */
const magic = Buffer.from('SLAR\u0001', 'latin1');
const purpose = 'sightline archive file v1';
const chunkBytes = 64 * 1024;
const mostChunkBytes = 16 * 1024 * 1024;
const tagBytes = 16;
const saltBytes = 32;
const fixedBytes = magic.length + 4 + saltBytes + 1;

/** A data key and the id under which it is kept. */
export interface DataKey {
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** The file cannot be opened: it is no encrypted file, it was changed or cut, or the key is another. */
export class SealedFileError extends Error {
  override readonly name = 'SealedFileError';
}

interface Header {
  readonly bytes: Buffer;
  readonly chunkBytes: number;
  readonly salt: Buffer;
  readonly keyId: string;
}

function fileKey(secret: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, purpose, 32));
}

function nonceOf(number: number, last: boolean): Buffer {
  // 2^32 chunks are 256 TiB; a number beyond it throws here.
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 7);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** Pieces of a plain file, encrypted under a key of its own that only `key` gives. */
export async function* sealPieces(pieces: AsyncIterable<Uint8Array>, key: DataKey): AsyncGenerator<Buffer> {
  const id = Buffer.from(key.id, 'latin1');
  const salt = randomBytes(saltBytes);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(chunkBytes);
  const header = Buffer.concat([magic, size, salt, Buffer.of(id.length), id]);
  const secret = fileKey(key.secret, salt);
  yield header;
  let number = 0;
  for await (const { chunk, last } of chunksOf(pieces, chunkBytes)) {
    const cipher = createCipheriv('aes-256-gcm', secret, nonceOf(number++, last)).setAAD(header);
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }
}

/**
 * Pieces of an encrypted file, in plain. `find` gives the secret of a key id, or undefined. Throws `SealedFileError` before
 * a byte that is not what was encrypted.
 */
export async function* openPieces(
  pieces: AsyncIterable<Uint8Array>,
  find: (keyId: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
): AsyncGenerator<Buffer> {
  const source = new Cut(pieces);
  const header = await readHeader(source);
  const found = await find(header.keyId);
  if (!found) throw new SealedFileError(`there is no key ${header.keyId}`);
  const secret = fileKey(found, header.salt);
  let number = 0;
  for await (const { chunk, last } of chunksOf(source.rest(), header.chunkBytes + tagBytes)) {
    if (chunk.length < tagBytes) throw new SealedFileError('the file ends too early');
    const decipher = createDecipheriv('aes-256-gcm', secret, nonceOf(number++, last), { authTagLength: tagBytes });
    decipher.setAAD(header.bytes).setAuthTag(chunk.subarray(chunk.length - tagBytes));
    const plain = decipher.update(chunk.subarray(0, chunk.length - tagBytes));
    try {
      decipher.final();
    } catch {
      // GCM reports every fault, a wrong key included, by throwing.
      throw new SealedFileError(`the file was changed or cut, or the key ${header.keyId} is another`);
    }
    if (plain.length > 0) yield plain;
  }
}

/** Id of the key under which a file was encrypted; undefined where its beginning is none of such a file. */
export async function keyIdOf(pieces: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  try {
    return (await readHeader(new Cut(pieces))).keyId;
  } catch (error) {
    if (error instanceof SealedFileError) return undefined;
    throw error;
  }
}

async function readHeader(source: Cut): Promise<Header> {
  const fixed = await source.take(fixedBytes);
  if (fixed.length < fixedBytes || !fixed.subarray(0, magic.length).equals(magic))
    throw new SealedFileError('it is no encrypted file of an archive');
  const size = fixed.readUInt32LE(magic.length);
  const idBytes = fixed[fixedBytes - 1]!;
  const id = await source.take(idBytes);
  if (size === 0 || size > mostChunkBytes || idBytes === 0 || id.length < idBytes)
    throw new SealedFileError('its header is damaged');
  return {
    bytes: Buffer.concat([fixed, id]),
    chunkBytes: size,
    salt: fixed.subarray(magic.length + 4, magic.length + 4 + saltBytes),
    keyId: id.toString('latin1'),
  };
}

/** A source of which the beginning is taken apart. */
class Cut {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, or what there is. */
  async take(length: number): Promise<Buffer> {
    while (this.#held.length < length) {
      const { value, done } = await this.#pieces.next();
      if (done) break;
      this.#held = Buffer.concat([this.#held, value]);
    }
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      if (this.#held.length > 0) yield this.#held;
      for (let next = await this.#pieces.next(); !next.done; next = await this.#pieces.next()) yield next.value;
    } finally {
      await this.#pieces.return?.();
    }
  }
}

/** Chunks of `size`, the last one shorter or as long; one empty chunk where there is nothing. */
async function* chunksOf(
  pieces: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly chunk: Buffer; readonly last: boolean }> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    held.push(piece);
    length += piece.length;
    if (length <= size) continue;
    const joined = Buffer.concat(held, length);
    let at = 0;
    // What is exactly one chunk may be the last one: it waits for more.
    for (; length - at > size; at += size) yield { chunk: joined.subarray(at, at + size), last: false };
    held = [joined.subarray(at)];
    length -= at;
  }
  yield { chunk: Buffer.concat(held, length), last: true };
}
