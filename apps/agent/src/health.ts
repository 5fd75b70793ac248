import { chmodSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { fail, ok, type Result } from '@sightline/base';
import { http } from './node-http.ts';

/** How the agent is, in the words of UPT-2. */
export interface AgentHealth {
  /** `degraded`: records are taken but something is missing, the link first of all. `unhealthy`: records are refused. */
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly components: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
}

/** What `agent status` shows. Told over the socket in the data folder only, which its owner alone may open. */
export interface AgentStatus extends AgentHealth {
  readonly version: string;
  readonly pid: number;
  readonly uptimeS: number;
  readonly server: string;
  readonly site: string;
  readonly organisation: string;
  readonly agent: string;
  readonly [more: string]: unknown;
}

export interface Listening {
  /** 0 for a socket in the file system. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Health for probes on 127.0.0.1: `/health/live` while the process answers, `/health/ready` with 503 when records would be
 * refused, `/health` in one word. Fails with a sentence when the port cannot be had.
 */
export function listenForProbes(port: number, health: () => AgentHealth): Promise<Result<Listening, string>> {
  const server = http.createServer((asked, reply) => {
    const { pathname } = new URL(asked.url ?? '/', 'http://localhost');
    const known = ['/health', '/health/live', '/health/ready'].includes(pathname);
    const { status } = pathname === '/health/live' ? { status: 'healthy' } : health();
    const code = known ? (pathname === '/health/ready' && status === 'unhealthy' ? 503 : 200) : 404;
    const body = known ? JSON.stringify({ status }) : JSON.stringify({ detail: 'There is nothing here.' });
    reply.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
  });
  return listen(server, { port, host: '127.0.0.1' });
}

/** Where the agent of a data folder answers `agent status`. One agent holds it: it is the folder's lock as well. */
export function statusSocket(dataFolder: string): string {
  const mark = createHash('sha256').update(dataFolder).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\sightline-agent-${mark}`;
  const socket = path.join(dataFolder, 'agent.sock');
  // The kernel's limit of a socket's path is 107 bytes.
  return Buffer.byteLength(socket) <= 100 ? socket : `/tmp/sightline-agent-${mark}.sock`;
}

/**
 * Takes the data folder for this process and answers `agent status`. Fails with a sentence when another agent has it; what
 * a killed one left is taken over.
 */
export async function holdDataFolder(
  dataFolder: string,
  status: () => AgentStatus | undefined,
): Promise<Result<Listening, string>> {
  const socket = statusSocket(dataFolder);
  const other = await askStatus(dataFolder);
  if (other.ok)
    return fail(
      `Another agent (process ${other.value.pid}) works in ${dataFolder}. Stop it, or name another folder with --data.`,
    );
  if (process.platform !== 'win32') rmSync(socket, { force: true });
  const server = http.createServer((_, reply) => {
    const known = status();
    reply
      .writeHead(known ? 200 : 503, { 'content-type': 'application/json' })
      .end(JSON.stringify(known ?? { pid: process.pid }));
  });
  const listening = await listen(server, { path: socket });
  if (!listening.ok) return fail(`${dataFolder} cannot be used: ${listening.error}`);
  if (process.platform !== 'win32') chmodSync(socket, 0o600);
  return listening;
}

/** What the running agent of a data folder says; fails when none runs. */
export function askStatus(dataFolder: string): Promise<Result<AgentStatus, string>> {
  return new Promise((resolve) => {
    const asked = http.request({ socketPath: statusSocket(dataFolder), path: '/status', timeout: 3000 }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', (error) => resolve(fail(error.message)));
      reply.on('end', () => {
        try {
          resolve(ok(JSON.parse(Buffer.concat(chunks).toString('utf8')) as AgentStatus));
        } catch {
          resolve(fail('the agent gave an answer that is not JSON'));
        }
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('the agent does not answer')));
    asked.on('error', (error) => resolve(fail(error.message)));
    asked.end();
  });
}

function listen(
  server: Server,
  place: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<Result<Listening, string>> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const at = 'port' in place ? `port ${place.port}` : place.path;
      resolve(fail(error.code === 'EADDRINUSE' ? `${at} is taken by another program` : error.message));
    });
    server.listen(place, () => {
      const address = server.address();
      resolve(
        ok({
          port: typeof address === 'object' && address ? address.port : 0,
          close: () =>
            new Promise((closed) => {
              server.close(() => closed());
              server.closeAllConnections();
            }),
        }),
      );
    });
  });
}
