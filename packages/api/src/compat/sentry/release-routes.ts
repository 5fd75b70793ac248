import type { ReleaseCommit } from '@sightline/control';
import { readReleases } from '@sightline/query';
import { z } from 'zod';
import { resolveFixed } from '../../issues/resolve-fixed.ts';
import type { ApiDeps } from '../../route.ts';
import type { SentryCaller } from './caller.ts';
import { SentryFault } from './fault.ts';
import { scopeOf } from './read-api.ts';
import { commitJson, deployJson, releaseJson, releasesJson } from './release-json.ts';
import { type Answer, badBody, type Call, type SentryRoutes } from './sentry-routes.ts';

const releasesAtMost = 100;
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

/** Releases with their commits and deploys. */
export class ReleaseRoutes {
  readonly #deps: ApiDeps;
  readonly #routes: SentryRoutes;

  constructor(deps: ApiDeps, routes: SentryRoutes) {
    this.#deps = deps;
    this.#routes = routes;
  }

  /** Below an organisation or a project: `base` says which. */
  register(base: string): void {
    this.#routes.get(`${base}/releases/`, (call) => this.#list(call));
    this.#routes.send('POST', `${base}/releases/`, (call) => this.#create(call));
    this.#routes.get(`${base}/releases/:version/`, (call) => this.#show(call));
    this.#routes.send('PUT', `${base}/releases/:version/`, (call) => this.#change(call));
    this.#routes.send('DELETE', `${base}/releases/:version/`, (call) => this.#remove(call));
    this.#routes.get(`${base}/releases/:version/previous-with-commits/`, () => ({ json: {} }));
    this.#routes.get(`${base}/releases/:version/commits/`, async ({ caller, params }) => ({
      json: (await this.#deps.control.releases.commits(caller.organisation.id, params['version'] ?? '')).map(
        commitJson,
      ),
    }));
    this.#routes.get(`${base}/releases/:version/deploys/`, async ({ caller, params }) => ({
      json: (await this.#deps.control.releases.deploys(caller.organisation.id, params['version'] ?? '')).map(
        deployJson,
      ),
    }));
    this.#routes.send('POST', `${base}/releases/:version/deploys/`, (call) => this.#deploy(call));
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
      await this.#routes.audit(
        caller,
        put.value.created ? 'release.create' : 'release.change',
        named,
        changes.join(', '),
      );
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
    await this.#routes.audit(caller, 'release.remove', named);
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
    await this.#routes.audit(caller, 'release.deploy', named, environment);
    return { status: 201, json: deployJson(made.value) };
  }
}

function noRelease(named: string): SentryFault {
  return new SentryFault(404, `There is no release "${named.slice(0, 250)}".`);
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
