import { roleAtLeast } from '@sightline/control';
import type { FastifyInstance } from 'fastify';
import { authenticate } from './authenticate.ts';
import { sendProblem } from './problem.ts';
import { type ApiDeps, type Health, ProblemReply, refuse } from './route.ts';

const healthLimitMs = 5000;

/** The state of all parts; `unhealthy` when they do not say so in time. */
async function judge(deps: ApiDeps): Promise<Health> {
  const unknown = (detail: string): Health => ({
    status: 'unhealthy',
    version: deps.settings.version,
    uptimeS: 0,
    components: [{ name: 'health', status: 'unhealthy', detail }],
  });
  const giveUp = new AbortController();
  const late = deps.clock
    .sleep(healthLimitMs, giveUp.signal)
    .then(() => unknown(`The parts did not answer within ${healthLimitMs} ms.`));
  const asked = deps.health().catch((error: unknown) => {
    deps.logger.error('The health of the parts could not be asked', { error });
    return unknown('The parts could not be asked; the log says why.');
  });
  return Promise.race([asked, late]).finally(() => giveUp.abort());
}

const boundKey = (site: string): ProblemReply =>
  refuse(403, 'Not allowed', `This key is bound to ${site}; it says nothing of the installation.`);

/**
 * `/health/live`: the process answers. `/health/ready`: 200 when it can serve, 503 when not. `/health`: one word for
 * status pages. `/health/detailed` and `/metrics` need a session or a key that may query and is
 * bound to no site.
 */
export function registerHealth(scope: FastifyInstance, deps: ApiDeps): void {
  scope.get('/health/live', (_, reply) => reply.header('cache-control', 'no-store').send({ status: 'healthy' }));
  for (const path of ['/health', '/health/ready']) {
    scope.get(path, async (_, reply) => {
      const { status } = await judge(deps);
      const code = path === '/health/ready' && status === 'unhealthy' ? 503 : 200;
      return reply.code(code).header('cache-control', 'no-store').send({ status });
    });
  }
  scope.get('/health/detailed', async (request, reply) => {
    const caller = await authenticate(request, deps);
    if (caller instanceof ProblemReply) return sendProblem(reply, caller);
    if (caller.keySite) return sendProblem(reply, boundKey(caller.keySite));
    return reply.header('cache-control', 'no-store').send(await judge(deps));
  });
  scope.get('/metrics', async (request, reply) => {
    const caller = await authenticate(request, deps);
    if (caller instanceof ProblemReply) return sendProblem(reply, caller);
    // They speak of the whole installation.
    if (caller.kind === 'person' && !roleAtLeast(caller.role, 'admin')) {
      return sendProblem(
        reply,
        refuse(403, 'Not allowed', 'Metrics of the installation need the role admin or a key.'),
      );
    }
    if (caller.keySite) return sendProblem(reply, boundKey(caller.keySite));
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(deps.metrics());
  });
}
