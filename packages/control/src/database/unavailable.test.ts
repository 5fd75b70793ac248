import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { expect, test } from 'vitest';
import { overPool } from './database.ts';
import { isDatabaseUnavailable } from './unavailable.ts';

/** What a statement and a transaction end with at a server that does with each connection what `serve` says; undefined: nobody listens. */
async function endings(serve?: (socket: Socket) => void): Promise<unknown[]> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    serve?.(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (!serve) server.close();
  const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'any', max: 1, connectionTimeoutMillis: 100 });
  const db = overPool(pool);
  try {
    const caught = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
    return await Promise.all([
      caught(db.execute(sql`SELECT 1`)),
      caught(db.transaction((within) => within.execute(sql`SELECT 1`))),
    ]);
  } finally {
    await pool.end();
    for (const socket of sockets) socket.destroy();
    if (serve) server.close();
  }
}

test.each<[string, ((socket: Socket) => void) | undefined]>([
  ['nobody listens', undefined],
  ['connections are taken and not answered', () => {}],
  ['connections are broken off', (socket) => socket.once('data', () => socket.destroy())],
])('%s: the database cannot be reached', async (_, serve) => {
  const errors = await endings(serve);
  expect(errors.map((error) => [isDatabaseUnavailable(error), String(error)])).toEqual([
    [true, expect.any(String)],
    [true, expect.any(String)],
  ]);
});

const queried = (cause: Error): Error => Object.assign(new Error('Failed query', { cause }), { query: '', params: [] });

test.each<[string, unknown, boolean]>([
  ['the pool has no place', queried(new Error('timeout exceeded when trying to connect')), true],
  ['too many connections', queried(Object.assign(new Error('sorry'), { code: '53300' })), true],
  ['starting', queried(Object.assign(new Error('starting up'), { code: '57P03' })), true],
  ['a value that stands there already', queried(Object.assign(new Error('duplicate'), { code: '23505' })), false],
  ['a full disk', queried(Object.assign(new Error('disk full'), { code: '53100' })), false],
  ['a refused address of another', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), false],
  ['our bug', new TypeError('x is undefined'), false],
  ['no error', undefined, false],
])('%s', (_, error, unavailable) => {
  expect(isDatabaseUnavailable(error)).toBe(unavailable);
});
