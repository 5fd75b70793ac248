import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { podmanMissing, startPodman } from '../../apps/agent/src/test-support/podman.ts';
import { startServer } from './server-under-test.ts';

const main = path.join(import.meta.dirname, '../../apps/agent/src/main.ts');
/** Starting is over, and what it left behind collected. */
const settleMs = 15_000;
const ticksPerSecond = 100;

interface Look {
  readonly cpuS: number;
  readonly rssBytes: number;
  /** Since the program began in its last form. */
  readonly peakBytes: number;
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
    peakBytes: kib(status, 'VmHWM'),
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

type AsOwner = <Reply>(path: string, body: unknown) => Promise<Reply>;

/** Posts as the owner of the server, the way its pages do. */
async function signIn(url: string): Promise<AsOwner> {
  const headers = { 'content-type': 'application/json', origin: url };
  const credentials = { email: 'bench@example.com', password: 'bench-password' };
  const session = await fetch(`${url}/api/v1/session`, { method: 'POST', headers, body: JSON.stringify(credentials) });
  const { csrfToken } = (await session.json()) as { csrfToken: string };
  const cookie = session.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  return async <Reply>(at: string, body: unknown) => {
    const sent = { ...headers, cookie, 'x-csrf-token': csrfToken };
    const reply = await fetch(`${url}${at}`, { method: 'POST', headers: sent, body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`${at}: HTTP ${reply.status} ${await reply.text()}`);
    return (await reply.json()) as Reply;
  };
}

/** One look at the server's health each ten seconds, run by the agent. */
const monitor = (url: string) => ({
  type: 'http',
  name: 'Health, from the site',
  settings: { url: `${url}/health/live` },
  site: 'BENCH_001',
  runsOn: 'agent',
  everyMs: 10_000,
});

/**
 * What the site's agent takes when nothing happens, connected to a real server: memory, and processor time over a time in
 * which it beats, measures the machine, forwards what it measured, watches a container engine where there is one (podman),
 * and runs one monitor. Started as the program itself, without Node's flags or a cache of compiled programs: first on an
 * empty folder, then once more.
 */
export async function benchAgent(seconds: number): Promise<Record<string, number | string>[]> {
  const server = await startServer();
  const data = mkdtempSync(path.join(tmpdir(), 'sightline-bench-agent-'));
  const missing = podmanMissing();
  const engine = missing === undefined ? await startPodman() : undefined;
  if (missing !== undefined) console.error(`No containers are watched: ${missing}.`);
  const { NODE_COMPILE_CACHE: _, ...environment } = process.env;
  const fixed = ['--data', data, '--receive-port', '0', '--health-port', '0', '--log-level', 'error'];
  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [main, ...fixed, ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...environment, ...(engine && { DOCKER_HOST: engine.host }) },
    });
  const measured = async (name: string, agent: ChildProcess): Promise<Record<string, number | string>> => {
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const before = lookAt(agent.pid ?? 0);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const after = lookAt(agent.pid ?? 0);
    await ended(agent);
    const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
    return {
      start: name,
      'RSS MB': megabytes(after.rssBytes),
      'at most, RSS MB': megabytes(after.peakBytes),
      'of it its own (anonymous) MB': megabytes(after.anonymousBytes),
      'PSS MB': megabytes(after.pssBytes),
      'CPU %': Math.round(((after.cpuS - before.cpuS) / seconds) * 10_000) / 100,
      'CPU s to start': Math.round(before.cpuS * 100) / 100,
    };
  };
  try {
    engine?.run('shop-backend-1', 'sleep 100000', { service: 'backend' });
    const owner = await signIn(server.url);
    const { token } = await owner<{ token: string }>('/api/v1/agents/enrolments', { site: 'BENCH_001' });
    await owner('/api/v1/monitors', monitor(server.url));
    return [
      await measured('first', start(['--server', server.url, '--token', token])),
      await measured('later', start([])),
    ];
  } finally {
    await engine?.close();
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
