import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@sightline/base';
import { exactlyOnceSettings, type TelemetryStore } from '@sightline/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLedger, type Ledger } from '../ledger.ts';
import { LogsRequestBuilder } from '../otlp/build-logs.ts';
import type { Lane, Protocol } from '../protocol.ts';
import { otlp } from '../protocols/otlp/otlp.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { openTestStore, startBench } from '../test-support/ingest-bench.ts';
import type { LoadTarget } from './load-target.ts';
import { startLoader, type Loader } from './loader.ts';
import type { ClassBook } from './retention-classes.ts';

let engine: Awaited<ReturnType<typeof openTestStore>>;
let store: TelemetryStore;
let ledger: Ledger;
let spool: Spool;
let loader: Loader;
let turn = 0;

beforeAll(async () => {
  engine = await openTestStore();
  store = engine.store;
  await (await startBench(store, engine.folder)).close();
});
afterAll(() => engine.close());

const parts = { clock: systemClock, logger: silentLogger };
const organisation = (): string => `org-${turn}`;
const spoolFolder = (): string => join(engine.folder, `spool-${turn}`);
const openOwnSpool = (): Promise<Spool> =>
  openSpool({ folder: spoolFolder(), limits: { freeDiskBytes: 0, sealAfterMs: 3_600_000 }, ...parts });

beforeEach(async () => {
  turn++;
  ledger = createLedger({ target: store, settings: exactlyOnceSettings, ...parts });
  spool = await openOwnSpool();
});
afterEach(async () => {
  await loader.close();
  await ledger.close();
  await spool.close();
});

/** OTLP whose log statement fails on the body "poison", with an error of no known kind. */
function touchy(): Protocol {
  const lanes = otlp.lanes.map((lane): Lane => {
    if (lane.kind !== 'engine' || lane.name !== 'otlp-logs') return lane;
    const sql = lane.sql.map(({ name, sql: text }) => ({
      name,
      sql: text.replace('arrival(received_at) AS', "arrival(received_at + throwIf(texts[1] = 'poison')) AS"),
    }));
    return { ...lane, sql };
  });
  return { ...otlp, lanes };
}

async function start(protocol: Protocol, target: LoadTarget = store, classes?: ClassBook): Promise<void> {
  loader = await startLoader({
    ...(classes ? { classes } : {}),
    spool,
    target,
    protocols: [protocol],
    ledger,
    settings: exactlyOnceSettings,
    ...parts,
  });
}

async function append(...bodies: string[]): Promise<void> {
  const scope = { organisation: organisation(), keyId: 'k', site: 's', device: '', service: '', environment: '' };
  for (const body of bodies) {
    const bytes = new LogsRequestBuilder().add({ body }).build();
    const meta = { protocol: 'otlp', project: 0, receivedAtMs: Date.now() };
    const kept = await spool.append([{ lane: 'otlp-logs', bytes, records: 1, signal: 'logs' }], scope, meta);
    expect(kept.ok).toBe(true);
  }
}

/** Tries to load all that waits; the number of tries that failed. */
async function drained(most: number): Promise<number> {
  for (let failed = 0; failed < most; failed++) {
    try {
      await loader.drain();
      return failed;
    } catch {
      // What fails is tried again, as the loader does by itself after a pause.
    }
  }
  return most;
}

async function bodies(): Promise<string[]> {
  const rows = await store.query<{ body: string }>(
    'SELECT body FROM logs WHERE organisation = {organisation:String} ORDER BY body',
    { organisation: organisation() },
  );
  return rows.map(({ body }) => body);
}

const account = (): Promise<unknown[]> =>
  store.query(
    `SELECT outcome, reason, toUInt32(sum(records)) AS n FROM ledger WHERE organisation = {organisation:String}
     GROUP BY outcome, reason ORDER BY outcome`,
    { organisation: organisation() },
  );

const fault = (kind: string): Error => Object.assign(new Error(kind), { kind, code: 0 });

test('logs of one moment are known by the order in which they came, within a request and beyond it', async () => {
  await start(otlp);
  const atMs = Date.now();
  const scope = { organisation: organisation(), keyId: 'k', site: 's', device: '', service: '', environment: '' };
  const said = Array.from({ length: 30 }, (_, n) => `line ${(n * 7919) % 1000}`);
  for (let request = 0; request < 3; request++) {
    const builder = new LogsRequestBuilder();
    for (const body of said.slice(request * 10, request * 10 + 10))
      builder.add({ body, timeNs: BigInt(atMs) * 1_000_000n });
    const meta = { protocol: 'otlp', project: 0, receivedAtMs: atMs };
    const frame = { lane: 'otlp-logs', bytes: builder.build(), records: 10, signal: 'logs' } as const;
    expect((await spool.append([frame], scope, meta)).ok).toBe(true);
  }
  await loader.drain();
  const rows = await store.query<{ body: string; ms: string }>(
    `SELECT body, toString(toUnixTimestamp64Milli(received_at)) AS ms FROM logs WHERE organisation = {organisation:String} ORDER BY ts, received_at`,
    { organisation: organisation() },
  );
  expect(rows.map(({ body }) => body)).toEqual(said);
  expect(new Set(rows.map(({ ms }) => ms))).toEqual(new Set([String(atMs)]));
});

describe('a failure that does not tell its cause', () => {
  test('is tried again a few times; then the culprit is found and its neighbours are stored', async () => {
    await start(touchy());
    await append('a', 'b', 'poison', 'c', 'd');
    expect(await drained(8)).toBe(5);
    expect(await bodies()).toEqual(['a', 'b', 'c', 'd']);
    expect(await account()).toEqual([
      { outcome: 'accepted', reason: '', n: 4 },
      { outcome: 'rejected', reason: 'quarantined', n: 1 },
    ]);
    const kept = await store.query<{ reason: string; content: string }>(
      'SELECT reason, hex(MD5(content)) AS content FROM quarantine WHERE organisation = {organisation:String}',
      { organisation: organisation() },
    );
    const poison = new LogsRequestBuilder().add({ body: 'poison' }).build();
    expect(kept).toMatchObject([{ content: createHash('md5').update(poison).digest('hex').toUpperCase() }]);
    expect(kept[0]?.reason).toContain('throwIf');
  });

  test('passes, and nothing is quarantined', async () => {
    let faults = 4;
    await start(otlp, {
      execute: async (sql, parameters, limits) => {
        if (sql.includes('INSERT INTO logs') && faults-- > 0) throw fault('bug');
        await store.execute(sql, parameters, limits);
      },
    });
    await append('a', 'b');
    expect(await drained(8)).toBe(4);
    expect(await bodies()).toEqual(['a', 'b']);
    expect(await account()).toEqual([{ outcome: 'accepted', reason: '', n: 2 }]);
  });

  test.each([
    ['the statement fails over nothing as well', (sql: string) => sql.includes('INSERT INTO logs')],
    ['the store answers nothing', () => true],
  ])('is never the data’s while %s', async (_, fails) => {
    let broken = false;
    await start(otlp, {
      execute: async (sql, parameters, limits) => {
        if (broken && fails(sql)) throw fault('bug');
        await store.execute(sql, parameters, limits);
      },
    });
    await append('a', 'b');
    broken = true;
    expect(await drained(9)).toBe(9);
    broken = false;
    expect(await drained(1)).toBe(0);
    expect(await bodies()).toEqual(['a', 'b']);
    expect(await account()).toEqual([{ outcome: 'accepted', reason: '', n: 2 }]);
  });
});

describe('retention classes', () => {
  const classes = (): Promise<unknown[]> =>
    store.query(
      'SELECT body, toString(class) AS class FROM logs WHERE organisation = {organisation:String} ORDER BY body',
      { organisation: organisation() },
    );
  /** Everything that begins so is of the class. */
  const book = (asked: { begin: string; name: string }): ClassBook => ({
    of: async (organisations) => {
      expect([...organisations]).toEqual([organisation()]);
      const { begin, name } = asked;
      return {
        sql: `multiIf(startsWith(body, {begin:String}) AND site = 's', {name:String}, attrs['x'] = 'y', 'z', 'default')`,
        parameters: { begin, name },
      };
    },
  });

  test('are stored with the logs, and a class that changes moves nothing that is stored', async () => {
    const asked = { begin: 'a', name: "first's {segment}" };
    await start(otlp, store, book(asked));
    await append('a', 'b');
    expect(await drained(1)).toBe(0);
    Object.assign(asked, { begin: 'b', name: 'second' });
    await append('ba', 'c');
    expect(await drained(1)).toBe(0);
    expect(await classes()).toEqual([
      { body: 'a', class: "first's {segment}" },
      { body: 'b', class: 'default' },
      { body: 'ba', class: 'second' },
      { body: 'c', class: 'default' },
    ]);
  });

  test('are stored by a statement with functions of its own as well', async () => {
    const lanes = otlp.lanes.map((lane): Lane => {
      if (lane.kind !== 'engine') return lane;
      const own = (sql: string): string =>
        sql.replace('SELECT organisation,', 'WITH (x -> lower(x)) AS own_text\nSELECT own_text(organisation),');
      return { ...lane, sql: lane.sql.map(({ name, sql }) => ({ name, sql: own(sql) })) };
    });
    await start({ ...otlp, lanes }, store, book({ begin: 'a', name: 'first' }));
    await append('a', 'b');
    expect(await drained(1)).toBe(0);
    expect(await classes()).toEqual([
      { body: 'a', class: 'first' },
      { body: 'b', class: 'default' },
    ]);
  });

  test('a segment that is replayed under other classes is still stored once', async () => {
    const asked = { begin: 'a', name: 'first' };
    let stored = false;
    const dying: LoadTarget = {
      execute: async (sql, parameters, limits) => {
        await store.execute(sql, parameters, limits);
        if (sql.includes('INSERT INTO logs') && !stored) {
          stored = true;
          throw fault('unavailable');
        }
      },
    };
    await start(otlp, dying, book(asked));
    await append('a', 'b');
    expect(await drained(1)).toBe(1);
    asked.begin = 'b';
    expect(await drained(1)).toBe(0);
    expect(await classes()).toEqual([
      { body: 'a', class: 'first' },
      { body: 'b', class: 'default' },
    ]);
    expect(await account()).toEqual([{ outcome: 'accepted', reason: '', n: 2 }]);
    const [volume] = await store.query<{ n: string }>(
      'SELECT toString(sum(records)) AS n FROM volume WHERE organisation = {organisation:String}',
      { organisation: organisation() },
    );
    expect(volume?.n).toBe('2');
  });

  test('a query that the engine cannot carry out leaves the logs to the built-in classes', async () => {
    await start(otlp, store, {
      of: async () => ({ sql: `multiIf(match(body, {re:String}), 'x', 'default')`, parameters: { re: '(' } }),
    });
    await append('a');
    expect(await drained(1)).toBe(0);
    expect(await classes()).toEqual([{ body: 'a', class: 'default' }]);
  });

  test('nothing is stored while nobody can tell the classes', async () => {
    await start(otlp, store, { of: () => Promise.reject(fault('unavailable')) });
    await append('a');
    expect(await drained(2)).toBe(2);
    expect(await bodies()).toEqual([]);
  });
});

describe('too much for the memory', () => {
  /** A store that has memory for `most` requests at a time: it looks at the file that it is to read. */
  const smallStore = (most: () => number): LoadTarget => ({
    execute: async (sql, parameters, limits) => {
      const path = /INSERT INTO logs[\s\S]*file\('([^']+)'/.exec(sql)?.[1];
      const requests = path === undefined ? 0 : readFileSync(path, 'latin1').split('request-').length - 1;
      if (requests > most()) throw fault('memory');
      await store.execute(sql, parameters, limits);
    },
  });
  const seven = Array.from({ length: 7 }, (_, n) => `request-${n}`);

  test('is halved at once', async () => {
    await start(
      otlp,
      smallStore(() => 2),
    );
    await append(...seven);
    expect(await drained(1)).toBe(0);
    expect(await bodies()).toEqual(seven);
    expect(await account()).toEqual([{ outcome: 'accepted', reason: '', n: 7 }]);
  });

  test('one request that does not fit waits for memory before it is given up', async () => {
    let most = 0;
    await start(
      otlp,
      smallStore(() => most),
    );
    await append(...seven);
    expect(await drained(3)).toBe(3);
    most = 1;
    expect(await drained(1)).toBe(0);
    expect(await bodies()).toEqual(seven);
    most = 0;
    await append('request-too-large');
    expect(await drained(9)).toBe(5);
    expect(await account()).toContainEqual({ outcome: 'rejected', reason: 'quarantined', n: 1 });
  });

  test('halves that were stored before a crash are not stored again with the whole', async () => {
    let [most, away] = [4, false];
    const target = smallStore(() => most);
    const failing: LoadTarget = {
      execute: async (sql, parameters, limits) => {
        if (away && sql.includes('-3-7.work')) throw fault('unavailable');
        await target.execute(sql, parameters, limits);
      },
    };
    await start(otlp, failing);
    await append(...seven);
    away = true;
    expect(await drained(2)).toBe(2);
    await loader.close();
    await spool.close();
    // After the restart there is memory enough for the whole.
    [most, away] = [100, false];
    spool = await openOwnSpool();
    await start(otlp, failing);
    expect(await drained(1)).toBe(0);
    expect(await bodies()).toEqual(seven);
    expect(readdirSync(join(spoolFolder(), 'otlp-logs'))).toEqual([]);
  });
});

test('a segment damaged on the disk does not hold its lane', async () => {
  await start(otlp);
  await append('before');
  const lane = join(spoolFolder(), 'otlp-logs');
  const [file = ''] = readdirSync(lane);
  await append('lost');
  const content = readFileSync(join(lane, file));
  content.fill(0xff, content.length - 20);
  writeFileSync(join(lane, file), content);
  appendFileSync(join(lane, file), 'x');
  expect(await drained(1)).toBe(0);
  await append('after');
  expect(await drained(1)).toBe(0);
  expect(await bodies()).toEqual(['after', 'before']);
});
