import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startLinkServer, welcomeOf, type LinkServer } from './test-support/link-server.ts';

const main = path.join(import.meta.dirname, 'main.ts');
const flags = JSON.parse(readFileSync(path.join(import.meta.dirname, '../node-flags.json'), 'utf8')) as string[];
const granted = { agent: 'agt_1', token: 'sl_agent_0123456789abcdef', organisation: 'org_1', site: 'STORE_047' };

describe.skipIf(process.platform !== 'linux')('the program', () => {
  let folder: string;
  let server: LinkServer;
  const begun: ChildProcess[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sl-main-'));
    server = await startLinkServer();
    server.enrol = () => ({ status: 200, body: granted });
  });
  afterEach(async () => {
    for (const child of begun.splice(0)) await end(child, 'SIGKILL');
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return exit;
  }
  const data = (): string => path.join(folder, 'data');
  const words = (): string[] => {
    const fixed = ['--data', data(), '--receive-port', '0', '--health-port', '0', '--log-level', 'warn'];
    return [main, ...fixed, '--server', server.url, '--token', 'sl_enrol_0123456789abcdef'];
  };
  /** As somebody starts it who knows nothing of Node's flags; `cache` is where compiled programs are to lie. */
  function begin(cache?: string): { readonly child: ChildProcess; readonly printed: () => string } {
    const { NODE_COMPILE_CACHE: _, NODE_OPTIONS: __, ...env } = process.env;
    const more = cache === undefined ? {} : { NODE_COMPILE_CACHE: cache };
    const child = spawn(process.execPath, words(), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...env, ...more, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
    begun.push(child);
    let printed = '';
    child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    return { child, printed: () => printed };
  }
  /** Lets the agent in, and waits for its first heartbeat. */
  async function atWork(): Promise<void> {
    const connection = await server.connection();
    const hello = await connection.next('hello');
    connection.say(welcomeOf(Date.now(), { echo: hello.sentAt }));
    await connection.next('heartbeat');
  }
  const proc = (pid: number | undefined, name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  const rssMegabytes = (pid: number | undefined): number =>
    (Number(/^VmRSS:\s+(\d+)/m.exec(proc(pid, 'status'))?.[1]) * 1024) / 1e6;

  test.each([
    ['without any folder for compiled programs', undefined],
    ['with an empty one', 'cache'],
  ])('is small from its first start on, %s', async (_, cache) => {
    const { child, printed } = begin(cache && path.join(folder, cache));
    await atWork();
    expect(proc(child.pid, 'cmdline').split('\0')).toEqual(expect.arrayContaining(flags));
    expect(rssMegabytes(child.pid)).toBeLessThan(90);
    expect(existsSync(cache ? path.join(folder, cache) : path.join(data(), 'compile-cache'))).toBe(true);
    expect(await end(child)).toBe(0);
    expect(printed()).not.toMatch(/memory|Warning/);
  });

  test('takes its own folder where the given one cannot be written, and runs even without any', async () => {
    const { child, printed } = begin('/dev/null/cache');
    await atWork();
    expect(rssMegabytes(child.pid)).toBeLessThan(90);
    expect(await end(child)).toBe(0);
    expect(printed()).not.toMatch(/memory|Warning/);
    rmSync(path.join(data(), 'compile-cache'), { recursive: true, force: true });
    writeFileSync(path.join(data(), 'compile-cache'), 'not a folder');
    const second = begin();
    await atWork();
    expect(await end(second.child)).toBe(0);
    expect(second.printed()).toMatch(/more memory than it needs/);
  });

  test('ends with the program that started it over a channel', async () => {
    const parent = spawn(
      process.execPath,
      [
        '-e',
        `const { pid } = require('node:child_process').spawn(process.execPath, ${JSON.stringify(words())}, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }); console.log(pid); setInterval(() => {}, 1000)`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' } },
    );
    begun.push(parent);
    const pid = new Promise<number>((resolve) => parent.stdout?.once('data', (said: Buffer) => resolve(Number(said))));
    const connection = await server.connection();
    const hello = await connection.next('hello');
    connection.say(welcomeOf(Date.now(), { echo: hello.sentAt }));
    await connection.next('heartbeat');
    await end(parent, 'SIGKILL');
    expect(await connection.ended).toBe(1000);
    const number = await pid;
    await expect.poll(() => existsSync(`/proc/${number}`), { timeout: 10_000 }).toBe(false);
  });
});
