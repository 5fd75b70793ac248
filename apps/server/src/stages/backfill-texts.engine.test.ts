/**
 * What a backfill reaches outside the tables of records: attachments in the blob store, incidents, their time lines, comments; and what it
 * counts because it cannot rewrite it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, silentLogger, systemClock } from '@sightline/base';
import type { Control, ScrubBackfill, ScrubBackfills } from '@sightline/control';
import { organisationOf, runStatement, type TestServer, testServers } from '@sightline/control/testing';
import { createFunctions } from '@sightline/ingest';
import { type EmbeddedStore, openDiskBlobs } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import type { BlobStore } from '@sightline/store/port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Closers } from '../closers.ts';
import { openBackfills } from './backfills.ts';

const dayMs = 86_400_000;
const folder = mkdtempSync(path.join(tmpdir(), 'sightline-backfill-texts-'));
let skewMs = 0;
const clock: Clock = { now: () => Date.now() + skewMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const yesterday = dayOf(Date.now() - dayMs);
const long = dayOf(Date.now() - 9 * dayMs);
const pan = '4111111111111111';
const email = 'bob@shop.example';

let server: TestServer;
let control: Control;
let store: EmbeddedStore;
let blobs: BlobStore;
let acme: string;
let other: string;
let token = 0;

beforeAll(async () => {
  server = await testServers[0]!.start();
  control = await server.freshControl(clock);
  acme = await organisationOf(control, 'acme');
  other = await organisationOf(control, 'other');
  store = await openMigratedStore(folder);
  await createFunctions(store);
  blobs = await openDiskBlobs({ folder: path.join(folder, 'blobs'), clock, logger: silentLogger });
}, 240_000);
afterAll(async () => {
  await store?.close();
  await control?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (sql: string, values: readonly unknown[] = []) =>
  runStatement(control.database.connectionString, sql, values);

async function attach(organisation: string, name: string, content: string | Buffer, day = yesterday): Promise<string> {
  const bytes = Buffer.from(content);
  const kept = await blobs.put(bytes, { organisation, area: 'attachments', limitBytes: 1e9 });
  if (!kept.ok) throw new Error(kept.error.message);
  await store.execute(
    `INSERT INTO attachments (organisation, project, event_id, ts, name, content_type, attachment_type, size_bytes, blob)
     SELECT {organisation:String}, 1, {event:String}, toDateTime64({at:String}, 3), {name:String}, 'application/octet-stream', 'event.attachment', {size:UInt64}, {blob:String}`,
    {
      organisation,
      event: `e${++token}`,
      at: `${day} 10:00:00`,
      name,
      size: bytes.length,
      blob: kept.value.hash,
    },
    { settings: { insert_deduplication_token: `a${token}` } },
  );
  return kept.value.hash;
}

/** Contents as the rows name them, by name and day. */
async function contents(organisation: string): Promise<Record<string, string>> {
  const rows = await store.query<{ name: string; day: string; blob: string; size: string }>(
    `SELECT name, toString(toDate(ts)) AS day, blob, toString(size_bytes) AS size FROM attachments WHERE organisation = {organisation:String}`,
    { organisation },
  );
  const found: Record<string, string> = {};
  for (const { name, day, blob, size } of rows) {
    const bytes = await blobs.read({ organisation, area: 'attachments', hash: blob });
    expect(bytes?.length).toBe(Number(size));
    found[`${day === yesterday ? '' : `${day} `}${name}`] = bytes?.toString('latin1') ?? 'missing';
  }
  return found;
}

async function incident(organisation: string, number: number, site: string): Promise<void> {
  const id = `inc_${organisation}_${number}`;
  const at = `${yesterday}T10:00:00Z`;
  const evidence = { capturedAt: 1, logs: [{ at: 5, site, body: `paid by ${email} with ${pan}` }], missing: [] };
  await ask(
    `INSERT INTO incidents (id, organisation, number, group_key, title, summary, severity, status, site, labels, runbook, opened_at, policy, updated_at, evidence, past_findings, resolved_note)
     VALUES ($1, $2, $3, $1, $4, '31 %', 'critical', 'resolved', $5, $6, '', $7, '', $7, $8, $9, 'called them')`,
    [
      id,
      organisation,
      number,
      `Payments of ${email} fail`,
      site,
      JSON.stringify({ user: email, rule: 'rul_1' }),
      at,
      JSON.stringify(evidence),
      JSON.stringify([{ key: 'k', title: `Card ${pan}`, labels: { card: pan }, severity: 'high' }]),
    ],
  );
  await ask(
    `INSERT INTO incident_events (organisation, incident, at, kind, actor, text, detail) VALUES
     ($1, $2, $3, 'note', 'ann@acme.test', 'the card was ${pan}', '{}'),
     ($1, $2, $3, 'acknowledged', 'ann@acme.test', 'Acknowledged by ann@acme.test after 2 min.', '{}'),
     ($1, $2, $3, 'handed-over', 'ann@acme.test', 'ann@acme.test handed it over to joe@acme.test: ask ${email}', '{"to": "joe@acme.test"}')`,
    [organisation, id, at],
  );
  await ask(
    `INSERT INTO issue_states (organisation, issue, status, assignee, updated_at) VALUES ($1, $2, 'unresolved', '', $3)`,
    [organisation, `000000000000000${number}`, at],
  );
  await ask(
    `INSERT INTO issue_activity (organisation, issue, at, actor, text) VALUES ($1, $2, $3, 'ann@acme.test', 'happens to ${email}')`,
    [organisation, `000000000000000${number}`, at],
  );
}

const faults: string[] = [];
const loud = {
  ...silentLogger,
  with: () => loud,
  warn: (message: string, fields?: Readonly<Record<string, unknown>>) =>
    void faults.push(`${message} ${String((fields?.['error'] as Error | undefined)?.stack)}`.slice(0, 1500)),
};
const stepOn = (backfills: ScrubBackfills) =>
  openBackfills(
    {
      stores: { store, engine: store, control: { ...control, scrubBackfills: backfills } },
      clock,
      logger: loud,
      closers: new Closers(silentLogger),
    },
    { waitingSinceMs: () => undefined },
    undefined,
    blobs,
  );
const newest = async (): Promise<ScrubBackfill> => (await control.scrubBackfills.list(acme, 1))[0]!;
async function toItsEnd(): Promise<ScrubBackfill> {
  const step = stepOn(control.scrubBackfills);
  for (let i = 0; i < 20 && faults.length === 0 && ['waiting', 'running'].includes((await newest()).state); i++) {
    skewMs += 61_000;
    await step.catchUp();
  }
  expect(faults).toEqual([]);
  return newest();
}
async function ran(kind: 'preview' | 'run'): Promise<ScrubBackfill> {
  const added = await control.scrubBackfills.add(
    acme,
    { kind, fromDay: dayOf(Date.now() - 2 * dayMs), toDay: dayOf(Date.now()) },
    'ann',
  );
  if (!added.ok) throw new Error(added.error.message);
  return toItsEnd();
}
/** Rows of the control plane as text, of one organisation. */
async function texts(organisation: string): Promise<string> {
  const all = [];
  for (const table of ['incidents', 'incident_events', 'issue_activity'])
    all.push(await ask(`SELECT * FROM ${table} WHERE organisation = $1 ORDER BY 1`, [organisation]));
  return JSON.stringify(all);
}

test(
  'attachments, incidents and comments are scrubbed once, whatever is killed; the rest is counted',
  { timeout: 400_000 },
  async () => {
    const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255]);
    const log = `10:00 start\n10:01 mail to ${email}\n10:02 done\n`;
    const both: string[] = [];
    for (const organisation of [acme, other]) {
      both.push(await attach(organisation, 'app.log', log));
      await attach(organisation, 'again.log', log);
      await attach(
        organisation,
        'state.json',
        JSON.stringify({ user: { email }, n: 12.5, card: pan, list: [1, null] }),
      );
      await attach(organisation, 'plain.txt', 'nothing to see');
      await attach(organisation, 'shot.png', picture);
      await attach(organisation, `${email}.txt`, 'nothing either');
      await attach(organisation, 'shared.txt', `of ${email}`);
      // The same content on a day that is not asked for.
      await attach(organisation, 'shared.txt', `of ${email}`, long);
      await incident(organisation, 1, 'STORE_1');
    }
    await store.execute(
      `INSERT INTO volume (organisation, minute, service, severity, site, environment, records)
       SELECT {acme:String}, toDateTime({at:String}), 'pos', 9, {site:String}, 'x', 1`,
      { acme, at: `${yesterday} 10:00:00`, site: `store of ${email}` },
    );
    const theirs = [await contents(other), await texts(other)];

    const preview = await ran('preview');
    expect(preview).toMatchObject({ state: 'done', detail: '' });
    expect(await contents(acme)).toEqual(await contents(other));
    const of = (run: ScrubBackfill, signal: string) =>
      Object.fromEntries(run.counts.filter((one) => one.signal === signal).map(({ rule, removed }) => [rule, removed]));
    expect(of(preview, 'attachments')).toEqual({ email: 4, pan: 1 });
    // Title, label and evidence; a past finding's title and label, and evidence.
    expect(of(preview, 'incidents')).toEqual({ email: 3, pan: 3 });
    expect(of(preview, 'incident time lines')).toEqual({ email: 1, pan: 1 });
    expect(of(preview, 'comments on issues')).toEqual({ email: 1 });
    expect(preview.stays).toEqual([
      { what: 'attachments that are no text (dumps, pictures)', n: 1 },
      { what: 'names of attachments', n: 1 },
      { what: 'names of sites', n: 1 },
    ]);
    expect(JSON.stringify(preview.examples)).toContain('mail to <email>');

    // Killed when a batch of attachments is noted, and once more when it is written.
    const added = await control.scrubBackfills.add(
      acme,
      { kind: 'run', fromDay: preview.fromDay, toDay: preview.toDay },
      'ann',
    );
    if (!added.ok) throw new Error(added.error.message);
    for (const dying of ['pending', 'advance'] as const) {
      let dead = false;
      const gone = new Proxy(control.scrubBackfills, {
        get:
          (book, name: keyof ScrubBackfills) =>
          async (...args: unknown[]) => {
            if (dead) throw new Error('gone');
            const dies = name === dying && (args[1] as { unit: string } | null)?.unit.startsWith('c') === true;
            const answer =
              dies && dying === 'advance'
                ? undefined
                : await (book[name] as (...all: unknown[]) => Promise<unknown>)(...args);
            if (!dies) return answer;
            dead = true;
            throw new Error('gone');
          },
      });
      skewMs += 61_000;
      await expect(stepOn(gone).catchUp()).rejects.toThrow('gone');
      expect(faults.splice(0).length).toBeGreaterThan(0);
      expect((await newest()).pending).toMatchObject({ changed: 4 });
    }
    const run = await toItsEnd();
    expect(run).toMatchObject({
      state: 'done',
      rowsChanged: preview.rowsChanged,
      rowsSeen: preview.rowsSeen,
      rowsHeld: 0,
    });
    expect(run.counts).toEqual(preview.counts);
    expect(run.stays).toEqual(preview.stays);
    expect(await contents(acme)).toEqual({
      'app.log': '10:00 start\n10:01 mail to <email>\n10:02 done\n',
      'again.log': '10:00 start\n10:01 mail to <email>\n10:02 done\n',
      'state.json': JSON.stringify({ user: { email: '<email>' }, n: 12.5, card: '<pan>', list: [1, null] }),
      'plain.txt': 'nothing to see',
      'shot.png': picture.toString('latin1'),
      [`${email}.txt`]: 'nothing either',
      'shared.txt': 'of <email>',
      [`${long} shared.txt`]: `of ${email}`,
    });
    // The old content is gone, but for one that another day names.
    expect(await blobs.size({ organisation: acme, area: 'attachments', hash: both[0]! })).toBeUndefined();
    const after = await texts(acme);
    expect(after).not.toContain(pan);
    expect(after).not.toContain(email);
    for (const kept of [
      'the card was <pan>',
      'ann@acme.test handed it over to joe@acme.test: ask <email>',
      'Acknowledged by ann@acme.test',
      'Payments of <email> fail',
      'paid by <email> with <pan>',
    ])
      expect(after).toContain(kept);
    expect([await contents(other), await texts(other)]).toEqual(theirs);
    expect(await ran('run')).toMatchObject({ state: 'done', rowsChanged: 0, counts: [], stays: preview.stays });
  },
);

test('copies of logs in an incident stay while a legal hold may mean them', { timeout: 200_000 }, async () => {
  await incident(acme, 2, 'STORE_2');
  const held = await control.retention.holds.place(
    acme,
    { name: 'case 12', reason: 'court', query: '', class: '', site: 'STORE_2', from: null, to: null },
    'ann',
  );
  if (!held.ok) throw new Error(held.error.message);
  const run = await ran('run');
  expect(run).toMatchObject({ state: 'done', rowsHeld: 1 });
  const kept = await texts(acme);
  expect(kept).toContain(`paid by ${email} with ${pan}`);
  expect(kept).not.toContain(`Payments of ${email}`);
  await control.retention.holds.lift(acme, held.value.id, 'closed', 'ann');
  expect(await ran('run')).toMatchObject({ state: 'done', rowsHeld: 0 });
  expect(await texts(acme)).not.toContain(email);
});
