import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, silentLogger } from '@sightline/base';
import type { Control } from '@sightline/control';
import { organisationOf, testServers, type TestServer } from '@sightline/control/testing';
import { createLedger, openSpool, protocols, startLoader, type Loader, type Spool } from '@sightline/ingest';
import type { Finding } from '@sightline/record';
import { type EmbeddedStore, exactlyOnceSettings } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Closers } from '../closers.ts';
import { openCanaries } from './canaries.ts';
import { openScrubbing } from './scrubbing.ts';

const hourMs = 3_600_000;
const clock = new ManualClock(Math.floor(Date.now() / 86_400_000) * 86_400_000 + 6 * hourMs);
const folder = mkdtempSync(path.join(tmpdir(), 'sightline-canaries-'));
const closers = new Closers(silentLogger);
const findings: Finding[] = [];
let server: TestServer;
let control: Control;
let store: EmbeddedStore;
let spool: Spool;
let loader: Loader;
let org: string;
let runner: ReturnType<typeof openCanaries>;

beforeAll(async () => {
  server = await testServers[0]!.start();
  control = await server.freshControl(clock);
  org = await organisationOf(control, 'acme');
  store = await openMigratedStore(folder);
  const ledger = createLedger({ target: store, settings: exactlyOnceSettings, clock, logger: silentLogger });
  spool = await openSpool({
    folder: path.join(folder, 'spool'),
    limits: { freeDiskBytes: 0 },
    clock,
    logger: silentLogger,
  });
  const stores = { store, engine: store, control };
  loader = await startLoader({
    spool,
    target: store,
    protocols,
    ledger,
    settings: exactlyOnceSettings,
    scrubbing: openScrubbing(stores, clock, silentLogger),
    clock,
    logger: silentLogger,
  });
  const receiver = { protocols, spool, keys: control.keys, ledger, clock, logger: silentLogger };
  const sink = { accept: async (told: readonly Finding[]) => void findings.push(...told) };
  runner = openCanaries(
    { stores, clock, logger: silentLogger, closers },
    sink,
    receiver,
    () => spool.status().oldestAtMs,
  );
  closers.add('ledger', () => ledger.close());
});
afterAll(async () => {
  await loader?.close();
  await closers.closeAll();
  await spool?.close();
  await store?.close();
  await control?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Plants what is due, loads it, and looks. */
async function round(): Promise<void> {
  await runner.catchUp();
  await loader.drain();
  clock.advance(10_000);
  await runner.catchUp();
}
const newest = async () => (await control.scrubCanaries.recent(org, 1))[0];
const rows = async (): Promise<number> =>
  Number(
    (await store.query<{ n: string }>(`SELECT toString(count()) AS n FROM logs WHERE service = 'sightline-canary'`))[0]
      ?.n,
  );

it(
  'proves once a day that nothing gets through, by the rules of the organisation; what gets through is a finding',
  { timeout: 120_000 },
  async () => {
    // An organisation of today has none yet.
    await round();
    expect(await newest()).toBeUndefined();

    clock.advance(24 * hourMs);
    await round();
    expect(await newest()).toMatchObject({ state: 'clean', byHand: false, found: [], checkedAt: clock.now() });
    expect((await newest())?.planted.map(({ kind }) => kind)).toEqual([
      'pan',
      'token',
      'password',
      'secret',
      'email',
      'ip',
    ]);
    expect(findings).toMatchObject([{ organisation: org, state: 'resolved' }]);
    // Not again that day, whoever looks.
    await round();
    expect([await rows(), (await control.scrubCanaries.recent(org, 10)).length]).toEqual([1, 1]);

    const rules = {
      off: ['ip'] as const,
      custom: [
        { name: 'order-no', pattern: 'ORD-\\d+', fields: [], replacement: 'mask', sample: 'order ORD-4711 is late' },
        { name: 'receipt', pattern: 'R-\\d+', fields: ['body'], replacement: 'mask', sample: 'receipt R-90210' },
        { name: 'lane', pattern: 'lane-\\d+', fields: ['till.lane'], replacement: 'hash', sample: 'lane-12345' },
      ] as const,
      allow: [],
      userIds: { hash: true, fields: ['user.id'], rotateDays: 90 },
    };
    await control.scrubbing.save(org, rules, 'ann', clock.now() + 15_000);
    expect(await control.scrubCanaries.beginByHand(org)).toBeDefined();
    expect(await control.scrubCanaries.beginByHand(org)).toBeUndefined();
    // Not before the rules apply.
    await round();
    expect(await newest()).toMatchObject({ state: 'begun', byHand: true });
    clock.advance(30_000);
    await round();
    expect(await newest()).toMatchObject({ state: 'clean' });
    expect((await newest())?.planted.map(({ kind }) => kind).slice(4)).toEqual([
      'email',
      'user',
      'order-no',
      'receipt',
      'lane',
    ]);

    // One who dies after it was sent and before that was noted: it is not sent again, loaded or not.
    clock.advance(24 * hourMs);
    const working = { ...control.scrubCanaries };
    Object.assign(control.scrubCanaries, { planted: () => Promise.reject(new Error('gone')) });
    await runner.catchUp();
    Object.assign(control.scrubCanaries, working);
    const before = await rows();
    clock.advance(130_000);
    await runner.catchUp();
    expect(await newest()).toMatchObject({ state: 'begun' });
    await loader.drain();
    clock.advance(60_000);
    await runner.catchUp();
    clock.advance(10_000);
    await runner.catchUp();
    expect([await rows(), (await newest())?.state]).toEqual([before + 1, 'clean']);

    // A scrubber that does not work.
    clock.advance(24 * hourMs);
    await store.execute(`CREATE OR REPLACE FUNCTION scrub_pan AS b -> b`);
    await round();
    expect(await newest()).toMatchObject({
      state: 'found',
      found: [
        { signal: 'logs', kind: 'pan' },
        { signal: 'spans', kind: 'pan' },
        { signal: 'errors', kind: 'pan' },
      ],
    });
    expect(findings.at(-1)).toMatchObject({ state: 'firing', severity: 'critical' });

    // One that does not arrive.
    clock.advance(24 * hourMs);
    await runner.catchUp();
    expect(await newest()).toMatchObject({ state: 'planted' });
    clock.advance(2 * hourMs);
    await runner.catchUp();
    expect(await newest()).toMatchObject({ state: 'lost' });
    expect(findings.at(-1)).toMatchObject({ state: 'firing', severity: 'medium' });
  },
);
