import type { FastifyInstance, FastifyReply } from 'fastify';
import { authenticate } from '../authenticate.ts';
import { problemOfError } from '../problem.ts';
import { type ApiDeps, ProblemReply } from '../route.ts';

/** A fault with the status that goes with it; how it is written is the API's own. */
export class Fault {
  readonly status: number;
  readonly message: string;
  constructor(status: number, message: string) {
    this.status = status;
    this.message = message;
  }
}

/** Whose spans are shown: those of an organisation, or of one site where the key is bound to it. */
export interface Seen {
  readonly organisation: string;
  readonly site: string;
}

/** What a call may use. */
export interface TraceCall {
  readonly seen: Seen;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
  readonly accept: string;
  /** Aborted when whoever asks has gone. */
  readonly signal: AbortSignal;
}

/**
 * Registers GET calls of an API of another product that reads traces. Whoever asks is found first; what `run` answers, or a `Fault`, is written by
 * `write`.
 */
export function traceCalls(
  scope: FastifyInstance,
  deps: ApiDeps,
  prefix: string,
  write: (answered: unknown, reply: FastifyReply) => FastifyReply,
): (path: string, run: (call: TraceCall) => Promise<unknown>) => void {
  return (path, run) => {
    scope.get(`${prefix}${path}`, async (request, reply) => {
      const away = new AbortController();
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) away.abort();
      });
      const caller = await authenticate(request, deps);
      let answered: unknown;
      if (caller instanceof ProblemReply) answered = new Fault(caller.problem.status, caller.problem.detail);
      else {
        try {
          answered = await run({
            seen: { organisation: caller.organisation, site: caller.keySite ?? '' },
            query: new URLSearchParams(request.url.split('?')[1] ?? ''),
            params: request.params as Record<string, string>,
            accept: request.headers.accept ?? '',
            signal: away.signal,
          });
        } catch (error) {
          const { problem, headers } = problemOfError(error, deps.logger, `GET ${prefix}${path}`);
          void reply.headers(headers);
          answered = new Fault(problem.status, problem.detail);
        }
      }
      return write(answered, reply.header('cache-control', 'no-store'));
    });
  };
}
