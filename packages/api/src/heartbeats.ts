import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.ts';
import { type ApiDeps, refuse } from './route.ts';

const bodyLimitBytes = 256 * 1024;
const kinds = { '': 'done', '/fail': 'failed', '/start': 'began' } as const;

/**
 * Addresses of heartbeats: `GET` or `POST /api/v1/heartbeats/<word>`, `/fail` and `/start`. The word is the permission.
 * Whatever the body is, its text is the message: jobs call with what they have. Answers `OK`.
 */
export async function registerHeartbeats(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  const { monitors } = deps;
  if (!monitors) return;
  await app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    for (const [ending, kind] of Object.entries(kinds)) {
      scope.route<{ Params: { word: string } }>({
        method: ['GET', 'POST', 'PUT'],
        url: `/api/v1/heartbeats/:word${ending}`,
        bodyLimit: bodyLimitBytes,
        handler: async (request, reply) => {
          const taken = await monitors.heartbeat(request.params.word, kind, said(request));
          return answer(reply, taken);
        },
      });
    }
    done();
  });
}

function answer(reply: FastifyReply, taken: 'taken' | 'paused' | 'unknown'): FastifyReply {
  if (taken === 'unknown')
    return sendProblem(
      reply,
      refuse(404, 'Unknown heartbeat', 'No monitor has this address; it may have been removed.'),
    );
  return reply
    .header('cache-control', 'no-store')
    .type('text/plain; charset=utf-8')
    .send(taken === 'paused' ? 'OK (paused)\n' : 'OK\n');
}

function said(request: FastifyRequest): string {
  const { message } = request.query as { message?: unknown };
  if (Buffer.isBuffer(request.body) && request.body.length > 0)
    return request.body.subarray(0, 4000).toString('utf8').replaceAll('\0', '');
  return typeof message === 'string' ? message.replaceAll('\0', '') : '';
}
