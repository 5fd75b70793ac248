import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../../route.ts';
import { projectJson, type SentryCaller, slugOf } from './caller.ts';
import { CronRoutes } from './cron-routes.ts';
import { SentryFault } from './fault.ts';
import { changeIssues, readEvents, readIssues, readLogs } from './read-api.ts';
import { ReleaseRoutes } from './release-routes.ts';
import { type Answer, type Call, SentryRoutes } from './sentry-routes.ts';
import { UploadRoutes } from './upload-routes.ts';

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
    const routes = new SentryRoutes(deps, scope);
    new SentryApi(deps, routes).register();
    const releases = new ReleaseRoutes(deps, routes);
    for (const base of ['/organizations/:org', '/projects/:org/:project']) releases.register(base);
    new UploadRoutes(deps, routes, files.blobs).register();
    new CronRoutes(deps, routes).register();
    done();
  });
}

/** Who asks, the projects there are, and what is read of them. */
class SentryApi {
  readonly #deps: ApiDeps;
  readonly #routes: SentryRoutes;

  constructor(deps: ApiDeps, routes: SentryRoutes) {
    this.#deps = deps;
    this.#routes = routes;
  }

  register(): void {
    this.#routes.get('/', ({ caller }) => ({
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
    this.#routes.get('/organizations/', ({ caller }) => ({ json: [organisationJson(caller)] }));
    this.#routes.get('/organizations/:org/', ({ caller }) => ({ json: organisationJson(caller) }));
    const projects = async ({ caller }: Call): Promise<Answer> => ({
      json: (await this.#deps.control.projects.list(caller.organisation.id)).map(projectJson),
    });
    this.#routes.get('/organizations/:org/projects/', projects);
    this.#routes.get('/projects/', projects);
    this.#routes.get('/projects/:org/:project/', async (call) => this.#project(call));
    this.#routes.get('/organizations/:org/repos/', () => ({ json: [] }));
    this.#reads();
  }

  #reads(): void {
    const project = (call: Call) => this.#findProject(call.caller, call.params['project'] ?? '');
    const issues = '/projects/:org/:project/issues/';
    this.#routes.get(issues, async (call) => {
      const found = await project(call);
      return found instanceof SentryFault ? found : readIssues(this.#deps, call);
    });
    this.#routes.send('PUT', issues, async (call) => {
      const found = await project(call);
      if (found instanceof SentryFault) return found;
      const done = await changeIssues(this.#deps, call);
      if (done instanceof SentryFault) return done;
      for (const issue of done.changed)
        await this.#routes.audit(
          call.caller,
          'issue.change',
          issue,
          `status ${(done.json as { status: string }).status}`,
        );
      return { json: done.json };
    });
    this.#routes.get('/projects/:org/:project/events/', async (call) => {
      const found = await project(call);
      return found instanceof SentryFault ? found : readEvents(this.#deps, { ...call, project: found.number });
    });
    this.#routes.get('/organizations/:org/events/', (call) => readLogs(this.#deps, call));
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
