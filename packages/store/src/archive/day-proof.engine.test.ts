import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import { freshFolder, openMigratedStore, removeFolder } from '../testing.ts';
import { ArchiveStep } from './archive-step.ts';
import { DayProof, DayProofReads } from './day-proof.ts';
import { DiskTarget } from './disk-target.ts';
import { compareTexts } from './head-chain.ts';
import { verifyArchive } from './verify-archive.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const minuteMs = 60_000;
const key = generateKeyPairSync('ed25519');
const publicKeyPem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const signer = { publicKeyPem, sign: (bytes: Uint8Array) => sign(null, bytes, key.privateKey) };
/** Noon of yesterday: rows live in the table, and the clock can go on to the next day. */
const noonMs = Math.floor(Date.now() / dayMs) * dayMs - dayMs / 2;

let folder: string;
let store: EmbeddedStore;
let archive: string;
let clock: ManualClock;
let run = 0;
let organisation: string;
let waiting: number | undefined;

const target = () => new DiskTarget(archive);
const proofOf = () =>
  new DayProof({
    store,
    target: target(),
    signer,
    clock,
    logger: silentLogger,
    waitingSinceMs: () => waiting,
    classes: async () => ['compliance'],
  });
const never = new AbortController().signal;
const reads = () =>
  new DayProofReads({
    store,
    target: target(),
    publicKeyPem: async () => publicKeyPem,
    classes: async () => ['compliance'],
    clock,
  });
async function textsThere(): Promise<string[]> {
  const texts: string[] = [];
  for await (const text of reads().rows(organisation, never)) texts.push(text);
  return texts;
}
const checked = () => reads().check(organisation, never);
const faults = async () => (await checked())?.faults;
async function verified(untilMs?: number) {
  const asked = untilMs === undefined ? {} : { untilMs };
  const found = await verifyArchive({ target: target(), publicKey: key.publicKey, ...asked });
  return { ...found, organisations: found.organisations.filter(({ name }) => name === organisation) };
}
const headsFolder = () => path.join(archive, organisation, 'heads');
const headsOf = () => (existsSync(headsFolder()) ? readdirSync(headsFolder()).toSorted() : []);
/** How many heads of this test's organisation a round writes; others of the store have their turn in it. */
async function signedBy(proof: DayProof): Promise<number> {
  const before = headsOf().length;
  await proof.sign();
  return headsOf().length - before;
}

async function receive(atMs: number, bodies: readonly string[], service = 'pos-payment'): Promise<void> {
  await store.execute(
    `INSERT INTO logs (organisation, service, site, body, ts, received_at)
     SELECT {organisation:String}, {service:String}, 'STORE_047', arrayJoin({bodies:Array(String)}), fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64})`,
    { organisation, bodies: [...bodies], at: atMs, service },
    { settings: { insert_deduplication_token: `${organisation}-${atMs}-${bodies[0]}-${service}` } },
  );
}
const tamper = (sql: string): Promise<unknown> =>
  store.execute(
    `${sql} AND organisation = {organisation:String}`,
    { organisation },
    { settings: { mutations_sync: 2 }, timeoutMs: 60_000 },
  );

beforeAll(async () => {
  folder = freshFolder();
  store = await openMigratedStore(folder);
});
afterAll(async () => {
  await store.close();
  removeFolder(folder);
});
beforeEach(() => {
  run++;
  organisation = `acme_${run}`;
  archive = path.join(folder, `archive-${run}`);
  clock = new ManualClock(noonMs);
  waiting = undefined;
});

test('a record that is deleted or changed on its day is named, by check and by verify', async () => {
  await target().prepare();
  await receive(noonMs - minuteMs, ['captured 1', 'captured 2', 'of age']);
  await receive(noonMs - minuteMs, ['a line of no class'], 'web');
  expect(await signedBy(proofOf())).toBe(1);
  expect(await signedBy(proofOf())).toBe(0);
  expect(await checked()).toMatchObject({ records: 3, unsigned: 0, faults: [], signedUntilMs: noonMs - 15_000 });
  expect(await verified()).toMatchObject({ faults: [], organisations: [{ heads: { rows: { length: 3 } } }] });
  // What engines do by themselves changes nothing of it.
  await store.execute('OPTIMIZE TABLE logs FINAL', {}, { timeoutMs: 60_000 });
  expect(await faults()).toEqual([]);

  const texts = (await textsThere()).toSorted();
  const { heads } = (await verified()).organisations[0]!;
  const against = (lines: readonly string[]) =>
    compareTexts(
      heads.rows,
      (async function* () {
        yield* lines;
      })(),
    );
  expect(await against(texts)).toEqual([]);
  const when = new Date(noonMs - minuteMs).toISOString().replace('Z', '000Z');
  const named = `the record of STORE_047, pos-payment, received on ${when}`;
  expect(await against(texts.slice(1))).toEqual([`${named} is missing: it was signed on that day.`]);
  expect(await against(texts.map((text) => text.replace('captured 1', 'captured 9')))).toEqual([
    `${named} was changed since it was signed.`,
  ]);

  await tamper(`ALTER TABLE logs UPDATE body = 'captured 100' WHERE body = 'captured 1'`);
  expect(await faults()).toEqual([`${named} was changed since it was signed.`]);
  await tamper(`ALTER TABLE logs DELETE WHERE body = 'of age'`);
  expect(await faults()).toEqual([
    `${named} is missing: it was signed on that day.`,
    `${named} was changed since it was signed.`,
  ]);
  // The day's manifest says it for ever, and what proves it stays.
  clock.advance(dayMs);
  const proof = proofOf();
  await proof.sign();
  const step = new ArchiveStep({
    store,
    clock,
    logger: silentLogger,
    waitingSinceMs: () => undefined,
    target: target(),
    signer,
    keyring: undefined,
    dayProof: proof,
  });
  expect(await step.catchUp()).toBeGreaterThan(0);
  expect((await verified()).faults).toEqual([
    expect.stringMatching(/: when the day was written, the record of .* is missing/),
    expect.stringMatching(/: when the day was written, the record of .* was changed/),
  ]);
  expect(headsOf().length).toBeGreaterThan(0);
});

test('late and equal records are signed by the next head; an hour without any has a head, and less has none', async () => {
  const proof = proofOf();
  await receive(noonMs - minuteMs, ['twice', 'twice']);
  waiting = noonMs - 2 * minuteMs;
  expect(await signedBy(proof)).toBe(0);
  waiting = undefined;
  await proof.sign();
  await receive(noonMs - 30_000, ['came late']);
  expect(await checked()).toMatchObject({ records: 2, unsigned: 1, faults: [] });
  clock.advance(5 * minuteMs);
  expect(await signedBy(proof)).toBe(1);
  expect(await checked()).toMatchObject({ records: 3, unsigned: 0, faults: [] });
  clock.advance(5 * minuteMs);
  expect(await signedBy(proof)).toBe(0);
  clock.advance(hourMs);
  expect(await signedBy(proof)).toBe(1);
  // Another process goes on where this one was.
  expect(await signedBy(proofOf())).toBe(0);
  await tamper(`ALTER TABLE logs DELETE WHERE body = 'twice'`);
  expect((await faults())?.length).toBe(2);
});

test('a head that is removed, forged or changed is named', async () => {
  const proof = proofOf();
  for (const n of [1, 2, 3]) {
    await receive(clock.now() - 20_000, [`captured ${n}`]);
    expect(await signedBy(proof)).toBe(1);
    clock.advance(5 * minuteMs);
  }
  const file = (number: number) => path.join(archive, organisation, 'heads', `00000000${number}.head`);
  const kept = readFileSync(file(2));
  const said = async (): Promise<readonly string[]> => (await verified()).faults.map((one) => one.replace(/^\S+ /, ''));
  expect(await said()).toEqual([]);
  rmSync(file(2));
  expect(await said()).toEqual(['head 2 is missing.']);
  writeFileSync(file(2), kept.toString().replace('"records":1', '"records":0'));
  expect(await said()).toEqual(['head 2 has a signature that is not its own: it was changed or forged.']);
  writeFileSync(file(2), kept.toString().replace('STORE_047', 'STORE_048'));
  expect(await said()).toEqual([
    'head 2 signs other records than stand in its file: a line was changed, added or removed.',
  ]);
  writeFileSync(file(2), kept);
  // The newest ones taken away: only who noted until when there were some finds it in the folder.
  const until = Date.parse((await verified()).organisations[0]?.heads.until ?? '');
  const saidOf = async (untilMs: number) =>
    (await verified(untilMs)).faults.filter((one) => one.startsWith(organisation));
  expect(await saidOf(until)).toEqual([]);
  rmSync(file(3));
  expect(await said()).toEqual([]);
  expect(await saidOf(until)).toEqual([
    expect.stringMatching(
      /: what is signed ends at .*, not at .* or later: what was signed after it was taken away, or/,
    ),
  ]);
  // Who signs knows better, and leaves the gap.

  await receive(clock.now() - 20_000, ['captured 4']);
  await proof.sign();
  expect(await said()).toEqual(['head 3 is missing.']);
});

test('a manifest takes the heads of its day over; what Sightline changes itself is signed anew and said', async () => {
  const proof = proofOf();
  await receive(noonMs - minuteMs, ['captured, card 4111', 'captured 2']);
  await proof.sign();
  const work = () => tamper(`ALTER TABLE logs UPDATE body = 'captured, card ***' WHERE body LIKE '%4111'`);
  await proof.around(organisation, 'personal data was scrubbed', work);
  expect(await checked()).toMatchObject({
    records: 2,
    faults: [],
    notes: [expect.stringMatching(/^records were signed anew on \S+: personal data was scrubbed\.$/)],
  });
  const more = () => tamper(`ALTER TABLE logs UPDATE body = 'captured, card' WHERE body LIKE '%***'`);
  await proof.around(organisation, 'personal data was scrubbed', more);
  expect(await checked()).toMatchObject({
    faults: [],
    notes: [expect.stringMatching(/^records were signed anew 2 times from \S+ to \S+: personal data was scrubbed\.$/)],
  });
  clock.advance(dayMs / 2 + 2 * hourMs);
  await receive(clock.now() - minuteMs, ['captured on the next day']);
  await proof.sign();
  const step = new ArchiveStep({
    store,
    clock,
    logger: silentLogger,
    waitingSinceMs: () => undefined,
    target: target(),
    signer,
    keyring: undefined,
    dayProof: proof,
  });
  await step.catchUp();
  expect(await verified()).toMatchObject({
    faults: [],
    organisations: expect.arrayContaining([expect.objectContaining({ name: organisation })]),
  });
  expect(await checked()).toMatchObject({ records: 1, faults: [], unsigned: 0 });
  // The next heads follow those that the manifest took over.
  clock.advance(hourMs);
  expect(await signedBy(proof)).toBe(1);
  expect((await verified()).faults).toEqual([]);
  rmSync(path.join(archive, organisation, 'heads', headsOf()[0]!));
  expect((await verified()).faults).toEqual([expect.stringMatching(/head \d+ is missing/)]);
});

test('the hash is that of the text: any tool tells it again', async () => {
  await receive(noonMs - minuteMs, ['captured "ö"\n']);
  await proofOf().sign();
  const [text = ''] = await textsThere();
  const [line = ''] = readFileSync(path.join(archive, organisation, 'heads', '000000001.head'), 'utf8')
    .split('\n')
    .slice(2);
  expect(JSON.parse(line)).toEqual([
    createHash('sha256').update(text).digest('hex'),
    expect.any(String),
    'STORE_047',
    'pos-payment',
  ]);
});
