import { createServer, connect, type Server } from 'node:net';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { begin, type Started, untilReady } from '../support/processes.ts';
import { eventually, freePort, headless, type Product, startProduct } from '../support/product.ts';

const main = path.join(import.meta.dirname, '../../apps/server/src/main.ts');
const authorization = { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` };

async function sendLine(url: string, body: string): Promise<number> {
  const attributes = [{ key: 'service.name', value: { stringValue: 'payment' } }];
  const logRecords = [{ timeUnixNano: `${Date.now()}000000`, severityNumber: 9, body: { stringValue: body } }];
  const reply = await fetch(`${url}/v1/logs`, {
    method: 'POST',
    headers: { ...authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }] }),
  });
  return reply.status;
}

/** Status and text of a search for `word` in the last hour. */
async function search(url: string, word: string): Promise<{ status: number; text: string }> {
  const range = new URLSearchParams({ q: word, from: String(Date.now() - 3_600_000), to: String(Date.now() + 60_000) });
  const reply = await fetch(`${url}/api/v1/logs?${range.toString()}`, { headers: authorization });
  return { status: reply.status, text: await reply.text() };
}

const found = (word: string) => (answer: { text: string }) => answer.text.includes(word);

let product: Product;
beforeAll(async () => {
  product = await startProduct({ env: headless });
});
afterAll(() => product.close());

test('headless set-up: no link, a key that sends and asks, the same on later starts', async () => {
  expect(product.setupLink()).toBe('');
  expect(await sendLine(product.url, 'before the restart')).toBe(200);
  await product.kill();
  await product.start();
  expect(product.setupLink()).toBe('');
  expect(await sendLine(product.url, 'after the restart')).toBe(200);
  for (const word of ['before', 'after']) {
    const answer = await eventually(() => search(product.url, word), found(`${word} the restart`), 10_000);
    expect(answer.text).toContain(`${word} the restart`);
  }
});

/** The product's engine on a TCP port, as a ClickHouse server would be. */
async function engineOnTcp(socketPath: string): Promise<{ server: Server; url: string }> {
  const server = createServer((client) => {
    const engine = connect(socketPath);
    client.pipe(engine).pipe(client);
    client.on('error', () => engine.destroy());
    engine.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}` };
}

test('ingest and query run as two processes on stores that both reach', async () => {
  const engine = await engineOnTcp(path.join(product.dataFolder, 'run/engine.sock'));
  const socketFolder = path.join(product.dataFolder, 'control/socket');
  expect(readdirSync(socketFolder).length).toBeGreaterThan(0);
  const database = `postgres://sightline@localhost/sightline?host=${encodeURIComponent(socketFolder)}&port=5432`;
  const folder = mkdtempSync(path.join(tmpdir(), 'sightline-roles-'));
  const startRole = async (role: string): Promise<{ started: Started; url: string }> => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = ['--role', role, '--host', '127.0.0.1', '--port', String(port), '--data', path.join(folder, role)];
    const started = begin([process.execPath, main, ...args, '--otlp-ports', 'none'], {
      env: { ...headless, CLICKHOUSE_URL: engine.url, DATABASE_URL: database },
    });
    await untilReady(started, url);
    return { started, url };
  };
  const [ingest, query] = await Promise.all([startRole('ingest'), startRole('query')]);
  expect(await sendLine(ingest.url, 'through two processes')).toBe(200);
  const answer = await eventually(() => search(query.url, 'processes'), found('through two processes'), 10_000);
  expect(answer.text).toContain('through two processes');
  expect(await sendLine(query.url, 'not here')).toBe(404);
  expect((await search(ingest.url, 'processes')).status).toBe(404);
  for (const { started } of [ingest, query]) {
    started.child.kill('SIGTERM');
    expect(await started.ended, started.printed()).toBe(0);
  }
  engine.server.close();
  rmSync(folder, { recursive: true, force: true });
});
