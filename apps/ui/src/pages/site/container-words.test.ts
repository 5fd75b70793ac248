import type { Agent, Container } from '@sightline/contract';
import { expect, test } from 'vitest';
import { containersOf, policyAllows, stateWords, toneOfContainer } from './container-words.ts';

const running: Container = {
  id: 'a',
  name: 'store-backend-1',
  service: 'backend',
  image: 'backend:1',
  state: 'running',
  status: 'Up 2 hours',
  health: '',
  exitCode: null,
  startedAt: 1_000_000,
  finishedAt: null,
  restarts: 0,
};
const stopped: Container = {
  ...running,
  id: 'b',
  service: 'postgres',
  state: 'exited',
  exitCode: 137,
  finishedAt: 2_000_000,
};
const agent = (containers: Container[], clockSkewMs: number | null = null): Agent =>
  ({ containers, clockSkewMs, policy: { logs: ['*'], restart: ['backend'] } }) as unknown as Agent;

test.each([
  ['running', '', 'good', 'running'],
  ['running', 'healthy', 'good', 'running'],
  ['running', 'starting', 'warn', 'running, starting'],
  ['running', 'unhealthy', 'bad', 'running, unhealthy'],
  ['exited', '', 'bad', 'exited (137)'],
  ['dead', '', 'bad', 'dead (137)'],
  ['paused', '', 'warn', 'paused (137)'],
])('a container that is %s %s is %s', (state, health, tone, words) => {
  expect(toneOfContainer({ state, health })).toBe(tone);
  expect(stateWords({ state, health, exitCode: state === 'running' ? null : 137 })).toBe(words);
});

test('what does not run stands first, its time on our clock', () => {
  const shown = containersOf([agent([running, stopped], 60_000)]);
  expect(shown.map(({ service, since }) => [service, since])).toEqual([
    ['postgres', 1_940_000],
    ['backend', 940_000],
  ]);
});

test('the policy of the site decides by service', () => {
  const one = agent([]);
  expect(policyAllows(one, 'logs', 'anything')).toBe(true);
  expect(policyAllows(one, 'restart', 'backend')).toBe(true);
  expect(policyAllows(one, 'restart', 'postgres')).toBe(false);
  expect(policyAllows({ policy: null }, 'logs', 'backend')).toBe(false);
});
