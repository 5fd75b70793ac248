import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@sightline/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectStore } from './connect-store.ts';
import type { EmbeddedStore, EmbeddedStoreOptions } from './embedded-store.ts';
import { StoreError } from './port/index.ts';
import { freshFolder, openStore, removeFolder } from './testing.ts';

let folder: string;
const open: EmbeddedStore[] = [];

async function start(options: Partial<EmbeddedStoreOptions> = {}): Promise<EmbeddedStore> {
  const store = await openStore(folder, options);
  open.push(store);
  return store;
}

beforeEach(() => {
  folder = freshFolder();
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  removeFolder(folder);
});

const count = async (store: EmbeddedStore, table: string): Promise<number> =>
  (await store.query<{ n: number }>(`SELECT toUInt32(count()) AS n FROM ${table}`))[0]?.n ?? -1;

async function until(what: string, check: () => boolean | Promise<boolean>, forMs = 20_000): Promise<void> {
  const end = Date.now() + forMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await sleep(50);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('an engine that dies', () => {
  test('loses nothing that it acknowledged, in five cycles of kill -9 under inserts', async () => {
    const store = await start({ patienceMs: 20_000 });
    await store.execute('CREATE TABLE t (i UInt64) ENGINE = MergeTree ORDER BY i SETTINGS fsync_after_insert = 1');
    const acknowledged: number[] = [];
    let next = 0;
    const stop = new AbortController();
    const writer = (async () => {
      while (!stop.signal.aborted) {
        const i = next++;
        try {
          await store.execute('INSERT INTO t SELECT {i:UInt64}', { i });
          acknowledged.push(i);
        } catch (error) {
          if (!(error instanceof StoreError) || error.kind !== 'unavailable') throw error;
        }
      }
    })();
    for (let cycle = 1; cycle <= 5; cycle++) {
      await sleep(100 + Math.random() * 300);
      process.kill(store.pid(), 'SIGKILL');
      await until('the engine is back', async () => store.restarts() >= cycle && (await store.healthy()));
    }
    stop.abort();
    await writer;
    const rows = await store.query<{ i: string }>('SELECT DISTINCT i FROM t');
    const stored = new Set(rows.map((row) => Number(row.i)));
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(acknowledged.filter((i) => !stored.has(i))).toEqual([]);
  });

  test('fails a query that waits longer than its patience with `unavailable`, and answers afterwards', async () => {
    const store = await start({
      patienceMs: 20,
      watchdog: { heartbeatMs: 1000, heartbeatTimeoutMs: 500, missedHeartbeats: 1 },
    });
    process.kill(store.pid(), 'SIGKILL');
    await expect(store.query('SELECT 1')).rejects.toMatchObject({ name: 'StoreError', kind: 'unavailable' });
    await until('it answers', () => store.healthy());
  });

  test('when it hangs instead (SIGSTOP), is replaced', async () => {
    const store = await start({ watchdog: { heartbeatMs: 100, heartbeatTimeoutMs: 300, missedHeartbeats: 3 } });
    const hung = store.pid();
    process.kill(hung, 'SIGSTOP');
    await until('another process', () => store.pid() !== hung && store.restarts() === 1);
    expect(await store.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(isAlive(hung)).toBe(false);
  });

  test('is not taken for dead while every session is busy', async () => {
    const store = await start({ watchdog: { heartbeatMs: 100, heartbeatTimeoutMs: 2000, missedHeartbeats: 2 } });
    const pid = store.pid();
    const long = Array.from({ length: 6 }, () => store.query('SELECT sleep(1.5)', {}, { threads: 1 }));
    await Promise.all(long);
    expect([store.pid(), store.restarts()]).toEqual([pid, 0]);
  });
});

describe('the folder', () => {
  test('has one owner: a second one is refused with a sentence', async () => {
    await start();
    await expect(openStore(folder)).rejects.toThrow(/in use by process \d+.*--data/);
  });

  test('is refused in the same way when only the lock tells', async () => {
    const store = await start();
    const claim = join(folder, 'run', 'engine.json');
    writeFileSync(claim, '');
    await expect(openStore(folder)).rejects.toMatchObject({ kind: 'unavailable', code: 76 });
    expect(await store.healthy()).toBe(true);
  });

  test('is free again after kill -9 of the server: the orphan ends by itself', async () => {
    const script = `
      import { openEmbeddedStore } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
      import { silentLogger, systemClock } from '@sightline/base';
      const store = await openEmbeddedStore({ dataFolder: ${JSON.stringify(folder)}, logger: silentLogger, clock: systemClock });
      await store.execute('CREATE TABLE t (i UInt8) ENGINE = MergeTree ORDER BY i');
      await store.execute('INSERT INTO t SELECT 1');
      console.log(store.pid());
      await new Promise(() => setInterval(() => {}, 1000));`;
    const server = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) =>
      server.stdout.once('data', (d: Buffer) => resolve(Number(d.toString()))),
    );
    server.kill('SIGKILL');
    const store = await start();
    expect(await count(store, 't')).toBe(1);
    expect(isAlive(pid)).toBe(false);
  });

  test('with a long path gets its socket elsewhere', async () => {
    const deep = join(folder, 'd'.repeat(90));
    const store = await openStore(deep);
    open.push(store);
    expect(store.socketPath.length).toBeLessThan(100);
    expect(await store.healthy()).toBe(true);
  });

  test('whose name the engine would read as a pattern is refused', async () => {
    await expect(openStore(join(folder, 'a*b'))).rejects.toThrow(/must not have/);
  });
});

describe('limits', () => {
  test('memory: a breach is an error, and the engine lives on', async () => {
    const store = await start();
    const pid = store.pid();
    const hungry = store.query(
      'SELECT length(groupArray(toString(number))) FROM numbers(50000000)',
      {},
      { memoryBytes: 50_000_000 },
    );
    await expect(hungry).rejects.toMatchObject({ kind: 'memory', code: 241 });
    expect([store.pid(), await store.healthy()]).toEqual([pid, true]);
  });
  test('time, rows and cancelling have kinds of their own', async () => {
    const store = await start();
    const endless = 'SELECT sum(cityHash64(number)) AS s FROM numbers(900000000000)';
    await expect(store.query(endless, {}, { timeoutMs: 300 })).rejects.toMatchObject({ kind: 'timeout', code: 159 });
    await expect(store.query('SELECT number FROM numbers(11)', {}, { resultRows: 10 })).rejects.toMatchObject({
      kind: 'too-many-rows',
      code: 396,
    });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 200);
    await expect(store.query(endless, {}, { signal: abort.signal })).rejects.toMatchObject({ kind: 'cancelled' });
    await expect(store.query('SELECT nope')).rejects.toMatchObject({ kind: 'bug', code: 47 });
    await until('nothing runs', async () => {
      const rows = await store.query<{ n: number }>(
        "SELECT toUInt8(count()) AS n FROM system.processes WHERE query LIKE '%90000000%'",
        {},
        {},
      );
      return (rows[0]?.n ?? 9) <= 1;
    });
  });
  test('reads, however many, leave a session to inserts', async () => {
    const store = await start({ sessions: 2 });
    await store.execute('CREATE TABLE t (i UInt8) ENGINE = MergeTree ORDER BY i');
    const reads = Array.from({ length: 4 }, () => store.query('SELECT sleep(1)'));
    const from = Date.now();
    await store.execute('INSERT INTO t SELECT 1');
    expect(Date.now() - from).toBeLessThan(900);
    await Promise.all(reads);
  });
  test('a stream keeps memory bounded and can be left at any row', async () => {
    const store = await start();
    let rows = 0;
    for await (const _ of store.stream('SELECT number FROM numbers(300000000000)', {}, { timeoutMs: 600_000 }))
      if (++rows === 100_000) break;
    await until('nothing runs', async () => {
      const found = await store.query<{ n: number }>(
        "SELECT toUInt8(count()) AS n FROM system.processes WHERE query LIKE '%numbers(3000000%'",
      );
      return (found[0]?.n ?? 9) <= 1;
    });
    expect(store.restarts()).toBe(0);
  });
});

test('closing ends the process within seconds, also under a running query', async () => {
  const store = await openStore(folder);
  const pid = store.pid();
  const running = store
    .query('SELECT sum(cityHash64(number)) FROM numbers(900000000000)', {}, { timeoutMs: 60_000 })
    .catch((e: unknown) => e);
  await sleep(300);
  const from = Date.now();
  await store.close();
  expect(Date.now() - from).toBeLessThan(6000);
  expect(isAlive(pid)).toBe(false);
  expect(await running).toBeInstanceOf(StoreError);
  expect(existsSync(join(folder, 'run', 'engine.json'))).toBe(false);
});

test('a server that is not there is `unavailable`, not a crash', async () => {
  const probe = createServer();
  const port = await new Promise<number>((resolve) =>
    probe.listen(0, '127.0.0.1', () => resolve((probe.address() as { port: number }).port)),
  );
  await new Promise((resolve) => probe.close(resolve));
  await expect(connectStore({ url: `http://127.0.0.1:${port}`, clock: systemClock })).rejects.toMatchObject({
    kind: 'unavailable',
  });
});
