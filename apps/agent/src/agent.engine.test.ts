import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import type { AgentMessage } from '@sightline/fleet/messages';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAgent, type RunningAgent } from './agent.ts';
import { readConfig, type Config } from './config.ts';
import { askStatus } from './health.ts';
import { podmanMissing, startPodman } from './test-support/podman.ts';
import { startLinkServer, welcomeOf, type Connection, type LinkServer } from './test-support/link-server.ts';

const oneTime = 'sl_enrol_0123456789abcdef';
const granted = { agent: 'agt_1', token: 'sl_agent_0123456789abcdef', organisation: 'org_1', site: 'STORE_047' };

describe('the agent', () => {
  let folder: string;
  let server: LinkServer;
  let agent: RunningAgent | undefined;
  const file = (name: string): string => path.join(folder, name);
  const config = (args: readonly string[], environment: Record<string, string> = {}): Config => {
    const fixed = ['--data', folder, '--receive-port', '0', '--health-port', '0'];
    const engines = { DOCKER_HOST: 'unix:///nowhere/docker.sock', ...environment };
    const read = readConfig([...fixed, ...args], engines, { workingFolder: '/', home: '/', root: false });
    if (!read.ok) throw new Error(read.error.sentence);
    return read.value;
  };
  const start = (args: readonly string[], environment?: Record<string, string>, stop = new AbortController().signal) =>
    startAgent(config(args, environment), { version: '1.2.3', clock: systemClock, logger: silentLogger, stop });
  const started = async (args: readonly string[], environment?: Record<string, string>): Promise<RunningAgent> => {
    const result = await start(args, environment);
    if (!result.ok) throw new Error(result.error);
    return (agent = result.value);
  };
  const refusal = async (args: readonly string[]): Promise<string> => {
    const result = await start(args);
    if (result.ok) await result.value.close();
    return result.ok ? '' : result.error;
  };
  const enrolledArgs = (): string[] => ['--server', server.url, '--token', oneTime];
  const welcomed = async (): Promise<Connection> => {
    const connection = await server.connection();
    const hello = await connection.next('hello');
    connection.say(welcomeOf(Date.now(), { echo: hello.sentAt }));
    // As a server does: an agent that hears nothing of three heartbeats takes the link for dead.
    connection.socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as AgentMessage;
      if (message.type === 'heartbeat')
        connection.say({ type: 'pong', now: Date.now(), echo: message.sentAt, skewMs: null });
    });
    return connection;
  };

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sl-agent-'));
    server = await startLinkServer();
    server.enrol = () => ({ status: 200, body: granted });
  });
  afterEach(async () => {
    await agent?.close();
    agent = undefined;
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('enrols once, keeps its token to itself, and needs neither address nor token afterwards', async () => {
    const asked: unknown[] = [];
    server.enrol = (body) => (asked.push(body), { status: 200, body: granted });
    await started(enrolledArgs());
    expect(asked).toEqual([expect.objectContaining({ token: oneTime, version: '1.2.3' })]);
    expect((await welcomed()).request.headers.authorization).toBe(`Bearer ${granted.token}`);
    expect(statSync(file('agent.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(file('agent.json'), 'utf8')).not.toContain(oneTime);
    await agent?.close();
    await started([]);
    await welcomed();
    await agent?.close();
    await started(enrolledArgs());
    await welcomed();
    expect(asked).toHaveLength(1);
    await agent?.close();
    await started(['--token', 'sl_enrol_another_0123456789']);
    expect(asked).toHaveLength(2);
  });

  test.each([
    ['no token at all', () => [], /not enrolled yet/],
    ['a used token', () => enrolledArgs(), /not accepted: It was used already\..*Make a new one in Settings/],
    [
      'a token of another site',
      () => [...enrolledArgs(), '--site', 'STORE_001'],
      /made for STORE_047.*stands in STORE_001/,
    ],
  ])('%s ends it with a sentence', async (_, args, words) => {
    const body = { detail: 'It was used already.' };
    if (words.source.includes('used')) server.enrol = () => ({ status: 409, body });
    expect(await refusal(args())).toMatch(words);
    expect(statSync(file('agent.json'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('waits for a server that is not there yet, and can be stopped meanwhile', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    expect(await start(['--server', 'http://127.0.0.1:9', '--token', oneTime], {}, stop.signal)).toMatchObject({
      ok: false,
    });
  });

  test('a broken identity is not guessed at', async () => {
    writeFileSync(file('agent.json'), '{"server":');
    expect(await refusal(enrolledArgs())).toMatch(/agent\.json cannot be read/);
  });

  test('one agent has a data folder; what a killed one left is taken over', async () => {
    await started(enrolledArgs());
    expect(await refusal(enrolledArgs())).toMatch(/Another agent \(process \d+\)/);
    expect(await askStatus(folder)).toMatchObject({ ok: true, value: { site: 'STORE_047', pid: process.pid } });
    await agent?.close();
    agent = undefined;
    writeFileSync(file('agent.sock'), '');
    await started([]);
    expect(await askStatus(folder)).toMatchObject({ ok: true });
  });

  test('health for probes, and what was lost is told with the next hello', async () => {
    const { healthPort, receivePort } = await started(enrolledArgs());
    expect(receivePort).toBeGreaterThan(0);
    const health = async (at: string) => {
      const reply = await fetch(`http://127.0.0.1:${healthPort}${at}`);
      return [reply.status, await reply.json()];
    };
    expect(await health('/health/live')).toEqual([200, { status: 'healthy' }]);
    expect(await health('/health')).toEqual([200, { status: 'degraded' }]);
    expect((await health('/health/detailed'))[0]).toBe(404);
    const first = await welcomed();
    await first.next('heartbeat');
    expect(await health('/health')).toEqual([200, { status: 'healthy' }]);
    first.socket.terminate();
    const second = await server.connection();
    expect(await second.next('hello')).toMatchObject({ lost: { why: 'the connection broke' } });
  });

  test('a killed agent knows afterwards when the link was last up', async () => {
    const upAt = Date.now() - 60_000;
    writeFileSync(file('link.json'), JSON.stringify({ upAt, lost: null }));
    await started(enrolledArgs());
    const hello = await (await server.connection()).next('hello');
    expect(hello.lost).toEqual({ at: upAt, why: expect.stringContaining('killed'), ended: true });
  });

  test('an agent that was told to stop says afterwards that this was the loss', async () => {
    await started(enrolledArgs());
    const first = await welcomed();
    await first.next('heartbeat');
    await agent?.close();
    await started([]);
    const hello = await (await server.connection()).next('hello');
    expect(hello.lost).toMatchObject({ why: 'the agent was stopped', ended: true, stopped: true });
  });

  test('runs the monitors it is told, and keeps results until they are checked', async () => {
    await started(enrolledArgs());
    const first = await welcomed();
    const settings = { host: '127.0.0.1', port: Number(new URL(server.url).port) };
    const order = { id: 'm1', type: 'tcp', settings, everyMs: 60_000, timeoutMs: 2000, retries: 0 };
    first.say({ type: 'monitors', monitors: [order] });
    const results = await first.next('results');
    expect(results.results).toMatchObject([{ monitor: 'm1', up: true, attempts: 1 }]);
    first.socket.terminate();
    const second = await welcomed();
    const again = await second.next('results');
    expect(again.results).toEqual(results.results);
    second.say({ type: 'checked', batch: again.batch });
    await second.next('heartbeat');
    await agent?.close();
    expect(JSON.parse(readFileSync(file('monitor-results.json'), 'utf8'))).toMatchObject({ results: [] });
  });

  const missing = podmanMissing();
  test.skipIf(missing)(`tells of real containers as they change${missing ? ` (${missing})` : ''}`, async () => {
    const engine = await startPodman();
    try {
      engine.run('shop-backend-1', 'sleep 1000', { service: 'backend' });
      await started(enrolledArgs(), { DOCKER_HOST: engine.host });
      const connection = await welcomed();
      const told = async (state: string): Promise<number> => {
        const fromMs = Date.now();
        for (;;) {
          const { containers } = await connection.next('containers');
          if (containers[0]?.state === state) return Date.now() - fromMs;
        }
      };
      await told('running');
      engine.podman('kill', 'shop-backend-1');
      expect(await told('exited')).toBeLessThan(10_000);
      const request = {
        id: 'r1',
        diagnostic: 'restart-service',
        input: { service: 'backend', timeoutS: 0 },
        by: 'ann',
      };
      connection.say({ type: 'request', deadlineMs: 20_000, ...request });
      expect(await connection.next('answer')).toMatchObject({ fault: { reason: 'forbidden' } });
      writeFileSync(file('policy.json'), '{"restart":["backend"]}');
      connection.say({ type: 'request', deadlineMs: 20_000, ...request, id: 'r2' });
      expect(await connection.next('answer')).toMatchObject({ data: { stateAfter: 'running' } });
      expect(await told('running')).toBeLessThan(10_000);
      connection.say({ type: 'request', deadlineMs: 20_000, ...request, id: 'r2' });
      expect(await connection.next('answer')).toMatchObject({ fault: { reason: 'replayed' } });
    } finally {
      await engine.close();
    }
  });
});
