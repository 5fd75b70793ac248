import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import type { Control } from '@sightline/control';
import { type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Closers } from '../closers.ts';
import { readConfig } from '../config.ts';
import type { StageParts } from '../stage.ts';
import { openArchive, openSigner } from './archive.ts';

const dayMs = 86_400_000;
const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
const receivedMs = Math.floor(systemClock.now() / dayMs) * dayMs - 3 * dayMs;
const day = dayOf(receivedMs);
let folder: string;
let archive: string;
let store: EmbeddedStore;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sightline-archive-'));
  archive = path.join(folder, 'archive');
  store = await openMigratedStore(folder);
  await store.execute(
    `INSERT INTO logs (organisation, site, service, ts, received_at, body)
     SELECT 'org_a', 'STORE_047', 'payment', fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64}), concat('line ', toString(number)) FROM numbers(100)`,
    { at: receivedMs },
    { settings: { insert_deduplication_token: 'logs' } },
  );
});
afterAll(async () => {
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A control plane in which nobody changed a class or placed a hold. */
const withoutTerms = {
  retention: { find: async () => undefined, holds: { holding: async () => undefined, active: async () => [] } },
  audit: { head: async () => undefined },
  installation: { publish: async () => undefined },
} as unknown as Control;

/** The stage as `compose.ts` opens it, until the days before yesterday are written. */
async function archived(): Promise<string> {
  const config = readConfig(['--data', folder, '--archive', archive], {}, folder);
  if (!config.ok) throw new Error(config.error.sentence);
  const closers = new Closers(silentLogger);
  const stores: StageParts['stores'] = { store, engine: store, control: withoutTerms };
  const { step } = await openArchive(
    { config: config.value, stores, clock: systemClock, logger: silentLogger, closers },
    undefined,
  );
  try {
    step.start();
    await expect
      .poll(() => readdirSync(archive).includes('org_a') && readdirSync(path.join(archive, 'org_a')).length >= 2, {
        timeout: 60_000,
      })
      .toBe(true);
    return step.key;
  } finally {
    await closers.closeAll();
  }
}

const verify = (...args: string[]) => command('verify', ...args);

function command(name: 'verify' | 'archive', ...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [path.join(import.meta.dirname, `../${name}.ts`), ...args],
      { timeout: 60_000 },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out: out + err }),
    );
  });
}

it('writes the archive, keeps its key sealed through restarts, and the command proves it elsewhere', async () => {
  const key = await archived();
  expect(await archived()).toBe(key);
  const sealed = path.join(folder, 'secrets/archive-signing.sealed');
  expect(readFileSync(sealed, 'latin1')).not.toContain('PRIVATE KEY');

  const pem = path.join(archive, 'public-key.pem');
  const good = await verify(archive, '--key', pem, '--from', day, '--through', dayOf(receivedMs + dayMs));
  expect(good).toMatchObject({
    code: 0,
    out: expect.stringMatching(/1 files, 100 rows[^]*proved without their keys[^]*org_a: [^]*No fault was found\./),
  });

  const keys = path.join(folder, 'keys.json');
  expect(await command('archive', 'keys', '--data', folder, '--to', keys)).toMatchObject({ code: 0 });
  for (const option of [
    ['--data', folder],
    ['--keys', keys],
  ])
    expect(await verify(archive, '--key', pem, ...option)).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 of them decrypted and counted'),
    });
  const plain = path.join(folder, 'plain');
  const exported = await command('archive', 'export', archive, '--to', plain, '--keys', keys);
  expect(exported).toMatchObject({ code: 0, out: expect.stringMatching(/^1 files with 100 rows/) });
  expect(
    await store.query(
      `SELECT uniqExact(body) AS n FROM file('${path.join(plain, 'org_a', day, 'compliance/STORE_047-0001.parquet')}', Parquet)`,
    ),
  ).toEqual([{ n: '100' }]);

  const file = path.join(archive, 'org_a', day, 'compliance/STORE_047-0001.parquet.sealed');
  const bytes = readFileSync(file);
  bytes[10]! ^= 1;
  writeFileSync(file, bytes);
  const bad = await verify(archive, '--key', pem);
  expect(bad).toMatchObject({
    code: 1,
    out: expect.stringMatching(`org_a ${day}: compliance/STORE_047-0001\\.parquet\\.sealed was changed[^]*1 fault\\.`),
  });
});

it.each([
  [[], 2, /Name one folder[^]*npm run verify/],
  [['.', '--key', '/dev/null'], 2, /no public Ed25519 key/],
  [['--audit', '/dev/null'], 1, /There is no entry\.\n1 fault/],
])('the command with %j ends with %i', async (args, code, says) => {
  expect(await verify(...args)).toMatchObject({ code, out: expect.stringMatching(says) });
});

it('exports nothing without keys', async () => {
  expect(await command('archive', 'export', '.', '--to', 'x')).toMatchObject({
    code: 2,
    out: expect.stringMatching(/With which keys/),
  });
});

it('does not sign with a new key where the old one cannot be opened', async () => {
  const other = path.join(folder, 'other');
  await openSigner(other);
  rmSync(path.join(other, 'secrets/instance.key'));
  await expect(openSigner(other)).rejects.toThrow('Restore both from the same backup');
});
