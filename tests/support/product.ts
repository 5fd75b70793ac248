import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The product as a person runs it, on data of its own. */
export interface Product {
  readonly url: string;
  readonly dataFolder: string;
  /** What it printed so far. */
  printed(): string;
  /** The one-time set-up link, once it was printed. */
  setupLink(): string;
  pid(): number;
  /** SIGKILL, as a power cut would; nothing is drained. */
  kill(): Promise<void>;
  /** Starts again on the same folder and port; resolves when ready. */
  start(): Promise<void>;
  /** Asks it to stop and waits; removes the data. */
  close(): Promise<void>;
}

/** Servers that run: where a test's set-up fails half-way nobody has them in hand, and they end with the tests' process. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill();
});

const main = path.join(import.meta.dirname, '../../apps/server/src/main.ts');

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

/** Starts the server and waits until it is ready, at most a minute. */
export async function startProduct(
  options: { args?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Promise<Product> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'sightline-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let output = '';
  let child: ChildProcess | undefined;
  const ended = (one: ChildProcess): Promise<void> =>
    new Promise((resolve) =>
      one.exitCode !== null || one.signalCode !== null ? resolve() : one.once('exit', () => resolve()),
    );

  const start = async (): Promise<void> => {
    const args = [
      main,
      '--port',
      String(port),
      '--host',
      '127.0.0.1',
      '--data',
      dataFolder,
      '--otlp-ports',
      'none',
      '--public-url',
      url,
      ...(options.args ?? []),
    ];
    const started = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    child = started;
    running.add(started);
    started.once('exit', () => running.delete(started));
    started.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    started.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    for (let tries = 0; tries < 1200; tries++) {
      if (started.exitCode !== null)
        throw new Error(`the server ended with ${started.exitCode}:\n${output.slice(-3000)}`);
      if (await isReady(url)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // Nobody has it in hand yet who could end it.
    started.kill();
    throw new Error(`the server was not ready within a minute:\n${output.slice(-3000)}`);
  };
  await start();
  return {
    url,
    dataFolder,
    printed: () => output,
    setupLink: () => /http\S+\/setup\?token=\S+/.exec(output)?.[0] ?? '',
    pid: () => child?.pid ?? 0,
    kill: async () => {
      if (!child) return;
      child.kill('SIGKILL');
      await ended(child);
    },
    start,
    close: async () => {
      const left = child;
      if (left && left.exitCode === null && left.signalCode === null) {
        left.kill('SIGTERM');
        const late = setTimeout(() => left.kill('SIGKILL'), 15_000);
        await ended(left);
        clearTimeout(late);
      }
      rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
    (reply) => reply.ok,
    () => false,
  );
}

/** Settings of a first start that needs no browser. */
export const headless = {
  SIGHTLINE_SETUP_ORG: 'Florida Stores',
  SIGHTLINE_SETUP_EMAIL: 'owner@stores.example',
  SIGHTLINE_SETUP_PASSWORD: 'a-long-password',
  SIGHTLINE_SETUP_KEY: 'setup_key_for_tests_0001',
} as const;

/** Asks until `done` holds, at most `withinMs`; the last value is answered either way. */
export async function eventually<T>(
  ask: () => Promise<T>,
  done: (value: T) => boolean,
  withinMs: number,
  everyMs = 250,
): Promise<T> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (done(value) || Date.now() > endMs) return value;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
