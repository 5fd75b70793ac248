import type { AgentMessage } from '../../packages/fleet/src/messages/index.ts';
import { heartbeatAt, helloAt, TestAgent } from '../../packages/fleet/src/test-support.ts';
import { usageOf } from './process-tree.ts';
import { startServer } from './server-under-test.ts';

const settleMs = 20_000;
const containersEveryMs = 60_000;
const credentials = { email: 'bench@example.com', password: 'bench-password' };
const facts = { host: 'bench', os: 'Linux', arch: 'x64', cpus: 2, memoryBytes: 4e9, docker: '' };

const wait = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls as a signed-in owner. */
async function signIn(url: string): Promise<(path: string, body: unknown) => Promise<Record<string, string>>> {
  const json = { 'content-type': 'application/json' };
  const reply = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify(credentials),
  });
  const me = (await reply.json()) as { csrfToken: string };
  const cookie = reply.headers.getSetCookie().map((one) => one.split(';')[0] ?? '');
  const headers = { ...json, cookie: cookie.join('; '), 'x-csrf-token': me.csrfToken };
  return async (path, body) => {
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, string>;
  };
}

const containersAt = (nowMs: number): AgentMessage => ({
  type: 'containers',
  at: nowMs,
  containers: Array.from({ length: 10 }, (_, n) => ({
    id: `${n}`.repeat(64),
    name: `store-service-${n}-1`,
    service: `service-${n}`,
    image: `registry.example/service-${n}:1.4.2`,
    state: 'running',
    status: 'Up 2 hours',
    health: 'healthy',
    exitCode: null,
    startedAt: nowMs - 7_200_000,
    finishedAt: null,
    restarts: 0,
  })),
});

/** CPU of the server's whole process tree over a while, as a share of one core. */
async function shareOfCore(pid: number, seconds: number): Promise<number> {
  const before = usageOf(pid).cpuS;
  const startedMs = performance.now();
  await wait(seconds * 1000);
  return (usageOf(pid).cpuS - before) / ((performance.now() - startedMs) / 1000);
}

/**
 * What idle agents cost the server: its processes' CPU without and with `count` real connections that send heartbeats as
 * they are told and their ten containers once a minute.
 */
export async function benchAgents(count: number, seconds: number): Promise<Record<string, number>[]> {
  const server = await startServer();
  const agents: TestAgent[] = [];
  const timers: NodeJS.Timeout[] = [];
  try {
    const post = await signIn(server.url);
    await wait(settleMs);
    const alone = await shareOfCore(server.pid, seconds);
    const bytesAlone = usageOf(server.pid).pssBytes;
    const connectedFrom = performance.now();
    for (let n = 0; n < count; n++) {
      const made = await post('/api/v1/agents/enrolments', { site: `STORE_${String(n + 1).padStart(3, '0')}` });
      const enrolled = await post('/api/v1/agent/enrol', {
        token: made['token'],
        name: `pc-${n}`,
        version: '1',
        facts,
      });
      const agent = new TestAgent(`${server.url.replace('http', 'ws')}/api/v1/agent/link`, enrolled['token'] ?? '');
      agents.push(agent);
      const { heartbeatMs } = await agent.greet(helloAt(Date.now()));
      timers.push(setInterval(() => agent.say(heartbeatAt(Date.now())), heartbeatMs));
      timers.push(setInterval(() => agent.say(containersAt(Date.now())), containersEveryMs));
    }
    const connectMs = (performance.now() - connectedFrom) / count;
    await wait(settleMs);
    const withAgents = await shareOfCore(server.pid, seconds);
    const round = (value: number): number => Number(value.toFixed(2));
    return [
      {
        agents: count,
        'share of a core without, %': round(100 * alone),
        'with, %': round(100 * withAgents),
        'difference, %': round(100 * (withAgents - alone)),
        'memory without, MB': round(bytesAlone / 1e6),
        'memory with, MB': round(usageOf(server.pid).pssBytes / 1e6),
        'enrol and connect one, ms': round(connectMs),
      },
    ];
  } finally {
    for (const timer of timers) clearInterval(timer);
    for (const agent of agents) agent.cut();
    await server.stop();
  }
}
