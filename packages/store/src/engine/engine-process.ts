/**
 * The process that owns the telemetry folder. Started by `EngineSupervisor` with one argument, `EngineArguments` as
 * JSON; says over IPC when it is ready or why it cannot be; dies as soon as its parent is gone.
 */
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { engineConfig } from './engine-config.ts';
import { QueryHandler } from './query-handler.ts';
import { PipeFolder } from './result-pipe.ts';
import { SessionPool } from './session-pool.ts';

export interface EngineArguments {
  /** Folder of the tables. */
  readonly tableFolder: string;
  /** Folder in which each engine process makes one for its spooled inserts, pipes and configuration. */
  readonly workFolder: string;
  readonly backupFolder: string;
  readonly socketPath: string;
  readonly sessions: number;
  readonly memoryBytes: number;
  /** Longest wait for running statements at a stop, milliseconds. */
  readonly stopGraceMs: number;
}

/** Child → parent. */
export type EngineMessage = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly message: string };
/** Parent → child. */
export type EngineCommand = { readonly kind: 'stop' };

const parsed = JSON.parse(process.argv[2] ?? '{}') as EngineArguments;

/** SIGKILL is the only end that waits for nothing; nothing acknowledged depends on a softer one. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}

async function main(args: EngineArguments): Promise<void> {
  process.umask(0o077);
  // A folder of this process alone: until the lock is ours, another engine may live in its neighbour.
  const work = join(args.workFolder, String(process.pid));
  rmSync(work, { recursive: true, force: true });
  for (const folder of [work, args.tableFolder, args.backupFolder]) mkdirSync(folder, { recursive: true });
  const configFile = join(work, 'engine.xml');
  writeFileSync(configFile, engineConfig({ memoryBytes: args.memoryBytes }, args.backupFolder));
  const pool = await SessionPool.open({
    dataFolder: args.tableFolder,
    configFile,
    sessions: args.sessions,
    waiting: 256,
    waitMs: 30_000,
  });
  for (const name of readdirSync(args.workFolder)) {
    if (name !== String(process.pid)) rmSync(join(args.workFolder, name), { recursive: true, force: true });
  }
  const handler = new QueryHandler(pool, new PipeFolder(work, args.sessions), work);
  const server = createServer(
    { maxHeaderSize: 1024 * 1024, keepAliveTimeout: 30_000, requestTimeout: 600_000 },
    (message, response) => route(handler, pool, message, response),
  );
  rmSync(args.socketPath, { force: true });
  server.listen(args.socketPath, () => {
    chmodSync(args.socketPath, 0o600);
    say({ kind: 'ready' });
  });
  server.on('error', (error) => give(error));
  process.on('message', (command: EngineCommand) => {
    if (command.kind === 'stop') void stop(server, pool, args.stopGraceMs);
  });
}

function route(handler: QueryHandler, pool: SessionPool, message: IncomingMessage, response: ServerResponse): void {
  const path = (message.url ?? '/').split('?', 1)[0];
  if (path === '/heartbeat') {
    handler.control('SELECT 1').then(
      () =>
        response.end(JSON.stringify({ rssBytes: process.memoryUsage.rss(), busy: pool.busy, waiting: pool.waiting })),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  } else if (
    path === '/ping' ||
    path === '/replicas_status' ||
    (path === '/' && message.method === 'GET' && !message.url?.includes('?'))
  ) {
    response.end('Ok.\n');
  } else if (path === '/') {
    void handler.handle(message, response);
  } else {
    response.writeHead(404).end(`There is no handle ${path}\n`);
  }
}

async function stop(server: ReturnType<typeof createServer>, pool: SessionPool, graceMs: number): Promise<void> {
  server.close();
  server.closeIdleConnections();
  const until = Date.now() + graceMs;
  while ((pool.busy > 0 || pool.waiting > 0) && Date.now() < until) await new Promise((r) => setTimeout(r, 20));
  die();
}

function say(message: EngineMessage, then: () => void = () => undefined): void {
  process.send?.(message, then);
}

function give(error: unknown): void {
  rmSync(join(parsed.workFolder, String(process.pid)), { recursive: true, force: true });
  say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }, die);
  setTimeout(die, 1000);
}

process.on('disconnect', die);
// Ctrl-C goes to the whole group of processes: the parent decides when its engine stops.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('uncaughtException', give);
main(parsed).catch(give);
