import { expect, test } from 'vitest';
import { withAgentTargets } from './agent-targets.ts';

const target = {
  job: 'node',
  url: 'http://10.0.0.7:9100/metrics',
  labels: { instance: '10.0.0.7:9100', job: 'node', site: 'STORE_001' },
  health: 'down' as const,
  lastError: 'refused',
  lastScrapeAt: 5000,
  lastScrapeMs: 12,
  interval: '15s',
  timeout: '10s',
};
const fleet = {
  scraped: (organisation: string) =>
    organisation === 'acme' ? [{ agent: 'till-pc', site: 'STORE_001', targets: [target], omitted: 0 }] : [],
};

test('targets of agents stand beside the server’s own', async () => {
  const reader = withAgentTargets(fleet, {
    pools: async () => ['node', 'own'],
    active: async () => [],
    dropped: async () => ({ targets: [], counts: { own: 1 } }),
    relabelSteps: async () => [],
    configuration: async () => 'x',
  });
  expect(await reader.pools('acme')).toEqual(['node', 'own']);
  expect(await reader.active('acme')).toEqual([
    {
      agent: 'till-pc',
      pool: 'node',
      discoveredLabels: {},
      labels: target.labels,
      url: target.url,
      health: 'down',
      lastError: 'refused',
      lastScrapeMs: 5000,
      lastScrapeSeconds: 0.012,
      interval: '15s',
      timeout: '10s',
      metadata: [],
    },
  ]);
  expect(await reader.dropped('acme')).toMatchObject({ counts: { own: 1 } });
});

test('a server that scrapes nothing itself tells what agents do, each organisation its own', async () => {
  const reader = withAgentTargets(fleet);
  expect(await reader.pools('acme')).toEqual(['node']);
  expect(await reader.pools('rival')).toEqual([]);
  expect(await reader.active('rival')).toEqual([]);
  expect(await reader.configuration('acme', '')).toBe('');
});
