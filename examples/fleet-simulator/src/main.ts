/**
 * The fleet simulator: 100 stores in a few processes that report through the stock Sentry and OpenTelemetry SDKs.
 * Faults are switched over a small HTTP interface (`GET /faults`, `PUT /faults/<name>`), by the product's own interface
 * or by `npm run simulate -- fault payment-outage on`.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { FaultBoard, faults } from './faults.ts';
import { makeStores } from './stores.ts';
import type { Order } from './worker.ts';

const help = `The demo fleet.

  npm run simulate -- --url <server> --key <key> [--stores 100] [--processes 2] [--pace 1] [--control 4699]
  npm run simulate -- fault <name> on|off [--sites STORE_001,STORE_002] [--control 4699]

  --url        address of Sightline, http://127.0.0.1:4600 unless given (SIGHTLINE_URL)
  --key        key with the permission ingest (SIGHTLINE_KEY)
  --stores     how many stores, 1 to 500
  --processes  how many processes share them, 1 to 8
  --pace       trade against the usual, 0.1 to 20
  --control    port on 127.0.0.1, or path of a Unix socket, on which faults are switched

  Faults: ${faults.map((fault) => fault.name).join(', ')}`;

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: process.env['SIGHTLINE_URL'] ?? 'http://127.0.0.1:4600' },
    key: { type: 'string', default: process.env['SIGHTLINE_KEY'] ?? '' },
    stores: { type: 'string', default: '100' },
    processes: { type: 'string', default: '2' },
    pace: { type: 'string', default: '1' },
    control: { type: 'string', default: '4699' },
    sites: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});

function number(name: 'stores' | 'processes' | 'pace', low: number, high: number): number {
  const value = Number(values[name]);
  if (!(value >= low && value <= high))
    stop(`--${name} must be a number from ${low} to ${high}, got "${values[name]}".`);
  return value;
}

const socketOrPort = /^\d+$/.test(values.control)
  ? { host: '127.0.0.1', port: Number(values.control) }
  : { path: values.control };

async function switchFault(name: string, state: string): Promise<void> {
  if (!faults.some((fault) => fault.name === name))
    stop(`There is no fault "${name}". There are: ${faults.map((fault) => fault.name).join(', ')}.`);
  if (state !== 'on' && state !== 'off') stop(`Say on or off, got "${state}".`);
  const { request } = await import('node:http');
  const body = JSON.stringify({ active: state === 'on', sites: values.sites ? values.sites.split(',') : [] });
  await new Promise<void>((resolve) => {
    const sent = request(
      {
        ...('path' in socketOrPort ? { socketPath: socketOrPort.path } : socketOrPort),
        method: 'PUT',
        path: `/faults/${name}`,
        timeout: 5000,
      },
      (reply) => {
        reply.resume();
        console.log(reply.statusCode === 200 ? `${name} is ${state}.` : `The simulator answered ${reply.statusCode}.`);
        resolve();
      },
    );
    sent.on('error', (error) =>
      stop(`The simulator does not answer on ${values.control}: ${error.message}. Is the demo fleet running?`),
    );
    sent.end(body);
  });
}

function simulate(): void {
  if (!values.key) stop('A key is needed: --key, or SIGHTLINE_KEY.');
  const stores = number('stores', 1, 500);
  const slices = number('processes', 1, 8);
  const pace = number('pace', 0.1, 20);
  const board = new FaultBoard(makeStores(stores).map((store) => store.code));
  const active: Extract<Order, { kind: 'fault' }>[] = [];
  let ending = false;
  const workers: ChildProcess[] = [];
  const start = (slice: number): void => {
    const worker = fork(path.join(import.meta.dirname, 'worker.ts'), { stdio: 'inherit' });
    worker.send({
      kind: 'begin',
      target: { url: values.url, key: values.key },
      stores,
      slice,
      slices,
      pace,
    } satisfies Order);
    for (const fault of active) worker.send(fault);
    worker.on('exit', () => !ending && setTimeout(() => !ending && start(slice), 2000));
    workers[slice] = worker;
  };
  for (let slice = 0; slice < slices; slice++) start(slice);

  const apply = (name: string, on: boolean, sites: string[]): boolean => {
    if (!board.switch(name, on, sites, Date.now())) return false;
    const order = { kind: 'fault', name, active: on, sites } as const;
    const at = active.findIndex((fault) => fault.name === name);
    if (at >= 0) active.splice(at, 1);
    if (on) active.push(order);
    for (const worker of workers) if (worker.connected) worker.send(order);
    return true;
  };
  const server = createServer((request, reply) => void answer(request, reply, board, apply));
  server.on('error', (error) =>
    stop(`The control interface could not be opened on ${values.control}: ${error.message}`),
  );
  clearStaleSocket();
  server.listen(socketOrPort, () => console.log(`Demo fleet: ${stores} stores report to ${values.url}.`));

  const end = (): void => {
    if (ending) return;
    ending = true;
    server.close();
    for (const worker of workers) if (worker.connected) worker.send({ kind: 'end' } satisfies Order);
    setTimeout(() => process.exit(0), 3500).unref();
    let left = workers.length;
    for (const worker of workers) worker.on('exit', () => --left === 0 && process.exit(0));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('disconnect', end);
}

/** A simulator that was killed leaves its socket's file behind, and nobody could listen there again. */
function clearStaleSocket(): void {
  // The folder is the server's own and it runs one simulator at a time: a file that stands there belongs to nobody.
  if ('path' in socketOrPort) rmSync(socketOrPort.path, { force: true });
}

async function answer(
  request: IncomingMessage,
  reply: ServerResponse,
  board: FaultBoard,
  apply: (name: string, on: boolean, sites: string[]) => boolean,
): Promise<void> {
  const send = (status: number, body: unknown): void => {
    reply.writeHead(status, { 'content-type': 'application/json' });
    reply.end(JSON.stringify(body));
  };
  const name = /^\/faults\/([a-z-]+)$/.exec(request.url ?? '')?.[1];
  if (request.method === 'GET' && request.url === '/faults') return send(200, { faults: board.list() });
  if (request.method !== 'PUT' || !name) return send(404, { detail: 'GET /faults or PUT /faults/<name>' });
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > 65_536) return send(413, { detail: 'at most 64 kB' });
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { active?: unknown; sites?: unknown };
    const sites = Array.isArray(body.sites)
      ? body.sites.filter((site): site is string => typeof site === 'string')
      : [];
    if (!apply(name, body.active === true, sites)) return send(404, { detail: `no fault "${name}"` });
    return send(200, { faults: board.list() });
  } catch {
    return send(400, { detail: 'expected JSON such as {"active": true, "sites": []}' });
  }
}

if (values.help) console.log(help);
else if (positionals[0] === 'fault') await switchFault(positionals[1] ?? '', positionals[2] ?? '');
else if (positionals.length > 0) stop(`Unknown command "${positionals[0]}".\n\n${help}`);
else simulate();
