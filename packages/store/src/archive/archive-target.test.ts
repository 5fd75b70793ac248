import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, systemClock } from '@sightline/base';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DiskTarget } from './disk-target.ts';
import { S3Target } from './s3-target.ts';
import { startS3, type TestS3 } from './s3-testing.ts';
import type { ArchiveTarget } from './target.ts';

let folder: string;
let s3: TestS3;
let places = 0;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sl-target-'));
  s3 = await startS3(folder);
});
afterAll(async () => {
  await s3.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A clock that never makes anybody wait. */
const hasty = { now: () => systemClock.now(), sleep: async () => undefined };
const onS3 = (prefix = 'old/ones', parts = {}): S3Target =>
  new S3Target({
    place: { ...s3.place, prefix, bucket: prefix === '' ? 'bare' : 'logs' },
    clock: hasty,
    scratch: path.join(folder, `scratch-${places++}`),
    partBytes: 1000,
    ...parts,
  });

const bytes = (text: string): Buffer => Buffer.from(text);
async function whole(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}
async function namesOf(target: ArchiveTarget, below: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, sizeBytes } of target.list(below)) names.push(`${name} ${sizeBytes}`);
  return names.toSorted();
}
/** A begun day with these files. */
async function begun(target: ArchiveTarget, files: Readonly<Record<string, string>>): Promise<string> {
  const at = await target.begin();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(at, name)), { recursive: true });
    writeFileSync(path.join(at, name), text);
  }
  return at;
}
const day = { 'manifest.json': '{}', 'manifest.sig': 'signed', 'default/STORE_1-0001.parquet': 'x'.repeat(2500) };
const stored = [
  'acme/2026-01-01/default/STORE_1-0001.parquet 2500',
  'acme/2026-01-01/manifest.json 2',
  'acme/2026-01-01/manifest.sig 6',
];

describe.each<[string, () => ArchiveTarget]>([
  ['a folder', () => new DiskTarget(path.join(folder, `archive-${places++}`))],
  ['a bucket', () => onS3(`p${places++}/q`)],
  ['a bucket without a prefix of a store that knows no conditions', () => onS3('')],
])('%s', (kind, open) => {
  let target: ArchiveTarget;
  beforeAll(async () => {
    s3.conditions = !kind.includes('no conditions');
    target = open();
    await target.prepare();
  });
  afterAll(() => void (s3.conditions = true));

  test('keeps small files under their names, and replaces one only where that is said', async () => {
    expect(await target.put('acme/records/000001.record', bytes('first'))).toBe(true);
    expect(await target.put('acme/records/000001.record', bytes('second'))).toBe(false);
    expect((await target.get('acme/records/000001.record', 100))?.toString()).toBe('first');
    expect(await target.put('acme/records/000001.record', bytes('third'), true)).toBe(true);
    expect((await target.get('acme/records/000001.record', 100))?.toString()).toBe('third');
    expect(await target.get('acme/records/000001.record', 4)).toBeUndefined();
    expect(await target.get('acme/records/nothing', 100)).toBeUndefined();
    expect(await target.size('acme/records/000001.record')).toBe(5);
    expect(await target.size('acme/records/nothing')).toBeUndefined();
    expect(await target.size('acme/records')).toBeUndefined();
  });

  test('puts a day in place once', async () => {
    const [one, other] = [await begun(target, day), await begun(target, { ...day, 'manifest.json': 'other' })];
    expect(await target.commit(one, 'acme/2026-01-01')).toBe(true);
    expect(await target.commit(other, 'acme/2026-01-01')).toBe(false);
    await target.discard(one);
    await target.discard(other);
    expect(await namesOf(target, 'acme/2026-01-01')).toEqual(stored);
    expect(await whole(target.read('acme/2026-01-01/manifest.json'))).toBe('{}');
  });

  test('reads a file, and parts of it', async () => {
    const name = 'acme/2026-01-01/default/STORE_1-0001.parquet';
    await target.put('acme/letters', bytes('abcdefghij'));
    expect(await whole(target.read(name))).toBe('x'.repeat(2500));
    expect(await whole(target.read('acme/letters', { from: 0, length: 3 }))).toBe('abc');
    expect(await whole(target.read('acme/letters', { from: 7, length: 10 }))).toBe('hij');
    expect(await whole(target.read('acme/letters', { from: 4, length: 0 }))).toBe('');
    await expect(whole(target.read('acme/nothing'))).rejects.toThrow();
  });

  test('lists folders, and files at any depth', async () => {
    await target.put('rival + co/2026-01-02/manifest.json', bytes('{}'));
    expect(await target.folders('acme')).toEqual(['2026-01-01', 'records']);
    expect(await target.folders('')).toEqual(['acme', 'rival + co']);
    expect(await target.folders('nobody')).toEqual([]);
    expect(await namesOf(target, 'rival + co')).toEqual(['rival + co/2026-01-02/manifest.json 2']);
    expect(await namesOf(target, 'nobody')).toEqual([]);
  });

  test('deletes one file', async () => {
    expect(await target.delete('acme/letters')).toBe(true);
    expect(await target.delete('acme/letters')).toBe(false);
    expect(await target.size('acme/letters')).toBeUndefined();
    expect(await namesOf(target, 'acme/2026-01-01')).toEqual(stored);
  });
});

describe('a bucket', () => {
  let target: S3Target;
  beforeEach(async () => {
    target = onS3(`day-${places++}`);
    await target.prepare();
    s3.troubles.length = 0;
    s3.asked.length = 0;
  });
  const place = 'acme/2026-01-01';

  test('has the manifest after all files and the signature last', async () => {
    await target.commit(await begun(target, day), place);
    const puts = s3.asked.filter((line) => line.startsWith('PUT')).map((line) => line.split('/').at(-1)?.split('?')[0]);
    expect(puts).toEqual([...Array<string>(3).fill('STORE_1-0001.parquet'), 'manifest.json', 'manifest.sig']);
  });

  test.each([
    ['a busy store', { method: 'PUT', what: 'busy' }],
    ['a connection that breaks', { method: 'PUT', what: 'hangs up' }],
    ['an answer that is lost', { method: 'PUT', what: 'answer is lost' }],
  ] as const)('%s is asked again', async (_, trouble) => {
    s3.troubles.push(trouble, trouble);
    expect(await target.commit(await begun(target, day), place)).toBe(true);
    expect(s3.troubles).toEqual([]);
    expect(await namesOf(target, place)).toEqual(stored);
  });

  test('an exclusive file whose answer was lost is there, and ours', async () => {
    s3.troubles.push({ method: 'PUT', what: 'answer is lost' });
    expect(await target.put('acme/records/000001.record', bytes('ours'))).toBe(true);
  });

  test('a download that breaks off goes on where it stopped', async () => {
    await target.put('acme/big', bytes('0123456789'.repeat(20_000)));
    s3.troubles.push({ method: 'GET', what: 'hangs up half-way' });
    expect(await whole(target.read('acme/big'))).toBe('0123456789'.repeat(20_000));
    expect(s3.asked.filter((line) => line.startsWith('GET'))).toHaveLength(2);
  });

  test('four faults are the end, and leave nothing of the day', async () => {
    // The first part arrives; the second never does.
    const broken = await begun(target, day);
    s3.troubles.push({ method: 'POST', what: 'busy' });
    for (let n = 0; n < 4; n++) s3.troubles.push({ method: 'PUT', what: 'busy' });
    await expect(target.commit(broken, place)).rejects.toThrow('503 SlowDown');
    expect(await namesOf(target, place)).toEqual([]);
    expect(s3.asked.some((line) => line.startsWith('DELETE') && line.includes('uploadId='))).toBe(true);
  });

  test('wrong keys are refused at once, and never said', async () => {
    const other = new S3Target({
      place: { ...s3.place, secretAccessKey: 'quite-another-secret' },
      clock: hasty,
      scratch: path.join(folder, 'other'),
    });
    const refusal = await other.put('acme/x', bytes('x'), true).catch((error: Error) => error);
    expect(String(refusal)).toMatch(/403 SignatureDoesNotMatch/);
    expect(String(refusal)).not.toContain('quite-another-secret');
    expect(s3.asked).toHaveLength(1);
  });

  test('a list of several pages is read to its end', async () => {
    const pages = createServer((request, reply) => {
      const token = new URL(request.url ?? '', 'http://localhost').searchParams.get('continuation-token');
      const more = token === null ? '<NextContinuationToken>a+b/=</NextContinuationToken>' : '';
      const found = `<Contents><Key>acme/${token ?? 'first'}&amp;</Key><Size>3</Size></Contents>`;
      reply.end(`<ListBucketResult><IsTruncated>${more !== ''}</IsTruncated>${more}${found}</ListBucketResult>`);
    });
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    const paged = new S3Target({ place: { ...s3.place, endpoint, prefix: '' }, clock: hasty, scratch: '' });
    expect(await namesOf(paged, 'acme')).toEqual(['acme/a+b/=& 3', 'acme/first& 3']);
    pages.closeAllConnections();
    await new Promise((resolve) => pages.close(resolve));
  });

  test('a day that a killed writer left is written anew, and what it left is removed', async () => {
    await target.put(`${place}/manifest.json`, bytes('half'));
    await target.put(`${place}/default/STORE_1-0001-dead.parquet`, bytes('half'));
    await expect(target.commit(await begun(target, day), place)).rejects.toThrow('written by another process');
    const later = new ManualClock(systemClock.now() + 3_600_000);
    const next = onS3(target.name.replace('s3://logs/', ''), { clock: { now: () => later.now(), sleep: hasty.sleep } });
    await next.prepare();
    expect(await next.commit(await begun(next, day), place)).toBe(true);
    expect(await namesOf(next, place)).toEqual(stored);
  });
});
