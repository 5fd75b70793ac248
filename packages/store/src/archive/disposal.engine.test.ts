import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import { freshFolder, openMigratedStore, removeFolder } from '../testing.ts';
import { ArchiveReader } from './archive-reader.ts';
import { ArchiveRecords } from './archive-records.ts';
import { ArchiveStep, type ArchiveSigner } from './archive-step.ts';
import { DiskTarget } from './disk-target.ts';
import { ArchiveDisposal, type DisposalParts, type DisposalTerms } from './disposal.ts';
import { Keyring } from './keyring.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { openPieces, SealedFileError } from './sealed-file.ts';
import { S3Target } from './s3-target.ts';
import { startS3 } from './s3-testing.ts';
import type { ArchiveTarget } from './target.ts';
import { Turns } from './turns.ts';
import { verifyArchive, type VerifyOptions } from './verify-archive.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const startMs = Math.floor(Date.now() / dayMs) * dayMs - 5 * dayMs;
const dayOf = (number: number): string => new Date(startMs + number * dayMs).toISOString().slice(0, 10);

const pair = generateKeyPairSync('ed25519');
const signer: ArchiveSigner = {
  publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  sign: (bytes) => sign(null, bytes, pair.privateKey),
};
// Any sealing that is bound to its purpose does; the server's own is AES-256-GCM.
const sealer = {
  seal: (text: string, boundTo: string) => Buffer.from(JSON.stringify([boundTo, text])),
  open: (sealed: Buffer, boundTo: string) => {
    const [bound, text] = JSON.parse(sealed.toString()) as [string, string];
    return bound === boundTo ? text : undefined;
  },
};

let folder: string;
let store: EmbeddedStore;
let base: string;

interface Vault {
  readonly clock: ManualClock;
  readonly archive: string;
  readonly secrets: string;
  readonly target: ArchiveTarget;
  readonly keyring: Keyring;
  readonly step: ArchiveStep;
  readonly disposal: ArchiveDisposal;
  readonly reader: ArchiveReader;
  readonly held: Set<string>;
  readonly keep: Map<string, number>;
}

/** What happens right before the holds are read. */
const vaultHooks: { beforeHolds?: (() => void) | undefined } = {};

/** A server over an archive folder of its own (a copy of the first one, where `from` is given), with terms that a test may change. */
async function openVault(
  name: string,
  from = '',
  parts: Partial<DisposalParts> = {},
  encrypted = true,
): Promise<Vault> {
  const [archive, secrets] = [path.join(folder, name, 'archive'), path.join(folder, name, 'secrets')];
  if (from !== '' && from !== name) cpSync(path.join(folder, from), path.join(folder, name), { recursive: true });
  const clock = new ManualClock(startMs + 2 * dayMs + 2 * hourMs);
  const [held, keep] = [new Set<string>(), new Map<string, number>()];
  const terms: DisposalTerms = {
    keepDays: async (_, kept) => keep.get(kept) ?? 3650,
    whileNonePlaced: async (_, work) => {
      vaultHooks.beforeHolds?.();
      return work({
        holding: ({ site }) => (held.has(site ?? '') ? 'Case 7' : undefined),
        on: (kept) => (held.has(kept) ? 'Case 7' : undefined),
      });
    },
  };
  const target = parts.target ?? new DiskTarget(archive);
  const keyring = new Keyring(secrets, sealer);
  const turns = new Turns();
  const shared = { store, target, signer, clock, logger: silentLogger, turns };
  const disposal = new ArchiveDisposal({ ...shared, keyring, terms, ...parts });
  const step = new ArchiveStep({
    ...shared,
    keyring: encrypted ? keyring : undefined,
    waitingSinceMs: () => undefined,
    disposal,
  });
  await step.prepare();
  const reader = new ArchiveReader({ target, keys: keyring, scratch: path.join(folder, name, 'scratch') });
  return { clock, archive, secrets, target, keyring, step, disposal, reader, held, keep };
}

async function receive(organisation: string, atMs: number, texts: string[]): Promise<void> {
  const rows = texts.map((text) => {
    const [, service = '', site = '', body = ''] = /^(.*?)\/(.*?): (.*)$/.exec(text) ?? [];
    return JSON.stringify({ service, site, body });
  });
  await store.execute(
    `INSERT INTO logs (organisation, service, site, body, ts, received_at)
     SELECT {organisation:String}, service, site, body, fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64})
     FROM format(JSONEachRow, 'service String, site String, body String', {rows:String})`,
    { organisation, at: atMs, rows: rows.join('\n') },
    { settings: { insert_deduplication_token: `${organisation}-${atMs}-${texts[0]}` } },
  );
}

const bodies = async (organisation: string): Promise<string[]> =>
  (
    await store.query<{ body: string }>(
      'SELECT body FROM logs WHERE organisation = {organisation:String} ORDER BY body',
      { organisation },
    )
  ).map(({ body }) => body);
const manifestOf = (archive: string, organisation: string, day: string): Manifest =>
  readManifest(readFileSync(path.join(archive, organisation, day, 'manifest.json')))!;
const verified = ({ target }: Vault, options: Partial<VerifyOptions> = {}) =>
  verifyArchive({ target, publicKey: pair.publicKey, ...options });
/** What the reader says of each file of a day: its class, and whether it opens. */
async function readable({ reader }: Vault, organisation: string, day: string): Promise<string[]> {
  const said: string[] = [];
  for (const file of (await reader.manifest(organisation, day))!.files) {
    const opened = await reader.open({ organisation, day, file });
    said.push(`${file.class} ${file.site} ${opened.ok ? 'opens' : opened.error.reason}`);
    if (opened.ok) await opened.value.close();
  }
  return said;
}
const expectFaults = async (vault: Vault, ...expected: RegExp[]): Promise<void> => {
  const { faults } = await verified(vault);
  expect(faults).toEqual(expected.map((sentence) => expect.stringMatching(sentence)));
};

beforeAll(async () => {
  folder = freshFolder();
  base = 'base';
  store = await openMigratedStore(folder);
  for (const organisation of ['acme', 'rival'])
    for (const day of [0, 1])
      await receive(organisation, startMs + day * dayMs + hourMs, [
        `web/STORE_1: hello ${day}`,
        `web/STORE_2: good-bye ${day}`,
        `pos-payment/STORE_1: captured ${day}`,
        `pos-payment/STORE_2: refunded ${day}`,
      ]);
  const { step } = await openVault(base);
  expect(await step.catchUp()).toBe(4);
});
afterAll(async () => {
  await store.close();
  removeFolder(folder);
});

/** The records of an archive as they are listed, the newest first. */
const listed = async ({ target }: Vault, page: { limit: number; before?: number } = { limit: 10 }) => {
  const { records, next } = await new ArchiveRecords({ target, publicKeyPem: async () => signer.publicKeyPem }).list(
    'acme',
    page,
  );
  return { told: records.map(({ number, kind, files, rows, fault }) => [number, kind, files, rows, fault]), next };
};

describe('a class whose time is over', () => {
  test('is deleted file by file, with a record that tells it from what is missing', async () => {
    const vault = await openVault('expired', base);
    vault.keep.set('default', 2);
    // The first day is over for three days: it was kept for two after it. The second is not.
    vault.clock.advance(dayMs);
    expect(await vault.disposal.expire()).toBe(4);
    expect(await vault.disposal.expire()).toBe(0);
    expect(readdirSync(path.join(vault.archive, 'acme', dayOf(0)))).toEqual([
      'compliance',
      'manifest.json',
      'manifest.sig',
    ]);
    const found = await verified(vault);
    expect(found).toMatchObject({ faults: [], deleted: { files: 4, rows: 4 }, files: 16 });
    expect(found.notes[0]).toBe(
      `acme: 2 files of ${dayOf(0)} to ${dayOf(0)} with 2 rows were deleted by Sightline (the days of its class are over), each on record.`,
    );
    expect(await listed(vault)).toEqual({ told: [[1, 'files-deleted', 2, 2, '']], next: undefined });
    const records = new ArchiveRecords({ target: vault.target, publicKeyPem: async () => signer.publicKeyPem });
    const unknown = new ArchiveRecords({ target: vault.target, publicKeyPem: async () => undefined });
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const stranger = new ArchiveRecords({ target: vault.target, publicKeyPem: async () => other });
    const judged = await Promise.all([records, unknown, stranger].map((one) => one.list('acme', { limit: 1 })));
    expect(judged.map(({ records: [one] }) => [one?.checked, one?.fault.slice(0, 38)])).toEqual([
      [true, ''],
      [false, ''],
      [true, 'It was not signed by this installation'],
    ]);
    const file = await records.file('acme', 1);
    expect(file && verify(null, file.text, pair.publicKey, file.signature)).toBe(true);
    expect(await records.file('acme', 2)).toBeUndefined();
    rmSync(path.join(vault.archive, 'acme', dayOf(1), manifestOf(vault.archive, 'acme', dayOf(1)).files[0]!.path));
    await expectFaults(vault, /is missing, and no record says that it was deleted/);
    expect(vault.disposal.metrics()).toContain('sightline_archive_deleted_files_total 4\n');
  });

  test('a legal hold wins, until it is lifted', async () => {
    const vault = await openVault('held', base);
    vault.keep.set('default', 0);
    vault.held.add('STORE_1');
    expect(await vault.disposal.expire()).toBe(4);
    expect(await readable(vault, 'acme', dayOf(0))).toContain('default STORE_1 opens');
    vault.held.clear();
    expect(await vault.disposal.expire()).toBe(4);
    expect(await readable(vault, 'acme', dayOf(0))).toEqual([
      'compliance STORE_1 opens',
      'compliance STORE_2 opens',
      'default STORE_1 missing',
      'default STORE_2 missing',
    ]);
  });

  test('a hold that comes after the files were chosen keeps them', async () => {
    const vault = await openVault('held-late', base);
    vault.keep.set('default', 0);
    let asked = 0;
    // For each organisation the holds are read once to choose and once to delete.
    vaultHooks.beforeHolds = () => void (++asked === 2 && vault.held.add('STORE_1'));
    const deleted = await vault.disposal.expire();
    vaultHooks.beforeHolds = undefined;
    expect(deleted).toBe(4);
    expect(await readable(vault, 'acme', dayOf(0))).toContain('default STORE_1 opens');
    vault.held.clear();
    expect(await vault.disposal.expire()).toBe(4);
  });

  test('whoever is killed between record and deletion deletes after the next start', async () => {
    class Dying extends DiskTarget {
      override async delete(): Promise<boolean> {
        throw new Error('killed');
      }
    }
    const dying = new Dying(path.join(folder, 'killed/archive'));
    const killed = await openVault('killed', base, { target: dying });
    killed.keep.set('default', 0);
    await expect(killed.disposal.expire()).rejects.toThrow('killed');
    await expectFaults(killed, /was to be deleted .* and is still there/, ...Array<RegExp>(3).fill(/still there/));
    const next = await openVault('killed', 'killed');
    await next.disposal.settle(undefined);
    await expectFaults(next);
  });

  test('the key of a month of which nothing is left goes too', async () => {
    const vault = await openVault('closed', base);
    const owner = { organisation: 'acme', class: 'default' };
    expect(await vault.keyring.list(owner)).not.toEqual([]);
    vault.keep.set('default', 1);
    vault.clock.advance(70 * dayMs);
    await vault.disposal.expire();
    expect(await vault.keyring.list(owner)).toEqual([]);
    expect(await vault.keyring.list({ ...owner, class: 'compliance' })).not.toEqual([]);
  });

  test('records that are forged, changed or taken away are named', async () => {
    const vault = await openVault('records', base);
    vault.keep.set('default', 2);
    vault.clock.advance(dayMs);
    await vault.disposal.expire();
    const file = path.join(vault.archive, 'acme/records/000001.record');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.replace('the days of', 'The days of'));
    await expectFaults(
      vault,
      /record 1 has a signature that is not its own/,
      /is missing, and no/,
      /is missing, and no/,
    );
    expect((await listed(vault)).told[0]?.[4]).toBe('Its signature is not its own: it was changed or forged.');
    writeFileSync(file, 'nothing');
    expect((await listed(vault)).told[0]?.[4]).toBe('It cannot be read.');
    await expectFaults(vault, /record 1 cannot be read/, /is missing, and no/, /is missing, and no/);
    rmSync(file);
    await expectFaults(vault, /is missing, and no/, /is missing, and no/);
    // Once a later day was written, that day knows the record.
    writeFileSync(file, whole);
    vault.clock.advance(dayMs);
    await vault.step.catchUp();
    await expectFaults(vault);
    rmSync(file);
    const { faults } = await verified(vault);
    expect(faults).toContainEqual(expect.stringMatching(/acme: record 1 of what was taken out is missing/));
  });

  test('a record that nobody signed ends nothing', async () => {
    const vault = await openVault('forged', base);
    const forger = {
      ...signer,
      sign: (bytes: Uint8Array) => sign(null, bytes, generateKeyPairSync('ed25519').privateKey),
    };
    const forging = await openVault('forged', 'forged', {
      signer: forger,
      keyring: new Keyring(path.join(folder, 'none'), sealer),
    });
    forging.keep.set('default', 0);
    await forging.disposal.expire();
    const before = await vault.keyring.list({ organisation: 'acme', class: 'compliance' });
    const text = readFileSync(path.join(vault.archive, 'acme/records/000001.record'), 'utf8');
    writeFileSync(
      path.join(vault.archive, 'acme/records/000002.record'),
      text
        .replace('"files-deleted"', '"keys-destroyed"')
        .replace('"keys":[]', `"keys":[{"class":"compliance","id":"${before[0]}"}]`)
        .replace('"number":1', '"number":2'),
    );
    await vault.disposal.settle(undefined);
    expect(await vault.keyring.list({ organisation: 'acme', class: 'compliance' })).toEqual(before);
  });
});

describe('a class whose keys are destroyed', () => {
  let vault: Vault;
  let backup: string;
  beforeAll(async () => {
    vault = await openVault('ended', base);
    backup = path.join(folder, 'backup');
    cpSync(vault.secrets, backup, { recursive: true });
  });
  const ask = { organisation: 'acme', class: 'compliance', by: 'ann@example.com', reason: 'request 12' };

  test('not while a legal hold keeps it', async () => {
    vault.held.add('compliance');
    expect(await vault.disposal.destroy(ask)).toMatchObject({
      ok: false,
      error: { reason: 'held', message: expect.stringContaining('Case 7') },
    });
    vault.held.clear();
    expect(existsSync(path.join(vault.archive, 'acme/records'))).toBe(false);
  });

  test('cannot be read any more with anything that the server has; everything else can', async () => {
    await store.execute(
      `INSERT INTO restored_logs (organisation, class, body, received_at, restore)
       SELECT 'acme', arrayJoin(['compliance', 'default']), 'restored', fromUnixTimestamp64Milli({at:Int64}), 'r1'`,
      { at: startMs },
      { settings: { insert_deduplicate: 0 } },
    );
    expect(await vault.disposal.destroy(ask)).toMatchObject({
      ok: true,
      value: { record: 1, unreadable: { files: 4, rows: 4 }, deletedFiles: 0, deletedLogs: 5 },
    });
    expect(await store.query('SELECT toString(class) AS class FROM restored_logs')).toEqual([{ class: 'default' }]);
    for (const day of [dayOf(0), dayOf(1)]) {
      expect(await readable(vault, 'acme', day)).toEqual([
        'compliance STORE_1 no-key',
        'compliance STORE_2 no-key',
        'default STORE_1 opens',
        'default STORE_2 opens',
      ]);
      expect((await readable(vault, 'rival', day)).filter((said) => said.endsWith('opens'))).toHaveLength(4);
    }
    // Every secret that is left, tried on every file of the class.
    const secrets: Uint8Array[] = [];
    for (const organisation of await vault.keyring.organisations())
      for (const kept of await vault.keyring.classes(organisation))
        for (const id of await vault.keyring.list({ organisation, class: kept }))
          secrets.push((await vault.keyring.find({ organisation, class: kept }, id))!);
    expect(secrets.length).toBeGreaterThan(2);
    const files = manifestOf(vault.archive, 'acme', dayOf(0)).files.filter((file) => file.class === 'compliance');
    for (const file of files)
      for (const secret of secrets) {
        const opening = openPieces(vault.target.read(`acme/${dayOf(0)}/${file.path}`), () => secret).next();
        await expect(opening).rejects.toThrow(SealedFileError);
      }
  });

  test('is gone from the engine, the other class and the other organisation are not', async () => {
    expect(await bodies('acme')).toEqual(['good-bye 0', 'good-bye 1', 'hello 0', 'hello 1']);
    expect(await bodies('rival')).toHaveLength(8);
  });

  test('late records of it that were still in the spool go as well, and newer ones stay', async () => {
    const { clock, disposal } = vault;
    await receive('acme', clock.now() - 1000, ['pos-payment/STORE_1: late']);
    await receive('acme', clock.now() + 1000, ['pos-payment/STORE_1: new']);
    await disposal.settle(clock.now() - 2000);
    expect(await bodies('acme')).not.toContain('late');
    await receive('acme', clock.now() - 500, ['pos-payment/STORE_1: later']);
    await disposal.settle(undefined);
    expect(await bodies('acme')).not.toContain('later');
    expect(await bodies('acme')).toContain('new');
  });

  test('verify says when and by whom, and finds no fault', async () => {
    const found = await verified(vault, { keys: vault.keyring });
    expect(found).toMatchObject({ faults: [], sealed: 16, opened: 12, unreadable: { files: 4, rows: 4 } });
    expect(found.notes).toEqual([
      expect.stringMatching(
        /^acme: the keys of the class compliance were destroyed on \S+ by ann@example.com \(request 12\): 4 files with 4 rows cannot be read any more\.$/,
      ),
    ]);
  });

  test('keys that a backup brought back are destroyed again, and are a fault until then', async () => {
    cpSync(backup, vault.secrets, { recursive: true });
    const { faults } = await verified(vault, { keys: vault.keyring });
    expect(faults).toHaveLength(4);
    expect(faults[0]).toMatch(/can be read: its key \S+ was destroyed on/);
    await (await openVault('ended', 'ended')).disposal.settle(undefined);
    expect(await verified(vault, { keys: vault.keyring })).toMatchObject({ faults: [], opened: 12 });
  });

  test('what comes after is encrypted with another key', async () => {
    vault.clock.advance(dayMs);
    await vault.step.catchUp();
    expect(await readable(vault, 'acme', dayOf(2))).toEqual(['compliance STORE_1 opens']);
    expect(manifestOf(vault.archive, 'acme', dayOf(2)).records).toMatchObject({ number: 1 });
    await expectFaults(vault);
  });

  test('plain files of it are deleted on record, and all classes end at once where that is asked', async () => {
    const plain = await openVault('plain', '', {}, false);
    await plain.step.catchUp();
    const outcome = await plain.disposal.destroy({ ...ask, organisation: 'rival', class: '' });
    expect(outcome).toMatchObject({ value: { keys: 0, deletedFiles: 8, deletedLogs: 8 } });
    expect(await bodies('rival')).toEqual([]);
    expect(await readable(plain, 'rival', dayOf(0))).toEqual(
      expect.not.arrayContaining([expect.stringMatching('opens')]),
    );
    expect(await verified(plain)).toMatchObject({ faults: [], deleted: { files: 8 } });
  });
});

test('a bucket is written, proved, expired and ended as a folder is', async () => {
  const s3 = await startS3(path.join(folder, 'bucket'));
  try {
    await receive('cloud', startMs + hourMs, ['web/STORE_1: hello', 'pos-payment/STORE_1: captured']);
    const clock = { now: () => startMs + 2 * dayMs + 2 * hourMs, sleep: async () => undefined };
    const target = new S3Target({ place: s3.place, clock, scratch: path.join(folder, 'bucket/scratch') });
    const vault = await openVault('bucket', '', { target });
    vault.keep.set('default', 0);
    // The store has trouble now and then.
    for (let n = 0; n < 5; n++) s3.troubles.push({ method: 'PUT', what: 'busy' }, { method: 'GET', what: 'hangs up' });
    await vault.step.catchUp();
    const ended = await vault.disposal.destroy({
      organisation: 'cloud',
      class: 'compliance',
      by: 'ann',
      reason: 'why',
    });
    expect(ended).toMatchObject({ value: { unreadable: { files: 1 }, deletedLogs: 1 } });
    expect(await readable(vault, 'cloud', dayOf(0))).toEqual(['compliance STORE_1 no-key', 'default STORE_1 missing']);
    expect(await verified(vault)).toMatchObject({
      faults: [],
      unreadable: { files: 1 },
      deleted: { rows: expect.any(Number) },
    });
    expect(s3.troubles).toEqual([]);
  } finally {
    await s3.close();
  }
});
