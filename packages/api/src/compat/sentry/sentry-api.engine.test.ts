/** Sentry's organisation API on a real PostgreSQL and real files, spoken to by the real `sentry-cli`; what was uploaded then reads stacks. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger, systemClock } from '@sightline/base';
import type { Control } from '@sightline/control';
import { type TestServer, testServers } from '@sightline/control/testing';
import { openSourceMaps, type FrameFate, type SourceMaps } from '@sightline/ingest/source-maps';
import { unavailableMetrics } from '@sightline/query/promql';
import { type BlobStore, openDiskBlobs } from '@sightline/store';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerApi } from '../../register-api.ts';

const cli = createRequire(createRequire(import.meta.url).resolve('@sentry/cli/package.json')).resolve(
  '@sentry/cli-linux-x64/bin/sentry-cli',
);

let server: TestServer;
let control: Control;
let app: FastifyInstance;
let blobs: BlobStore;
let maps: SourceMaps;
let url: string;
let folder: string;
let organisation: string;
const tokens: Record<'operate' | 'query' | 'ingest', string> = { operate: '', query: '', ingest: '' };
/** Answers of look-ups are kept for a while: a look after that while. */
const clock = new ManualClock(Date.now());

beforeAll(async () => {
  const [first] = testServers;
  if (!first) throw new Error('there is no PostgreSQL to test with');
  server = await first.start();
  control = await server.freshControl();
  folder = mkdtempSync(path.join(tmpdir(), 'sl-sentry-api-'));
  blobs = await openDiskBlobs({ folder: path.join(folder, 'blobs'), clock: systemClock, logger: silentLogger });
  maps = openSourceMaps({
    files: control.artifacts,
    contents: {
      read: (owner, hash) => blobs.read({ organisation: owner, area: 'artifacts', hash }),
      touch: (owner, hash) => blobs.touch({ organisation: owner, area: 'artifacts', hash }),
    },
    clock,
    logger: silentLogger,
  });
  const made = await control.organisations.ensure('Shop & Co');
  if (!made.ok) throw new Error(made.error.message);
  organisation = made.value.id;
  for (const permission of ['operate', 'query', 'ingest'] as const) {
    const key = await control.keys.create(organisation, { name: permission, permissions: [permission] }, 'test');
    if (key.ok) tokens[permission] = key.value.secret;
  }
  app = Fastify();
  const settings = { publicUrl: '', version: '0', demo: false };
  await registerApi(app, {
    store: { query: async () => [], stream: () => [] as never, metrics: unavailableMetrics('not asked here') },
    control,
    clock: systemClock,
    logger: silentLogger,
    settings,
    files: { blobs, sourceMaps: maps },
    ingest: { status: () => ({ lagMs: 0, spoolBytes: 0, spoolLimitBytes: 1, waitingRecords: 0 }) },
    health: async () => ({ status: 'healthy', version: '0', uptimeS: 0, components: [] }),
    metrics: () => '',
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  settings.publicUrl = url;
});
afterAll(async () => {
  await app?.close();
  await maps?.close();
  await control?.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Runs the real program in a folder of its own; its output, and that it ended well. */
async function sentryCli(
  args: readonly string[],
  more: { readonly token?: string; readonly code?: number; readonly cwd?: string } = {},
): Promise<string> {
  const child = spawn(cli, args, {
    cwd: more.cwd ?? folder,
    env: {
      HOME: folder,
      PATH: process.env['PATH'] ?? '',
      SENTRY_URL: url,
      SENTRY_AUTH_TOKEN: more.token ?? tokens.operate,
      SENTRY_ORG: 'shop-co',
      SENTRY_PROJECT: '1',
      SENTRY_DISABLE_UPDATE_CHECK: '1',
    },
  });
  let output = '';
  child.stdout.on('data', (piece) => (output += String(piece)));
  child.stderr.on('data', (piece) => (output += String(piece)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  expect(code, output).toBe(more.code ?? 0);
  return output;
}

const ask = async (
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  at: string,
  body?: object | FormData,
  token = tokens.operate,
) => {
  const form = body instanceof FormData;
  const reply = await fetch(`${url}/api/0${at}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && !form ? { 'content-type': 'application/json' } : {}) },
    ...(body && { body: form ? body : JSON.stringify(body) }),
  });
  const text = await reply.text();
  return { status: reply.status, json: text === '' ? undefined : JSON.parse(text) };
};

/** What becomes of one frame; what was looked up before is asked again. */
async function fateOf(
  frame: { file: string; line?: number | null; column?: number | null; function?: string; debugId?: string },
  built: { release?: string; dist?: string } = {},
): Promise<FrameFate | undefined> {
  clock.advance(60_000);
  const asked = { line: 1, column: 1, function: 'a', debugId: '', ...frame };
  const [fate] = await maps.resolve({ organisation, release: '', dist: '', ...built }, [asked]);
  return fate;
}

describe('sentry-cli', () => {
  test('says who it is, and lists what there is', async () => {
    expect(await sentryCli(['info'])).toMatch(/Sentry Server: .*[\s\S]*org:ci/);
    expect(await sentryCli(['organizations', 'list'])).toContain('Shop & Co');
    expect(await sentryCli(['projects', 'list'])).toMatch(/\b1\b/);
    expect(await sentryCli(['repos', 'list'])).toContain('No repos found');
  });

  test('lists issues, events and logs, and says what of a search it cannot read', async () => {
    expect(await sentryCli(['issues', 'list', '--query', 'is:unresolved level:error'])).toContain('No issues found');
    expect(await sentryCli(['events', 'list', '--show-user', '--show-tags'])).toContain('No events found');
    expect(await sentryCli(['logs', 'list', '--query', 'severity:error'])).toContain('No logs found');
    expect(await sentryCli(['issues', 'list', '--query', 'level:(('], { code: 1 })).toContain('At character 9');
    expect(await sentryCli(['issues', 'resolve', '-i', '77'], { code: 1 })).toContain('There is no issue 77');
    expect(await sentryCli(['issues', 'mute', '--all'])).toContain('new status: muted');
    const at = '/projects/shop-co/1/issues/';
    expect((await ask('PUT', at, { status: 'gone' })).json.detail).toMatch(/^status: expected resolved/);
    expect((await ask('PUT', `${at}?id=abc`, { status: 'resolved' })).status).toBe(400);
    expect((await ask('PUT', at, { status: 'resolved' }, tokens.query)).status).toBe(403);
    expect((await ask('GET', '/organizations/shop-co/events/?dataset=spans')).json.detail).toMatch(/expected logs/);
    expect((await ask('GET', '/organizations/shop-co/events/?dataset=logs&statsPeriod=soon')).status).toBe(400);
    expect((await ask('GET', `${at}?cursor=x`)).json.detail).toMatch(/^The cursor/);
  });

  test('what is not kept is said', async () => {
    writeFileSync(path.join(folder, 'mappings.json'), '[{"stackRoot":"a","sourceRoot":"b"}]');
    const args = ['code-mappings', 'upload', 'mappings.json', '--repo', 'a/b', '--default-branch', 'main'];
    expect(await sentryCli(args, { code: 1 })).toContain('code mappings are not kept');
  });

  test('a release from its beginning to its end', async () => {
    await sentryCli(['releases', 'new', 'till@1.0.0', '--url', 'https://ci.example/7']);
    await sentryCli(['releases', 'finalize', 'till@1.0.0']);
    await sentryCli(['deploys', 'new', '--release', 'till@1.0.0', '-e', 'production']);
    expect(await sentryCli(['deploys', 'list', '--release', 'till@1.0.0'])).toContain('production');
    expect(await sentryCli(['releases', 'list'])).toContain('till@1.0.0');
    expect(await sentryCli(['releases', 'info', 'till@1.0.0'])).toContain('till@1.0.0');
    await sentryCli(['releases', 'archive', 'till@1.0.0']);
    expect(await control.releases.find(organisation, 'till@1.0.0')).toMatchObject({
      url: 'https://ci.example/7',
      archived: true,
      releasedAt: expect.any(Number),
    });
    await sentryCli(['releases', 'restore', 'till@1.0.0']);
    expect(await control.releases.deploys(organisation, '')).toMatchObject([{ environment: 'production' }]);
    await sentryCli(['releases', 'delete', 'till@1.0.0']);
    expect(await control.releases.find(organisation, 'till@1.0.0')).toBeUndefined();
    expect(await control.releases.deploys(organisation, '')).toEqual([]);
  });

  test('commits of a git repository', async () => {
    const repository = path.join(folder, 'repository');
    mkdirSync(repository);
    const git = async (...args: string[]): Promise<void> => {
      const child = spawn('git', args, { cwd: repository, env: { PATH: process.env['PATH'] ?? '', HOME: folder } });
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    };
    await git('init', '-q', '-b', 'main');
    await git('remote', 'add', 'origin', 'https://git.example/shop/till.git');
    writeFileSync(path.join(repository, 'a'), '1');
    await git('add', '.');
    await git('-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example', 'commit', '-q', '-m', 'Till: sells');
    await sentryCli(['releases', 'new', 'till@1.1.0']);
    await sentryCli(['releases', 'set-commits', 'till@1.1.0', '--auto', '--ignore-missing'], { cwd: repository });
    expect(await control.releases.commits(organisation, 'till@1.1.0')).toMatchObject([
      {
        id: expect.stringMatching(/^[0-9a-f]{40}$/),
        author: 'ana@shop.example',
        message: 'Till: sells',
        files: ['a'],
      },
    ]);
  });

  test('debug ids are injected and uploaded, and a frame is read with them', async () => {
    const dist = path.join(folder, 'dist');
    mkdirSync(dist);
    writeFileSync(
      path.join(dist, 'app.js'),
      'function a(){throw new Error("x")}a();\n//# sourceMappingURL=app.js.map\n',
    );
    writeFileSync(path.join(dist, 'app.js.map'), JSON.stringify(ownMap()));
    await sentryCli(['sourcemaps', 'inject', dist]);
    await sentryCli(['sourcemaps', 'upload', '--release', 'till@2.0.0', dist]);
    const [file] = await control.artifacts.ofUrls(organisation, 'till@2.0.0', ['~/app.js']);
    expect(file).toMatchObject({ kind: 'minified_source', debugId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    // What `inject` writes into the file moves everything.
    const lines = readFileSync(path.join(dist, 'app.js'), 'utf8').split('\n');
    const line = lines.findIndex((text) => text.includes('throw new Error')) + 1;
    const column = (lines[line - 1]?.indexOf('throw new Error') ?? 0) + 1;
    const fate = await fateOf({ file: 'https://till.example/app.js', line, column, debugId: file?.debugId ?? '' });
    const place = { file: 'src/charge.ts', line: 2, function: 'charge', inApp: true };
    expect(fate).toMatchObject({ kind: 'original', place });
    // By release and address too, for clients that send no debug id.
    expect(await fateOf({ file: 'https://till.example/app.js?v=1', line, column }, { release: 'till@2.0.0' })).toEqual(
      fate,
    );
    expect(await control.releases.find(organisation, 'till@2.0.0')).toBeDefined();
    // The same again is known already, and changes nothing.
    await sentryCli(['sourcemaps', 'upload', '--release', 'till@2.0.0', dist]);
  });

  test('a key that may not is told so', async () => {
    expect(await sentryCli(['releases', 'new', 'x@1'], { token: tokens.query, code: 1 })).toContain('"operate"');
    expect(await sentryCli(['releases', 'list'], { token: tokens.ingest, code: 1 })).toContain('may not do this');
    expect(await sentryCli(['info'], { token: 'nonsense', code: 1 })).toMatch(/401|Invalid token|not known/);
    await sentryCli(['releases', 'list'], { token: tokens.query });
  });
});

/** `a` of the first line is `charge` of `src/charge.ts`; the second function stands in a dependency. */
function ownMap(more: object = {}): object {
  return {
    version: 3,
    file: 'app.js',
    sources: ['../src/charge.ts', '../node_modules/lib/index.js'],
    sourcesContent: [
      'export function charge(): never {\n  throw new Error("x");\n}\ncharge();\n',
      'module.exports = function helper() {\n  return 1;\n};\n',
    ],
    names: ['charge', 'Error'],
    // Line 1: column 0 -> charge.ts 1:0 (charge), column 13 -> charge.ts 2:2, column 34 -> index.js 2:2.
    mappings: 'AAAAA,aACE,qBCAA',
    ...more,
  };
}

describe('legacy release files', () => {
  const upload = (release: string, name: string, content: string, more: Record<string, string> = {}) => {
    const form = new FormData();
    form.set('file', new Blob([content]), name.split('/').at(-1));
    form.set('name', name);
    for (const [field, value] of Object.entries(more)) form.set(field, value);
    return ask('POST', `/organizations/shop-co/releases/${encodeURIComponent(release)}/files/`, form);
  };

  test.each([
    ['by the comment', 'f@1', 'a();\n//# sourceMappingURL=app.js.map', {}],
    ['by the header', 'f@2', 'a();', { header: 'Sourcemap: app.js.map' }],
    ['by the name beside it', 'f@3', 'a();', {}],
  ])('a map is found %s', async (_, release, script, more) => {
    expect((await upload(release, '~/assets/app.js', script, more)).status).toBe(201);
    expect((await upload(release, '~/assets/app.js.map', JSON.stringify(ownMap()))).status).toBe(201);
    const frame = { file: 'https://till.example/assets/app.js', column: 14 };
    expect(await fateOf(frame, { release })).toMatchObject({
      kind: 'original',
      note: '',
      place: {
        file: 'src/charge.ts',
        line: 2,
        column: 3,
        function: 'charge',
        code: { contextLine: '  throw new Error("x");', preContext: ['export function charge(): never {'] },
      },
    });
    expect(await fateOf({ ...frame, column: 40 }, { release })).toMatchObject({
      place: { file: 'node_modules/lib/index.js', function: 'helper', inApp: false },
    });
  });

  test('an inline map, the distribution, an app’s address', async () => {
    const inline = `a();\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(ownMap())).toString('base64')}`;
    await upload('f@4', '~/index.android.bundle', inline, { dist: '42' });
    const frame = { file: 'app:///index.android.bundle', column: 14 };
    expect(await fateOf(frame, { release: 'f@4', dist: '42' })).toMatchObject({ place: { line: 2 } });
    expect(await fateOf(frame, { release: 'f@4', dist: '43' })).toMatchObject({ kind: 'unresolved' });
    // Hermes' bytecode: an offset that counts from 0.
    const hermes = { file: 'address at index.android.bundle', column: 13 };
    expect(await fateOf(hermes, { release: 'f@4', dist: '42' })).toMatchObject({ place: { line: 2, column: 3 } });
  });

  test('a map of sections', async () => {
    const sections = [
      {
        offset: { line: 0, column: 0 },
        map: ownMap({ sources: ['first.ts'], sourcesContent: ['f'], mappings: 'AAAA' }),
      },
      { offset: { line: 4, column: 10 }, map: ownMap() },
    ];
    await upload('f@5', '~/app.js', 'a();');
    await upload('f@5', '~/app.js.map', JSON.stringify({ version: 3, sections }));
    expect(await fateOf({ file: '/app.js', line: 5, column: 24 }, { release: 'f@5' })).toMatchObject({
      place: { file: 'src/charge.ts', line: 2 },
    });
    expect(await fateOf({ file: '/app.js', line: 1 }, { release: 'f@5' })).toMatchObject({
      place: { file: 'first.ts' },
    });
  });

  test('a source that stands beside a map without text', async () => {
    await upload('f@6', '~/app.js', 'a();');
    await upload('f@6', '~/app.js.map', JSON.stringify(ownMap({ sourcesContent: undefined })));
    const frame = { file: 'http://h/app.js', column: 14, function: 'chargeCard' };
    expect(await fateOf(frame, { release: 'f@6' })).toMatchObject({
      kind: 'original',
      note: 'the source map holds no text of src/charge.ts, and no such file was uploaded',
      place: { function: 'chargeCard', code: undefined },
    });
    await upload('f@6', '~/src/charge.ts', 'one\ntwo\nthree\n');
    expect(await fateOf(frame, { release: 'f@6' })).toMatchObject({
      note: '',
      place: { code: { contextLine: 'two' } },
    });
  });

  test.each([
    ['neither id nor release', {}, {}, 'the event names neither a debug id nor a release'],
    ['an unknown id', { debugId: 'ab' }, {}, 'no file was uploaded for the debug id ab'],
    ['an unknown release', {}, { release: 'none@1' }, 'no debug id, and no files were uploaded for the release none@1'],
    ['an unknown file', { file: 'http://h/other.js' }, { release: 'f@1' }, 'the release f@1 has no file ~/other.js'],
    [
      'a line beyond the map',
      { file: 'http://h/assets/app.js', line: 9 },
      { release: 'f@1' },
      'the source map has nothing at line 9, column 1',
    ],
    ['no line', { file: 'http://h/assets/app.js', line: null }, { release: 'f@1' }, 'the event does not tell the line'],
  ])('%s: the frame stays and says why', async (_, frame, built, reason) => {
    expect(await fateOf({ file: 'http://h/app.js', ...frame }, built)).toEqual({ kind: 'unresolved', reason });
  });

  test('a script that was uploaded for another distribution, address or build is named', async () => {
    await upload('f@8', '~/static/assets/app.js', 'a();');
    await upload('f@8', '~/pay.js', 'a();', { dist: '42' });
    const reason = async (frame: { readonly file: string; readonly debugId?: string }, built = {}) =>
      ((await fateOf(frame, { release: 'f@8', ...built })) as { reason: string }).reason;
    expect(await reason({ file: 'http://h/assets/app.js' })).toBe(
      'the release f@8 has no file ~/assets/app.js; it has ~/static/assets/app.js, which is uploaded with another --url-prefix',
    );
    expect(await reason({ file: 'http://h/pay.js' })).toBe(
      '~/pay.js was uploaded for the distribution 42, and the event names none',
    );
    expect(await reason({ file: 'http://h/pay.js' }, { dist: '43' })).toMatch(/42, and the event names 43$/);
    const [file] = await control.artifacts.ofUrls(organisation, 'till@2.0.0', ['~/app.js']);
    const moved = { file: 'http://h/moved/app.js', debugId: 'ab' };
    expect(await reason(moved, { release: 'till@2.0.0' })).toBe(
      `no file was uploaded for the debug id ab; ~/app.js of the release was uploaded from another build (${file?.debugId})`,
    );
    // At the same address it is read all the same, and the frame says that it may be wrong.
    const script = readFileSync(path.join(folder, 'dist/app.js'), 'utf8').split('\n');
    const line = script.findIndex((text) => text.includes('throw new Error')) + 1;
    const column = (script[line - 1]?.indexOf('throw new Error') ?? 0) + 1;
    const taken = { file: 'http://h/app.js', line, column, debugId: 'ab' };
    expect(await fateOf(taken, { release: 'till@2.0.0' })).toMatchObject({
      kind: 'original',
      note: `no file was uploaded for the debug id ab; read with the release's map of another build (${file?.debugId})`,
    });
  });

  test('a map that is none, one that was not uploaded, and a file that names none', async () => {
    await upload('f@7', '~/a.js', 'a();');
    await upload('f@7', '~/a.js.map', '{"version":3,"mappings":7}');
    await upload('f@7', '~/b.js', 'a();\n//# sourceMappingURL=maps/b.js.map');
    await upload('f@7', '~/c.js', 'a();');
    const reason = async (file: string) => ((await fateOf({ file }, { release: 'f@7' })) as { reason: string }).reason;
    expect(await reason('http://h/a.js')).toMatch(/^the source map cannot be read: /);
    expect(await reason('http://h/b.js')).toBe('~/b.js names the source map maps/b.js.map, which was not uploaded');
    expect(await reason('http://h/c.js')).toBe('~/c.js names no source map');
  });

  test.each([
    'node:internal/process/task_queues',
    '<anonymous>',
    '[native code]',
    'chrome-extension://x/a.js',
    '/app/dist/main.js',
    '',
  ])('of %s nobody expects a map', async (file) => {
    expect(await fateOf({ file }, { release: 'none@1' })).toEqual({ kind: 'none' });
  });
});

describe('the routes', () => {
  const sha1 = 'a'.repeat(40);
  test.each([
    ['no JSON object', 'POST', '/organizations/shop-co/releases/', [], 400],
    ['no version', 'POST', '/organizations/shop-co/releases/', {}, 400],
    ['a version of tabs', 'POST', '/organizations/shop-co/releases/', { version: '\t' }, 400],
    ['NUL', 'POST', '/organizations/shop-co/releases/', { version: 'a\0' }, 400],
    ['a date that is none', 'PUT', '/organizations/shop-co/releases/a@1/', { dateReleased: 'soon' }, 400],
    ['a deploy of nothing', 'POST', '/organizations/shop-co/releases/none@9/deploys/', { environment: 'x' }, 404],
    ['a foreign organisation', 'GET', '/organizations/rival/releases/', undefined, 404],
    ['an unknown project', 'GET', '/projects/shop-co/nothing/', undefined, 404],
    [
      'a checksum that is none',
      'POST',
      '/organizations/shop-co/artifactbundle/assemble/',
      { checksum: 'x', chunks: [] },
      400,
    ],
  ] as const)('%s is refused in Sentry’s words', async (_, method, at, body, status) => {
    const reply = await ask(method, at, body);
    expect(reply).toMatchObject({ status, json: { detail: expect.any(String) } });
  });

  test('a key that is bound to a site sees its monitors alone, and nothing of releases', async () => {
    const key = await control.keys.create(
      organisation,
      { name: 'till', permissions: ['operate'], site: 'STORE_1' },
      'test',
    );
    if (!key.ok) throw new Error(key.error.message);
    const { secret } = key.value;
    for (const at of ['/', '/organizations/', '/organizations/shop-co/projects/', '/organizations/shop-co/monitors/'])
      expect((await ask('GET', at, undefined, secret)).status, at).toBe(200);
    const refused = [
      ['GET', '/organizations/shop-co/releases/'],
      ['POST', '/organizations/shop-co/releases/'],
      ['GET', '/projects/shop-co/1/releases/a@1/files/'],
      ['DELETE', '/organizations/shop-co/releases/a@1/'],
      ['GET', '/organizations/shop-co/chunk-upload/'],
      ['POST', '/organizations/shop-co/artifactbundle/assemble/'],
    ] as const;
    for (const [method, at] of refused) {
      const { status, json } = await ask(method, at, method === 'POST' ? { version: 'b@1' } : undefined, secret);
      expect([status, json], at).toEqual([403, { detail: expect.stringContaining('bound to STORE_1; releases') }]);
    }
    expect((await ask('GET', '/organizations/shop-co/releases/b@1/')).status).toBe(404);
  });

  test('pieces that are missing are named; those that lie are refused', async () => {
    const assemble = { checksum: sha1, chunks: [sha1] };
    expect((await ask('POST', '/organizations/shop-co/artifactbundle/assemble/', assemble)).json).toEqual({
      state: 'not_found',
      missingChunks: [sha1],
      detail: null,
    });
    const form = new FormData();
    form.set('file', new Blob(['other bytes']), sha1);
    expect((await ask('POST', '/organizations/shop-co/chunk-upload/', form)).status).toBe(400);
    const none = new FormData();
    none.set('file_gzip', new Blob(['no gzip']), sha1);
    expect((await ask('POST', '/organizations/shop-co/chunk-upload/', none)).status).toBe(400);
  });

  test('what is no archive is told so', async () => {
    const bytes = 'this is no archive';
    const hash = createHash('sha1').update(bytes).digest('hex');
    const form = new FormData();
    form.set('file', new Blob([bytes]), hash);
    expect((await ask('POST', '/organizations/shop-co/chunk-upload/', form)).status).toBe(200);
    const asked = { checksum: hash, chunks: [hash] };
    expect((await ask('POST', '/organizations/shop-co/artifactbundle/assemble/', asked)).json).toMatchObject({
      state: 'error',
      detail: 'the upload is no ZIP archive, or an empty one',
    });
  });

  test('native debug files are answered, not kept', async () => {
    const reply = await ask('POST', '/projects/shop-co/1/files/difs/assemble/', { [sha1]: { name: 'a', chunks: [] } });
    expect(reply.json[sha1]).toMatchObject({ state: 'error', detail: expect.stringContaining('not kept') });
  });
});
