import { ManualClock, silentLogger } from '@sightline/base';
import { builtInClasses, type RetentionClass, type RetentionTerms } from '@sightline/record';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import { freshFolder, openMigratedStore, removeFolder } from '../testing.ts';
import type { HeldRows } from './held-rows.ts';
import { HotStep, type HotRows, type HotStepParts } from './hot-step.ts';

const dayMs = 86_400_000;
const todayMs = Date.UTC(2026, 5, 30);
const folder = freshFolder();
let store: EmbeddedStore;
let clock: ManualClock;
let holds: HeldRows[];
let noted: Map<string, HotRows & { done: boolean }>;
let token = 0;

beforeAll(async () => {
  store = await openMigratedStore(folder);
});
afterAll(async () => {
  await store.close();
  removeFolder(folder);
});
beforeEach(async () => {
  await store.execute('TRUNCATE TABLE logs');
  clock = new ManualClock(todayMs + 3_600_000);
  holds = [];
  noted = new Map();
});

const debug: RetentionClass = { name: 'debug', query: 'severity:<info', hotDays: 3, keepDays: 3 };
const terms: ReadonlyMap<string, RetentionTerms> = new Map([
  ['acme', { classes: [debug, ...builtInClasses], retired: [{ ...debug, name: 'old', hotDays: 10 }] }],
]);
const keyOf = (rows: Pick<HotRows, 'organisation' | 'class' | 'day' | 'until'>): string =>
  [rows.organisation, rows.class, rows.day, rows.until].join(' ');

function stepWith(parts: Partial<HotStepParts> = {}): HotStep {
  return new HotStep({
    store,
    clock,
    logger: silentLogger,
    waitingSinceMs: () => undefined,
    lease: async () => true,
    terms: async () => terms,
    holds: async () => holds,
    whileNonePlaced: (work) => work(holds),
    deletions: {
      begin: async (all) => all.forEach((rows) => noted.set(keyOf(rows), { ...rows, done: false })),
      unfinished: async () => [...noted.values()].filter(({ done }) => !done),
      finish: async (rows, deleted) => void noted.set(keyOf(rows), { ...rows, rows: deleted, done: true }),
    },
    ...parts,
  });
}

/** `organisation/class` of a log so many days old. */
async function stored(daysAgo: number, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const [organisation = '', kept = '', body = ''] = line.split('/');
    await store.execute(
      `INSERT INTO logs (organisation, class, body, site, ts, received_at) SELECT {organisation:String}, {kept:String}, {body:String}, 'STORE_1',
       fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64})`,
      { organisation, kept, body, at: todayMs - daysAgo * dayMs + 1000 },
      { settings: { insert_deduplication_token: `hot-${token++}` } },
    );
  }
}

async function left(): Promise<string[]> {
  const rows = await store.query<{ line: string }>(
    `SELECT concat(toString(dateDiff('day', ts, toDateTime64({today:String}, 9, 'UTC'))), ' ', organisation, '/', class, if(body = '', '', concat('/', body))) AS line FROM logs ORDER BY ts DESC, line`,
    { today: '2026-06-30 00:00:00' },
  );
  return rows.map(({ line }) => line);
}
const done = (): string[] =>
  [...noted.values()].map((rows) => `${rows.day} ${rows.organisation}/${rows.class} ${rows.rows} ${rows.done}`);

test('each class leaves after its days, a class that was taken out as well; whole days after thirty', async () => {
  await stored(3, 'acme/debug', 'acme/default');
  await stored(4, 'acme/debug', 'acme/debug', 'acme/default', 'rival/debug');
  await stored(11, 'acme/old', 'acme/unheard');
  await stored(30, 'acme/compliance', 'rival/default');
  await stored(31, 'acme/compliance', 'rival/default', 'rival/default');
  const step = stepWith();
  expect(await step.catchUp()).toBe(6);
  expect(await left()).toEqual([
    '3 acme/debug',
    '3 acme/default',
    '4 acme/default',
    '4 rival/debug',
    '11 acme/unheard',
    '30 acme/compliance',
    '30 rival/default',
  ]);
  expect(done()).toEqual([
    '2026-05-30 acme/compliance 1 true',
    '2026-05-30 rival/default 2 true',
    '2026-06-19 acme/old 1 true',
    '2026-06-26 acme/debug 2 true',
  ]);
  expect(step.metrics()).toContain('sightline_retention_deleted_rows_total 6\n');
  // Nothing more today; tomorrow the next day.
  expect(await step.catchUp()).toBe(0);
  clock.advance(dayMs);
  expect(await step.catchUp()).toBe(3);
});

const held = (part: Partial<HeldRows> = {}): HeldRows => ({
  organisation: 'acme',
  sql: '1',
  parameters: {},
  fromMs: null,
  toMs: null,
  ...part,
});
test.each<[string, HeldRows, string[]]>([
  ['an organisation', held(), ['4 acme/debug/a', '4 acme/debug/b', '31 acme/default/a']],
  [
    'what a query finds',
    held({ sql: 'hasToken(lowerUTF8(body), {held0q0:String})', parameters: { held0q0: 'a' } }),
    ['4 acme/debug/a', '31 acme/default/a'],
  ],
  ['a range', held({ fromMs: todayMs - 5 * dayMs, toMs: todayMs }), ['4 acme/debug/a', '4 acme/debug/b']],
  ['a range that ends before', held({ toMs: todayMs - 31 * dayMs + 1000 }), []],
  ['another organisation', held({ organisation: 'rival' }), ['31 rival/default/a']],
])('a hold keeps %s, also when the day is over for all others', async (_, hold, expected) => {
  await stored(4, 'acme/debug/a', 'acme/debug/b');
  await stored(31, 'acme/default/a', 'rival/default/a');
  holds = [hold];
  await stepWith().catchUp();
  expect(await left()).toEqual(expected);
  holds = [];
  clock.advance(dayMs);
  await stepWith().catchUp();
  expect(await left()).toEqual([]);
});

test('a hold that comes between the plan and the deletion keeps its records, and they are not counted', async () => {
  await stored(4, 'acme/debug/a', 'acme/debug/b');
  const late = [held({ sql: `body = 'a'` })];
  let counted = 0;
  // It is placed after it was counted what would go: that is counted anew.
  await stepWith({
    holds: async () => (counted++ < 2 ? [] : late),
    whileNonePlaced: (work) => work(late),
  }).catchUp();
  expect(counted).toBe(3);
  expect(await left()).toEqual(['4 acme/debug/a']);
  expect(done()).toEqual(['2026-06-26 acme/debug 1 true']);
});

test('what the archive does not have yet stays, is counted and told, and leaves once it is sealed', async () => {
  await stored(4, 'acme/debug/a', 'rival/default/a');
  await stored(31, 'acme/default/a', 'rival/default/b', 'rival/default/c');
  const sealed = new Map([['acme', todayMs - 20 * dayMs]]);
  const told: string[] = [];
  const step = stepWith({
    sealedUntil: async (organisations) => new Map(organisations.map((name) => [name, sealed.get(name) ?? 0])),
    waiting: async (rows) =>
      void told.push(
        rows.map((one) => `${one.organisation} ${one.rows} ${(clock.now() - one.sinceMs) / 3_600_000}`).join(', '),
      ),
  });
  expect(await step.catchUp()).toBe(1);
  expect(await left()).toEqual(['4 acme/debug/a', '4 rival/default/a', '31 rival/default/b', '31 rival/default/c']);
  expect(step.metrics()).toContain('sightline_retention_waiting_rows 3\n');
  // Not at every look, but soon.
  expect(await step.catchUp()).toBe(0);
  clock.advance(3_600_000);
  sealed.set('acme', todayMs).set('rival', todayMs - 32 * dayMs);
  expect(await step.catchUp()).toBe(1);
  clock.advance(3_600_000);
  sealed.set('rival', todayMs);
  expect(await step.catchUp()).toBe(2);
  expect(await left()).toEqual(['4 rival/default/a']);
  expect(told).toEqual(['rival 2 0, acme 1 0', 'rival 2 1', '']);
  expect(step.metrics()).toContain('sightline_retention_waiting_rows 0\n');
});

test('killed before or behind the deletion, it is carried out once and counted whole', async () => {
  for (const behind of [false, true]) {
    noted.clear();
    await stored(4, 'acme/debug/a', 'acme/debug/b', 'acme/default/a');
    const dying = stepWith({
      store: {
        query: (...question) => store.query(...question),
        stream: (...question) => store.stream(...question),
        healthy: () => store.healthy(),
        close: async () => undefined,
        execute: async (...statement) => {
          if (behind) await store.execute(...statement);
          throw new Error('killed');
        },
      },
    });
    await expect(dying.catchUp()).rejects.toThrow('killed');
    expect(done()).toEqual(['2026-06-26 acme/debug 2 false']);
    // What comes meanwhile is of the next run.
    clock.advance(60_000);
    expect(await stepWith().catchUp()).toBe(2);
    expect(await left()).toEqual(['4 acme/default/a']);
    expect(done()).toEqual(['2026-06-26 acme/debug 2 true']);
    await store.execute('TRUNCATE TABLE logs');
  }
});

test('nothing is deleted without the lease, nor what may still wait for its table', async () => {
  await stored(4, 'acme/debug/a');
  expect(await stepWith({ lease: async () => false }).catchUp()).toBe(0);
  expect(await stepWith({ waitingSinceMs: () => todayMs - 10 * dayMs }).catchUp()).toBe(0);
  expect(await left()).toHaveLength(1);
  expect(await stepWith().catchUp()).toBe(1);
});
