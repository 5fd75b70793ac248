import { StoreError } from '@sightline/store/port';
import { randomUUID } from 'node:crypto';
import type { Logger } from '@sightline/base';
import type { Refused } from '@sightline/control';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { ProblemReply, refuse } from './route.ts';

/** Writes a refusal as RFC 9457 asks: its own media type, its own status. */
export function sendProblem(reply: FastifyReply, { problem, headers }: ProblemReply): FastifyReply {
  return reply
    .code(problem.status)
    .headers(headers)
    .header('cache-control', 'no-store')
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

const statusOf: Readonly<Record<Refused['reason'], { status: number; title: string }>> = {
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'Conflict' },
  forbidden: { status: 403, title: 'Not allowed' },
  expired: { status: 410, title: 'No longer valid' },
  invalid: { status: 422, title: 'Not valid' },
};

/** What the control plane refused, as a refusal of the call. */
export function refusal({ reason, message }: Refused): ProblemReply {
  const { status, title } = statusOf[reason];
  return refuse(status, title, message);
}

const longestReceived = 200;

/** Faults of an input by field. The values themselves stay out: they may be secrets. */
export function invalidInput(where: 'path' | 'query' | 'body', error: z.ZodError): ProblemReply {
  const fields: Record<string, string> = {};
  for (const issue of error.issues.slice(0, 50)) {
    const name = issue.path.map(String).join('.').slice(0, longestReceived) || where;
    fields[name] ??= issue.message.slice(0, longestReceived);
  }
  const detail = Object.entries(fields).map(([name, message]) => `${name}: ${message}`);
  return refuse(422, `The ${where} is not valid`, detail.join('; ').slice(0, 2000), { fields });
}

const storeRefusals: Readonly<
  Record<StoreError['kind'], { status: number; title: string; detail: string } | undefined>
> = {
  timeout: {
    status: 504,
    title: 'Took too long',
    detail: 'The query did not end in time. Narrow the time range or the filter.',
  },
  memory: {
    status: 422,
    title: 'Needs too much memory',
    detail: 'The query needs more memory than one may take. Narrow the time range or the filter.',
  },
  'too-many-rows': {
    status: 422,
    title: 'Too many rows',
    detail: 'The result is larger than allowed. Narrow the time range or the filter.',
  },
  cancelled: { status: 499, title: 'Cancelled', detail: 'The client went away.' },
  unavailable: {
    status: 503,
    title: 'Store not available',
    detail: 'The telemetry store does not answer. It is started again by itself; try again in a few seconds.',
  },
  'bad-data': undefined,
  bug: undefined,
};

/** What an exception tells the client: expected ones their own status, all others 500 with an id that stands in the log. */
export function problemOfError(error: unknown, logger: Logger, route: string): ProblemReply {
  if (error instanceof StoreError) {
    const known = storeRefusals[error.kind];
    if (known) {
      if (error.kind === 'unavailable')
        logger.warn('The store did not answer a call', { route, reason: error.message });
      return refuse(
        known.status,
        known.title,
        known.detail,
        known.status === 503 ? { headers: { 'retry-after': '5' } } : {},
      );
    }
  }
  const framework = error as { statusCode?: unknown; code?: unknown };
  if (typeof framework.statusCode === 'number' && framework.statusCode >= 400 && framework.statusCode < 500) {
    return frameworkProblem(framework.statusCode);
  }
  const id = randomUUID();
  logger.error('A call failed unexpectedly', { id, route, error });
  return refuse(500, 'Unexpected error', `Something went wrong on the server. The log names it with the id ${id}.`);
}

const frameworkTitles: Readonly<Record<number, [title: string, detail: string]>> = {
  400: ['Not readable', 'The request cannot be read: its body must be valid JSON in UTF-8.'],
  413: ['Too large', 'The body is larger than this call takes.'],
  415: ['Not JSON', 'The body must be sent as application/json.'],
  429: ['Too many calls', 'This address has called too often. Wait as long as Retry-After says.'],
};

function frameworkProblem(status: number): ProblemReply {
  const [title, detail] = frameworkTitles[status] ?? ['Refused', 'The request was refused.'];
  return refuse(status, title, detail);
}
