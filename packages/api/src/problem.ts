import { StoreError } from '@sightline/store/port';
import { randomUUID } from 'node:crypto';
import { type Logger, reasonOf } from '@sightline/base';
import { isDatabaseUnavailable, type Refused } from '@sightline/control';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { type ProblemReply, refuse } from './route.ts';
import { storeFault } from './store-fault.ts';

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

/** Faults of an input by field: what was expected, and whether it is missing. The values themselves stay out: they may be secrets. */
export function invalidInput(where: 'path' | 'query' | 'body', input: unknown, error: z.ZodError): ProblemReply {
  const fields: Record<string, string> = {};
  for (const issue of error.issues.slice(0, 50)) {
    const name = issue.path.map(String).join('.').slice(0, longestReceived) || where;
    fields[name] ??= faultText(issue, input).slice(0, longestReceived);
  }
  const detail = Object.entries(fields).map(([name, message]) => `${name}: ${message}`);
  return refuse(422, `The ${where} is not valid`, detail.join('; ').slice(0, 2000), { fields });
}

/** The library tells of a field that is not there as of one that holds `undefined` or, once it was made a number, `NaN`. */
function faultText(issue: z.core.$ZodIssue, input: unknown): string {
  const text = issue.message.replace(/^Invalid input: /, '').replace(/, received (?:NaN|undefined)$/, '');
  return isMissing(input, issue.path) ? `is missing: ${text}` : text;
}

function isMissing(input: unknown, path: readonly PropertyKey[]): boolean {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return true;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value === undefined;
}

/** What an exception tells the client: expected ones their own status, all others 500 with an id that stands in the log. */
export function problemOfError(error: unknown, logger: Logger, route: string): ProblemReply {
  if (error instanceof StoreError) {
    const fault = storeFault(error);
    if (fault) return fault;
  }
  if (isDatabaseUnavailable(error)) {
    const { cause } = error as Error;
    logger.warn('The control plane database did not answer a call', { route, reason: reasonOf(cause) });
    return databaseAway();
  }
  const framework = error as { statusCode?: unknown; code?: unknown };
  if (typeof framework.statusCode === 'number' && framework.statusCode >= 400 && framework.statusCode < 500) {
    return frameworkProblem(framework.statusCode);
  }
  const id = randomUUID();
  logger.error('A call failed unexpectedly', { id, route, error: withoutValues(error) });
  return refuse(500, 'Unexpected error', `Something went wrong on the server. The log names it with the id ${id}.`);
}

function databaseAway(): ProblemReply {
  return refuse(
    503,
    'The control plane database does not answer',
    'It is starting or has too much to do. Wait a few seconds and try again; after a change, look first whether it was saved.',
    { headers: { 'retry-after': '5' } },
  );
}

/**
 * A failed query names its bound values in its message, and they may be addresses, tokens or hashes: the log gets the
 * database's own reason instead.
 */
function withoutValues(error: unknown): unknown {
  const failed = error as { query?: unknown; params?: unknown; cause?: unknown } | null;
  const isQuery = error instanceof Error && Array.isArray(failed?.params) && typeof failed?.query === 'string';
  return isQuery ? { query: failed.query, cause: failed.cause } : error;
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
