import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { EngineReader } from './engine-reader.ts';

const query = { sql: 'SELECT fp, t, chunk', parameters: {}, timeoutMs: 5000 };
let server: Server | undefined;
afterEach(() => server?.close());

/** An engine that answers nothing at all, as often as `answers` says on a connection, and then closes it in the middle of the next query. */
async function engine(answers: (connection: number) => number): Promise<{ url: string; asked: () => number }> {
  const connections = new Map<Socket, { readonly number: number; asked: number }>();
  let asked = 0;
  server = createServer((request, response) => {
    asked++;
    const known = connections.get(request.socket) ?? { number: connections.size, asked: 0 };
    connections.set(request.socket, known);
    if (++known.asked > answers(known.number)) request.socket.destroy();
    else response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

const ask = (reader: EngineReader): Promise<void> =>
  reader.rows(
    query,
    () => undefined,
    () => undefined,
  );

test('a kept connection that the engine has closed is not a fault: another is opened', async () => {
  const { url, asked } = await engine(() => 1);
  const reader = new EngineReader({ url, database: 'x' });
  for (let times = 0; times < 3; times++) await ask(reader);
  expect(asked()).toBe(5);
  reader.close();
});

test('an engine that answers on no connection cannot be reached', async () => {
  const { url, asked } = await engine(() => 0);
  const reader = new EngineReader({ url, database: 'x' });
  await expect(ask(reader)).rejects.toMatchObject({ fault: { kind: 'unavailable' } });
  expect(asked()).toBe(1);
  reader.close();
});
