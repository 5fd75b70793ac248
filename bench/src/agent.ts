import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startServer } from './server-under-test.ts';

const folder = path.join(import.meta.dirname, '../../apps/agent');
const beside = <T>(name: string): T => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as T;
/** Starting is over, and what it left behind collected. */
const settleMs = 15_000;
const ticksPerSecond = 100;

interface Look {
  readonly cpuS: number;
  readonly rssBytes: number;
  readonly anonymousBytes: number;
  readonly pssBytes: number;
}

function lookAt(pid: number): Look {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (text: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    rssBytes: kib(status, 'VmRSS'),
    anonymousBytes: kib(status, 'RssAnon'),
    pssBytes: kib(rollup, 'Pss'),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

/** A one-time token for a site, made the way the settings page does. */
async function oneTimeToken(url: string): Promise<string> {
  const headers = { 'content-type': 'application/json', origin: url };
  const credentials = { email: 'bench@example.com', password: 'bench-password' };
  const session = await fetch(`${url}/api/v1/session`, { method: 'POST', headers, body: JSON.stringify(credentials) });
  const { csrfToken } = (await session.json()) as { csrfToken: string };
  const cookie = session.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const made = await fetch(`${url}/api/v1/agents/enrolments`, {
    method: 'POST',
    headers: { ...headers, cookie, 'x-csrf-token': csrfToken },
    body: JSON.stringify({ site: 'BENCH_001' }),
  });
  if (!made.ok) throw new Error(`no one-time token: HTTP ${made.status} ${await made.text()}`);
  return ((await made.json()) as { token: string }).token;
}

/**
 * What the site's agent takes when nothing happens, connected to a real server: memory, and processor time over a minute in
 * which it beats, measures the machine and forwards what it measured. Started as its service starts it, with its programs
 * compiled by an earlier start.
 */
export async function benchAgent(seconds: number): Promise<Record<string, number>[]> {
  const server = await startServer();
  const data = mkdtempSync(path.join(tmpdir(), 'sightline-bench-agent-'));
  const start = (args: readonly string[]): ChildProcess =>
    spawn(
      process.execPath,
      [
        ...beside<string[]>('node-flags.json'),
        path.join(folder, 'src/main.ts'),
        '--data',
        data,
        '--receive-port',
        '0',
        '--health-port',
        '0',
        '--log-level',
        'error',
        ...args,
      ],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          ...process.env,
          ...beside<Record<string, string>>('node-environment.json'),
          NODE_COMPILE_CACHE: path.join(data, 'compile-cache'),
        },
      },
    );
  try {
    const first = start(['--server', server.url, '--token', await oneTimeToken(server.url)]);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    await ended(first);
    const agent = start([]);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const before = lookAt(agent.pid ?? 0);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const after = lookAt(agent.pid ?? 0);
    await ended(agent);
    return [
      {
        'RSS MB': Math.round(after.rssBytes / 1e5) / 10,
        'of it its own (anonymous) MB': Math.round(after.anonymousBytes / 1e5) / 10,
        'PSS MB': Math.round(after.pssBytes / 1e5) / 10,
        'CPU %': Math.round(((after.cpuS - before.cpuS) / seconds) * 10_000) / 100,
        'CPU s to start': Math.round(before.cpuS * 100) / 100,
      },
    ];
  } finally {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
