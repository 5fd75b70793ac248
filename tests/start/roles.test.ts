import { createServer, connect, type Server } from 'node:net';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInOwner } from '../support/owner.ts';
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

/** One sample of a counter, at `atMs`. */
async function sendCount(url: string, value: number, atMs: number): Promise<number> {
  const dataPoints = [{ timeUnixNano: `${atMs}000000`, asDouble: value }];
  const metric = { name: 'orders', sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints } };
  const reply = await fetch(`${url}/v1/metrics`, {
    method: 'POST',
    headers: { ...authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] }),
  });
  return reply.status;
}

interface PromqlAnswer {
  readonly status: number;
  readonly values: readonly string[];
  readonly warnings: readonly string[];
}
async function promql(url: string, query: string): Promise<PromqlAnswer> {
  const asked = new URLSearchParams({ query, time: String(Date.now() / 1000) });
  const reply = await fetch(`${url}/prometheus/api/v1/query?${asked.toString()}`, { headers: authorization });
  const { data, warnings = [] } = (await reply.json()) as {
    data?: { result: { value: [number, string] }[] };
    warnings?: string[];
  };
  return { status: reply.status, values: (data?.result ?? []).map(({ value }) => value[1]), warnings };
}

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

interface Role {
  readonly started: Started;
  readonly url: string;
  readonly data: string;
}

/** Starts roles as processes of their own, each on a data folder of its own, on the product's stores. */
async function apart(): Promise<{
  startRole: (...args: [string, ...string[]]) => Promise<Role>;
  folder: string;
  close: () => void;
}> {
  const engine = await engineOnTcp(path.join(product.dataFolder, 'run/engine.sock'));
  const socketFolder = path.join(product.dataFolder, 'control/socket');
  expect(readdirSync(socketFolder).length).toBeGreaterThan(0);
  const database = `postgres://sightline@localhost/sightline?host=${encodeURIComponent(socketFolder)}&port=5432`;
  const folder = mkdtempSync(path.join(tmpdir(), 'sightline-roles-'));
  return {
    startRole: async (role, ...more) => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const data = path.join(folder, role);
      const args = ['--role', role, '--host', '127.0.0.1', '--port', String(port), '--data', data, ...more];
      const started = begin([process.execPath, main, ...args, '--otlp-ports', 'none'], {
        env: { ...headless, CLICKHOUSE_URL: engine.url, DATABASE_URL: database },
      });
      await untilReady(started, url);
      return { started, url, data };
    },
    folder,
    close: () => {
      engine.server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ended(...roles: readonly Role[]): Promise<void> {
  for (const { started } of roles) {
    started.child.kill('SIGTERM');
    expect(await started.ended, started.printed()).toBe(0);
  }
}

test('ingest and query run as two processes on stores that both reach', async () => {
  const { startRole, close } = await apart();
  const [ingest, query] = await Promise.all([startRole('ingest'), startRole('query')]);
  expect(await sendLine(ingest.url, 'through two processes')).toBe(200);
  const answer = await eventually(() => search(query.url, 'processes'), found('through two processes'), 10_000);
  expect(answer.text).toContain('through two processes');
  expect(await sendLine(query.url, 'not here')).toBe(404);
  expect((await search(ingest.url, 'processes')).status).toBe(404);

  // Samples are seen at once, though they are in the memory of the other process.
  const now = Date.now();
  expect(await sendCount(ingest.url, 7, now - 60_000)).toBe(200);
  expect(await sendCount(ingest.url, 42, now - 1000)).toBe(200);
  const fresh = await eventually(
    () => promql(query.url, 'orders_total'),
    ({ values }) => values[0] === '42',
    20_000,
  );
  expect(fresh).toEqual({ status: 200, values: ['42'], warnings: [] });
  for (const secret of ['', 'Bearer ', `Bearer ${headless.SIGHTLINE_SETUP_KEY}`]) {
    const reply = await fetch(`${ingest.url}/internal/metric-head/v1/statistics`, {
      method: 'POST',
      headers: { authorization: secret, 'content-type': 'application/vnd.sightline.metric-head+json' },
      body: '{"argument":"acme"}',
    });
    expect([reply.status, await reply.text()]).toEqual([401, '']);
  }

  // The process with the head dies while it is asked: no question fails, and answers say what they lack.
  const answers: PromqlAnswer[] = [];
  const killed = ingest.started.ended;
  setTimeout(() => ingest.started.child.kill('SIGKILL'), 300);
  for (const untilMs = Date.now() + 3000; Date.now() < untilMs;) answers.push(await promql(query.url, 'orders_total'));
  await killed;
  answers.push(await promql(query.url, 'orders_total'));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(answers.at(-1)?.warnings).toEqual([
    expect.stringContaining('the newest samples, of up to two hours, are missing'),
  ]);
  const again = await startRole('ingest');
  const back = await eventually(
    () => promql(query.url, 'orders_total'),
    ({ warnings, values }) => warnings.length === 0 && values.length > 0,
    60_000,
  );
  expect(back).toEqual({ status: 200, values: ['42'], warnings: [] });
  await ended(again, query);
  close();
});

test('a process that only reads the archive knows the key of the one that writes it, and makes none', async () => {
  const { startRole, folder, close } = await apart();
  const archive = path.join(folder, 'archive');
  const reader = await startRole('query', '--archive', archive);
  const asReader = await signInOwner(reader);
  const chain = () => asReader<{ keyKnown: boolean; archive: boolean }>('GET', '/api/v1/audit/chain');
  expect(await chain()).toMatchObject({ archive: true, keyKnown: false });

  const writer = await startRole('detect,query', '--archive', archive);
  expect(await chain()).toMatchObject({ keyKnown: true });
  const asWriter = await signInOwner(writer);
  await asWriter('POST', '/api/v1/archive/destroy-keys', {
    class: 'compliance',
    reason: 'request 12',
    confirm: headless.SIGHTLINE_SETUP_ORG,
  });
  const listed = await asReader<{ records: unknown[] }>('GET', '/api/v1/archive/records');
  expect(listed.records).toEqual([expect.objectContaining({ number: 1, fault: '', checked: true })]);
  expect(readdirSync(path.join(reader.data, 'secrets'))).toEqual(['instance.key']);
  await ended(reader, writer);
  close();
});
