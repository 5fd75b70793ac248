import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { begin, familyOf, runningOn, type Seen, type Started, untilGone, untilReady } from '../support/processes.ts';
import { eventually, freePort, headless } from '../support/product.ts';

/** Ctrl-C drains and stops within this. */
const stopWithinMs = 10_000;

const folder = mkdtempSync(path.join(tmpdir(), 'sightline-endings-'));
let port = 0;
beforeAll(async () => {
  port = await freePort();
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

/** What runs when everything runs, told by its command line. */
const programs = {
  npm: /^npm start/,
  'start.mjs': /^\S*node scripts\/start\.mjs/,
  server: /apps\/server\/src\/main\.ts/,
  engine: /engine-process\.ts/,
  postgres: /bin\/postgres -D/,
  fleet: /fleet-simulator\/src\/main\.ts/,
  worker: /fleet-simulator\/src\/worker\.ts/,
} as const;

/** `npm start -- --demo`, ready, with every program running. */
async function startAll(): Promise<{ started: Started; family: Seen[] }> {
  const args = ['--host', '127.0.0.1', '--port', String(port), '--otlp-ports', 'none', '--data', folder, '--demo'];
  const started = begin(['npm', 'start', '--', ...args], { env: headless });
  await untilReady(started, `http://127.0.0.1:${port}`);
  const complete = (family: Seen[]): boolean =>
    Object.values(programs).every((program) => family.some((member) => program.test(member.command)));
  const family = await eventually(() => Promise.resolve(familyOf(started.pid)), complete, 20_000);
  expect(complete(family), family.map((member) => member.command).join('\n')).toBe(true);
  return { started, family };
}

function pidOf(family: readonly Seen[], name: keyof typeof programs): number {
  return family.find((member) => programs[name].test(member.command))?.pid ?? 0;
}

test.each<[string, (family: readonly Seen[], group: number) => void]>([
  ['Ctrl-C in the terminal', (_, group) => process.kill(-group, 'SIGINT')],
  ['SIGTERM to npm alone', (_, group) => process.kill(group, 'SIGTERM')],
  ['kill -9 of npm', (family) => process.kill(pidOf(family, 'npm'), 'SIGKILL')],
  ['kill -9 of start.mjs', (family) => process.kill(pidOf(family, 'start.mjs'), 'SIGKILL')],
  ['kill -9 of the server', (family) => process.kill(pidOf(family, 'server'), 'SIGKILL')],
  ['kill -9 of everything', (family) => family.forEach((member) => process.kill(member.pid, 'SIGKILL'))],
])('%s leaves no process but a database that the next start takes over', async (title, end) => {
  const { started, family } = await startAll();
  end(family, started.pid);
  const remaining = await untilGone(family, stopWithinMs);
  // PostgreSQL has no parent to watch: one whose server was killed waits for the next start, which stops it first.
  const orphans = remaining.filter((member) => !/postgres/.test(member.command));
  expect(orphans.map((member) => member.command)).toEqual([]);
  if (title !== 'kill -9 of the server') expect(remaining).toEqual([]);
});

test.each<[string, (group: number) => void]>([
  ['Ctrl-C', (group) => process.kill(-group, 'SIGINT')],
  ['SIGTERM to npm', (group) => process.kill(group, 'SIGTERM')],
])('%s while it still starts leaves no process', async (_, end) => {
  const fresh = mkdtempSync(path.join(tmpdir(), 'sightline-cut-'));
  const args = ['--host', '127.0.0.1', '--port', String(await freePort()), '--otlp-ports', 'none', '--data', fresh];
  const started = begin(['npm', 'start', '--', ...args], { env: headless });
  const database = (): Seen | undefined => runningOn(fresh).find(({ command }) => programs.postgres.test(command));
  await eventually(
    () => Promise.resolve(database()),
    (found) => found !== undefined,
    60_000,
  );
  expect(database()).toBeDefined();
  expect(started.printed()).not.toContain('Open');
  end(started.pid);
  await started.ended;
  const remaining = await eventually(
    () => Promise.resolve(runningOn(fresh)),
    (still) => still.length === 0,
    60_000,
  );
  expect(remaining.map(({ command }) => command)).toEqual([]);
  rmSync(fresh, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

test('kill -9 of engine, database or fleet under a running server is mended by itself', async () => {
  const { started, family } = await startAll();
  for (const victim of ['engine', 'postgres', 'fleet', 'worker'] as const)
    process.kill(pidOf(family, victim), 'SIGKILL');
  const back = await eventually(
    () => Promise.resolve(familyOf(started.pid)),
    (now) =>
      (['engine', 'postgres', 'fleet', 'worker'] as const).every((name) => {
        const pid = pidOf(now, name);
        return pid > 0 && pid !== pidOf(family, name);
      }),
    30_000,
  );
  for (const name of ['engine', 'postgres', 'fleet', 'worker'] as const)
    expect([0, pidOf(family, name)], `${name} runs again`).not.toContain(pidOf(back, name));
  const ready = await eventually(
    () => fetch(`http://127.0.0.1:${port}/health/ready`).then((reply) => reply.status),
    (status) => status === 200,
    20_000,
  );
  expect(ready).toBe(200);
  process.kill(-started.pid, 'SIGINT');
  expect(await untilGone([...family, ...back], stopWithinMs)).toEqual([]);
});
