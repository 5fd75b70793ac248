import { ManualClock, silentLogger } from '@sightline/base';
import type { SamplingPolicy } from '@sightline/record';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import type { TelemetryStore } from '../port/index.ts';
import { freshFolder, openMigratedStore, removeFolder } from '../testing.ts';
import { EdgeStep } from './edge-step.ts';
import { SamplingStep, type ActivePolicy } from './sampling-step.ts';

const minuteMs = 60_000;
const startMs = Math.floor(Date.now() / (5 * minuteMs)) * 5 * minuteMs - 120 * minuteMs;
const nothing: SamplingPolicy = { name: 'Lean', slowMs: 1000, services: [], share: 0, waitMs: 10 * minuteMs };
let folder: string;
let store: EmbeddedStore;
let clock: ManualClock;
let active: ActivePolicy[];
let inserted = 0;

beforeAll(async () => {
  folder = freshFolder();
  store = await openMigratedStore(folder);
});
afterAll(async () => {
  await store.close();
  removeFolder(folder);
});
beforeEach(async () => {
  for (const table of ['spans', 'errors', 'edges', 'operations', 'span_steps', 'sampled_traces'])
    await store.execute(`TRUNCATE TABLE ${table}`);
  clock = new ManualClock(startMs);
  active = [{ organisation: 'acme', policy: nothing, sinceMs: startMs }];
});

/** Spans `trace:service` with `!` failed, `~` slow; received `atMin` minutes after the start. */
async function receive(atMin: number, texts: string, organisation = 'acme'): Promise<void> {
  const rows = texts.split(' ').map((text) => {
    const [, trace = '', service = '', mark = ''] = /^(\w+):(\w+)([!~]?)$/.exec(text) ?? [];
    return JSON.stringify({ trace, service, failed: mark === '!' ? 2 : 1, lasted: mark === '~' ? 2e9 : 1e6 });
  });
  await store.execute(
    `INSERT INTO spans (organisation, service, name, trace_id, span_id, kind, status_code, ts, received_at, duration_ns)
     SELECT {organisation:String}, service, 'serve', toFixedString(trace, 16), toFixedString(toString(rowNumberInAllBlocks()), 8), 2, failed, at, at, toUInt64(lasted)
     FROM (SELECT *, fromUnixTimestamp64Milli({at:Int64}) AS at FROM format(JSONEachRow, 'trace String, service String, failed UInt8, lasted Float64', {rows:String}))`,
    { organisation, at: startMs + atMin * minuteMs, rows: rows.join('\n') },
    { settings: { insert_deduplication_token: `sampling-test-${inserted++}` } },
  );
}

/** Passes time until `toMin` minutes after the start and lets both steps work, as the server does. */
async function work(toMin: number, telemetry: TelemetryStore = store): Promise<SamplingStep> {
  clock.advance(startMs + toMin * minuteMs - clock.now());
  const common = { clock, logger: silentLogger, waitingSinceMs: () => undefined };
  await new EdgeStep({ store, ...common }).catchUp();
  const step = new SamplingStep({ store: telemetry, ...common, policies: () => Promise.resolve(active) });
  await step.catchUp();
  return step;
}

async function kept(organisation = 'acme'): Promise<string> {
  const rows = await store.query<{ span: string }>(
    `SELECT concat(replaceAll(toString(trace_id), '\\0', ''), ':', service) AS span FROM spans WHERE organisation = {organisation:String} ORDER BY ts, span`,
    { organisation },
  );
  return rows.map(({ span }) => span).join(' ');
}

async function gone(): Promise<string[]> {
  const rows = await store.query<{ said: string }>(
    `SELECT concat(replaceAll(toString(trace_id), '\\0', ''), ' ', rule, ' ', toString(mapFromArrays(services, spans))) AS said FROM sampled_traces ORDER BY said`,
  );
  return rows.map(({ said }) => said);
}

test('errors, slow traces and those with an error record are kept whole, the rest goes; figures stay', async () => {
  await receive(1, 'failed:web plain:web slow:web plain:db sentry:web');
  await receive(2, 'failed:db! slow:db~');
  await receive(1, 'plain:web', 'rival');
  await store.execute(
    `INSERT INTO errors (organisation, trace_id, ts, received_at) SELECT 'acme', toFixedString('sentry', 16), ts, ts FROM (SELECT fromUnixTimestamp64Milli({at:Int64}) AS ts)`,
    { at: startMs + minuteMs },
    { settings: { insert_deduplicate: 0 } },
  );
  await work(14);
  expect(await gone()).toEqual([]);
  const step = await work(17);
  expect(await kept()).toBe('failed:web sentry:web slow:web failed:db slow:db');
  expect(await kept('rival')).toBe('plain:web');
  expect(await gone()).toEqual([`plain  {'db':1,'web':1}`]);
  expect(step.metrics()).toContain('sightline_sampled_spans_total{rule="others",service="web"} 1');
  expect(await store.query(`SELECT sum(calls) AS n FROM operations WHERE organisation = 'acme'`)).toEqual([{ n: '7' }]);
});

test('a trace is decided when it has been quiet, and late spans follow the decision', async () => {
  await receive(1, 'long:web plain:web');
  await receive(9, 'long:db');
  await receive(18, 'long:db!');
  await work(17);
  expect(await kept()).toBe('long:web long:db long:db');
  await receive(30, 'plain:db long:web');
  await work(60);
  expect(await kept()).toBe('long:web long:db long:db long:web');
  expect(await gone()).toEqual([`plain  {'db':1}`, `plain  {'web':1}`]);
});

test('a late failure is kept though the rest has gone', async () => {
  await receive(1, 'plain:web');
  await work(17);
  await receive(20, 'plain:db!');
  await work(60);
  expect(await kept()).toBe('plain:db');
});

test('the disk of what went is free when its day is over', async () => {
  await receive(1, 'plain:web plain:db bad:web!');
  await work(17);
  const onDisk = async (): Promise<unknown> => {
    const rows = await store.query<{ n: string }>(
      `SELECT toString(sum(rows)) AS n FROM system.parts WHERE database = currentDatabase() AND table = 'spans' AND active`,
    );
    return rows[0]?.n;
  };
  expect(await onDisk()).toBe('3');
  const dayMs = 24 * 60 * minuteMs;
  const nextDayMs = (Math.floor(startMs / dayMs) + 1) * dayMs;
  await work((nextDayMs - startMs) / minuteMs + 150);
  await expect.poll(onDisk, { timeout: 30_000 }).toBe('1');
  expect(await kept()).toBe('bad:web');
});

test('a share is taken of each trace as a whole: of the service that wants most, of the others', async () => {
  const policy = { ...nothing, share: 0.2, services: [{ service: 'pay', share: 0.6 }] };
  active = [{ organisation: 'acme', policy, sinceMs: startMs }];
  const ids = Array.from({ length: 400 }, (_, i) => `t${i}`);
  await receive(1, ids.map((id, i) => `${id}:web ${id}:${i < 200 ? 'pay' : 'shop'}`).join(' '));
  await work(17);
  const count = (rows: string, service: string): number =>
    rows.split(' ').filter((row) => row.endsWith(service)).length;
  const left = await kept();
  expect(count(left, ':web')).toBe(count(left, ':pay') + count(left, ':shop'));
  // Hashes are the same in each run: these are bounds of any fair hash, far apart.
  expect(count(left, ':pay')).toBeGreaterThan(90);
  expect(count(left, ':pay')).toBeLessThan(150);
  expect(count(left, ':shop')).toBeGreaterThan(15);
  expect(count(left, ':shop')).toBeLessThan(70);
  const rules = await store.query(`SELECT rule, count() AS n FROM sampled_traces GROUP BY rule ORDER BY rule`);
  expect(rules).toEqual([
    { rule: '', n: String(200 - count(left, ':shop')) },
    { rule: 'pay', n: String(200 - count(left, ':pay')) },
  ]);
});

test.each([
  ['after the decision was written', 'INSERT INTO span_steps', 1],
  ['before anything was deleted', 'DELETE FROM spans', 1],
  ['before the end was noted', 'INSERT INTO span_steps', 2],
])('killed %s, the next start finishes and counts nothing twice', async (_, statement, nth) => {
  await receive(1, 'plain:web plain:db bad:web!');
  let seen = 0;
  const dying: TelemetryStore = {
    ...store,
    query: (...asked) => store.query(...asked),
    execute: async (sql, ...rest) => {
      if (sql.includes(statement) && ++seen === nth) throw new Error('killed');
      return store.execute(sql, ...rest);
    },
  };
  await expect(work(17, dying)).rejects.toThrow('killed');
  active = [{ organisation: 'acme', policy: { ...nothing, share: 1 }, sinceMs: startMs }];
  await work(17);
  expect(await kept()).toBe('bad:web');
  expect(await gone()).toEqual([`plain  {'db':1,'web':1}`]);
});

test('what came before the policy, while edges are behind, or with no policy stays', async () => {
  await receive(1, 'plain:web');
  active = [{ organisation: 'acme', policy: nothing, sinceMs: startMs + 6 * minuteMs }];
  await work(60);
  expect(await kept()).toBe('plain:web');
  active = [{ organisation: 'acme', policy: nothing, sinceMs: startMs }];
  await store.execute('TRUNCATE TABLE span_steps');
  await new SamplingStep({
    store,
    clock,
    logger: silentLogger,
    waitingSinceMs: () => undefined,
    policies: () => Promise.resolve(active),
  }).catchUp();
  expect(await kept()).toBe('plain:web');
});
