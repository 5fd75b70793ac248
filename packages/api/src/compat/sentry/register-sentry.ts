import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Monitor, ReleaseCommit } from '@sightline/control';
import { readForm } from '@sightline/ingest';
import { readReleases } from '@sightline/query';
import type { BlobStore } from '@sightline/store/port';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { problemOfError } from '../../problem.ts';
import type { ApiDeps } from '../../route.ts';
import { resolveFixed } from '../../issues/resolve-fixed.ts';
import { Assembler, bundleLimitBytes, chunkBytes } from './assembler.ts';
import { readSingleFile } from './bundle-files.ts';
import { beyondKeySite, projectJson, sentryCaller, type SentryCaller, slugOf } from './caller.ts';
import { SentryFault } from './fault.ts';
import { changeIssues, readEvents, readIssues, readLogs, scopeOf, type SentryPage } from './read-api.ts';
import { commitJson, deployJson, releaseJson, releasesJson } from './release-json.ts';

const prefix = '/api/0';
const releasesAtMost = 100;
const requestBytes = 32 * 1_048_576;
const fileBytes = 64 * 1_048_576;
const sha1 = z.string().regex(/^[0-9a-f]{40}$/, 'expected a SHA-1 in lower-case hexadecimal');
const version = z.string().min(1).max(250);
const moment = z.iso.datetime({ offset: true }).nullish();

const newRelease = z.object({
  version,
  url: z.string().max(2000).nullish(),
  ref: z.string().max(250).nullish(),
  dateReleased: moment,
  status: z.enum(['open', 'archived']).nullish(),
  commits: z.array(z.unknown()).nullish(),
  refs: z.array(z.unknown()).nullish(),
});
const changedRelease = newRelease.omit({ version: true });
const commitEntry = z.object({
  id: z.string().min(1).max(64),
  repository: z.string().max(200).nullish(),
  message: z.string().nullish(),
  author_name: z.string().nullish(),
  author_email: z.string().nullish(),
  timestamp: z.string().nullish(),
  patch_set: z.array(z.object({ path: z.string() })).nullish(),
});
const refEntry = z.object({ repository: z.string().max(200), commit: z.string().min(1).max(64) });
const newDeploy = z.object({
  environment: z.string().min(1).max(64),
  name: z.string().max(200).nullish(),
  url: z.string().max(2000).nullish(),
  dateStarted: moment,
  dateFinished: moment,
});
const assembleBody = z.object({
  checksum: sha1,
  chunks: z.array(sha1).min(1).max(512),
  version: z.string().max(250).nullish(),
  dist: z.string().max(64).nullish(),
});

const codeMappings = z.object({
  mappings: z.array(z.object({ stackRoot: z.string(), sourceRoot: z.string() })).max(1000),
});

const newCheckIn = z.object({
  status: z.enum(['ok', 'error', 'in_progress']),
  /** Milliseconds here, other than in envelopes. */
  duration: z.number().min(0).nullish(),
  environment: z.string().max(64).nullish(),
  monitor_config: z.record(z.string(), z.unknown()).nullish(),
});

interface Call {
  readonly caller: SentryCaller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: FastifyRequest['headers'];
}

type Answer = SentryFault | ({ readonly status?: number } & SentryPage);

/**
 * Sentry's organisation API (https://docs.sentry.io/api/), as `sentry-cli` and the bundler plugins use it: releases, commits, deploys and
 * uploads of source maps. Keys of ours are its tokens. Absent where this process keeps no files.
 */
export async function registerSentry(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  const { files } = deps;
  if (!files) return;
  await app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    new SentryApi(deps, files.blobs, scope).register();
    done();
  });
}

class SentryApi {
  readonly #deps: ApiDeps;
  readonly #blobs: BlobStore;
  readonly #scope: FastifyInstance;
  readonly #assembler: Assembler;

  constructor(deps: ApiDeps, blobs: BlobStore, scope: FastifyInstance) {
    this.#deps = deps;
    this.#blobs = blobs;
    this.#scope = scope;
    this.#assembler = new Assembler({ control: deps.control, blobs }, deps.clock, deps.logger);
  }

  register(): void {
    this.#get('/', ({ caller }) => ({
      json: {
        version: '0',
        auth: {
          scopes: caller.mayWrite
            ? ['org:read', 'project:read', 'project:releases', 'org:ci']
            : ['org:read', 'project:read'],
        },
        user: null,
      },
    }));
    this.#get('/organizations/', ({ caller }) => ({ json: [organisationJson(caller)] }));
    this.#get('/organizations/:org/', ({ caller }) => ({ json: organisationJson(caller) }));
    const projects = async ({ caller }: Call): Promise<Answer> => ({
      json: (await this.#deps.control.projects.list(caller.organisation.id)).map(projectJson),
    });
    this.#get('/organizations/:org/projects/', projects);
    this.#get('/projects/', projects);
    this.#get('/projects/:org/:project/', async (call) => this.#project(call));
    this.#get('/organizations/:org/repos/', () => ({ json: [] }));
    for (const base of ['/organizations/:org', '/projects/:org/:project']) this.#releases(base);
    this.#uploads();
    this.#crons();
    this.#reads();
  }

  #reads(): void {
    const project = (call: Call) => this.#findProject(call.caller, call.params['project'] ?? '');
    const issues = '/projects/:org/:project/issues/';
    this.#get(issues, async (call) => {
      const found = await project(call);
      return found instanceof SentryFault ? found : readIssues(this.#deps, call);
    });
    this.#send('PUT', issues, async (call) => {
      const found = await project(call);
      if (found instanceof SentryFault) return found;
      const done = await changeIssues(this.#deps, call);
      if (done instanceof SentryFault) return done;
      for (const issue of done.changed)
        await this.#audit(call.caller, 'issue.change', issue, `status ${(done.json as { status: string }).status}`);
      return { json: done.json };
    });
    this.#get('/projects/:org/:project/events/', async (call) => {
      const found = await project(call);
      return found instanceof SentryFault ? found : readEvents(this.#deps, { ...call, project: found.number });
    });
    this.#get('/organizations/:org/events/', (call) => readLogs(this.#deps, call));
  }

  #crons(): void {
    this.#get('/organizations/:org/monitors/', async ({ caller }) => ({
      json: (await this.#deps.control.monitors.list(caller.organisation.id))
        .filter(({ type, site }) => type === 'heartbeat' && (caller.keySite === '' || site === caller.keySite))
        .map(monitorJson),
    }));
    const at = '/organizations/:org/monitors/:slug/checkins/';
    this.#send('POST', at, (call) => this.#checkIn(call, 201));
    this.#send('PUT', `${at}:checkin/`, (call) => this.#checkIn(call, 200));
  }

  async #checkIn({ caller, params, body }: Call, status: number): Promise<Answer> {
    const read = newCheckIn.safeParse(body);
    if (!read.success) return badBody(read.error);
    const { monitors, clock } = this.#deps;
    const given = read.data;
    const taken = await monitors?.checkIn({
      organisation: caller.organisation.id,
      monitor: (params['slug'] ?? '').slice(0, 200),
      status: given.status,
      environment: given.environment ?? '',
      atMs: clock.now(),
      durationMs: given.duration ?? null,
      config: given.monitor_config ?? undefined,
      site: caller.keySite,
    });
    if (caller.keySite !== '' && taken === 'unknown')
      return new SentryFault(404, `${caller.keySite} has no such monitor, and a key of one site makes none.`);
    if (taken === undefined || taken === 'unknown')
      return new SentryFault(404, 'There is no such monitor; send a "monitor_config" with a schedule to make it.');
    const id = params['checkin'] ?? randomUUID();
    return { status, json: { id, status: given.status, duration: given.duration ?? null } };
  }

  #releases(base: string): void {
    this.#get(`${base}/releases/`, (call) => this.#list(call));
    this.#send('POST', `${base}/releases/`, (call) => this.#create(call));
    this.#get(`${base}/releases/:version/`, (call) => this.#show(call));
    this.#send('PUT', `${base}/releases/:version/`, (call) => this.#change(call));
    this.#send('DELETE', `${base}/releases/:version/`, (call) => this.#remove(call));
    this.#get(`${base}/releases/:version/previous-with-commits/`, () => ({ json: {} }));
    this.#get(`${base}/releases/:version/commits/`, async ({ caller, params }) => ({
      json: (await this.#deps.control.releases.commits(caller.organisation.id, params['version'] ?? '')).map(
        commitJson,
      ),
    }));
    this.#get(`${base}/releases/:version/deploys/`, async ({ caller, params }) => ({
      json: (await this.#deps.control.releases.deploys(caller.organisation.id, params['version'] ?? '')).map(
        deployJson,
      ),
    }));
    this.#send('POST', `${base}/releases/:version/deploys/`, (call) => this.#deploy(call));
    this.#get(`${base}/releases/:version/files/`, (call) => this.#listFiles(call));
    this.#send('POST', `${base}/releases/:version/files/`, (call) => this.#putFile(call), fileBytes);
  }

  #uploads(): void {
    this.#get('/organizations/:org/chunk-upload/', ({ caller }) => ({
      json: {
        url: `${this.#deps.settings.publicUrl}${prefix}/organizations/${slugOf(caller.organisation.name)}/chunk-upload/`,
        chunkSize: chunkBytes,
        chunksPerRequest: 4,
        maxRequestSize: requestBytes,
        maxFileSize: bundleLimitBytes,
        concurrency: 4,
        hashAlgorithm: 'sha1',
        compression: ['gzip'],
        accept: ['release_files', 'artifact_bundles', 'artifact_bundles_v2', 'sources'],
      },
    }));
    this.#send('POST', '/organizations/:org/chunk-upload/', (call) => this.#putChunks(call), requestBytes + chunkBytes);
    this.#send('POST', '/organizations/:org/artifactbundle/assemble/', (call) => this.#assemble(call));
    this.#send('POST', '/organizations/:org/releases/:version/assemble/', (call) => this.#assemble(call));
    this.#send('POST', '/organizations/:org/code-mappings/bulk/', ({ body }) => refuseCodeMappings(body));
    // Native debug files: answered, so that a plugin that also sends source maps goes on.
    this.#send('POST', '/projects/:org/:project/files/difs/assemble/', ({ body }) => refuseDebugFiles(body));
    this.#send('POST', '/projects/:org/:project/reprocessing/', () => ({ json: {} }));
  }

  async #project({ caller, params }: Call): Promise<Answer> {
    const project = await this.#findProject(caller, params['project'] ?? '');
    return project instanceof SentryFault ? project : { json: projectJson(project) };
  }

  async #findProject(caller: SentryCaller, named: string) {
    const projects = await this.#deps.control.projects.list(caller.organisation.id);
    const found = projects.find(({ number, name }) => [String(number), name, slugOf(name)].includes(named));
    const known = projects.map(({ name }) => slugOf(name)).join(', ');
    return found ?? new SentryFault(404, `There is no project "${named.slice(0, 100)}"; there is ${known}.`);
  }

  async #list({ caller }: Call): Promise<Answer> {
    const { releases, projects } = this.#deps.control;
    const organisation = caller.organisation.id;
    const [list, all, seen] = await Promise.all([
      releases.list(organisation, releasesAtMost),
      projects.list(organisation),
      readReleases(this.#deps.store, scopeOf(caller, this.#deps.clock.now())),
    ]);
    return { json: releasesJson(list, seen, all, releasesAtMost) };
  }

  async #show({ caller, params }: Call): Promise<Answer> {
    const { releases, projects } = this.#deps.control;
    const organisation = caller.organisation.id;
    const named = params['version'] ?? '';
    const release = await releases.find(organisation, named);
    if (!release) return noRelease(named);
    const [all, commits, deploys] = await Promise.all([
      projects.list(organisation),
      releases.commits(organisation, named),
      releases.deploys(organisation, named),
    ]);
    return { json: releaseJson(release, all, { commits: commits.length, deploys }) };
  }

  async #create(call: Call): Promise<Answer> {
    const read = newRelease.safeParse(call.body);
    if (!read.success) return badBody(read.error);
    return this.#put(call, read.data.version, read.data, 'create');
  }

  async #change(call: Call): Promise<Answer> {
    const read = changedRelease.safeParse(call.body);
    if (!read.success) return badBody(read.error);
    return this.#put(call, call.params['version'] ?? '', read.data, 'change');
  }

  async #put(
    { caller }: Call,
    named: string,
    given: z.output<typeof changedRelease>,
    act: 'create' | 'change',
  ): Promise<Answer> {
    const { releases, projects } = this.#deps.control;
    const organisation = caller.organisation.id;
    const commits = commitsOf(given);
    if (commits instanceof SentryFault) return commits;
    const put = await releases.put(organisation, named, {
      url: given.url ?? undefined,
      ref: given.ref ?? undefined,
      archived: given.status === undefined || given.status === null ? undefined : given.status === 'archived',
      releasedAt: typeof given.dateReleased === 'string' ? Date.parse(given.dateReleased) : undefined,
    });
    if (!put.ok) return new SentryFault(400, put.error.message);
    const fixed = commits ? await this.#takeCommits(caller, named, commits) : [];
    const changes = [
      ...(put.value.created ? ['created'] : []),
      ...(commits ? [`${commits.length} commits`] : []),
      ...(fixed.length > 0 ? [`${fixed.length} issues resolved`] : []),
      ...(given.dateReleased ? ['finalised'] : []),
      ...(given.status ? [given.status] : []),
    ];
    if (changes.length > 0)
      await this.#audit(caller, put.value.created ? 'release.create' : 'release.change', named, changes.join(', '));
    // Sentry tells a release that was there already by 208.
    const status = act === 'change' ? 200 : put.value.created ? 201 : 208;
    return { status, json: releaseJson(put.value.release, await projects.list(organisation)) };
  }

  /** Resolves what the commits fix before they are kept: where that fails, the client's next try does it. */
  async #takeCommits(
    { organisation: { id: organisation }, keyName }: SentryCaller,
    version: string,
    commits: readonly ReleaseCommit[],
  ): Promise<readonly string[]> {
    const { releases } = this.#deps.control;
    const before = new Set((await releases.commits(organisation, version)).map(({ id }) => id));
    const fresh = commits.filter(({ id }) => !before.has(id));
    const fixed =
      fresh.length === 0
        ? []
        : await resolveFixed(this.#deps, { organisation, version, commits: fresh, actor: keyName });
    await releases.setCommits(organisation, version, commits);
    return fixed;
  }

  async #remove({ caller, params }: Call): Promise<Answer> {
    const named = params['version'] ?? '';
    if (!(await this.#deps.control.releases.remove(caller.organisation.id, named))) return noRelease(named);
    await this.#audit(caller, 'release.remove', named);
    return { status: 204, json: undefined };
  }

  async #deploy({ caller, params, body }: Call): Promise<Answer> {
    const read = newDeploy.safeParse(body);
    if (!read.success) return badBody(read.error);
    const named = params['version'] ?? '';
    const { environment, name, url, dateStarted, dateFinished } = read.data;
    const made = await this.#deps.control.releases.deploy(caller.organisation.id, named, {
      environment,
      name: name ?? '',
      url: url ?? '',
      startedAt: typeof dateStarted === 'string' ? Date.parse(dateStarted) : null,
      finishedAt: typeof dateFinished === 'string' ? Date.parse(dateFinished) : null,
    });
    if (!made.ok) return noRelease(named);
    await this.#audit(caller, 'release.deploy', named, environment);
    return { status: 201, json: deployJson(made.value) };
  }

  async #listFiles({ caller, params }: Call): Promise<Answer> {
    const files = await this.#deps.control.artifacts.ofRelease(caller.organisation.id, params['version'] ?? '');
    return {
      json: files.map(({ bundle, url, dist, sizeBytes }) => ({
        id: bundle,
        name: url,
        dist: dist === '' ? null : dist,
        size: sizeBytes,
        sha1: bundle,
        headers: {},
        dateCreated: null,
      })),
    };
  }

  /** A release file by itself, as clients before artifact bundles sent it. */
  async #putFile({ caller, params, body, headers }: Call): Promise<Answer> {
    const named = params['version'] ?? '';
    const organisation = caller.organisation.id;
    const form = readForm(body as Buffer, headers['content-type'] ?? '');
    if (!form.ok) return new SentryFault(400, form.error);
    const value = (name: string): string =>
      form.value.find((part) => part.name === name && part.fileName === '')?.content.toString('utf8') ?? '';
    const file = form.value.find((part) => part.name === 'file');
    if (!file) return new SentryFault(400, 'expected the part "file"');
    const url = (value('name') || file.fileName).slice(0, 1000).replaceAll('\0', '');
    const dist = value('dist').slice(0, 64).replaceAll('\0', '');
    const header = form.value
      .filter((part) => part.name === 'header')
      .map((part) => /^(?:x-)?sourcemap\s*:\s*(.*)$/i.exec(part.content.toString('utf8'))?.[1]?.trim() ?? '')
      .find((found) => found !== '');
    const release = await this.#deps.control.releases.put(organisation, named, {});
    if (!release.ok) return new SentryFault(400, release.error.message);
    const names = { organisation, version: named, dist };
    const artifacts = await readSingleFile(file.content, { url, mapReference: header ?? '' }, names, this.#blobs);
    const put = await this.#deps.control.artifacts.put(organisation, artifacts);
    if (!put.ok) return new SentryFault(400, put.error.message);
    const id = artifacts[0]?.bundle ?? '';
    return {
      status: 201,
      json: { id, name: url, dist: dist === '' ? null : dist, size: file.content.length, sha1: id, headers: {} },
    };
  }

  async #putChunks({ caller, body, headers }: Call): Promise<Answer> {
    const form = readForm(body as Buffer, headers['content-type'] ?? '');
    if (!form.ok) return new SentryFault(400, form.error);
    for (const part of form.value) {
      if (part.name !== 'file' && part.name !== 'file_gzip') continue;
      if (!sha1.safeParse(part.fileName).success) return new SentryFault(400, 'a chunk is named by its SHA-1');
      const content = part.name === 'file_gzip' ? unzipped(part.content) : part.content;
      if (!content) return new SentryFault(400, `the chunk ${part.fileName} is no gzip of at most ${chunkBytes} bytes`);
      const put = await this.#blobs.put(content, {
        organisation: caller.organisation.id,
        area: 'chunks',
        limitBytes: chunkBytes,
        algorithm: 'sha1',
        expected: part.fileName,
      });
      if (!put.ok) return new SentryFault(400, `the chunk ${part.fileName}: ${put.error.message}`);
    }
    return { json: undefined };
  }

  async #assemble({ caller, params, body }: Call): Promise<Answer> {
    const read = assembleBody.safeParse(body);
    if (!read.success) return badBody(read.error);
    const { checksum, chunks, dist } = read.data;
    const state = await this.#assembler.ask({
      organisation: caller.organisation.id,
      bundle: checksum,
      chunks,
      version: params['version'] ?? read.data.version ?? '',
      dist: dist ?? '',
    });
    return { json: state };
  }

  #audit(caller: SentryCaller, action: string, subject: string, detail = ''): Promise<void> {
    const { organisation, keyName, address } = caller;
    return this.#deps.control.audit.append(organisation.id, { name: keyName, address }, { action, subject, detail });
  }

  #get(path: string, run: (call: Call) => Answer | Promise<Answer>): void {
    this.#scope.get(`${prefix}${path}`, (request, reply) => this.#answer(request, reply, false, run));
  }

  #send(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    run: (call: Call) => Answer | Promise<Answer>,
    bodyLimit = 4 * 1_048_576,
  ): void {
    this.#scope.route({
      method,
      url: `${prefix}${path}`,
      bodyLimit,
      handler: (request, reply) => this.#answer(request, reply, true, run),
    });
  }

  async #answer(
    request: FastifyRequest,
    reply: FastifyReply,
    writes: boolean,
    run: (call: Call) => Answer | Promise<Answer>,
  ): Promise<FastifyReply> {
    let answered: Answer;
    try {
      const caller = await sentryCaller(request, this.#deps, writes);
      const body = caller instanceof SentryFault ? undefined : bodyOf(request);
      const beyond =
        caller instanceof SentryFault ? caller : beyondKeySite(caller, request.routeOptions.url ?? request.url);
      if (caller instanceof SentryFault) answered = caller;
      else if (beyond) answered = beyond;
      else if (body instanceof SentryFault) answered = body;
      else
        answered = await run({
          caller,
          body,
          params: request.params as Record<string, string>,
          query: request.query,
          headers: request.headers,
        });
    } catch (error) {
      const { status, detail } = problemOfError(error, this.#deps.logger, `${request.method} ${prefix}`).problem;
      answered = new SentryFault(status, detail);
    }
    void reply.header('cache-control', 'no-store');
    if (answered instanceof SentryFault) return reply.code(answered.status).send({ detail: answered.detail });
    void reply.code(answered.status ?? 200);
    if (answered.next !== undefined) void reply.header('link', nextLink(request, answered.next));
    return answered.json === undefined ? reply.send() : reply.send(answered.json);
  }
}

/** JSON where the client says so, else the bytes; nothing for an empty body. */
function bodyOf(request: FastifyRequest): unknown {
  const { body } = request;
  if (!Buffer.isBuffer(body)) return {};
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return body;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return JSON.stringify(value).includes('\\u0000') ? new SentryFault(400, 'a text holds the character NUL') : value;
  } catch {
    return new SentryFault(400, 'the body is no JSON');
  }
}

/** Sentry's way to tell of the next page (https://docs.sentry.io/api/pagination/): there always is a link, `results` says whether something stands there. */
function nextLink(request: FastifyRequest, cursor: string): string {
  const [path = ''] = request.url.split('?');
  const encoded = encodeURIComponent(cursor);
  return `<${path}?cursor=${encoded}>; rel="next"; results="${cursor !== ''}"; cursor="${encoded}"`;
}

function organisationJson({ organisation }: SentryCaller): Record<string, unknown> {
  return {
    id: organisation.id,
    slug: slugOf(organisation.name),
    name: organisation.name,
    dateCreated: new Date(organisation.createdAt).toISOString(),
    isEarlyAdopter: false,
    require2FA: false,
    requireEmailVerification: false,
    features: [],
    status: { id: 'active', name: 'active' },
  };
}

function monitorJson({ id, name, enabled, state, settings, everyMs, createdAt }: Monitor): Record<string, unknown> {
  const { cron = '', timeZone = 'UTC' } = settings as { cron?: string; timeZone?: string };
  return {
    id,
    slug: name,
    name,
    type: 'cron_job',
    status: enabled ? 'active' : 'disabled',
    isMuted: false,
    dateCreated: new Date(createdAt).toISOString(),
    config: {
      schedule_type: cron === '' ? 'interval' : 'crontab',
      schedule: cron === '' ? [Math.max(1, Math.round(everyMs / 60_000)), 'minute'] : cron,
      timezone: timeZone,
    },
    environments: [{ name: 'production', status: state === 'up' ? 'ok' : state === 'down' ? 'error' : 'active' }],
  };
}

function noRelease(named: string): SentryFault {
  return new SentryFault(404, `There is no release "${named.slice(0, 250)}".`);
}

function badBody(error: z.ZodError): SentryFault {
  const [issue] = error.issues;
  return new SentryFault(400, `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not as expected'}`);
}

/** Commits as `set-commits` tells them: each by itself, or only the newest of each repository. */
function commitsOf(given: z.output<typeof changedRelease>): readonly ReleaseCommit[] | undefined | SentryFault {
  if (given.commits) {
    const read = z.array(commitEntry).safeParse(given.commits);
    if (!read.success) return badBody(read.error);
    return read.data.map((commit) => {
      const at = Date.parse(commit.timestamp ?? '');
      return {
        id: commit.id,
        repository: commit.repository ?? '',
        author: commit.author_email ?? commit.author_name ?? '',
        message: (commit.message ?? '').trim(),
        at: Number.isFinite(at) ? at : null,
        files: (commit.patch_set ?? []).map(({ path }) => path),
      };
    });
  }
  if (!given.refs) return undefined;
  const read = z.array(refEntry).safeParse(given.refs);
  if (!read.success) return badBody(read.error);
  return read.data.map(({ commit, repository }) => ({
    id: commit,
    repository,
    author: '',
    message: '',
    at: null,
    files: [],
  }));
}

function refuseDebugFiles(body: unknown): Answer {
  const asked = z.record(sha1, z.unknown()).safeParse(body);
  if (!asked.success) return badBody(asked.error);
  const detail = 'native debug files and ProGuard mappings are not kept; source maps are';
  return {
    json: Object.fromEntries(
      Object.keys(asked.data).map((hash) => [hash, { state: 'error', detail, missingChunks: [] }]),
    ),
  };
}

function refuseCodeMappings(body: unknown): Answer {
  const asked = codeMappings.safeParse(body);
  if (!asked.success) return badBody(asked.error);
  const detail = 'code mappings are not kept: stacks name files as their source maps do, suspect commits match by path';
  const mappings = asked.data.mappings.map((mapping) => ({ ...mapping, status: 'error', detail }));
  return { json: { created: 0, updated: 0, errors: mappings.length, mappings } };
}

function unzipped(content: Buffer): Buffer | undefined {
  try {
    return gunzipSync(content, { maxOutputLength: chunkBytes });
  } catch {
    return undefined;
  }
}
