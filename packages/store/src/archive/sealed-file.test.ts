import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type DataKey, keyIdOf, openPieces, SealedFileError, sealPieces } from './sealed-file.ts';

const key: DataKey = { id: '2026-10-abcdefghijkl', secret: randomBytes(32) };

async function* inPieces(bytes: Uint8Array, of = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += of) yield bytes.subarray(at, at + of);
}
async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
const sealed = (plain: Uint8Array): Promise<Buffer> => whole(sealPieces(inPieces(plain), key));
const opened = (bytes: Uint8Array, secret: Uint8Array | undefined = key.secret): Promise<Buffer> =>
  whole(openPieces(inPieces(bytes), (id) => (id === key.id ? secret : undefined)));

const chunk = 64 * 1024;
const headerBytes = 5 + 4 + 32 + 1 + key.id.length;

test.each([0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 17])(
  '%i bytes come back as they were',
  async (size) => {
    const plain = randomBytes(size);
    const file = await sealed(plain);
    expect((await opened(file)).equals(plain)).toBe(true);
    expect(file.length).toBe(headerBytes + size + 16 * Math.max(1, Math.ceil(size / chunk)));
    expect(await keyIdOf(inPieces(file))).toBe(key.id);
  },
);

test('the same content never gives the same file', async () => {
  const plain = Buffer.from('three articles');
  expect((await sealed(plain)).equals(await sealed(plain))).toBe(false);
});

describe('is refused', () => {
  const plain = randomBytes(3 * chunk + 5);
  const stored = chunk + 16;
  test.each<[string, (file: Buffer) => Uint8Array, RegExp]>([
    ['a byte of the first chunk flipped', (file) => flip(file, headerBytes + 3), /changed or cut/],
    ['a byte of a tag flipped', (file) => flip(file, file.length - 1), /changed or cut/],
    ['a byte of the salt flipped', (file) => flip(file, 12), /changed or cut/],
    ['cut in the middle of a chunk', (file) => file.subarray(0, file.length - 3), /changed or cut/],
    ['cut after a whole chunk', (file) => file.subarray(0, headerBytes + 2 * stored), /changed or cut/],
    ['cut to its header', (file) => file.subarray(0, headerBytes), /ends too early/],
    ['something behind it', (file) => Buffer.concat([file, Buffer.from('more')]), /changed or cut/],
    [
      'two chunks exchanged',
      (file) =>
        Buffer.concat([
          file.subarray(0, headerBytes),
          file.subarray(headerBytes + stored, headerBytes + 2 * stored),
          file.subarray(headerBytes, headerBytes + stored),
          file.subarray(headerBytes + 2 * stored),
        ]),
      /changed or cut/,
    ],
    ['plain Parquet', () => Buffer.from('PAR1'.repeat(20)), /no encrypted file/],
    ['nothing', () => Buffer.alloc(0), /no encrypted file/],
    ['a chunk size of nothing', (file) => (file.writeUInt32LE(0, 5), file), /header is damaged/],
    ['a cut header', (file) => file.subarray(0, headerBytes - 2), /header is damaged/],
  ])('%s', async (_, tamper, says) => {
    const file = tamper(await sealed(plain));
    await expect(opened(file)).rejects.toThrow(SealedFileError);
    await expect(opened(file)).rejects.toThrow(says);
  });

  test('another key, and none', async () => {
    const file = await sealed(plain);
    await expect(opened(file, randomBytes(32))).rejects.toThrow('changed or cut');
    await expect(whole(openPieces(inPieces(file), () => undefined))).rejects.toThrow('there is no key 2026-10-');
  });
});

function flip(file: Buffer, at: number): Buffer {
  file[at]! ^= 1;
  return file;
}
