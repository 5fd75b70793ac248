import type { Endpoint } from '@sightline/contract';
import { problem as problemSchema } from '@sightline/contract';
import type { z } from 'zod';
import { ProblemError } from './problem.ts';
import { tellLost, tellReached } from './reach.ts';

export { ProblemError } from './problem.ts';

/** What goes with a call. A `query` key that is undefined or `''` is left out: the server's default holds. */
export interface CallInput<E extends Endpoint> {
  readonly params?: z.output<NonNullable<E['params']>>;
  readonly query?: Partial<z.output<NonNullable<E['query']>>>;
  readonly body?: z.input<NonNullable<E['body']>>;
}

/** What an endpoint answers. */
export type Reply<E extends Endpoint> = z.output<E['reply']>;

const timeLimitMs = 30_000;
let csrfToken = '';
let onSignedOut: () => void = () => {};

/** The token that goes with every call that changes something. Held in memory only. */
export function keepCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called when the server says that nobody is signed in (any more). */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** The address of a call, path parameters and query filled in. Throws when a parameter is missing: that is our bug. */
export function addressOf(
  path: string,
  params: Readonly<Record<string, unknown>> = {},
  query: Readonly<Record<string, unknown>> = {},
): string {
  const filled = path.replaceAll(/:([a-zA-Z]+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined || value === '') throw new Error(`no value for :${name} of ${path}`);
    return encodeURIComponent(asText(value));
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    search.set(name, asText(value));
  }
  const text = search.toString();
  return text === '' ? filled : `${filled}?${text}`;
}

/**
 * Calls an endpoint of the contract. Rejects with `ProblemError` (an abort by `signal` rejects with the abort itself).
 * A reply that is not in the agreed form is refused, so that no page draws half of it.
 */
export async function call<E extends Endpoint>(
  endpoint: E,
  input: CallInput<E> = {},
  signal?: AbortSignal,
): Promise<Reply<E>> {
  // The types of all endpoints together say no more than "an object".
  const given: { params?: unknown; query?: unknown } = input;
  const address = addressOf(
    endpoint.path,
    given.params as Record<string, unknown> | undefined,
    given.query as Record<string, unknown> | undefined,
  );
  const limit = AbortSignal.timeout(timeLimitMs);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (input.body !== undefined) headers['content-type'] = 'application/json';
  if (endpoint.method !== 'GET' && csrfToken !== '') headers['x-csrf-token'] = csrfToken;
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(address, {
      method: endpoint.method,
      headers,
      credentials: 'same-origin',
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    });
    text = await answer.text();
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    if (limit.aborted) throw slow(endpoint);
    tellLost(Date.now());
    throw unreachable(endpoint);
  }
  tellReached();
  if (!answer.ok) {
    if (answer.status === 401 && endpoint.permission !== 'public') onSignedOut();
    throw refusal(answer.status, text);
  }
  return readReply(endpoint, text);
}

function readReply<E extends Endpoint>(endpoint: E, text: string): Reply<E> {
  const read = endpoint.reply.safeParse(parseJson(text));
  if (read.success) return read.data as Reply<E>;
  const first = read.error.issues[0];
  throw new ProblemError('unreadable', {
    title: 'The answer is not in the agreed form',
    detail: `${endpoint.method} ${endpoint.path}: ${first === undefined ? 'not JSON' : `${first.path.join('.')} ${first.message}`}. Reload the page; if it stays, server and page are of different versions.`,
  });
}

function refusal(status: number, text: string): ProblemError {
  const read = problemSchema.safeParse(parseJson(text));
  if (read.success) return new ProblemError('refused', read.data);
  return new ProblemError('refused', {
    status,
    title: `The server answered ${status}`,
    detail: status >= 500 ? 'It says no more. Its log does.' : 'It did not say why.',
  });
}

/** A question is asked again by itself; an act is not: it may have been done although no answer came. */
function unreachable({ method }: Endpoint): ProblemError {
  return new ProblemError('unreachable', {
    title: 'The server cannot be reached',
    detail:
      method === 'GET'
        ? 'No answer came. Check your connection; we keep trying.'
        : 'No answer came. Nothing you typed is lost: when the connection is back, look whether it was done, else press again.',
  });
}

function slow(endpoint: Endpoint): ProblemError {
  return new ProblemError('slow', {
    title: 'No answer in time',
    detail: `${endpoint.summary}: nothing came within ${timeLimitMs / 1000} s. A shorter time range asks for less.`,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
