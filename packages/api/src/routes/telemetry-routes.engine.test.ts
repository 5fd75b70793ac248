import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { fail, ManualClock, ok, silentLogger, systemClock } from '@sightline/base';
import { shortIssueId } from '@sightline/contract';
import { openControl, type Control, type Role } from '@sightline/control';
import { organisationOf } from '@sightline/control/testing';
import { createFunctions, protocols } from '@sightline/ingest';
import type { FrameFate } from '@sightline/ingest/source-maps';
import { InMemoryEngine } from '@sightline/query/promql/testing';
import { type BlobStore, type Destruction, openDiskBlobs, type TelemetryStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerApi } from '../register-api.ts';
import { signedIn, type SignedIn } from '../test-support/signed-in.ts';
import { OwnerAssigner } from '../issues/owner-assigner.ts';
import type { Fault } from '../route.ts';

const minute = 60_000;
const now = Math.floor(Date.now() / minute) * minute - 3_600_000;
const issue = '00000000000000ff';
let folder: string;
let store: TelemetryStore;
let blobs: BlobStore;
let control: Control;
let app: FastifyInstance;
let clock: ManualClock;
const faults: Fault[] = [{ name: 'payment-outage', title: 'Payments', description: '', active: false, sites: [] }];

const destructions: Destruction[] = [];

const people = new Map<string, SignedIn>();
async function person(name: string, organisation: string, role: Role): Promise<void> {
  people.set(name, await signedIn(control, name, organisation, role));
}

async function call(who: string, method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE', url: string, body?: object) {
  const reply = await app.inject({
    method,
    url,
    ...people.get(who)?.carries,
    ...(body ? { payload: body } : {}),
  });
  return { status: reply.statusCode, headers: reply.headers, text: reply.body, json: () => reply.json() };
}

const samples = new InMemoryEngine();
/** The id of the replay that is named after `secret`. */
const replayOf = (secret: string): string => createHash('md5').update(secret).digest('hex');

/** One site, service, issue, metric, attachment and ledger line, all of them named after `secret`. */
async function fill(organisation: string, secret: string): Promise<void> {
  const at = 'fromUnixTimestamp64Milli({at:Int64})';
  const common = `{o:String} AS organisation, {s:String} AS site, {s:String} AS service, 'production' AS environment`;
  const statements = [
    `INSERT INTO spans (organisation, site, service, environment, device, ts, received_at, kind, status_code, duration_ns, res)
      SELECT ${common}, {s:String}, ${at}, ${at}, 2, if(number < 3, 2, 0), 1000000, map('site.name', concat('Name of ', {s:String}), 'site.latitude', '27', 'site.longitude', '-82', 'site.time_zone', 'America/Chicago') FROM numbers(10)`,
    `INSERT INTO errors (organisation, site, service, environment, project, ts, received_at, event_id, issue, severity, type, message)
      SELECT ${common}, 1, ${at}, ${at}, {s:String}, 255, 17, {s:String}, {s:String}`,
    `INSERT INTO attachments (organisation, project, event_id, ts, name, content_type, size_bytes, content)
      SELECT {o:String}, 1, {s:String}, ${at}, 'page.html', 'text/html', 9, '<script>'`,
    `INSERT INTO attachments (organisation, project, event_id, ts, name, content_type, size_bytes, content)
      SELECT {o:String}, 1, {s:String}, ${at}, 'screen.png', 'image/png', 12, unhex('89504E470D0A1A0A00000000')`,
    `INSERT INTO sessions (organisation, site, service, environment, release, ts, received_at, status, sessions)
      SELECT ${common}, {s:String}, ${at}, ${at}, 'exited', 3`,
    `INSERT INTO feedback (organisation, site, service, environment, ts, event_id, name, message)
      SELECT ${common}, ${at}, {s:String}, {s:String}, {s:String}`,
    `INSERT INTO replays (organisation, site, service, environment, ts, started_at, replay_id, user_id)
      SELECT ${common}, ${at}, ${at}, {r:String}, {s:String}`,
    `INSERT INTO replay_segments (organisation, replay_id, segment, kind, ts, size_bytes, blob)
      SELECT {o:String}, {r:String}, 0, 'recording', ${at}, 1, {b:String}`,
    `INSERT INTO profiles (organisation, site, service, environment, ts, profile_id, kind, transaction, trace_id, size_bytes, blob, duration_ms)
      SELECT ${common}, ${at}, {r:String}, 'transaction', {s:String}, {r:String}, 1, {p:String}, 30`,
    `INSERT INTO ledger (organisation, minute, key_id, protocol, signal, outcome, reason, records, bytes)
      SELECT {o:String}, toDateTime(${at}), {s:String}, 'otlp', 'logs', 'accepted', '', 5, 50`,
    `INSERT INTO scrubbed (organisation, minute, signal, service, rule, removed) SELECT {o:String}, toDateTime(${at}), 'logs', {s:String}, {s:String}, 1`,
    `INSERT INTO quarantine (organisation, received_at, id, key_id, protocol, signal, reason, records, bytes, content)
      SELECT {o:String}, ${at}, {s:String}, {s:String}, 'otlp', 'logs', {s:String}, 1, 1, {s:String}`,
  ];
  const kept = await blobs.put(deflateSync(`["${secret}"]`), { organisation, area: 'replays', limitBytes: 1000 });
  if (!kept.ok) throw new Error(kept.error.message);
  const sampled = {
    profile: {
      frames: [{ function: secret, in_app: true }],
      stacks: [[0]],
      samples: [0, 1e7].map((ns) => ({ stack_id: 0, thread_id: 1, elapsed_since_start_ns: ns })),
    },
  };
  const profile = await blobs.put(Buffer.from(JSON.stringify(sampled)), {
    organisation,
    area: 'profiles',
    limitBytes: 1000,
  });
  if (!profile.ok) throw new Error(profile.error.message);
  samples.add(organisation, secret, { site: secret, service: secret, [secret]: secret }, [[now - minute, 1]]);
  for (const statement of statements)
    await store.execute(
      statement,
      { o: organisation, s: secret, r: replayOf(secret), b: kept.value.hash, p: profile.value.hash, at: now - minute },
      { settings: { insert_deduplicate: 0 } },
    );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-api-'));
  clock = new ManualClock(now);
  [store, control] = await Promise.all([
    openMigratedStore(folder),
    openControl({ dataFolder: folder, logger: silentLogger, clock: systemClock }),
  ]);
  await createFunctions(store);
  blobs = await openDiskBlobs({ folder: join(folder, 'blobs'), clock, logger: silentLogger });
  const [acme, rival] = [await organisationOf(control, 'Acme'), await organisationOf(control, 'Rival')];
  for (const role of ['owner', 'admin', 'responder', 'viewer'] as const) await person(role, acme, role);
  await person('stranger', rival, 'admin');
  await fill(acme, 'ACMESECRET');
  await fill(rival, 'RIVALSECRET');
  app = Fastify();
  await registerApi(app, {
    store: { ...store, metrics: samples },
    control,
    clock,
    logger: silentLogger,
    keyDestruction: {
      destroy: async (request) => {
        if (request.class === 'default') return fail({ reason: 'held', message: 'The legal hold "Case 7" keeps it.' });
        destructions.push(request);
        const unreadable = { files: 2, rows: 30 };
        return ok({ record: 1, atMs: now, keys: 1, unreadable, deletedFiles: 0, deletedLogs: 4 });
      },
    },
    files: { blobs, sourceMaps: { resolve: async (_, frames) => frames.map(() => fate) } },
    settings: { publicUrl: 'https://sight.example:8443', version: '0', demo: true, checkReplies: true },
    ingest: { status: () => ({ lagMs: 7, spoolBytes: 1, spoolLimitBytes: 2, waitingRecords: 3 }) },
    faults: {
      list: async () => faults,
      switch: async (name, active, sites) =>
        name === 'payment-outage' ? faults.map((fault) => ({ ...fault, active, sites: [...sites] })) : undefined,
    },
    health: async () => ({ status: 'healthy', version: '0', uptimeS: 1, components: [] }),
    metrics: () => '',
  });
  await app.ready();
});
afterAll(async () => {
  await app?.close();
  await Promise.all([store?.close(), control?.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** What the source maps tell of any frame. */
let fate: FrameFate = { kind: 'none' };

const range = `from=${now - 60 * minute}&to=${now}`;
const reads: readonly [name: string, url: (secret: string) => string, shows: 'secret' | 'nothing'][] = [
  ['fleet', () => '/api/v1/fleet', 'secret'],
  ['site', (s) => `/api/v1/sites/${s}?${range}`, 'secret'],
  ['scopes', () => '/api/v1/scopes', 'secret'],
  ['issues', () => `/api/v1/issues?${range}`, 'secret'],
  ['issues by search', (s) => `/api/v1/issues?${range}&q=${s}`, 'secret'],
  ['issue by its short id', () => `/api/v1/issues/${shortIssueId(issue)}`, 'secret'],
  ['issue', () => `/api/v1/issues/${issue}`, 'secret'],
  ['event', (s) => `/api/v1/issues/${issue}?event=${s}`, 'secret'],
  ['events', () => `/api/v1/issues/${issue}/events`, 'secret'],
  ['events by search', (s) => `/api/v1/issues/${issue}/events?q=${s}`, 'secret'],
  ['values of a tag', () => `/api/v1/issues/${issue}/tag?tag=site`, 'secret'],
  ['attachment', (s) => `/api/v1/events/${s}/attachments/page.html`, 'nothing'],
  ['text of an attachment', (s) => `/api/v1/events/${s}/attachments/page.html/text`, 'nothing'],
  ['releases', () => `/api/v1/releases?${range}`, 'secret'],
  ['release', (s) => `/api/v1/releases/${s}?${range}`, 'secret'],
  ['feedback', () => `/api/v1/feedback?${range}`, 'secret'],
  ['feedback by search', (s) => `/api/v1/feedback?${range}&q=${s}`, 'secret'],
  ['one piece of feedback', (s) => `/api/v1/feedback/${s}`, 'secret'],
  ['replays', () => `/api/v1/replays?${range}`, 'secret'],
  ['replay', (s) => `/api/v1/replays/${replayOf(s)}`, 'secret'],
  ['beside a replay', (s) => `/api/v1/replays/${replayOf(s)}/beside`, 'nothing'],
  ['replays of an issue', () => `/api/v1/issues/${issue}/replays`, 'nothing'],
  ['segment of a replay', (s) => `/api/v1/replays/${replayOf(s)}/segments/0`, 'secret'],
  ['profiles', () => `/api/v1/profiles?${range}`, 'secret'],
  ['profiles of a trace', (s) => `/api/v1/profiles?${range}&trace=${replayOf(s)}`, 'secret'],
  ['profile', (s) => `/api/v1/profiles/${replayOf(s)}`, 'secret'],
  ['metrics', () => `/api/v1/metrics?${range}`, 'secret'],
  ['labels', (s) => `/api/v1/metrics/${s}/labels?${range}`, 'secret'],
  ['series', (s) => `/api/v1/metrics/${s}/series?${range}&by=${s}`, 'secret'],
  ['ingest health', () => `/api/v1/data/health?${range}`, 'secret'],
  ['quarantine', () => '/api/v1/data/quarantine', 'secret'],
  ['arrivals', () => '/api/v1/data/arrivals', 'nothing'],
];

describe('every read', () => {
  it.each(reads)('%s shows an organisation its own', async (_, url, shows) => {
    const reply = await call('admin', 'GET', url('ACMESECRET'));
    expect(reply.status).toBe(200);
    if (shows === 'secret') expect(reply.text).toContain('ACMESECRET');
    expect(reply.text).not.toContain('RIVALSECRET');
  });
  it.each(reads)('%s shows nothing of another organisation', async (_, url) => {
    const reply = await call('stranger', 'GET', url('ACMESECRET'));
    const found = reply.status === 200 ? reply.text.replaceAll(`"metric":"ACMESECRET"`, '') : '';
    // What was asked may be echoed as the name of a label; values never come.
    expect(found.replaceAll('"ACMESECRET":""', '')).not.toContain('ACMESECRET');
    expect([200, 404]).toContain(reply.status);
  });
  it.each(reads)('%s needs somebody', async (_, url) => {
    expect((await call('nobody', 'GET', url('x'))).status).toBe(401);
  });
});

it('hands out a segment as data alone, and says why it cannot', async () => {
  const segments = `/api/v1/replays/${replayOf('ACMESECRET')}/segments`;
  const read = await call('viewer', 'GET', `${segments}/0`);
  expect(read.json()).toEqual(['ACMESECRET']);
  expect(read.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, no-store',
  });
  expect((await call('viewer', 'GET', `${segments}/7`)).status).toBe(404);
  expect((await call('viewer', 'GET', `${segments}/-1`)).status).toBe(422);
  const organisation = people.get('viewer')?.organisation ?? '';
  const broken = await blobs.put(Buffer.from('<html>'), { organisation, area: 'replays', limitBytes: 1000 });
  for (const [segment, blob] of [
    [8, broken.ok ? broken.value.hash : ''],
    [9, 'a'.repeat(64)],
  ])
    await store.execute(
      `INSERT INTO replay_segments (organisation, replay_id, segment, kind, ts, size_bytes, blob)
        SELECT {o:String}, {r:String}, {n:UInt32}, 'recording', now64(), 1, {b:String}`,
      { o: organisation, r: replayOf('ACMESECRET'), n: segment ?? 0, b: blob ?? '' },
      { settings: { insert_deduplicate: 0 } },
    );
  const refused = await call('viewer', 'GET', `${segments}/8`);
  expect([refused.status, refused.json().detail]).toEqual([422, expect.stringContaining('neither JSON nor packed')]);
  expect((await call('viewer', 'GET', `${segments}/9`)).status).toBe(404);
});

it('draws a profile within a stretch of time, and says why it cannot', async () => {
  const url = `/api/v1/profiles/${replayOf('ACMESECRET')}`;
  const whole = (await call('viewer', 'GET', url)).json();
  expect(whole).toMatchObject({
    profile: { transaction: 'ACMESECRET', at: now - minute, durationMs: 20, samples: 2 },
    threads: [{ id: '1', name: '' }],
    frames: [{ function: 'ACMESECRET', inApp: true }],
    stacks: [[0]],
    samples: [
      [0, 0, 0, 10_000],
      [0, 0, 10_000, 10_000],
    ],
  });
  const part = (await call('viewer', 'GET', `${url}?since=${now - minute + 5}&until=${now - minute + 8}`)).json();
  expect(part.samples).toEqual([[0, 0, 0, 3000]]);
  expect((await call('viewer', 'GET', `${url}?site=ACMESECRET`)).status).toBe(200);
  expect((await call('viewer', 'GET', `${url}?site=ELSEWHERE`)).status).toBe(404);
  expect((await call('viewer', 'GET', '/api/v1/profiles/x')).status).toBe(422);
  const organisation = people.get('viewer')?.organisation ?? '';
  const id = 'e'.repeat(32);
  const kept = await blobs.put(Buffer.from('{}'), { organisation, area: 'profiles', limitBytes: 1000 });
  await store.execute(
    `INSERT INTO profiles (organisation, ts, profile_id, kind, blob) SELECT {o:String}, now64(), {r:String}, 'chunk', {b:String}`,
    { o: organisation, r: id, b: kept.ok ? kept.value.hash : '' },
    { settings: { insert_deduplicate: 0 } },
  );
  const refused = await call('viewer', 'GET', `/api/v1/profiles/${id}`);
  expect([refused.status, refused.json().detail]).toEqual([422, expect.stringContaining('no list of samples')]);
});

it('finds sites by itself, with name and place, and keeps what people wrote', async () => {
  await call('viewer', 'GET', '/api/v1/fleet');
  const { organisation } = people.get('admin') ?? { organisation: '' };
  const found = await control.sites.find(organisation, 'ACMESECRET');
  expect(found).toMatchObject({
    name: 'Name of ACMESECRET',
    latitude: 27,
    longitude: -82,
    timeZone: 'America/Chicago',
  });
  expect(await control.sites.find(organisation, 'RIVALSECRET')).toBeUndefined();
  expect((await call('responder', 'PUT', '/api/v1/sites/ACMESECRET', { name: 'Mine' })).status).toBe(403);
  expect((await call('admin', 'PUT', '/api/v1/sites/ACMESECRET', { name: 'Mine', city: 'Tampa' })).status).toBe(200);
  clock.advance(31_000);
  const after = (await call('viewer', 'GET', '/api/v1/fleet')).json();
  expect(after.sites).toMatchObject([
    {
      code: 'ACMESECRET',
      name: 'Mine',
      city: 'Tampa',
      timeZone: 'America/Chicago',
      state: 'unhealthy',
      worst: 'error rate 30 %',
    },
  ]);
  expect(after.totals).toMatchObject({ sites: 1, online: 1 });
  const audit = await control.audit.list(organisation, { limit: 10, cursor: '' });
  expect(audit.ok && audit.value.entries.map((entry) => [entry.action, entry.subject])).toContainEqual([
    'site.update',
    'ACMESECRET',
  ]);
});

it('takes the place of a new site from records that come after its first', async () => {
  const organisation = await organisationOf(control, 'Newcomer');
  await person('newcomer', organisation, 'viewer');
  const report = async (attributes: string): Promise<unknown> =>
    store.execute(
      `INSERT INTO spans (organisation, site, service, ts, received_at, kind, res)
        SELECT {o:String}, 'LATE', 'pos', fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64}), 2, ${attributes}`,
      { o: organisation, at: clock.now() },
      { settings: { insert_deduplicate: 0 } },
    );
  const seen = async (): Promise<unknown> => {
    await call('newcomer', 'GET', '/api/v1/fleet');
    return control.sites.find(organisation, 'LATE');
  };
  await report('map()');
  expect(await seen()).toMatchObject({ latitude: null });
  await report("map('site.name', 'Tampa Bay', 'site.latitude', '27', 'site.longitude', '-82')");
  clock.advance(31_000);
  expect(await seen()).toMatchObject({ name: 'Tampa Bay', latitude: 27, longitude: -82 });
});

it.each<[string, string, object | undefined, number]>([
  ['PUT', '/api/v1/sites/S', { name: 'x', timeZone: 'Mars/Base' }, 400],
  ['PUT', '/api/v1/sites/S', { name: 'x', latitude: 1 }, 400],
  ['PUT', '/api/v1/sites/S', { name: 'x', latitude: 100, longitude: 0 }, 422],
  ['PUT', `/api/v1/sites/${'S'.repeat(90)}${'T'.repeat(120)}`, { name: 'x' }, 400],
  ['PATCH', `/api/v1/issues/${issue}`, {}, 400],
  ['PATCH', '/api/v1/issues/00000000000000fe', { status: 'resolved' }, 404],
  ['PATCH', '/api/v1/issues/nonsense', { status: 'resolved' }, 422],
  ['PATCH', `/api/v1/issues/${issue}`, { status: 'resolved', resolution: 'commit' }, 400],
  ['PATCH', `/api/v1/issues/${issue}`, { status: 'ignored', ignoredUntil: 'users' }, 400],
  ['POST', '/api/v1/issues/changes', { issues: [issue], change: {} }, 400],
  ['POST', `/api/v1/issues/${issue}/merged`, { issues: ['00000000000000fe'] }, 404],
  ['POST', `/api/v1/issues/${issue}/merged`, { issues: [issue] }, 422],
  ['DELETE', `/api/v1/issues/${issue}/merged/00000000000000fe`, undefined, 404],
  ['POST', '/api/v1/issues/00000000000000fe/comments', { text: 'x' }, 404],
  ['POST', `/api/v1/issues/${issue}/comments`, { text: ' ' }, 422],
  ['DELETE', '/api/v1/issue-views/none', undefined, 404],
  ['DELETE', '/api/v1/saved-searches/none', undefined, 404],
  ['POST', '/api/v1/saved-searches', { name: ' ', query: '', scope: {} }, 422],
  ['POST', '/api/v1/saved-searches', { name: 'x', query: '', scope: { range: '2 years' } }, 422],
  ['GET', '/api/v1/logs/1-0000000000000000/context?side=before&cursor=x', undefined, 422],
  ['PUT', '/api/v1/demo/faults/unknown', { active: true }, 404],
])('%s %s %j is refused', async (method, url, body, status) => {
  const reply = await call('admin', method as 'PUT', url, body);
  // Very long codes may already be refused by the router.
  expect([status, 404, 414]).toContain(reply.status);
  expect(reply.status).toBeGreaterThanOrEqual(400);
});

it.each([
  `/api/v1/issues?${range}&cursor=x`,
  `/api/v1/issues?${range}&q=${encodeURIComponent('a AND (')}`,
  `/api/v1/issues/${issue}/events?cursor=x`,
  `/api/v1/issues/${issue}/events?q=${encodeURIComponent('a AND (')}`,
  `/api/v1/issues/${issue}?q=${encodeURIComponent('a AND (')}`,
  `/api/v1/issues/${issue}/tag?tag=site&q=${encodeURIComponent('a AND (')}`,
  `/api/v1/replays?${range}&cursor=x`,
  `/api/v1/feedback?${range}&cursor=x`,
  `/api/v1/profiles?${range}&cursor=x`,
  '/api/v1/data/quarantine?cursor=x',
  `/api/v1/metrics/m/series?${range}&where=nonsense`,
  `/api/v1/metrics/m/series?${range}&by=${'a,'.repeat(20)}`,
  `/api/v1/data/health?from=${now}&to=${now}`,
  `/api/v1/sites/ACMESECRET?from=${now}&to=${now - 1}`,
])('%s is refused with a reason', async (url) => {
  const reply = await call('admin', 'GET', url);
  expect(reply.status).toBe(400);
  expect(reply.headers['content-type']).toContain('application/problem+json');
  expect(reply.json().detail).not.toBe('');
});

it.each([
  'fleet',
  'sites/ACMESECRET',
  'issues',
  'releases',
  'feedback',
  'replays',
  'profiles',
  'metrics',
  'metrics/ACMESECRET/series',
  'metrics/ACMESECRET/labels',
  'data/health',
])('%s survives all of time', async (path) => {
  const reply = await call('admin', 'GET', `/api/v1/${path}?from=0&to=8640000000000000`);
  expect(reply.status).toBe(200);
});

it('resolves, reopens and assigns an issue', async () => {
  const url = `/api/v1/issues/${issue}`;
  expect((await call('viewer', 'PATCH', url, { status: 'resolved' })).status).toBe(403);
  expect((await call('responder', 'PATCH', url, { status: 'resolved' })).json()).toEqual({
    status: 'resolved',
    assignee: '',
  });
  expect((await call('viewer', 'GET', `/api/v1/issues?${range}`)).json().issues).toEqual([]);
  expect((await call('viewer', 'GET', `/api/v1/issues?${range}&status=resolved`)).json().issues).toHaveLength(1);
  expect((await call('stranger', 'GET', `/api/v1/issues?${range}`)).json().issues[0].status).toBe('unresolved');
  const reopened = await call('responder', 'PATCH', url, { status: 'unresolved', assignee: 'ann@example.com' });
  expect(reopened.json()).toEqual({ status: 'unresolved', assignee: 'ann@example.com' });
  const shown = (await call('viewer', 'GET', url)).json();
  expect(shown.issue).toMatchObject({ status: 'unresolved', assignee: 'ann@example.com' });
  expect(shown.activity.length).toBeGreaterThanOrEqual(2);
  expect(shown.activity[0].actor).toBe('responder@example.com');
});

it('resolves what a commit fixes with the release that the commit comes in', async () => {
  const url = `/api/v1/issues/${issue}`;
  const acme = people.get('admin')?.organisation ?? '';
  const key = await control.keys.create(acme, { name: 'build', permissions: ['operate'] }, 'test');
  const release = async (version: string, commits: object[]): Promise<number> => {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/0/organizations/acme/releases/',
      headers: { authorization: `Bearer ${key.ok ? key.value.secret : ''}` },
      payload: { version, commits },
    });
    return reply.statusCode;
  };
  const decided = async () => (await call('viewer', 'GET', url)).json();
  const fix = {
    id: 'a'.repeat(40),
    author_email: 'ana@shop.example',
    message: 'Till: rounds\n\nFixes SIGHTLINE-00000000',
  };
  expect(await release('till@1.1.0', [{ id: 'b'.repeat(40), message: 'See SIGHTLINE-00000000' }])).toBe(201);
  expect((await decided()).issue.status).toBe('unresolved');
  expect(await release('till@1.2.0', [fix])).toBe(201);
  expect(await decided()).toMatchObject({
    issue: { status: 'resolved' },
    decision: { resolution: 'release', resolvedIn: 'till@1.2.0' },
  });
  expect((await decided()).activity[0]).toMatchObject({
    actor: 'build',
    text: 'resolved it in till@1.2.0: commit aaaaaaaa by ana@shop.example, "Till: rounds"',
  });
  await call('responder', 'PATCH', url, { status: 'unresolved' });
  expect(await release('till@1.2.0', [fix])).toBe(208);
  expect((await decided()).issue.status, 'commits that were told of do nothing again').toBe('unresolved');
  await call('responder', 'PATCH', url, { status: 'resolved', resolution: 'commit', resolvedIn: 'ccccccc' });
  await release('till@1.3.0', [{ id: 'c'.repeat(40), message: 'No word of it' }, fix]);
  expect((await decided()).decision).toMatchObject({ resolution: 'release', resolvedIn: 'till@1.3.0' });
  const before = (await decided()).activity.length;
  await release('till@1.4.0', [{ ...fix, id: 'd'.repeat(40) }]);
  expect((await decided()).activity, 'it is resolved already').toHaveLength(before);
  expect((await call('stranger', 'GET', `/api/v1/issues?${range}`)).json().issues[0].status).toBe('unresolved');
  await call('responder', 'PATCH', url, { status: 'unresolved' });
});

it('archives, prioritises and talks about issues, many at once', async () => {
  const url = `/api/v1/issues/${issue}`;
  const change = { status: 'ignored', ignoredUntil: 'events', ignoredLimit: 1, priority: 'high' };
  const body = { issues: [issue, '00000000000000fe'], change };
  expect((await call('viewer', 'POST', '/api/v1/issues/changes', body)).status).toBe(403);
  expect((await call('admin', 'POST', '/api/v1/issues/changes', body)).json()).toMatchObject({ changed: 1 });
  expect((await call('admin', 'POST', `${url}/comments`, { text: 'Till 3 again' })).status).toBe(200);
  const page = (await call('viewer', 'GET', url)).json();
  expect(page).toMatchObject({
    issue: { status: 'ignored', priority: 'high' },
    decision: { ignoredUntil: 'events', ignoredLimit: 1 },
    activity: [
      { kind: 'comment', text: 'Till 3 again' },
      { kind: 'change' },
      { kind: 'change' },
      ...page.activity.slice(3),
    ],
    mergedInto: '',
    members: [],
  });
  const found = async (q: string): Promise<number> =>
    (await call('viewer', 'GET', `/api/v1/issues?${range}&q=${encodeURIComponent(q)}`)).json().issues.length;
  expect([await found('is:archived priority:high'), await found('is:open')]).toEqual([1, 0]);
  await call('admin', 'PATCH', url, { status: 'unresolved', priority: '' });
});

it('says what a release did to issues: those resolved in it, and those that came back in it', async () => {
  const changes = (change: object) => call('responder', 'POST', '/api/v1/issues/changes', { issues: [issue], change });
  await changes({ status: 'resolved', resolution: 'release', resolvedIn: 'ACMESECRET' });
  const shown = (await call('viewer', 'GET', `/api/v1/releases/ACMESECRET?${range}`)).json();
  const named = [{ issue, type: 'ACMESECRET', message: 'ACMESECRET' }];
  expect(shown.issues).toMatchObject({ began: [], cameBack: [], resolved: named });
  expect(shown.otherIssues).toBeNull();
  await changes({ status: 'unresolved' });
  expect((await call('viewer', 'GET', `/api/v1/releases/ACMESECRET?${range}`)).json().issues.resolved).toEqual([]);
});

it('shows an attachment that is text as text, and no other', async () => {
  const at = '/api/v1/events/ACMESECRET/attachments';
  expect((await call('viewer', 'GET', `${at}/page.html/text`)).json()).toEqual({ text: '<script>', truncated: false });
  expect((await call('viewer', 'GET', `${at}/screen.png/text`)).status).toBe(422);
  expect((await call('viewer', 'GET', `${at}/none/text`)).status).toBe(404);
});

it('undoes a change of issues exactly, and leaves alone what was changed since', async () => {
  const url = `/api/v1/issues/${issue}`;
  const changes = async (change: object) =>
    (await call('responder', 'POST', '/api/v1/issues/changes', { issues: [issue], change })).json();
  const decision = async () => (await call('viewer', 'GET', url)).json().decision;
  await changes({ status: 'ignored', ignoredUntil: 'users', ignoredLimit: 10, priority: 'low' });
  const archived = await decision();
  clock.advance(1000);
  const { undo } = await changes({ status: 'resolved', priority: 'high' });
  expect(await decision()).toMatchObject({ status: 'resolved', priority: 'high' });
  clock.advance(1000);
  const back = (who: string) => call(who, 'POST', '/api/v1/issues/changes/undo', { undo });
  expect((await back('viewer')).status).toBe(403);
  expect((await back('responder')).json()).toEqual({ restored: 1 });
  expect({ ...(await decision()), at: 0 }).toEqual({ ...archived, at: 0 });
  expect((await back('responder')).json(), 'it was changed since').toEqual({ restored: 0 });
  await changes({ status: 'unresolved', priority: '' });
});

it('keeps rules about errors, and refuses them with their lines', async () => {
  const put = (who: string, kind: string, content: string) =>
    call(who, 'PUT', `/api/v1/error-rules/${kind}`, { content });
  expect((await put('responder', 'stack', 'family:native -app')).status).toBe(403);
  const bad = await put('admin', 'fingerprint', 'level:error -> x\nnonsense');
  expect([bad.status, bad.json().detail]).toEqual([422, expect.stringContaining('Line 2: ')]);
  expect((await put('admin', 'ownership', 'service:ACMESECRET ann@example.com')).json()).toMatchObject({ rules: 1 });
  expect((await call('viewer', 'GET', '/api/v1/error-rules')).json()).toMatchObject({
    ownership: { content: 'service:ACMESECRET ann@example.com' },
    fingerprint: { content: '', updatedAt: null },
  });
  expect((await call('stranger', 'GET', '/api/v1/error-rules')).json().ownership.content).toBe('');
  expect((await call('viewer', 'GET', `/api/v1/issues/${issue}`)).json().owner).toEqual({
    owners: ['ann@example.com'],
    rule: 'service:ACMESECRET ann@example.com',
  });
});

it('assigns new issues to their owners where the organisation wants it, once, and tells them', async () => {
  const url = `/api/v1/issues/${issue}`;
  const acme = people.get('admin')?.organisation ?? '';
  const assigner = new OwnerAssigner({ control, store: { ...store, metrics: samples }, clock, logger: silentLogger });
  const mode = (who: string, wanted: string) => call(who, 'PUT', '/api/v1/ownership-mode', { mode: wanted });
  const shown = async () => (await call('viewer', 'GET', url)).json();
  await call('admin', 'PATCH', url, { assignee: '' });
  await call('admin', 'PUT', '/api/v1/error-rules/ownership', {
    content: 'service:ACMESECRET responder@example.com elsewhere@example.org',
  });
  const channel = await control.alerting.channels.create(
    acme,
    { name: 'Mail', type: 'email', enabled: true, settings: { host: 'mail.example' } },
    'test',
  );
  expect(channel.ok).toBe(true);
  clock.advance(1000);
  expect((await call('viewer', 'GET', '/api/v1/error-rules')).json().ownershipMode).toBe('suggest');
  expect(await assigner.look(), 'nobody asked for it').toBe(0);
  expect((await mode('responder', 'assign')).status).toBe(403);
  expect((await mode('admin', 'off')).status).toBe(200);
  expect((await shown()).owner).toBeNull();
  expect((await mode('admin', 'assign')).json()).toEqual({ mode: 'assign' });
  expect(await assigner.look()).toBe(1);
  expect(await shown()).toMatchObject({
    issue: { assignee: 'responder@example.com' },
    owner: { owners: ['responder@example.com', 'elsewhere@example.org'] },
  });
  expect((await shown()).activity[0]).toMatchObject({
    actor: 'ownership rules',
    text: 'assigned it to responder@example.com: service:ACMESECRET responder@example.com elsewhere@example.org',
  });
  const sent = await control.alerting.notifications.list(acme, { limit: 10, cursor: '' });
  expect(sent.ok && sent.value.notifications).toMatchObject([
    {
      kind: 'assigned',
      incident: null,
      receivers: ['responder@example.com'],
      link: `/errors/${issue}`,
      note: expect.stringContaining('New issue for you: ACMESECRET: ACMESECRET\n1 event at 1 site, service ACMESECRET'),
    },
  ]);
  await call('admin', 'PATCH', url, { assignee: '' });
  const restarted = new OwnerAssigner({ control, store: { ...store, metrics: samples }, clock, logger: silentLogger });
  await assigner.close();
  expect(await restarted.look(), 'whom people took it from does not get it again').toBe(0);
  expect((await call('stranger', 'GET', `/api/v1/issues?${range}`)).json().issues[0].assignee).toBe('');
  await restarted.close();
  await mode('admin', 'suggest');
});

it('answers feedback: states, owners, remarks, who did what; nobody of another organisation does', async () => {
  const listed = async (who: string, more = '') =>
    (await call(who, 'GET', `/api/v1/feedback?${range}${more}`)).json() as {
      feedback: { eventId: string; status: string; assignee: string; read: boolean }[];
      counts: object;
    };
  const change = (who: string, wanted: object, ids = ['ACMESECRET']) =>
    call(who, 'POST', '/api/v1/feedback/changes', { feedback: ids, change: wanted });
  const fresh = { eventId: 'ACMESECRET', status: 'unresolved', assignee: '', read: false };
  expect(await listed('viewer')).toMatchObject({
    feedback: [fresh],
    counts: { unresolved: 1, resolved: 0, spam: 0, unread: 1 },
  });
  expect((await change('viewer', { status: 'spam' })).status).toBe(403);
  expect((await change('responder', {})).status).toBe(400);
  expect((await change('responder', { assignee: '#nobody' })).json()).toMatchObject({
    status: 422,
    fields: { assignee: 'There is no team #nobody' },
  });
  expect((await change('stranger', { status: 'spam' })).json(), 'not theirs').toEqual({ changed: 0 });
  expect((await change('responder', { read: true }, ['ACMESECRET', 'RIVALSECRET', 'none'])).json()).toEqual({
    changed: 1,
  });
  expect((await change('responder', { read: true })).json(), 'was read before').toEqual({ changed: 0 });
  await change('responder', { status: 'resolved', assignee: 'responder@example.com' });
  expect((await listed('viewer', '&status=unresolved')).feedback).toEqual([]);
  expect(await listed('viewer', '&status=resolved')).toMatchObject({
    feedback: [{ ...fresh, status: 'resolved', assignee: 'responder@example.com', read: true }],
    counts: { unresolved: 0, resolved: 1, spam: 0, unread: 0 },
  });
  expect((await listed('responder', '&assigned=me')).feedback).toHaveLength(1);
  expect((await listed('viewer', '&assigned=me')).feedback).toHaveLength(0);
  expect((await listed('viewer', '&assigned=nobody')).feedback).toHaveLength(0);
  expect((await listed('stranger')).feedback).toMatchObject([
    { eventId: 'RIVALSECRET', status: 'unresolved', read: false },
  ]);

  const url = '/api/v1/feedback/ACMESECRET';
  expect((await call('viewer', 'POST', `${url}/comments`, { text: 'no' })).status).toBe(403);
  expect((await call('stranger', 'POST', `${url}/comments`, { text: 'no' })).status).toBe(404);
  expect((await call('responder', 'POST', `${url}/comments`, { text: 'Ana was called back' })).status).toBe(200);
  expect((await call('viewer', 'GET', url)).json()).toMatchObject({
    feedback: { message: 'ACMESECRET', status: 'resolved', files: [{ name: 'page.html' }, { name: 'screen.png' }] },
    earlier: [],
    about: null,
    activity: [
      { actor: 'responder@example.com', kind: 'comment', text: 'Ana was called back' },
      { actor: 'responder@example.com', kind: 'change', text: 'assigned it to responder@example.com' },
      { actor: 'responder@example.com', kind: 'change', text: 'resolved it' },
    ],
  });
  expect((await call('stranger', 'GET', url)).status).toBe(404);
  const trail = (await call('admin', 'GET', `/api/v1/audit?limit=3`)).json().entries;
  expect(trail).toMatchObject([
    { action: 'feedback.comment', subject: 'ACMESECRET' },
    { action: 'feedback.change', subject: 'ACMESECRET', detail: 'status resolved, assignee responder@example.com' },
    {},
  ]);
  // Reading is no decision, and is not in the trail.
  expect(trail[2].action).not.toBe('feedback.change');
});

it('assigns issues to teams, by hand and by the ownership rules, and finds them as mine', async () => {
  const url = `/api/v1/issues/${issue}`;
  const acme = people.get('admin')?.organisation ?? '';
  const found = async (who: string, q: string): Promise<string[]> =>
    (await call(who, 'GET', `/api/v1/issues?${range}&status=all&q=${encodeURIComponent(q)}`))
      .json()
      .issues.map((one: { assignee: string }) => one.assignee);
  await call('admin', 'POST', '/api/v1/teams', { slug: 'payments', name: 'Payments' });
  const { members } = (await call('admin', 'GET', '/api/v1/people')).json();
  const viewer = members.find(({ email }: { email: string }) => email === 'viewer@example.com').id;
  await call('admin', 'PUT', `/api/v1/teams/payments/members/${viewer}`, { role: 'lead' });

  expect((await call('responder', 'PATCH', url, { assignee: '#nobody' })).json()).toMatchObject({
    status: 422,
    fields: { assignee: 'There is no team #nobody' },
  });
  // As Sentry's clients write it.
  const assigned = await call('responder', 'PATCH', url, { assignee: 'team:Payments' });
  expect(assigned.json()).toMatchObject({ assignee: '#payments' });
  expect(await found('viewer', 'assigned:me'), 'my team has it').toEqual(['#payments']);
  expect(await found('viewer', 'assigned:my_teams')).toEqual(['#payments']);
  expect(await found('responder', 'assigned:[me, my_teams]'), 'not in the team').toEqual([]);
  expect(await found('responder', 'assigned:#payments')).toEqual(['#payments']);
  expect(await found('stranger', 'assigned:#payments'), 'of another organisation').toEqual([]);
  const bulk = { issues: [issue], change: { assignee: '#payments' } };
  expect((await call('responder', 'POST', '/api/v1/issues/changes', bulk)).json()).toMatchObject({ changed: 1 });

  // The rules assign an issue once; another organisation's issue of its own is fresh.
  const stranger = people.get('stranger')?.organisation ?? '';
  await control.teams.create(stranger, { slug: 'owners', name: 'Owners' }, 'test');
  const owned = { rule: 'service:x #owners', title: 'T', detail: 'D', link: '/errors/1' };
  const states = control.issueStates;
  expect(await states.assignOwner(stranger, issue, { ...owned, owners: ['#payments'] }), 'no team there').toBe(false);
  expect(await states.assignOwner(stranger, issue, { ...owned, owners: ['#payments', '#owners'] })).toBe(true);
  expect((await states.find(stranger, issue))?.assignee).toBe('#owners');
  const fresh = 'fe'.repeat(8);
  expect(await states.assignOwner(acme, fresh, { ...owned, owners: ['#payments', 'admin@example.com'] })).toBe(true);
  const sent = await control.alerting.notifications.list(acme, { limit: 1, cursor: '' });
  expect(sent.ok && sent.value.notifications[0]?.receivers, 'its members, and whom the rule names').toEqual([
    'admin@example.com',
    'viewer@example.com',
  ]);

  expect((await call('admin', 'DELETE', '/api/v1/teams/payments')).json().owned).toMatchObject({ issues: 2 });
  const after = (await call('viewer', 'GET', url)).json();
  expect(after.issue.assignee).toBe('');
  expect(after.activity.slice(0, 2).map(({ text }: { text: string }) => text)).toEqual([
    'unassigned it: the team #payments was deleted',
    'assigned it to #payments',
  ]);
});

it('saves views for one person or for all', async () => {
  const view = { name: 'Mine', query: 'assigned:me', sort: 'money', mine: true };
  const added = (await call('admin', 'POST', '/api/v1/issue-views', view)).json();
  const names = async (who: string) =>
    (await call(who, 'GET', '/api/v1/issue-views')).json().views.map((one: { name: string }) => one.name);
  expect([await names('admin'), await names('viewer')]).toEqual([['Mine'], []]);
  expect((await call('admin', 'DELETE', `/api/v1/issue-views/${added.id}`)).status).toBe(200);
});

it('saves searches over logs for everybody in the organisation', async () => {
  const search = {
    name: 'Declined',
    query: 'declined',
    scope: { site: 'ACMESECRET', range: '7d' },
    columns: ['device'],
  };
  expect((await call('viewer', 'POST', '/api/v1/saved-searches', search)).status).toBe(403);
  const added = await call('responder', 'POST', '/api/v1/saved-searches', search);
  expect(added.json()).toMatchObject({
    ...search,
    scope: { environment: '', site: 'ACMESECRET', service: '', range: '7d' },
    createdBy: 'responder@example.com',
  });
  expect((await call('admin', 'POST', '/api/v1/saved-searches', search)).status).toBe(409);
  const of = async (who: string): Promise<unknown> =>
    (await call(who, 'GET', '/api/v1/saved-searches')).json().searches;
  expect([await of('viewer'), await of('stranger')]).toEqual([[added.json()], []]);
  const { id } = added.json();
  expect((await call('viewer', 'DELETE', `/api/v1/saved-searches/${id}`)).status).toBe(403);
  expect((await call('stranger', 'DELETE', `/api/v1/saved-searches/${id}`)).status).toBeGreaterThanOrEqual(403);
  expect((await call('responder', 'DELETE', `/api/v1/saved-searches/${id}`)).status).toBe(200);
  expect(await of('viewer')).toEqual([]);
  const { organisation } = people.get('admin') ?? { organisation: '' };
  const audit = await control.audit.list(organisation, { limit: 2, cursor: '' });
  expect(audit.ok && audit.value.entries.map(({ action, subject }) => [action, subject])).toEqual([
    ['saved-search.delete', 'Declined'],
    ['saved-search.create', 'Declined'],
  ]);
});

describe('personal data', () => {
  const rules = {
    off: [],
    custom: [{ name: 'order-no', pattern: 'ORD-\\d+', fields: [], replacement: 'mask' }],
    allow: [{ field: 'client.address', detectors: ['ip'] }],
    userIds: { hash: true, fields: ['user.id'], rotateDays: 90 },
  };

  it('nothing is changed until an admin says otherwise, and it stands in the audit without the pattern', async () => {
    expect((await call('viewer', 'GET', '/api/v1/personal-data/rules')).json()).toMatchObject({
      off: [],
      custom: [],
      userIds: { hash: false, rotateDays: 90 },
      updatedAt: null,
      ownSince: null,
    });
    expect((await call('admin', 'POST', '/api/v1/personal-data/salt')).status).toBe(409);
    expect((await call('responder', 'PUT', '/api/v1/personal-data/rules', rules)).status).toBe(403);
    const saved = await call('admin', 'PUT', '/api/v1/personal-data/rules', rules);
    expect(saved.json()).toMatchObject({ ...rules, updatedBy: 'admin@example.com' });
    expect(saved.json().ownSince).toBeGreaterThan(now);
    expect((await call('stranger', 'GET', '/api/v1/personal-data/rules')).json()).toMatchObject({ updatedAt: null });
    expect((await call('admin', 'POST', '/api/v1/personal-data/salt')).status).toBe(200);
    const { organisation } = people.get('admin') ?? { organisation: '' };
    const audit = await control.audit.list(organisation, { limit: 2, cursor: '' });
    expect(audit.ok && audit.value.entries.map(({ action, detail }) => [action, detail])).toEqual([
      ['personal-data.salt', 'a new one, the old one is gone'],
      [
        'personal-data.save',
        'all detectors on; 1 own rules (order-no); 1 fields allowed (client.address); user ids hashed, salt for 90 days',
      ],
    ]);
  });

  it.each([
    ['a(', 'a bracket ( is not closed'],
    ['a)(b', 'a bracket ) was never opened'],
    ['a(?=b)', 'RE2 has no look-ahead'],
    ['(a)\\1', 'no back-references'],
    ['x*', 'finds the empty text'],
    ['\\b', 'finds the empty text'],
    ['a{2000}', '1,000 at most'],
  ])('refuses the pattern %s in words', async (pattern, words) => {
    const body = { ...rules, custom: [...rules.custom, { name: 'bad', pattern, fields: [], replacement: 'mask' }] };
    const refused = await call('admin', 'PUT', '/api/v1/personal-data/rules', body);
    expect([refused.status, Object.keys(refused.json().fields)]).toEqual([422, ['custom.1.pattern']]);
    expect(refused.json().detail).toContain(words);
    expect((await call('admin', 'POST', '/api/v1/personal-data/try', { rules: body, text: 'x' })).status).toBe(422);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a card detector switched off', { off: ['pan'] }],
    ['a name of a detector', { custom: [{ ...rules.custom[0], name: 'email' }] }],
    ['a name twice', { custom: [rules.custom[0], rules.custom[0]] }],
    ['cards allowed in a field', { allow: [{ field: 'x', detectors: ['pan'] }] }],
  ])('refuses %s', async (_, part) =>
    expect((await call('admin', 'PUT', '/api/v1/personal-data/rules', { ...rules, ...part })).status).toBe(422),
  );

  it('tries rules on lines and on JSON, and names what was found', async () => {
    const text = `ORD-7 of ann@example.com\n{"client.address":"10.0.0.1","user":{"id":"ann"},"note":"10.0.0.1 <email>"}`;
    const tried = await call('admin', 'POST', '/api/v1/personal-data/try', { rules, text });
    expect(tried.json()).toEqual({
      records: 2,
      cut: false,
      fields: [
        {
          record: 0,
          field: 'body',
          before: 'ORD-7 of ann@example.com',
          after: '<rule:order-no> of <email>',
          found: [
            { rule: 'order-no', count: 1 },
            { rule: 'email', count: 1 },
          ],
        },
        { record: 1, field: 'client.address', before: '10.0.0.1', after: '10.0.0.1', found: [] },
        {
          record: 1,
          field: 'user.id',
          before: 'ann',
          after: expect.stringMatching(/^<user:[a-p]{16}>$/),
          found: [{ rule: 'user', count: 1 }],
        },
        {
          record: 1,
          field: 'note',
          before: '10.0.0.1 <email>',
          after: '<ip> <email>',
          found: [{ rule: 'ip', count: 1 }],
        },
      ],
    });
    expect((await call('responder', 'POST', '/api/v1/personal-data/try', { rules, text })).status).toBe(403);
  });
});

it('reports what was scrubbed by service and site, and exports it', async () => {
  const { organisation } = people.get('admin') ?? { organisation: '' };
  await store.execute(
    `INSERT INTO scrubbed (organisation, minute, signal, service, site, rule, removed)
     SELECT {o:String}, toDateTime(fromUnixTimestamp64Milli({at:Int64})), 'logs', 'till', '=S1', 'order-no', 3`,
    { o: organisation, at: now - minute },
    { settings: { insert_deduplicate: 0 } },
  );
  const range = `from=${now - 60 * minute}&to=${now}`;
  const row = { rule: 'order-no', service: 'till', site: '=S1', signal: 'logs', removed: 3 };
  const report = (await call('viewer', 'GET', `/api/v1/personal-data/report?${range}`)).json();
  expect(report.rows).toContainEqual(row);
  expect(report.series).toContainEqual({ rule: 'order-no', at: expect.any(Number), removed: 3 });
  const other = (await call('stranger', 'GET', `/api/v1/personal-data/report?${range}`)).json();
  expect(other.rows).not.toContainEqual(row);
  const csv = await call('viewer', 'GET', `/api/v1/personal-data/report.csv?${range}`);
  expect(csv.text).toContain(`order-no,till,"'=S1",logs,3\r\n`);
});

describe('keys of the archive', () => {
  const path = '/api/v1/archive/destroy-keys';
  const ask = { class: 'compliance', reason: 'request 12', confirm: 'Acme' };

  it('are destroyed by an owner alone who names the organisation, and nobody’s while a hold keeps them', async () => {
    expect((await call('admin', 'POST', path, ask)).status).toBe(403);
    expect((await call('owner', 'POST', path, { ...ask, confirm: 'Rival' })).status).toBe(422);
    expect((await call('owner', 'POST', path, { ...ask, class: '../x' })).status).toBe(422);
    expect((await call('owner', 'POST', path, { ...ask, reason: ' ' })).status).toBe(422);
    const misspelt = await call('owner', 'POST', path, { ...ask, class: 'complaince' });
    expect([misspelt.status, misspelt.json().fields.class]).toEqual([
      422,
      expect.stringMatching(/^no class is called complaince: expected .*default/),
    ]);
    const held = await call('owner', 'POST', path, { ...ask, class: 'default' });
    expect([held.status, held.json().detail]).toEqual([409, 'The legal hold "Case 7" keeps it.']);
    expect(destructions).toEqual([]);
  });

  it('leave two entries in the audit: who asked, and what was done', async () => {
    const done = await call('owner', 'POST', path, ask);
    expect(done.json()).toMatchObject({ record: 1, at: now, unreadable: { files: 2, rows: 30 }, deletedLogs: 4 });
    const { organisation } = people.get('owner') ?? { organisation: '' };
    expect(destructions).toEqual([
      { organisation, class: 'compliance', by: 'owner@example.com', reason: 'request 12' },
    ]);
    const audit = await control.audit.list(organisation, { limit: 2, cursor: '' });
    expect(audit.ok && audit.value.entries.map(({ action, subject }) => [action, subject])).toEqual([
      ['archive.keys-destroyed', 'compliance'],
      ['archive.destroy-keys', 'compliance'],
    ]);
  });
});

describe('pipelines', () => {
  const parse = { kind: 'parse', format: 'regex', pattern: 'took (?<ms>\\d+)ms' };
  const pipeline = { id: 'p1', name: 'Times', enabled: true, filter: 'took', steps: [parse] };
  const path = '/api/v1/pipelines';

  it('are changed by an admin, version by version, and the audit says what', async () => {
    expect((await call('viewer', 'GET', path)).json()).toMatchObject({ version: 0, pipelines: [] });
    expect((await call('responder', 'PUT', path, { version: 0, pipelines: [pipeline] })).status).toBe(403);
    const saved = await call('admin', 'PUT', path, { version: 0, pipelines: [pipeline] });
    expect(saved.json()).toMatchObject({ version: 1, savedBy: 'admin@example.com', pipelines: [{ name: 'Times' }] });
    expect((await call('admin', 'PUT', path, { version: 0, pipelines: [] })).status).toBe(409);
    const off = { ...pipeline, enabled: false };
    expect((await call('admin', 'PUT', path, { version: 1, pipelines: [off] })).status).toBe(200);
    expect((await call('stranger', 'GET', path)).json()).toMatchObject({ version: 0 });
    const { organisation } = people.get('admin') ?? { organisation: '' };
    const audit = await control.audit.list(organisation, { limit: 2, cursor: '' });
    expect(audit.ok && audit.value.entries.map(({ action, detail }) => [action, detail])).toEqual([
      ['pipelines.save', 'off: Times'],
      ['pipelines.save', 'added Times'],
    ]);
  });

  it.each([
    ['pipelines.0.steps.0.pattern', 'look-ahead', { ...pipeline, steps: [{ ...parse, pattern: '(?=a)(?<x>b)' }] }],
    ['pipelines.0.filter', 'expected', { ...pipeline, filter: 'a:(' }],
    ['pipelines.0.steps.0.when', 'expected', { ...pipeline, steps: [{ kind: 'drop', when: 'severity:loud' }] }],
    [
      'pipelines.0.steps.0.metric',
      'a name of letters',
      { ...pipeline, steps: [{ kind: 'metric', metric: '7', measure: 'count' }] },
    ],
  ])('are refused with the place of the fault: %s', async (field, why, bad) => {
    const refused = await call('admin', 'PUT', path, { version: 2, pipelines: [bad] });
    expect(refused.status).toBe(422);
    expect(refused.json().fields[field]).toContain(why);
  });

  it.each([
    ['an expression of a filter', { ...pipeline, filter: '/(unclosed/' }],
    ['too many steps', { ...pipeline, steps: Array.from({ length: 21 }, () => ({ kind: 'drop' })) }],
    ['no such step', { ...pipeline, steps: [{ kind: 'explode' }] }],
  ])('are refused: %s', async (_, bad) => {
    expect((await call('admin', 'PUT', path, { version: 2, pipelines: [bad] })).status).toBe(422);
  });

  it('are tried on pasted lines and on stored ones of the organisation, and store nothing', async () => {
    const steps = [
      parse,
      { kind: 'metric', metric: 'times', measure: 'sum', of: 'ms', labels: ['service'] },
      { kind: 'drop', when: 'ms:>100' },
    ];
    const pasted = { service: 'till', lines: ['took 17ms for ann@example.com', 'took 200ms', 'took long', 'other'] };
    const tried = await call('viewer', 'POST', `${path}/try`, { pipeline: { ...pipeline, steps }, pasted });
    expect(tried.status).toBe(200);
    expect(tried.json().lines).toMatchObject([
      {
        before: { body: 'took 17ms for <email>', attributes: {} },
        after: { attributes: { ms: '17' }, service: 'till' },
        taken: true,
        endedBy: null,
        made: [{ step: 2, metric: 'times', labels: { service: 'till' }, value: 17 }],
      },
      { taken: true, endedBy: 3, made: [{ value: 200 }] },
      { taken: true, endedBy: null, unread: [1], made: [] },
      { taken: false, endedBy: null, unread: [], made: [] },
    ]);
    const { organisation } = people.get('admin') ?? { organisation: '' };
    await store.execute(
      `INSERT INTO logs (organisation, service, ts, received_at, body) SELECT {o:String}, 'till', ts, ts, 'took 5ms' FROM (SELECT fromUnixTimestamp64Milli({at:Int64}) AS ts)`,
      { o: organisation, at: now - 60_000 },
      { settings: { insert_deduplicate: 0 } },
    );
    const stored = await call('viewer', 'POST', `${path}/try`, { pipeline: { ...pipeline, steps } });
    expect(stored.json().lines).toMatchObject([{ before: { body: 'took 5ms' }, after: { attributes: { ms: '5' } } }]);
    expect((await call('stranger', 'POST', `${path}/try`, { pipeline })).json().lines).toEqual([]);
    expect((await call('viewer', 'GET', `${path}/counts`)).json().rows).toEqual([]);
  });
});

describe('sampling', () => {
  const rules = { name: 'Lean', slowMs: 500, services: [{ service: 'pay', share: 1 }], share: 0, waitMs: 900_000 };

  it('keeps everything until an admin says otherwise, and says so in the audit', async () => {
    expect((await call('viewer', 'GET', '/api/v1/sampling')).json()).toMatchObject({
      enabledAt: null,
      updatedAt: null,
    });
    expect((await call('responder', 'PUT', '/api/v1/sampling', { ...rules, enabled: true })).status).toBe(403);
    expect((await call('admin', 'PUT', '/api/v1/sampling', { ...rules, share: 2, enabled: true })).status).toBe(422);
    const twice = { ...rules, services: [...rules.services, ...rules.services], enabled: true };
    expect((await call('admin', 'PUT', '/api/v1/sampling', twice)).status).toBe(422);
    const saved = await call('admin', 'PUT', '/api/v1/sampling', { ...rules, enabled: false });
    expect(saved.json()).toMatchObject({ ...rules, enabledAt: null, updatedBy: 'admin@example.com' });
    expect((await call('stranger', 'GET', '/api/v1/sampling')).json()).toMatchObject({ updatedAt: null });
    const { organisation } = people.get('admin') ?? { organisation: '' };
    const audit = await control.audit.list(organisation, { limit: 10, cursor: '' });
    expect(audit.ok && audit.value.entries[0]).toMatchObject({
      action: 'sampling.save',
      detail: 'off: errors, from 500 ms on, pay 100 %, others 0 %, after 15 min',
    });
  });

  it('previews what would be kept, of the organisation alone', async () => {
    const { organisation } = people.get('admin') ?? { organisation: '' };
    await store.execute(
      `INSERT INTO spans (organisation, service, trace_id, ts, received_at, status_code, duration_ns)
       SELECT {o:String}, ['web', 'pay', 'web', 'web'][number % 4 + 1], toFixedString(concat('trace', toString(number % 4)), 16), ts, ts, if(number = 2, 2, 1), if(number = 3, 600000000, 1000000)
       FROM (SELECT number, fromUnixTimestamp64Milli({at:Int64}) AS ts FROM numbers(8))`,
      { o: organisation, at: now - 30_000 },
      { settings: { insert_deduplicate: 0 } },
    );
    const seen = await call('admin', 'POST', '/api/v1/sampling/preview', rules);
    // Beside the four there are the ten spans without a trace id, three of them failed.
    expect(seen.json()).toMatchObject({
      traces: 5,
      keptErrors: 2,
      keptSlow: 1,
      keptShare: 1,
      spans: 18,
      keptSpans: 16,
    });
    expect(seen.json().keptBytes).toBeGreaterThan(0);
    expect(seen.json().keptBytes).toBeLessThan(seen.json().bytes);
    expect((await call('viewer', 'POST', '/api/v1/sampling/preview', rules)).status).toBe(403);
    const other = await call('stranger', 'POST', '/api/v1/sampling/preview', rules);
    expect(other.json()).toMatchObject({ traces: 1, spans: 10 });
  });

  it('hands a trace on as a file that the OTLP endpoint takes', async () => {
    const { organisation } = people.get('admin') ?? { organisation: '' };
    const traceId = 'cd'.repeat(16);
    await store.execute(
      `INSERT INTO spans (organisation, service, ts, received_at, duration_ns, trace_id, span_id, parent_id, name, kind, status_code, attrs, events.ts, events.name, events.attrs)
       SELECT {o:String}, 'files', at, at, 5000, unhex({id:String}), toFixedString(char(number + 1), 8), toFixedString(char(number), 8), 'step', 3, 2, map('http.status_code', '500'), [at], ['retry'], [map('n', '1')]
       FROM (SELECT number, fromUnixTimestamp64Milli({at:Int64}) AS at FROM numbers(2))`,
      { o: organisation, id: traceId, at: now - minute },
      { settings: { insert_deduplicate: 0 } },
    );
    const file = await call('viewer', 'GET', `/api/v1/traces/${traceId}/otlp`);
    expect(file.status).toBe(200);
    const { resourceSpans } = file.json();
    expect(resourceSpans).toHaveLength(1);
    expect(resourceSpans[0].scopeSpans[0].spans).toMatchObject([
      { traceId, spanId: `01${'00'.repeat(7)}`, kind: 3, status: { code: 2 } },
      { traceId, spanId: `02${'00'.repeat(7)}`, parentSpanId: `01${'00'.repeat(7)}`, events: [{ name: 'retry' }] },
    ]);
    const again = protocols
      .flatMap(({ endpoints }) => endpoints)
      .find(({ path }) => path === '/v1/traces')
      ?.check({
        body: Buffer.from(JSON.stringify({ resourceSpans })),
        receivedAtMs: now,
        contentType: 'application/json',
      } as never);
    expect(again).toMatchObject({ kind: 'accept', refused: [] });
    expect((await call('stranger', 'GET', `/api/v1/traces/${traceId}/otlp`)).status).toBe(404);
  });

  it('says of a trace that it was sampled away, and counts it', async () => {
    const { organisation } = people.get('admin') ?? { organisation: '' };
    const id = 'ab'.repeat(16);
    await store.execute(
      `INSERT INTO sampled_traces (organisation, trace_id, slot, decided_at, policy, rule, services, spans, first_ts, last_ts)
       SELECT {o:String}, unhex({id:String}), toDateTime(at), at, 'Lean', 'pay', ['pay', 'web'], [2, 3], at, at FROM (SELECT fromUnixTimestamp64Milli({at:Int64}) AS at)`,
      { o: organisation, id, at: now - minute },
      { settings: { insert_deduplicate: 0 } },
    );
    expect((await call('viewer', 'GET', `/api/v1/traces/${id}`)).json()).toMatchObject({
      spans: [],
      sampled: { policy: 'Lean', at: now - minute, spans: 5 },
    });
    expect((await call('stranger', 'GET', `/api/v1/traces/${id}`)).status).toBe(404);
    expect((await call('viewer', 'GET', `/api/v1/data/health?${range}`)).json().sampled).toEqual([
      { policy: 'Lean', rule: 'pay', service: 'web', spans: 3 },
      { policy: 'Lean', rule: 'pay', service: 'pay', spans: 2 },
    ]);
    expect((await call('stranger', 'GET', `/api/v1/data/health?${range}`)).json().sampled).toEqual([]);
  });
});

describe('retention', () => {
  const last = { name: 'default', query: '', hotDays: 30, keepDays: 400 };
  const noise = { name: 'noise', query: 'severity:<info', hotDays: 3, keepDays: 30 };
  const organisationOfPerson = (who: string): string => people.get(who)?.organisation ?? '';
  const lastAudit = async (): Promise<unknown> => {
    const audit = await control.audit.list(organisationOfPerson('admin'), { limit: 1, cursor: '' });
    return audit.ok ? audit.value.entries[0] : undefined;
  };

  it('shows the built-in classes until an admin saves others, and says so in the audit', async () => {
    const before = await call('viewer', 'GET', '/api/v1/retention');
    expect(before.json()).toMatchObject({ updatedAt: null, classes: [{ name: 'compliance' }, { name: 'default' }] });
    expect((await call('responder', 'PUT', '/api/v1/retention', { classes: [last] })).status).toBe(403);
    const saved = await call('admin', 'PUT', '/api/v1/retention', { classes: [noise, last] });
    expect(saved.json()).toMatchObject({
      classes: [noise, last],
      retired: [{ name: 'compliance' }],
      updatedBy: 'admin@example.com',
    });
    expect(await lastAudit()).toMatchObject({
      action: 'retention.save',
      detail: 'noise 3/30 days: severity:<info; default 30/400 days: all others',
    });
    expect((await call('stranger', 'GET', '/api/v1/retention')).json()).toMatchObject({ updatedAt: null });
  });

  it.each([
    ['none', []],
    ['no default', [noise]],
    ['a default that is not last', [last, noise]],
    ['a default with a query', [{ ...last, query: 'a' }]],
    ['a name twice', [noise, noise, last]],
    ['a name that is no folder', [{ ...noise, name: '../x' }, last]],
    ['more days than the engine has', [{ ...noise, hotDays: 31 }, last]],
    ['a query that cannot be read', [{ ...noise, query: 'severity:loud' }, last]],
    ['a query that asks for the class', [{ ...noise, query: 'retention.class:x' }, last]],
  ])('refuses %s', async (_, classes) => {
    expect((await call('admin', 'PUT', '/api/v1/retention', { classes })).status).toBe(422);
  });

  it("previews yesterday's logs, and counts what is stored, of the organisation alone", async () => {
    const day = 86_400_000;
    const yesterday = Math.floor(now / day) * day - day + 1000;
    await store.execute(
      `INSERT INTO logs (organisation, class, severity, ts, received_at)
       SELECT {o:String}, ['noise', 'old'][1 + number % 2], if(number < 3, 5, 9), fromUnixTimestamp64Milli({at:Int64}), now64(9) FROM numbers(5)`,
      { o: organisationOfPerson('admin'), at: yesterday },
      { settings: { insert_deduplicate: 0 } },
    );
    const preview = await call('admin', 'POST', '/api/v1/retention/preview', { classes: [noise, last] });
    expect(preview.json()).toMatchObject({
      rows: 5,
      classes: [
        { name: 'noise', rows: 3 },
        { name: 'default', rows: 2 },
      ],
    });
    expect((await call('viewer', 'POST', '/api/v1/retention/preview', { classes: [last] })).status).toBe(403);
    const theirs = await call('stranger', 'POST', '/api/v1/retention/preview', { classes: [last] });
    expect(theirs.json()).toMatchObject({ rows: 0 });
    const stored = (await call('viewer', 'GET', '/api/v1/retention/stored')).json();
    expect(stored.classes).toContainEqual({
      name: 'noise',
      hot: { rows: 3, bytes: expect.any(Number) },
      archived: null,
    });
    expect(stored.classes).toContainEqual({ name: 'old', hot: { rows: 2, bytes: expect.any(Number) }, archived: null });
    const other = (await call('stranger', 'GET', '/api/v1/retention/stored')).json();
    expect(other.classes.map((one: { name: string }) => one.name)).not.toContain('old');
  });

  it('holds are placed and lifted by admins, audited, never edited', async () => {
    const hold = { name: 'Case 7', reason: 'court order', query: 'severity:error', class: 'noise', site: 'STORE_1' };
    expect((await call('responder', 'POST', '/api/v1/retention/holds', hold)).status).toBe(403);
    const wrong = await call('admin', 'POST', '/api/v1/retention/holds', { ...hold, query: 'severity:loud' });
    expect(wrong.status).toBe(422);
    expect((await call('admin', 'POST', '/api/v1/retention/holds', { ...hold, from: 5, to: 5 })).status).toBe(422);
    const misspelt = await call('admin', 'POST', '/api/v1/retention/holds', { ...hold, class: 'nosie' });
    expect([misspelt.status, misspelt.json().fields.class]).toEqual([
      422,
      expect.stringMatching(/^no class is called nosie: expected .*noise/),
    ]);
    await control.sites.seen(people.get('admin')?.organisation ?? '', ['STORE_1']);
    const elsewhere = await call('admin', 'POST', '/api/v1/retention/holds', { ...hold, site: 'STORE_l' });
    expect([elsewhere.status, elsewhere.json().fields.site]).toEqual([
      422,
      expect.stringMatching(/^no site is called STORE_l: do you mean STORE_1\b/),
    ]);
    const placed = await call('admin', 'POST', '/api/v1/retention/holds', hold);
    expect(placed.json()).toMatchObject({ ...hold, liftedAt: null, createdBy: 'admin@example.com' });
    expect(await lastAudit()).toMatchObject({ action: 'hold.place', subject: placed.json().id });
    const lift = `/api/v1/retention/holds/${placed.json().id}/lift`;
    expect((await call('stranger', 'POST', lift, { reason: 'mine' })).status).toBe(404);
    expect((await call('admin', 'POST', lift, {})).status).toBe(422);
    expect((await call('admin', 'POST', lift, { reason: 'over' })).json()).toMatchObject({ liftReason: 'over' });
    expect((await call('admin', 'POST', lift, { reason: 'over' })).status).toBe(404);
    expect((await call('viewer', 'GET', '/api/v1/retention/holds')).json().holds).toMatchObject([{ name: 'Case 7' }]);
    expect((await call('stranger', 'GET', '/api/v1/retention/holds')).json().holds).toEqual([]);
  });

  it('gives evidence by requirement, says what it does not know, and escapes what others wrote', async () => {
    await call('admin', 'POST', '/api/v1/retention/holds', { name: '<b>Case</b>', reason: 'x' });
    const today = new Date(now).toISOString().slice(0, 10);
    const asked = `from=${new Date(now - 5 * 86_400_000).toISOString().slice(0, 10)}&through=${today}`;
    const report = (await call('admin', 'GET', `/api/v1/retention/evidence?${asked}`)).json();
    const numbers = report.sections.map((one: { requirement: string }) => one.requirement);
    expect(numbers).toEqual(['10.2', '10.3', '10.4', '10.5', '10.6', '10.7']);
    const facts = (of: string): Record<string, string> =>
      Object.fromEntries(
        report.sections
          .find((one: { requirement: string }) => one.requirement === of)
          .facts.map((one: { name: string; value: string }) => [one.name, one.value]),
      );
    expect(facts('10.3')).toMatchObject({
      'Hash chain of the audit trail, checked for this report': 'each entry follows from the one before',
    });
    expect(facts('10.5')).toMatchObject({ 'Longest days in the engine, of any class': '30' });
    expect(Number(facts('10.2')['Log records stored in the period'])).toBeGreaterThanOrEqual(5);
    const page = await call('admin', 'GET', `/api/v1/retention/evidence.html?${asked}`);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.text).toContain('&lt;b&gt;Case&lt;/b&gt;');
    expect(page.text).not.toContain('<b>Case');
    expect(await lastAudit()).toMatchObject({ action: 'evidence.export' });
    expect((await call('responder', 'GET', `/api/v1/retention/evidence?${asked}`)).status).toBe(403);
    for (const wrong of [
      'from=2026-02-30&through=2026-03-01',
      'from=2026-03-02&through=2026-03-01',
      'from=2020-01-01&through=2026-01-01',
    ])
      expect((await call('admin', 'GET', `/api/v1/retention/evidence?${wrong}`)).status).toBe(422);
  });
});

it('hands attachments out as downloads only', async () => {
  const reply = await call('viewer', 'GET', '/api/v1/events/ACMESECRET/attachments/page.html');
  expect(reply.text).toBe('<script>');
  expect(reply.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="page.html"; filename*=UTF-8''page.html`,
    'x-content-type-options': 'nosniff',
  });
});

it('shows a picture where it is one by its own bytes, and nothing else', async () => {
  const at = '/api/v1/events/ACMESECRET/attachments';
  const picture = await call('viewer', 'GET', `${at}/screen.png?show=1`);
  expect(picture.headers).toMatchObject({
    'content-type': 'image/png',
    'content-disposition': 'inline',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  });
  const page = await call('viewer', 'GET', `${at}/page.html?show=1`);
  expect(page.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': expect.stringMatching(/^attachment/),
  });
  expect((await call('viewer', 'GET', `${at}/screen.png`)).headers['content-type']).toBe('application/octet-stream');
});

it('shows snippets with the key and address of the organisation', async () => {
  const data = (await call('viewer', 'GET', '/api/v1/data/clients')).json();
  expect(data.dsn).toBe(`https://${data.key}@sight.example:8443/${data.dsn.split('/').at(-1)}`);
  expect(data.clients.length).toBeGreaterThanOrEqual(13);
  for (const { snippet, name } of data.clients) {
    expect(snippet, name).toContain(data.key);
    expect(snippet, name).not.toMatch(/\{(url|host|port|key|dsn|tls|scheme)\}/);
  }
  expect((await call('viewer', 'GET', '/api/v1/data/clients')).json().key).toBe(data.key);
  const other = (await call('stranger', 'GET', '/api/v1/data/clients')).json();
  expect(other.key).not.toBe(data.key);
  const { organisation } = people.get('admin') ?? { organisation: '' };
  expect((await control.keys.find(data.key))?.scope.organisation).toBe(organisation);
  const created = await control.audit.list(organisation, { limit: 100, cursor: '' });
  expect(created.ok && created.value.entries.filter((entry) => entry.action === 'key.create')).toHaveLength(1);
});

it('switches faults of the demo fleet', async () => {
  expect((await call('viewer', 'GET', '/api/v1/demo/faults')).json()).toEqual({ available: true, faults });
  const body = { active: true, sites: ['S1'] };
  expect((await call('viewer', 'PUT', '/api/v1/demo/faults/payment-outage', body)).status).toBe(403);
  expect((await call('responder', 'PUT', '/api/v1/demo/faults/payment-outage', body)).json().faults[0]).toMatchObject(
    body,
  );
});

it('tells an issue by its original place once the map of its newest event came', async () => {
  const organisation = people.get('viewer')?.organisation ?? '';
  const frame = {
    function: 'a',
    file: '/assets/index-B3f2.js',
    line: 1,
    column: 9,
    inApp: true,
    module: '',
    debugId: '',
  };
  const around = { contextLine: '', preContext: [], postContext: [], unresolved: 'no map was uploaded' };
  const payload = JSON.stringify({
    version: 1,
    exceptions: [{ type: 'E', value: 'v', mechanism: '', handled: null, frames: [{ ...frame, ...around }] }],
  });
  await store.execute(
    `INSERT INTO errors (organisation, site, service, project, ts, received_at, event_id, issue, severity, type, message, culprit, platform, payload)
      SELECT {o:String}, 'S', 'till', 1, fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64}), 'late', 77, 17, 'E', 'v',
        'a (index-B3f2.js)', 'javascript', {p:String}`,
    { o: organisation, at: now - 2 * minute, p: payload },
    { settings: { insert_deduplicate: 0 } },
  );
  const told = async (): Promise<string[]> => {
    const list = await call('viewer', 'GET', `/api/v1/issues?${range}`);
    const head = await call('viewer', 'GET', `/api/v1/issues/${(77).toString(16).padStart(16, '0')}`);
    expect([list.status, head.status], head.text).toEqual([200, 200]);
    return [list.json().issues.find((one: { type: string }) => one.type === 'E')?.culprit, head.json().issue.culprit];
  };
  const minified = ['a (index-B3f2.js)', 'a (index-B3f2.js)'];
  expect(await told()).toEqual(minified);
  const place = { file: 'src/basket.ts', function: 'charge', line: 7, column: 3, inApp: true, code: undefined };
  fate = { kind: 'original', place, note: '' };
  // Asked again at once, the answer is the one that is remembered.
  expect(await told()).toEqual(minified);
  clock.advance(20_001);
  expect(await told()).toEqual(['charge (basket.ts)', 'charge (basket.ts)']);
  fate = { kind: 'none' };
});
