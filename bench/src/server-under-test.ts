import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A server of ours, started for a measurement with everything on, on data of its own. */
export interface ServerUnderTest {
  readonly url: string;
  readonly key: string;
  readonly pid: number;
  readonly dataFolder: string;
  /** From spawn to the first 200 of /health/ready. */
  readonly readyMs: number;
  /** Ends the server; keeps the data folder when asked, so that a second start can be measured. */
  stop(keepData?: boolean): Promise<void>;
}

export const benchKey = 'bench_key_0123456789abcdef';

const root = path.join(import.meta.dirname, '../..');
const main = path.join(root, 'apps/server/src/main.ts');
/** As `npm start` runs it. */
const nodeFlags = JSON.parse(readFileSync(path.join(root, 'apps/server/node-flags.json'), 'utf8')) as string[];
const environment = JSON.parse(readFileSync(path.join(root, 'apps/server/node-environment.json'), 'utf8')) as Record<
  string,
  string
>;

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Starts the server on a fresh or given folder and waits until it is ready, at most ten minutes. */
export async function startServer(folder?: string, more: readonly string[] = []): Promise<ServerUnderTest> {
  const dataFolder = folder ?? mkdtempSync(path.join(tmpdir(), 'sightline-bench-'));
  const port = await freePort();
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...nodeFlags,
      main,
      '--port',
      String(port),
      '--host',
      '127.0.0.1',
      '--data',
      dataFolder,
      '--otlp-ports',
      'none',
      ...more,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        NODE_COMPILE_CACHE: path.join(root, '.runtime/compile-cache'),
        ...process.env,
        ...environment,
        SIGHTLINE_SETUP_ORG: 'Bench',
        SIGHTLINE_SETUP_EMAIL: 'bench@example.com',
        SIGHTLINE_SETUP_PASSWORD: 'bench-password',
        SIGHTLINE_SETUP_KEY: benchKey,
      },
    },
  );
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    url,
    key: benchKey,
    pid: child.pid ?? 0,
    dataFolder,
    readyMs: performance.now() - startedMs,
    stop: async (keepData = false) => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(late);
      if (!keepData) rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

const readyWithinMs = 600_000;

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const fromMs = performance.now();
  while (performance.now() - fromMs < readyWithinMs) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode} before it was ready`);
    const ready = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(1000) }).then(
      (reply) => reply.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the server was not ready within ten minutes');
}
