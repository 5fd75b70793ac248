import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import { freshFolder, openMigratedStore, removeFolder } from '../testing.ts';
import { ArchiveProof, type ArchiveProofParts } from './archive-proof.ts';
import { ArchiveReader } from './archive-reader.ts';
import { ArchiveStep, type ArchiveSigner, type ArchiveStepParts } from './archive-step.ts';
import { DiskTarget } from './disk-target.ts';
import { Keyring } from './keyring.ts';
import { type Manifest, readManifest, rootOf } from './manifest.ts';
import { verifyArchive, type VerifyOptions } from './verify-archive.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Begin of the first of three days that are over. */
const startMs = Math.floor(Date.now() / dayMs) * dayMs - 5 * dayMs;
const dayOf = (number: number): string => new Date(startMs + number * dayMs).toISOString().slice(0, 10);
const [first, second, third, fourth] = [dayOf(0), dayOf(1), dayOf(2), dayOf(3)];

const key = generateKeyPairSync('ed25519');
const pemOf = (publicKey: ReturnType<typeof createPublicKey>): string =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();
const signer: ArchiveSigner = {
  publicKeyPem: pemOf(key.publicKey),
  sign: (bytes) => sign(null, bytes, key.privateKey),
};

let folder: string;
let store: EmbeddedStore;
let archive: string;
let waitingSinceMs: number | undefined;
const clock = new ManualClock(startMs + 3 * dayMs);

const stepWith = async (parts: Partial<ArchiveStepParts> = {}): Promise<ArchiveStep> => {
  const step = new ArchiveStep({
    store,
    clock,
    logger: silentLogger,
    waitingSinceMs: () => waitingSinceMs,
    target: new DiskTarget(archive),
    signer,
    keyring: undefined,
    rowsAtMost: 4,
    ...parts,
  });
  await step.prepare();
  return step;
};

/** Logs received at `atMs`, each a `service/site: body`; the records' own time is a minute before, or what `ts` says. */
async function receive(
  organisation: string,
  atMs: number,
  texts: string[],
  attrs = {},
  ts = atMs - 60_000,
): Promise<void> {
  const rows = texts.map((text) => {
    const [, service = '', site = '', body = ''] = /^(.*?)\/(.*?): (.*)$/.exec(text) ?? [];
    return JSON.stringify({ service, site, body, attrs });
  });
  await store.execute(
    `INSERT INTO logs (organisation, service, site, body, attrs, ts, received_at, trace_id)
     SELECT {organisation:String}, service, site, body, attrs, fromUnixTimestamp64Milli({ts:Int64}), fromUnixTimestamp64Milli({at:Int64}), unhex('00112233445566778899aabbccddeeff')
     FROM format(JSONEachRow, 'service String, site String, body String, attrs Map(String, String)', {rows:String})`,
    { organisation, at: atMs, ts, rows: rows.join('\n') },
    { settings: { insert_deduplication_token: `${organisation}-${atMs}-${texts[0]}` } },
  );
}

const manifestOf = (organisation: string, day: string): Manifest =>
  readManifest(readFileSync(path.join(archive, organisation, day, 'manifest.json')))!;
const verified = (options: Partial<VerifyOptions> = {}, folderOf = archive) =>
  verifyArchive({ target: new DiskTarget(folderOf), publicKey: key.publicKey, ...options });
const filesOf = (organisation: string, day: string): string[] =>
  manifestOf(organisation, day).files.map((file) => `${file.path} ${file.rows}`);

beforeAll(async () => {
  folder = freshFolder();
  archive = path.join(folder, 'archive');
  store = await openMigratedStore(folder);
  const noon = startMs + 12 * hourMs;
  await receive('acme', noon, ['web/STORE_1: hello', 'web/STORE_1: good-bye', 'web/: nowhere', 'web/../x: climbs']);
  await receive('acme', noon + 1, ['pos-payment/STORE_1: captured', 'Age-Verification/STORE_2: of age']);
  await receive('acme', noon + 2, ['pos/STORE_2: who did it'], { 'audit.actor': 'ann' });
  // Late by two days: it belongs to the day on which it came.
  await receive('acme', startMs + 2 * dayMs, ['web/STORE_1: late'], {}, startMs + hourMs);
  await receive(
    'acme',
    startMs + 3 * dayMs - 1,
    Array.from({ length: 30 }, (_, n) => `web/STORE_9: line ${n}`),
  );
  await receive('acme', startMs + 3 * dayMs, ['web/STORE_1: of the day that is not over']);
  await receive('rival', startMs + 2 * dayMs + 1, ['web/STORE_1: theirs']);
});
afterAll(async () => {
  await store.close();
  removeFolder(folder);
});

test('nothing is written before a day is over and quiet, nor while older records wait', async () => {
  const step = await stepWith();
  clock.advance(hourMs / 2);
  waitingSinceMs = startMs + 1;
  expect(await step.catchUp()).toBe(0);
  waitingSinceMs = undefined;
  // The third day is over, but not for an hour: what came on the first two is there.
  await step.catchUp();
  expect(readdirSync(path.join(archive, 'acme'))).toEqual([first, second]);
  expect(existsSync(path.join(archive, 'rival'))).toBe(false);
});

test('a day has a file for each class and site; one without logs is noted', () => {
  expect(filesOf('acme', first)).toEqual([
    'compliance/STORE_1-0001.parquet 1',
    'compliance/STORE_2-0002.parquet 2',
    'default/no-site-0003.parquet 1',
    'default/___x-0004.parquet 1',
    'default/STORE_1-0005.parquet 2',
  ]);
  expect(filesOf('acme', second)).toEqual([]);
  expect(manifestOf('acme', second)).toMatchObject({ number: 2, rows: 0 });
});

test('whoever is killed half-way leaves nothing, and the next run one whole set', async () => {
  clock.advance(hourMs);
  let files = 0;
  const dying = await stepWith({
    store: {
      query: (...question) => store.query(...question),
      stream: (...question) => store.stream(...question),
      execute: (...statement) => store.execute(...statement),
      async *bytes(...question) {
        for await (const piece of store.bytes(...question)) {
          yield piece.subarray(0, 10);
          if (++files === 3) throw new Error('killed');
          yield piece.subarray(10);
        }
      },
    },
  });
  await expect(dying.catchUp()).rejects.toThrow('killed');
  expect(readdirSync(path.join(archive, 'acme'))).toEqual([first, second]);
  // A kill leaves what an error would have removed.
  mkdirSync(path.join(archive, '.unfinished/left/default'), { recursive: true });
  writeFileSync(path.join(archive, '.unfinished/left/default/STORE_9-0001.parquet'), 'PAR1');
  const step = await stepWith();
  const other = await stepWith();
  await Promise.all([step.catchUp(), other.catchUp()]);
  expect(readdirSync(path.join(archive, '.unfinished'))).toEqual([]);
  expect(readdirSync(path.join(archive, 'acme'))).toEqual([first, second, third]);
  expect(manifestOf('acme', third).files.length).toBeGreaterThan(7);
  expect(await step.catchUp()).toBe(0);
  expect(await verified()).toMatchObject({
    faults: [],
    days: 4,
    rows: 7 + 31 + 1,
    organisations: [{ name: 'acme', first, last: third }, { name: 'rival' }],
  });
});

test('a query that breaks half-way leaves no file behind', async () => {
  const apart = path.join(folder, 'broken');
  const step = await stepWith({
    target: new DiskTarget(apart),
    store: {
      query: (...question) => store.query(...question),
      stream: (...question) => store.stream(...question),
      execute: (...statement) => store.execute(...statement),
      async *bytes(...question) {
        for await (const piece of store.bytes(...question)) yield piece.subarray(0, piece.length - 8);
        yield Buffer.from('\r\n__exception__\r\nMEMORY_LIMIT_EXCEEDED');
      },
    },
  });
  await expect(step.catchUp()).rejects.toThrow('broke off');
  expect(readdirSync(apart)).toEqual(['.unfinished', 'public-key.pem']);
});

test('a day is not written of logs that are rewritten meanwhile', async () => {
  const apart = path.join(folder, 'rewritten');
  let rewrites = 1;
  const step = await stepWith({
    target: new DiskTarget(apart),
    store: {
      query: (...question) => store.query(...question),
      stream: (...question) => store.stream(...question),
      execute: (...statement) => store.execute(...statement),
      async *bytes(...question) {
        if (rewrites-- > 0)
          await store.execute(
            `ALTER TABLE logs UPDATE device = device WHERE organisation = 'acme' AND body = 'hello'`,
            {},
            { settings: { mutations_sync: 1 } },
          );
        yield* store.bytes(...question);
      },
    },
  });
  await expect(step.catchUp()).rejects.toThrow('logs were rewritten while the day was written');
  expect(readdirSync(path.join(apart)).includes('acme')).toBe(false);
  expect(await step.catchUp()).toBeGreaterThan(0);
  expect((await verified({}, apart)).faults).toEqual([]);
});

test('a day is read once, cut by time, and nothing of the sorting stays', async () => {
  const at = startMs + 20 * dayMs;
  const lines = Array.from({ length: 24 }, (_, hour) => [hour, `pos/STORE_${hour % 2}: at ${hour}`] as const);
  for (const [hour, line] of lines) await receive('sorted', at + hour * hourMs, [line], {}, at + hour * hourMs);
  const scans: string[] = [];
  /** Statements over the table itself, without those that count. */
  const seen = (sql: string, parameters: object = {}): void => {
    if (Object.values(parameters).includes('sorted') && /FROM logs\b/.test(sql) && !sql.includes('count()'))
      scans.push(sql.split(' ')[0] ?? '');
  };
  const apart = path.join(folder, 'sorted');
  const step = await stepWith({
    target: new DiskTarget(apart),
    clock: new ManualClock(at + dayMs + 2 * hourMs),
    store: {
      query: (sql, ...more) => (seen(sql, more[0]), store.query(sql, ...more)),
      stream: (...question) => store.stream(...question),
      execute: (sql, ...more) => (seen(sql, more[0]), store.execute(sql, ...more)),
      bytes: (sql, ...more) => (seen(sql, more[0]), store.bytes(sql, ...more)),
    },
  });
  await step.catchUp();
  const day = new Date(at).toISOString().slice(0, 10);
  const { files } = readManifest(readFileSync(path.join(apart, 'sorted', day, 'manifest.json')))!;
  expect(files.map(({ site, rows }) => `${site} ${rows}`)).toEqual(
    Array.from({ length: 6 }, (_, n) => `STORE_${n < 3 ? 0 : 1} 4`),
  );
  // Each holds its own hours.
  const hours = files.map(({ first: from, last: to }) => [from, to].map((iso) => Number(iso.slice(11, 13))));
  expect(hours).toEqual([
    [0, 6],
    [8, 14],
    [16, 22],
    [1, 7],
    [9, 15],
    [17, 23],
  ]);
  expect(scans).toEqual(['INSERT']);
  const left = await store.query(`SELECT name FROM system.tables WHERE startsWith(name, 'archive_day_')`);
  expect(left).toEqual([]);
  await store.execute(`ALTER TABLE logs DELETE WHERE organisation = 'sorted'`, {}, { settings: { mutations_sync: 1 } });
});

test('what was archived is what the table holds', async () => {
  const read = (from: string) =>
    store.query(
      `SELECT organisation, site, service, body, ts, received_at, trace_id, attrs FROM ${from} ORDER BY body`,
    );
  const files = path.join(archive, 'acme/*/*/*.parquet');
  const kept = await read(`file('${files}', Parquet)`);
  const until = `toDateTime64('${fourth} 00:00:00', 9, 'UTC')`;
  const table = `(SELECT * REPLACE lower(hex(trace_id)) AS trace_id FROM logs WHERE organisation = 'acme' AND received_at < ${until})`;
  expect(kept).toHaveLength(38);
  expect(kept).toEqual(await read(table));
});

describe('the audit trail', () => {
  const at = () => path.join(folder, 'audited');
  const headsOf = async (trail: Readonly<Record<string, [number, string] | undefined>>): Promise<readonly string[]> => {
    rmSync(at(), { recursive: true, force: true });
    for (const [now, head] of Object.entries(trail)) {
      const step = await stepWith({
        target: new DiskTarget(at()),
        clock: new ManualClock(Date.parse(now) + dayMs + 2 * hourMs),
        auditHead: async (organisation) =>
          organisation === 'acme' && head ? { number: head[0], sha256: head[1] } : undefined,
      });
      await step.catchUp();
    }
    const { faults, organisations } = await verified({}, at());
    const heads = organisations.find(({ name }) => name === 'acme')?.auditHeads ?? [];
    return [...heads.map(({ day, number, sha256 }) => `${day} ${number} ${sha256}`), ...faults];
  };
  test('is signed with each day, and what is signed of it only grows', async () => {
    expect(await headsOf({ [first]: [3, 'aa'], [second]: [3, 'aa'], [third]: [7, 'bb'] })).toEqual([
      `${first} 3 aa`,
      `${third} 7 bb`,
    ]);
  });
  test('is nothing where there is none', async () => {
    expect(await headsOf({ [first]: undefined, [second]: [1, 'aa'] })).toEqual([`${second} 1 aa`]);
  });
  test('that shrank, was written anew or is not signed any more is named', async () => {
    expect(await headsOf({ [first]: [3, 'aa'], [second]: [3, 'cc'], [third]: [2, 'dd'] })).toEqual([
      `${first} 3 aa`,
      `acme ${second}: entry 3 of the audit trail is not the one that ${first} signs: it was replaced.`,
      `acme ${third}: the audit trail had 3 entries on ${first} and 2 on this day.`,
    ]);
    expect(await headsOf({ [first]: [3, 'aa'], [second]: undefined })).toEqual([
      `${first} 3 aa`,
      `acme ${second}: the manifest signs no audit trail, that of ${first} does.`,
    ]);
  });
});

describe('each tampering is named', () => {
  const forger = generateKeyPairSync('ed25519').privateKey;
  const edit = (file: string, how: (text: string) => string): void =>
    writeFileSync(file, how(readFileSync(file, 'utf8')));
  const rewrite = (day: string, how: (manifest: Manifest) => Manifest, signedBy = forger): void => {
    const bytes = Buffer.from(JSON.stringify(how(readManifest(readFileSync(path.join(day, 'manifest.json')))!)));
    writeFileSync(path.join(day, 'manifest.json'), bytes);
    writeFileSync(path.join(day, 'manifest.sig'), sign(null, bytes, signedBy));
  };
  const store1 = 'default/STORE_1-0005.parquet';

  test.each<[string, (at: string) => void | Promise<void>, RegExp[], Partial<VerifyOptions>?]>([
    [
      'a byte flipped',
      (at) => {
        const file = path.join(at, 'acme', first, store1);
        const bytes = readFileSync(file);
        bytes[20]! ^= 1;
        writeFileSync(file, bytes);
      },
      [/^acme \S+: default\/STORE_1-0005\.parquet was changed: its length is right/],
    ],
    [
      'a row deleted, the file written anew',
      async (at) => {
        const file = path.join(at, 'acme', first, store1);
        const pieces: Uint8Array[] = [];
        const rest = store.bytes(`SELECT * FROM file('${file}', Parquet) WHERE body != 'hello' FORMAT Parquet`);
        for await (const piece of rest) pieces.push(piece);
        writeFileSync(file, Buffer.concat(pieces));
      },
      [/STORE_1-0005\.parquet was written anew: it holds 1 of 2 rows/],
    ],
    [
      'a file cut short',
      (at) => writeFileSync(path.join(at, 'acme', first, store1), 'PAR1'),
      [/no whole Parquet file/],
    ],
    ['a file removed', (at) => rmSync(path.join(at, 'acme', first, store1)), [/STORE_1-0005\.parquet is missing/]],
    [
      'a file added',
      (at) => writeFileSync(path.join(at, 'acme', first, 'default/more.parquet'), 'PAR1'),
      [/default\/more\.parquet is not in the manifest/],
    ],
    [
      'a manifest removed',
      (at) => rmSync(path.join(at, 'acme', second, 'manifest.json')),
      [new RegExp(`^acme ${second}: the manifest is missing`)],
    ],
    [
      'a signature removed',
      (at) => rmSync(path.join(at, 'acme', second, 'manifest.sig')),
      [/the signature is missing/],
    ],
    [
      'a day removed',
      (at) => rmSync(path.join(at, 'acme', second), { recursive: true }),
      [new RegExp(`^acme: ${second} is missing`)],
    ],
    [
      'the first day removed',
      (at) => rmSync(path.join(at, 'acme', first), { recursive: true }),
      [/^acme \S+: this is day number 2 of the archive: 1 before it are missing/],
    ],
    [
      'the last day removed, and the day asked for',
      (at) => rmSync(path.join(at, 'acme', third), { recursive: true }),
      [new RegExp(`^acme: ${third} is missing`)],
      { through: third },
    ],
    [
      'an organisation’s days asked for that never were',
      () => undefined,
      [
        new RegExp(`^acme: ${dayOf(-1)} is missing`),
        new RegExp(`^rival: the days from ${dayOf(-1)} to ${second} are missing`),
      ],
      { from: dayOf(-1) },
    ],
    [
      'a root forged',
      (at) =>
        edit(path.join(at, 'acme', third, 'manifest.json'), (text) => text.replace(/"root": "...../, '"root": "00000')),
      [/the signature is not that of the manifest/, /the root is not that of the files/],
    ],
    [
      'a file taken out of the manifest too, the root made to fit, signed by another key',
      (at) => {
        rmSync(path.join(at, 'acme', third, manifestOf('acme', third).files[0]!.path));
        rewrite(path.join(at, 'acme', third), (manifest) => {
          const files = manifest.files.slice(1);
          return { ...manifest, files, root: rootOf(files), rows: manifest.rows - manifest.files[0]!.rows };
        });
      },
      [/the signature is not that of the manifest/, /the manifest counts/],
    ],
    [
      'a whole day forged under another key',
      (at) => rewrite(path.join(at, 'acme', second), (manifest) => ({ ...manifest, key: 'SHA256:other' })),
      [/was not signed by the given key; it names the key SHA256:other/, /does not follow from that of the day before/],
    ],
    [
      'a day signed twice by the right key',
      (at) =>
        rewrite(path.join(at, 'acme', second), (manifest) => ({ ...manifest, writtenAt: 'later' }), key.privateKey),
      [new RegExp(`^acme ${third}: the manifest does not follow`)],
    ],
    [
      'two days exchanged',
      (at) => {
        renameSync(path.join(at, 'acme', first), path.join(at, 'x'));
        renameSync(path.join(at, 'acme', second), path.join(at, 'acme', first));
        renameSync(path.join(at, 'x'), path.join(at, 'acme', second));
      },
      [/put in another place/, /day number 2/, /put in another place/, /does not follow/, /does not follow/],
    ],
    [
      'a manifest that names files elsewhere',
      (at) =>
        rewrite(
          path.join(at, 'rival', third),
          (manifest) => ({
            ...manifest,
            files: manifest.files.map((file) => ({ ...file, path: '../../../etc/passwd' })),
          }),
          key.privateKey,
        ),
      [/the root is not that/, /names a file that cannot be/, /STORE_1-0001\.parquet is not in the manifest/],
    ],
    [
      'a manifest of nonsense',
      (at) => writeFileSync(path.join(at, 'rival', third, 'manifest.json'), '{"version":1}'),
      [/the signature is not/, /the manifest cannot be read/],
    ],
    [
      'everything removed',
      (at) => ['acme', 'rival'].forEach((name) => rmSync(path.join(at, name), { recursive: true })),
      [/no organisation/],
    ],
  ])('%s', async (_, tamper, expected, options = {}) => {
    const copy = path.join(folder, 'tampered');
    rmSync(copy, { recursive: true, force: true });
    cpSync(archive, copy, { recursive: true });
    await tamper(copy);
    const { faults } = await verified(options, copy);
    expect(faults).toEqual(expected.map((sentence) => expect.stringMatching(sentence)));
  });

  test('the key itself is another', async () => {
    const { faults } = await verified({
      publicKey: createPublicKey(createPrivateKey(forger.export({ type: 'pkcs8', format: 'pem' }))),
    });
    expect(faults).toHaveLength(4);
    expect(faults[0]).toMatch(/not signed by the given key/);
  });
});

describe('a part is proved for a report', () => {
  const proofOf = (at: string, parts: Partial<ArchiveProofParts> = {}): ArchiveProof =>
    new ArchiveProof({ target: new DiskTarget(at), publicKey: key.publicKey, clock, ...parts });
  const { signal } = new AbortController();
  let copy: string;
  beforeAll(() => {
    copy = path.join(folder, 'proved');
    cpSync(archive, copy, { recursive: true });
  });

  test('of one organisation and its days, remembered under the manifest for a day', async () => {
    const proof = proofOf(copy);
    const atMs = clock.now();
    const whole = await proof.prove('acme', first, third, signal);
    expect(whole).toMatchObject({
      faults: [],
      unread: [],
      days: [{ day: first, at: atMs, rows: 7, faults: [] }, { day: second }, { day: third, rows: 31 }],
    });
    // A part begins in the midst of the chain without a fault.
    expect(await proof.prove('acme', second, second, signal)).toMatchObject({ faults: [], days: [{ day: second }] });
    expect(await proof.prove('nobody', first, third, signal)).toMatchObject({ faults: [], days: [], unread: [] });
    const file = path.join(copy, 'acme', first, whole.days[0] ? 'default/STORE_1-0005.parquet' : '');
    const bytes = readFileSync(file);
    bytes[20]! ^= 1;
    writeFileSync(file, bytes);
    clock.advance(1000);
    const again = await proof.prove('acme', first, third, signal);
    expect(again.days.map(({ at }) => at)).toEqual([atMs, atMs, atMs]);
    // Who did not read it yet sees it at once, the other one a day later.
    for (const one of [proofOf(copy), (clock.advance(dayMs), proof)])
      expect(await one.prove('acme', first, third, signal)).toMatchObject({
        faults: [],
        days: [
          { day: first, faults: [expect.stringMatching(/STORE_1-0005\.parquet was changed/)] },
          { faults: [] },
          { faults: [] },
        ],
      });
    clock.advance(-dayMs - 1000);
  });

  test('so far as a call may read; the next one goes on', async () => {
    const mostBytes = Math.max(manifestOf('acme', first).bytes, manifestOf('acme', third).bytes);
    const proof = proofOf(archive, { mostBytes });
    const days = async (): Promise<string[][]> => {
      const { days: read, unread } = await proof.prove('acme', first, third, signal);
      return [read.map(({ day }) => day), [...unread]];
    };
    expect(await days()).toEqual([[first, second], [third]]);
    expect(await days()).toEqual([[first, second, third], []]);
    const little = await proofOf(archive, { mostBytes: 1 }).prove('acme', first, third, signal);
    expect(little).toMatchObject({ days: [{ day: second }], unread: [first, third] });
    expect(await proofOf(archive, { mostMs: 0 }).prove('acme', first, third, signal)).toMatchObject({
      days: [],
      unread: [first, second, third],
    });
  });

  test('a forged manifest and a missing day are faults of the chain', async () => {
    const at = path.join(folder, 'proved-forged');
    cpSync(archive, at, { recursive: true });
    writeFileSync(path.join(at, 'acme', third, 'manifest.sig'), 'forged');
    rmSync(path.join(at, 'acme', second), { recursive: true });
    const { faults } = await proofOf(at).prove('acme', first, third, signal);
    expect(faults).toEqual([
      expect.stringContaining(`${second} is missing`),
      expect.stringContaining('the signature is not that of the manifest'),
    ]);
  });
});

test('a chain that was damaged is not continued, and holds no other organisation back', async () => {
  const damaged = path.join(folder, 'damaged');
  cpSync(archive, damaged, { recursive: true });
  writeFileSync(path.join(damaged, 'acme', third, 'manifest.json'), 'nothing');
  clock.advance(dayMs);
  const step = await stepWith({ target: new DiskTarget(damaged) });
  await expect(step.catchUp()).rejects.toThrow('is no manifest');
  expect(readdirSync(path.join(damaged, 'acme'))).toEqual([first, second, third]);
  expect(readdirSync(path.join(damaged, 'rival'))).toEqual([third, fourth]);
  expect(step.metrics()).toContain('sightline_archive_failures_total 1\n');
});

describe('encrypted', () => {
  // Any sealing that is bound to its purpose does; the server's own is AES-256-GCM.
  const sealer = {
    seal: (text: string, boundTo: string) => Buffer.from(JSON.stringify([boundTo, text])),
    open: (sealed: Buffer, boundTo: string) => {
      const [bound, text] = JSON.parse(sealed.toString()) as [string, string];
      return bound === boundTo ? text : undefined;
    },
  };
  let sealed: string;
  let keyring: Keyring;
  const sealedFiles = (): string[] =>
    [first, third, fourth].flatMap((day) =>
      readManifest(readFileSync(path.join(sealed, 'acme', day, 'manifest.json')))!.files.map((file) =>
        path.join(sealed, 'acme', day, file.path),
      ),
    );

  beforeAll(async () => {
    sealed = path.join(folder, 'sealed');
    keyring = new Keyring(path.join(folder, 'keys'), sealer);
    const step = await stepWith({ target: new DiskTarget(sealed), keyring, rowsAtMost: 20 });
    await step.catchUp();
  });

  test('no file says a word without its key, and each is proved all the same', async () => {
    const files = sealedFiles();
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      expect(file).toMatch(/\.parquet\.sealed$/);
      expect(readFileSync(file, 'latin1')).not.toMatch(/PAR1|body|captured/);
    }
    expect(await verified({}, sealed)).toMatchObject({ faults: [], rows: 40, sealed: files.length + 1, opened: 0 });
  });

  test('with the keys all rows are counted', async () => {
    const { faults, opened, sealed: all } = await verified({ keys: keyring }, sealed);
    expect(faults).toEqual([]);
    expect(opened).toBe(all);
  });

  test('the reader gives plain Parquet that holds what the table holds', async () => {
    const target = new DiskTarget(sealed);
    const reader = new ArchiveReader({ target, keys: keyring, scratch: path.join(folder, 'scratch') });
    await reader.prepare();
    expect(await reader.organisations()).toEqual(['acme', 'rival']);
    const [day] = await reader.days('acme');
    const manifest = await reader.manifest('acme', day!);
    const file = manifest!.files.find(({ class: kept, site }) => kept === 'compliance' && site === 'STORE_1')!;
    const opened = await reader.open({ organisation: 'acme', day: day!, file });
    if (!opened.ok) throw new Error(opened.error.message);
    expect(await store.query(`SELECT body FROM file('${opened.value.path}', Parquet)`)).toEqual([{ body: 'captured' }]);
    await opened.value.close();
    expect(readdirSync(path.join(folder, 'scratch'))).toEqual([]);
    expect(
      await reader.open({ organisation: 'acme', day: day!, file: { ...file, path: 'gone.parquet' } }),
    ).toMatchObject({
      error: { reason: 'missing' },
    });
    expect(
      await reader.open({ organisation: 'acme', day: day!, file: { ...file, key: '2026-01-abcdefghij' } }),
    ).toMatchObject({ error: { reason: 'no-key' } });
  });

  test('a byte flipped is named without a key', async () => {
    const copy = path.join(folder, 'sealed-tampered');
    cpSync(sealed, copy, { recursive: true });
    const file = sealedFiles()[0]!.replace(sealed, copy);
    const bytes = readFileSync(file);
    bytes[bytes.length - 20]! ^= 1;
    writeFileSync(file, bytes);
    expect((await verified({}, copy)).faults).toEqual([expect.stringMatching(/was changed: its length is right/)]);
    writeFileSync(file, 'nothing');
    expect((await verified({}, copy)).faults).toEqual([expect.stringMatching(/is no encrypted file any more/)]);
  });
});
