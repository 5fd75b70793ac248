import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endpoint } from '@sightline/contract';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { addressOf, call, keepCsrfToken, ProblemError, whenSignedOut } from './call.ts';
import { lostSince, tellReached } from './reach.ts';

const read = endpoint({
  method: 'GET',
  path: '/api/v1/things/:name',
  summary: 'A thing',
  permission: 'viewer',
  params: z.object({ name: z.string() }),
  query: z.object({ q: z.string() }),
  reply: z.object({ name: z.string() }),
});
const write = endpoint({
  method: 'POST',
  path: '/api/v1/things',
  summary: 'Make a thing',
  permission: 'admin',
  body: z.object({ name: z.string() }),
  reply: z.object({ done: z.literal(true) }),
});

/** What the server answers next, and what it was asked last. */
let next = { status: 200, type: 'application/json', body: '{"name":"till"}' };
let asked = { url: '', csrf: '', body: '' };
let server: Server;
const pageFetch = globalThis.fetch;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      asked = { url: request.url ?? '', csrf: String(request.headers['x-csrf-token'] ?? ''), body };
      response.writeHead(next.status, { 'content-type': next.type }).end(next.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // A page resolves addresses against itself; a test has to say where that is.
  globalThis.fetch = async (address, init) => pageFetch(new URL(address as string, `http://127.0.0.1:${port}`), init);
});
afterAll(() => {
  globalThis.fetch = pageFetch;
  server.close();
});
afterEach(() => {
  next = { status: 200, type: 'application/json', body: '{"name":"till"}' };
  keepCsrfToken('');
  whenSignedOut(() => {});
});

/** The problem that a call ends with. */
async function problemOf(attempt: Promise<unknown>): Promise<ProblemError> {
  const ending = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(ending instanceof ProblemError)) throw new Error(`expected a problem, got ${String(ending)}`);
  return ending;
}

test('a reply comes back typed; parameters and query are encoded', async () => {
  const reply = await call(read, { params: { name: 'a/b ü' }, query: { q: 'x=1&y' } });
  expect(reply).toEqual({ name: 'till' });
  expect(asked.url).toBe('/api/v1/things/a%2Fb%20%C3%BC?q=x%3D1%26y');
});

test('a missing parameter is our bug, not a request', () => {
  expect(() => addressOf('/a/:name', {})).toThrow('no value for :name');
});

test('the token goes with what changes something, and only with that', async () => {
  keepCsrfToken('secret-1');
  await call(read, { params: { name: 'till' } });
  expect(asked.csrf).toBe('');
  next.body = '{"done":true}';
  await call(write, { body: { name: 'till' } });
  expect(asked).toEqual({ url: '/api/v1/things', csrf: 'secret-1', body: '{"name":"till"}' });
});

test('a problem arrives whole: status, words, faults by field, position', async () => {
  const problem = {
    type: 'about:blank',
    title: 'Not made',
    status: 422,
    detail: 'The name is taken.',
    fields: { name: 'taken' },
    position: { from: 3, to: 7 },
  };
  next = { status: 422, type: 'application/problem+json', body: JSON.stringify(problem) };
  const got = await problemOf(call(write, { body: { name: 'till' } }));
  expect(got).toMatchObject({ kind: 'refused', status: 422, title: 'Not made', fields: { name: 'taken' } });
  expect(got.position).toEqual({ from: 3, to: 7 });
  expect(got.passing).toBe(false);
});

test.each([
  ['a proxy page', 502, '<html>Bad gateway</html>', { kind: 'refused', status: 502, passing: true }],
  ['an empty refusal', 403, '', { kind: 'refused', status: 403, passing: false }],
  ['a reply that is not JSON', 200, '<html>', { kind: 'unreadable', passing: false }],
  ['a reply in another form', 200, '{"name":7}', { kind: 'unreadable', passing: false }],
])('%s is told as a problem', async (_, status, body, expected) => {
  next = { status, type: 'text/html', body };
  const got = await problemOf(call(read, { params: { name: 'till' } }));
  expect({ kind: got.kind, status: got.status, passing: got.passing }).toMatchObject(expected);
  expect(got.title).not.toBe('');
  expect(got.detail).not.toBe('');
});

test('a session that ended is told once to the page', async () => {
  let told = 0;
  whenSignedOut(() => (told += 1));
  next = { status: 401, type: 'application/problem+json', body: '{}' };
  await problemOf(call(read, { params: { name: 'till' } }));
  expect(told).toBe(1);
});

test('no server: unreachable, worth asking again', async () => {
  const kept = globalThis.fetch;
  globalThis.fetch = async (address, init) => pageFetch(new URL(address as string, 'http://127.0.0.1:1'), init);
  const got = await problemOf(call(read, { params: { name: 'till' } }));
  globalThis.fetch = kept;
  expect(got).toMatchObject({ kind: 'unreachable', passing: true, detail: expect.stringContaining('we keep trying') });
  expect(lostSince()).toBeDefined();
  await call(read, { params: { name: 'till' } });
  expect(lostSince()).toBeUndefined();
});

test('no server for an act: it is not said to be tried again', async () => {
  const kept = globalThis.fetch;
  globalThis.fetch = async (address, init) => pageFetch(new URL(address as string, 'http://127.0.0.1:1'), init);
  const got = await problemOf(call(write, { body: { name: 'till' } }));
  globalThis.fetch = kept;
  tellReached();
  expect(got.detail).toBe(
    'No answer came. Nothing you typed is lost: when the connection is back, look whether it was done, else press again.',
  );
});

test('an abort that the page asked for stays an abort', async () => {
  await expect(call(read, { params: { name: 'till' } }, AbortSignal.abort())).rejects.toThrow(/abort/i);
});
