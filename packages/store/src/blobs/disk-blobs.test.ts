import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BlobStore } from '../port/blobs.ts';
import { openDiskBlobs } from './disk-blobs.ts';

const dayMs = 86_400_000;
let folder: string;
let clock: ManualClock;
let blobs: BlobStore;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sl-blobs-'));
  clock = new ManualClock(Date.UTC(2026, 0, 1));
  blobs = await openDiskBlobs({ folder, clock, logger: silentLogger });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const own = { organisation: 'org_1', area: 'attachments', limitBytes: 1000 } as const;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const at = (hash: string) => ({ organisation: 'org_1', area: 'attachments', hash }) as const;

/** All pieces as one text. */
async function joined(source: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const piece of source) text += piece.toString();
  return text;
}

async function* pieces(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

test('what is put is read back by its hash, for its organisation and area alone', async () => {
  expect(await blobs.put(pieces('three ', 'articles'), own)).toEqual({
    ok: true,
    value: { hash: sha256('three articles'), sizeBytes: 14 },
  });
  const key = at(sha256('three articles'));
  expect((await blobs.read(key))?.toString()).toBe('three articles');
  expect(await blobs.size(key)).toBe(14);
  expect(await joined(blobs.stream(key))).toBe('three articles');
  expect(await blobs.read({ ...key, organisation: 'org_2' })).toBeUndefined();
  expect(await blobs.read({ ...key, area: 'replays' })).toBeUndefined();
});

test.each([
  ['too much', { ...own, limitBytes: 10 }, 'too-large'],
  ['another content than told', { ...own, expected: sha256('else') }, 'other-content'],
])('%s is refused and leaves nothing', async (_, put, reason) => {
  expect(await blobs.put(pieces('three ', 'articles'), put)).toMatchObject({ ok: false, error: { reason } });
  expect(await readdir(path.join(folder, 'unfinished'))).toEqual([]);
  expect(await readdir(folder)).toEqual(['unfinished']);
});

test('a source that breaks off leaves nothing', async () => {
  const broken = async function* (): AsyncIterable<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('the client went away');
  };
  await expect(blobs.put(broken(), own)).rejects.toThrow('went away');
  expect(await readdir(path.join(folder, 'unfinished'))).toEqual([]);
});

test('a damaged blob is not handed out', async () => {
  await blobs.put(Buffer.from('three articles'), own);
  const { hash } = at(sha256('three articles'));
  const file = path.join(folder, 'org_1/attachments', hash.slice(0, 2), hash);
  await writeFile(file, (await readFile(file, 'utf8')).replace('three', 'seven'));
  expect(await blobs.read(at(hash))).toBeUndefined();
  await expect(joined(blobs.stream(at(hash)))).rejects.toThrow('damaged');
});

test('pieces may be named by SHA-1', async () => {
  const hash = createHash('sha1').update('piece').digest('hex');
  const put = { organisation: 'org_1', area: 'chunks', limitBytes: 10, algorithm: 'sha1', expected: hash } as const;
  expect(await blobs.put(Buffer.from('piece'), put)).toMatchObject({ ok: true, value: { hash } });
  expect((await blobs.read({ organisation: 'org_1', area: 'chunks', hash }))?.toString()).toBe('piece');
});

test('a sweep removes what was neither put nor touched since', async () => {
  for (const text of ['old', 'touched', 'put again']) await blobs.put(Buffer.from(text), own);
  clock.advance(10 * dayMs);
  expect(await blobs.touch(at(sha256('touched')))).toBe(true);
  await blobs.put(Buffer.from('put again'), own);
  expect(await blobs.sweep('replays', clock.now())).toBe(0);
  expect(await blobs.sweep('attachments', clock.now() - dayMs)).toBe(1);
  expect(await blobs.size(at(sha256('old')))).toBeUndefined();
  expect(await blobs.size(at(sha256('put again')))).toBe(9);
  expect(await blobs.remove(at(sha256('touched')))).toBe(true);
  expect(await blobs.remove(at(sha256('touched')))).toBe(false);
  expect(await blobs.touch(at(sha256('old')))).toBe(false);
});

test('nothing but a hash and an id names a file', async () => {
  await expect(blobs.read(at('../../../etc/passwd'))).rejects.toThrow('no hash');
  await expect(blobs.read({ ...at(sha256('x')), organisation: '..' })).rejects.toThrow('no id');
});

test('what an earlier run did not finish is gone after the start', async () => {
  await writeFile(path.join(folder, 'unfinished/left'), 'half');
  await openDiskBlobs({ folder, clock, logger: silentLogger });
  expect(await readdir(path.join(folder, 'unfinished'))).toEqual([]);
});
