import { ManualClock } from '@sightline/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Control } from '../control.ts';
import { organisationOf, testServers, type TestServer } from '../testing.ts';
import type { WrittenScrubRules } from './port.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 4, 1);
const { start } = testServers[0]!;
let server: TestServer;
let control: Control;
let acme: string;
const clock = new ManualClock(startMs);
const rules: WrittenScrubRules = {
  off: ['ip'],
  custom: [{ name: 'order-no', pattern: 'ORD-\\d+', fields: [], replacement: 'hash' }],
  allow: [],
  userIds: { hash: true, fields: ['user.id'], rotateDays: 90 },
};

beforeAll(async () => {
  server = await start();
  control = await server.freshControl(clock);
  acme = await organisationOf(control, 'acme');
});
afterAll(async () => {
  await control.close();
  await server.stop();
});

const salt = async (): Promise<string | undefined> => (await control.scrubbing.active())[0]?.salt;

test('rules are kept with a salt that lasts its days, sealed, and is then gone', async () => {
  const { scrubbing } = control;
  expect(await scrubbing.find(acme)).toBeUndefined();
  expect(await scrubbing.active()).toEqual([]);
  expect(await scrubbing.renewSalt(acme)).toBeUndefined();
  expect(await scrubbing.save(acme, rules, 'ann', startMs + 15_000)).toEqual({
    rules,
    ownSince: startMs + 15_000,
    saltedAt: startMs,
    updatedAt: startMs,
    updatedBy: 'ann',
  });
  const first = await salt();
  expect(first).toHaveLength(43);

  clock.advance(89 * dayMs);
  expect(await scrubbing.save(acme, { ...rules, off: [] }, 'ben', clock.now() + 15_000)).toMatchObject({
    ownSince: startMs + 15_000,
    saltedAt: startMs,
    updatedBy: 'ben',
  });
  expect(await salt()).toBe(first);

  clock.advance(dayMs);
  // Two servers at the same moment end with one new salt.
  const both = await Promise.all([salt(), salt()]);
  expect(new Set(both).size).toBe(1);
  expect(both[0]).not.toBe(first);
  expect(await scrubbing.active()).toMatchObject([{ organisation: acme, ownSinceMs: startMs + 15_000 }]);
  expect((await scrubbing.find(acme))?.saltedAt).toBe(clock.now());

  clock.advance(1000);
  await scrubbing.renewSalt(acme);
  expect(await salt()).not.toBe(both[0]);
});
