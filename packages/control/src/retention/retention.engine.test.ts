import { ManualClock } from '@sightline/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Control } from '../control.ts';
import { organisationOf, runStatement, testServers, type TestServer } from '../testing.ts';
import type { HoldToPlace, KeptClass } from './port.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 4, 1);
const anything: HoldToPlace = { name: 'Case 7', reason: 'court', query: '', class: '', site: '', from: null, to: null };
const piece = { class: 'default', site: 'STORE_1', day: '2026-03-10' };
const kept = (name: string, hotDays = 30): KeptClass => ({ name, query: '', hotDays, keepDays: 400 });

const { start } = testServers[0]!;
let server: TestServer;
let control: Control;
let acme: string;
let rival: string;
const clock = new ManualClock(startMs);

beforeAll(async () => {
  server = await start();
  control = await server.freshControl(clock);
  acme = await organisationOf(control, 'acme');
  rival = await organisationOf(control, 'rival');
});
afterAll(async () => {
  await control.close();
  await server.stop();
});

describe('classes', () => {
  test('those taken out are retired and come back with their new days', async () => {
    const { retention } = control;
    expect(await retention.find(acme)).toBeUndefined();
    const before = [kept('compliance'), kept('default')];
    await retention.save(acme, [kept('debug', 3), kept('default')], before, 'ann');
    expect(await retention.find(acme)).toMatchObject({
      classes: [kept('debug', 3), kept('default')],
      retired: [kept('compliance')],
      updatedBy: 'ann',
    });
    await retention.save(acme, [kept('compliance', 7), kept('default')], before, 'ben');
    expect(await retention.find(acme)).toMatchObject({
      classes: [kept('compliance', 7), kept('default')],
      retired: [kept('debug', 3)],
      updatedBy: 'ben',
    });
    expect((await retention.all()).map((one) => one.organisation)).toEqual([acme]);
    expect(await retention.find(rival)).toBeUndefined();
  });
});

describe('legal holds', () => {
  test.each<[string, Partial<HoldToPlace>, Partial<typeof piece> & { firstMs?: number; lastMs?: number }, boolean]>([
    ['everything', {}, {}, true],
    ['its class', { class: 'default' }, {}, true],
    ['another class', { class: 'compliance' }, {}, false],
    ['its site, whatever the case', { site: 'store_1' }, {}, true],
    ['another site', { site: 'STORE_2' }, {}, false],
    ['another site, where a file holds every site', { site: 'STORE_2' }, { site: null as never }, true],
    ['a query: whole files are held', { query: 'payment' }, {}, true],
    ['until the day began', { to: Date.UTC(2026, 2, 10) }, {}, false],
    ['until just after', { to: Date.UTC(2026, 2, 10) + 1 }, {}, true],
    ['from the next day on', { from: Date.UTC(2026, 2, 11) }, {}, false],
    ['from its last moment on', { from: Date.UTC(2026, 2, 11) - 1 }, {}, true],
    [
      'another day, of which records came late',
      { from: Date.UTC(2026, 2, 1), to: Date.UTC(2026, 2, 2) },
      { firstMs: Date.UTC(2026, 2, 1, 5), lastMs: Date.UTC(2026, 2, 10) },
      true,
    ],
  ])('%s', async (_, hold, asked, held) => {
    const { holds } = control.retention;
    const placed = await holds.place(acme, { ...anything, ...hold }, 'ann');
    if (!placed.ok) throw new Error(placed.error.message);
    expect((await holds.holding(acme, { ...piece, ...asked })) !== undefined).toBe(held);
    expect(await holds.holding(rival, { ...piece, ...asked })).toBeUndefined();
    expect((await holds.lift(rival, placed.value.id, 'not theirs', 'eve')).ok).toBe(false);
    expect((await holds.lift(acme, placed.value.id, 'over', 'ben')).ok).toBe(true);
    expect(await holds.holding(acme, { ...piece, ...asked })).toBeUndefined();
    expect((await holds.lift(acme, placed.value.id, 'again', 'ben')).ok).toBe(false);
  });

  test('those that hold come first, and what was lifted stays in the list', async () => {
    clock.advance(dayMs);
    const { holds } = control.retention;
    await holds.place(acme, { ...anything, name: 'Case 8', from: startMs, to: startMs + dayMs }, 'ann');
    const [first, second] = await holds.list(acme);
    expect(first).toMatchObject({
      name: 'Case 8',
      from: startMs,
      to: startMs + dayMs,
      liftedAt: null,
      createdBy: 'ann',
    });
    expect(second).toMatchObject({ name: 'Case 7', liftedAt: startMs, liftedBy: 'ben', liftReason: 'over' });
    expect(await holds.list(rival)).toEqual([]);
    expect(await holds.active('')).toMatchObject([{ organisation: acme, name: 'Case 8' }]);
    expect(await holds.active(rival)).toEqual([]);
  });

  test('none is placed in the moment in which a deletion is begun, and a deletion sees all that were before', async () => {
    const { holds } = control.retention;
    const order: string[] = [];
    let go = (): void => undefined;
    const begun = new Promise<void>((inside) => {
      void holds.whileNonePlaced('', async () => {
        order.push('deletion begun');
        inside();
        await new Promise<void>((resolve) => (go = resolve));
        order.push('deletion irrevocable');
      });
    });
    await begun;
    // Deletions do not hold each other up.
    await holds.whileNonePlaced(acme, async () => undefined);
    const placing = holds.place(rival, { ...anything, name: 'Case 9' }, 'eve').then((placed) => {
      order.push('hold placed');
      return placed;
    });
    // Long enough to be placed where nothing keeps it.
    await new Promise((resolve) => setTimeout(resolve, 300));
    go();
    const placed = await placing;
    if (!placed.ok) throw new Error(placed.error.message);
    expect(order).toEqual(['deletion begun', 'deletion irrevocable', 'hold placed']);
    expect(await holds.whileNonePlaced(rival, async (active) => active.map(({ name }) => name))).toEqual(['Case 9']);
    expect(await holds.whileNonePlaced('', async (active) => active.length)).toBe(2);
    await holds.lift(rival, placed.value.id, 'over', 'eve');
  });

  test.each([
    ['narrowed', "site = 'STORE_9'"],
    ['moved', "to_at = now() + interval '1 day'"],
    ['opened again', 'lifted_at = NULL'],
  ])('the database itself refuses one that is %s', async (_, set) => {
    await expect(runStatement(control.database.connectionString, `UPDATE legal_holds SET ${set}`)).rejects.toThrow(
      'never edited',
    );
  });
});

test('deletions are noted before and finished after; one that was cut off is found again', async () => {
  const { deletions } = control.retention;
  const one = { organisation: acme, class: 'debug', day: '2026-04-01', until: startMs, rows: 10 };
  await deletions.begin([one, { ...one, class: 'default' }]);
  await deletions.begin([{ ...one, rows: 4 }]);
  expect(await deletions.unfinished()).toMatchObject([{ ...one }, { class: 'default' }]);
  await deletions.finish(one, 9);
  expect(await deletions.unfinished()).toMatchObject([{ class: 'default' }]);
  expect(await deletions.list(acme, 10)).toMatchObject([
    { class: 'debug', rows: 9, doneAt: clock.now() },
    { class: 'default', doneAt: null },
  ]);
  expect(await deletions.list(acme, 10, { from: 0, to: startMs })).toEqual([]);
  expect(await deletions.list(rival, 10)).toEqual([]);
});
