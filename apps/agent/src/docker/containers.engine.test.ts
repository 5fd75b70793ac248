import { ManualClock, silentLogger, systemClock } from '@sightline/base';
import type { ContainerState } from '@sightline/fleet/messages';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnostics } from '../diagnostics/all.ts';
import type { DiagnosticTools } from '../diagnostics/diagnostic.ts';
import { thisHost } from '../host/host-reader.ts';
import { defaultPolicy, type PolicyReading } from '../policy/policy.ts';
import { podmanMissing, startPodman, type Podman } from '../test-support/podman.ts';
import { DockerEngine } from './engine.ts';
import { watchContainers } from './watch-containers.ts';

const missing = podmanMissing();
const policyOf = (policy: Partial<PolicyReading['policy']>): PolicyReading => ({
  policy: { ...defaultPolicy, ...policy },
  file: '/site/policy.json',
  fault: undefined,
});

async function until(holds: () => boolean, withinMs: number): Promise<number> {
  const startedMs = Date.now();
  while (!holds() && Date.now() - startedMs < withinMs) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(holds()).toBe(true);
  return Date.now() - startedMs;
}

describe.skipIf(missing)(`real containers${missing ? ` (${missing})` : ''}`, () => {
  let engine: Podman;
  let tools: DiagnosticTools;
  const ask = (name: string, input: unknown, policy: PolicyReading = policyOf({ restart: ['*'] })) => {
    const member = diagnostics.find((one) => one.definition.name === name);
    if (!member) throw new Error(`no diagnostic ${name}`);
    return member.answer(input, policy, tools, new AbortController().signal);
  };
  /** The reply, checked against the catalogue as the server does. */
  const reply = async (name: string, input: unknown, policy?: PolicyReading): Promise<Record<string, unknown>> => {
    const answer = await ask(name, input, policy);
    if (!answer.ok) throw new Error(answer.error.message);
    const definition = diagnostics.find((one) => one.definition.name === name)?.definition;
    return definition?.reply.parse(answer.value) as Record<string, unknown>;
  };

  beforeAll(async () => {
    engine = await startPodman();
    engine.run('shop-backend-1', 'i=0; while true; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; sleep 0.2; done', {
      service: 'backend',
    });
    engine.run('terminal', 'printf "\\033[31mred\\033[0m\\n"; while true; do echo tty; sleep 0.2; done', { tty: true });
    engine.run('pos-1', 'sleep 1000', { service: 'pos' });
    engine.run('pos-2', 'sleep 1000', { service: 'pos' });
    engine.run('short', 'exit 3');
    tools = {
      docker: new DockerEngine([{ socketPath: engine.socketPath }]),
      host: thisHost,
      clock: systemClock,
      version: '0.0.0',
      startedAtMs: Date.now(),
    };
    await new Promise((resolve) => setTimeout(resolve, 1500));
  });
  afterAll(async () => engine?.close());

  test('docker-status names the engine and each container with its state', async () => {
    const { engine: name, containers } = (await reply('docker-status', {})) as {
      engine: string;
      containers: ContainerState[];
    };
    expect(name).toMatch(/^Podman Engine \d/);
    const by = (container: string): ContainerState | undefined => containers.find((one) => one.name === container);
    expect(by('shop-backend-1')).toMatchObject({ service: 'backend', state: 'running', exitCode: null, health: '' });
    expect(by('shop-backend-1')?.startedAt).toBeGreaterThan(Date.now() - 60_000);
    expect(by('short')).toMatchObject({ service: 'short', state: 'exited', exitCode: 3 });
    expect(by('short')?.finishedAt).toBeGreaterThan(Date.now() - 60_000);
  });

  test('logs come with stream, time and order, and say when older ones were left off', async () => {
    const { lines, cut, container } = (await reply('logs', { service: 'backend', lines: 4 })) as {
      lines: { at: number; stream: string; text: string }[];
      cut: boolean;
      container: string;
    };
    expect({ container, cut, count: lines.length }).toEqual({ container: 'shop-backend-1', cut: true, count: 4 });
    expect(new Set(lines.map((line) => line.stream))).toEqual(new Set(['stdout', 'stderr']));
    for (const line of lines) {
      expect(line.text).toMatch(line.stream === 'stdout' ? /^out \d+$/ : /^err \d+$/);
      expect(Math.abs(Date.now() - line.at)).toBeLessThan(60_000);
    }
    const numbers = lines.map((line) => Number(line.text.slice(4)));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  test('logs of a terminal have no heads, colours or carriage returns', async () => {
    const { lines, cut } = (await reply('logs', { service: 'terminal', lines: 5000 })) as {
      lines: { text: string }[];
      cut: boolean;
    };
    expect(cut).toBe(false);
    expect(lines[0]?.text).toBe('red');
    expect(lines[1]?.text).toBe('tty');
  });

  test('a service is restarted, a stopped one too, and the answer says how it was and is', async () => {
    const first = await reply('restart-service', { service: 'backend', timeoutS: 0 });
    expect(first).toMatchObject({
      service: 'backend',
      container: 'shop-backend-1',
      stateBefore: 'running',
      stateAfter: 'running',
    });
    engine.podman('kill', 'shop-backend-1');
    const second = await reply('restart-service', { service: 'backend', timeoutS: 0 });
    expect(second).toMatchObject({ stateBefore: expect.stringMatching(/exited|stopped/), stateAfter: 'running' });
  });

  test.each([
    [
      'a service of several containers',
      'restart-service',
      { service: 'pos' },
      policyOf({ restart: ['pos'] }),
      'invalid',
      /pos-1, pos-2/,
    ],
    [
      'one that is not there',
      'restart-service',
      { service: 'ghost' },
      policyOf({ restart: ['*'] }),
      'not-found',
      /backend/,
    ],
    [
      'one that the policy leaves out',
      'restart-service',
      { service: 'backend' },
      policyOf({}),
      'forbidden',
      /"restart":\["backend"\].*policy\.json/,
    ],
    [
      'one whose logs are not allowed',
      'logs',
      { service: 'backend' },
      policyOf({ logs: ['pos'] }),
      'forbidden',
      /"logs":\["pos","backend"\]/,
    ],
    [
      'one that is not there and not allowed',
      'logs',
      { service: 'ghost' },
      policyOf({ logs: [] }),
      'forbidden',
      /ghost/,
    ],
    [
      'containers that are not to be seen',
      'docker-status',
      {},
      policyOf({ dockerStatus: false }),
      'forbidden',
      /"dockerStatus": true/,
    ],
    ['a name that no service can have', 'logs', { service: '../etc' }, policyOf({}), 'invalid', /service/],
    ['a number of lines beyond reason', 'logs', { service: 'backend', lines: 1e9 }, policyOf({}), 'invalid', /lines/],
    [
      'any, with a broken policy',
      'docker-status',
      {},
      { ...policyOf({ dockerStatus: false }), fault: 'it is broken' },
      'forbidden',
      /broken/,
    ],
  ])('refuses %s', async (_, name, input, policy, reason, message) => {
    const answer = await ask(name, input, policy);
    expect(answer).toMatchObject({ ok: false, error: { reason } });
    if (!answer.ok) expect(answer.error.message).toMatch(message);
  });

  test('a container is restarted by its name when the policy names its service', async () => {
    const policy = policyOf({ restart: ['backend'] });
    expect(await reply('restart-service', { service: 'shop-backend-1', timeoutS: 0 }, policy)).toMatchObject({
      container: 'shop-backend-1',
    });
    expect(await ask('restart-service', { service: 'pos-1' }, policy)).toMatchObject({
      error: { reason: 'forbidden' },
    });
  });

  test('a container that stops is told within seconds, and the engine may restart meanwhile', async () => {
    const told: (readonly ContainerState[])[] = [];
    // The poll stands still: what is told comes from events alone.
    const clock = new ManualClock(Date.now());
    const watch = watchContainers(tools.docker, clock, silentLogger, (containers) => told.push(containers));
    const stateOf = (name: string) => told.at(-1)?.find((one) => one.name === name)?.state;
    const turn = setInterval(() => clock.advance(100), 50);
    try {
      await until(() => stateOf('pos-1') === 'running', 15_000);
      // Longer than any silence that Node's shared connections live through.
      await new Promise((resolve) => setTimeout(resolve, 6000));
      engine.podman('kill', 'pos-1');
      expect(await until(() => stateOf('pos-1') === 'exited', 15_000)).toBeLessThan(5000);
      await engine.stopService();
      await until(() => told.at(-1)?.length === 0 || watch.engine() === '', 30_000).catch(() => undefined);
      engine.podman('start', 'pos-1');
      await engine.startService();
      await until(() => stateOf('pos-1') === 'running', 20_000);
    } finally {
      clearInterval(turn);
      const closed = watch.close();
      await closed;
    }
  });

  test('an engine that is stopped, and none at all, are told in words', async () => {
    const none = new DockerEngine([{ socketPath: '/nowhere/docker.sock' }]);
    expect(await none.session()).toMatchObject({
      ok: false,
      error: { reason: 'unavailable', message: 'no Docker Engine answers here (looked for /nowhere/docker.sock)' },
    });
    await engine.stopService();
    expect(await ask('docker-status', {})).toMatchObject({ ok: false, error: { reason: 'unavailable' } });
    await engine.startService();
    expect(await ask('docker-status', {})).toMatchObject({ ok: true });
  });
});
