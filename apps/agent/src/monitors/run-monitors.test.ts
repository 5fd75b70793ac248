import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import type { AgentMessage, MonitorOrder } from '@sightline/fleet/messages';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeptResults } from './kept-results.ts';
import { startMonitors, type RunningMonitors } from './run-monitors.ts';

type Batch = Extract<AgentMessage, { type: 'results' }>;
const order = (id: string, everyMs = 60_000): MonitorOrder => ({
  id,
  type: 'tcp',
  settings: {},
  everyMs,
  timeoutMs: 1000,
  retries: 0,
});

describe('monitors of a site', () => {
  let folder: string;
  let clock: ManualClock;
  let up: boolean;
  let sent: Batch[];
  let ran: string[];
  let monitors: RunningMonitors;
  const file = (): string => path.join(folder, 'results.json');
  const start = (): RunningMonitors =>
    startMonitors({
      clock,
      logger: silentLogger,
      file: file(),
      send: (message) => {
        if (up) sent.push(message as Batch);
        return up;
      },
      runCheck: async ({ type }) => {
        ran.push(type);
        return { up: true, message: 'connected', durationMs: 3, attempts: 1, details: {} };
      },
    });
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 1000) {
      clock.advance(1000);
      for (let i = 0; i < 8; i++) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sl-monitors-'));
    clock = new ManualClock(Date.UTC(2026, 0, 1));
    [up, sent, ran] = [true, [], []];
    monitors = start();
  });
  afterEach(async () => {
    await monitors.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('run as often as ordered, and stop when they are no longer in the list', async () => {
    monitors.order([order('a')]);
    await pass(5 * 60_000);
    expect(ran.length).toBeGreaterThanOrEqual(4);
    expect(ran.length).toBeLessThanOrEqual(6);
    monitors.order([order('a')]);
    monitors.order([]);
    const before = ran.length;
    await pass(5 * 60_000);
    expect(ran.length).toBe(before);
  });

  test('results wait for the link, over restarts, one batch at a time, until they are checked', async () => {
    up = false;
    monitors.order([order('a', 10_000)]);
    await pass(60_000);
    await monitors.close();
    up = true;
    monitors = start();
    monitors.linkUp();
    monitors.linkUp();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.results.length).toBeGreaterThanOrEqual(5);
    monitors.linkDown();
    monitors.linkUp();
    expect(sent[1]?.results).toEqual(sent[0]?.results);
    monitors.checked(sent[0]?.batch ?? 0);
    monitors.linkDown();
    monitors.linkUp();
    expect(sent[2]?.results).toEqual(sent[0]?.results);
    monitors.checked(sent[2]?.batch ?? 0);
    monitors.linkDown();
    monitors.linkUp();
    expect(sent).toHaveLength(3);
  });

  test('are bounded, the oldest go first, and are counted', () => {
    const kept = new KeptResults(file(), clock);
    for (let at = 0; at < 20_010; at++)
      kept.add({ monitor: 'a', at, up: true, durationMs: 1, message: '', attempts: 1 });
    expect([kept.waiting, kept.dropped]).toEqual([20_000, 10]);
    expect(kept.next()?.results[0]?.at).toBe(10);
    kept.save();
    expect(new KeptResults(file(), clock)).toMatchObject({ waiting: 20_000, dropped: 10 });
    writeFileSync(file(), '{"results":[{');
    expect(new KeptResults(file(), clock).waiting).toBe(0);
  });
});
