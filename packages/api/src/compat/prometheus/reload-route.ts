import { roleAtLeast } from '@sightline/control';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticate } from '../../authenticate.ts';
import { type ApiDeps, type Caller, ProblemReply } from '../../route.ts';

/**
 * `POST /-/reload` (https://prometheus.io/docs/prometheus/latest/management_api/#reload): reads the files of the server's disk again. They are
 * those of the organisation that was set up first, so its admins may, and its keys with `operate` that are bound to no site. Answers 200 with what
 * was loaded, or 500 with why the old stays.
 */
export async function answerReload(request: FastifyRequest, reply: FastifyReply, deps: ApiDeps): Promise<unknown> {
  reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store');
  const caller = await authenticate(request, deps);
  if (caller instanceof ProblemReply) return reply.code(caller.problem.status).send(`${caller.problem.detail}\n`);
  if (!(await mayReload(caller, deps)))
    return reply
      .code(403)
      .send('Only admins and keys that may operate, of the organisation that was set up first, may reload.\n');
  if (!deps.fileReload) return reply.code(403).send('This process reads no files.\n');
  const outcomes = await deps.fileReload.reload();
  const text = outcomes.map(({ what, detail }) => `${what}: ${detail}\n`).join('');
  if (outcomes.every(({ ok }) => ok)) return reply.send(text === '' ? 'There are no files to read.\n' : text);
  return reply.code(500).send(`failed to reload config: what was in force stays\n${text}`);
}

async function mayReload({ kind, role, keySite = '', organisation }: Caller, { control }: ApiDeps): Promise<boolean> {
  if (keySite !== '' || !roleAtLeast(role, kind === 'key' ? 'responder' : 'admin')) return false;
  return (await control.organisations.first())?.id === organisation;
}
