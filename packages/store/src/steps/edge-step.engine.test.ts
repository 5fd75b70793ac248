import { ManualClock, silentLogger } from '@sightline/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import { freshFolder, openMigratedStore, removeFolder } from '../testing.ts';
import { EdgeStep } from './edge-step.ts';

const minuteMs = 60_000;
const startMs = Math.floor(Date.now() / minuteMs) * minuteMs - 60 * minuteMs;
let folder: string;
let store: EmbeddedStore;
let clock: ManualClock;
let waitingSinceMs: number | undefined;
let step: EdgeStep;
let inserted = 0;

beforeEach(async () => {
  folder = freshFolder();
  store = await openMigratedStore(folder);
  clock = new ManualClock(startMs + minuteMs);
  waitingSinceMs = undefined;
  step = new EdgeStep({ store, clock, logger: silentLogger, waitingSinceMs: () => waitingSinceMs });
});
afterEach(async () => {
  await step.close();
  await store.close();
  removeFolder(folder);
});

/** Spans `service:id<parent` of one trace, received `receivedS` seconds after the start; they lasted 10 ms from `atS` on. */
async function receive(
  receivedS: number,
  atS: number,
  texts: string[],
  trace = 't1',
  organisation = 'acme',
): Promise<void> {
  const rows = texts.map((text) => {
    const [, service = '', id = '', parent = '', mark = ''] = /^(\w+):(\w+)(?:<(\w+))?([!~]?)$/.exec(text) ?? [];
    return { service, id, parent, kind: mark === '~' ? 5 : 2, failed: mark === '!' ? 2 : 1 };
  });
  await store.execute(
    `INSERT INTO spans (organisation, service, trace_id, span_id, parent_id, kind, status_code, ts, received_at, duration_ns)
     SELECT {organisation:String}, service, toFixedString({trace:String}, 16), toFixedString(id, 8), toFixedString(parent, 8), kind, failed,
       fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({received:Int64}), 10000000
     FROM format(JSONEachRow, 'service String, id String, parent String, kind UInt8, failed UInt8', {rows:String})`,
    {
      organisation,
      trace,
      at: startMs + atS * 1000,
      received: startMs + receivedS * 1000,
      rows: rows.map((row) => JSON.stringify(row)).join('\n'),
    },
    { settings: { insert_deduplication_token: `test-${inserted++}` } },
  );
}

async function edges(): Promise<string[]> {
  const rows = await store.query<{ edge: string }>(
    `SELECT concat(organisation, ': ', caller, if(message = 1, ' ~> ', ' -> '), callee, ' ', toString(sum(e.calls)), '/', toString(sum(e.errors)), ' at ', toString(toUInt32((toUnixTimestamp(minute) - {start:UInt32}) / 60))) AS edge
     FROM edges AS e GROUP BY organisation, caller, callee, message, minute ORDER BY edge`,
    { start: startMs / 1000 },
  );
  return rows.map((row) => row.edge);
}

test('a pair that came together, inside one service or with another organisation’s parent', async () => {
  await receive(5, 1, ['web:a', 'orders:b<a', 'orders:c<b', 'stock:d<c!', 'mail:e<c~']);
  await receive(6, 1, ['web:a'], 't2');
  await receive(6, 1, ['spy:b<a'], 't2', 'rival');
  clock.advance(20_000);
  await step.catchUp();
  expect(await edges()).toEqual([
    'acme: orders -> stock 1/1 at 0',
    'acme: orders ~> mail 1/0 at 0',
    'acme: web -> orders 1/0 at 0',
  ]);
});

test('each pair is counted once, whichever half comes late', async () => {
  await receive(5, 1, ['orders:b<a']);
  await receive(5, 1, ['web:a'], 't2');
  clock.advance(20_000);
  await step.catchUp();
  expect(await edges()).toEqual([]);
  await receive(130, 1, ['web:a']);
  await receive(190, 1, ['orders:b<a'], 't2');
  clock.advance(10 * minuteMs);
  await step.catchUp();
  await step.catchUp();
  expect(await edges()).toEqual(['acme: web -> orders 2/0 at 0']);
});

test('nothing is joined before it is settled, nor while older records wait', async () => {
  await receive(5, 1, ['web:a', 'orders:b<a']);
  expect(await step.catchUp()).toBe(0);
  clock.advance(20_000);
  waitingSinceMs = startMs + 30_000;
  expect(await step.catchUp()).toBe(0);
  waitingSinceMs = startMs + minuteMs;
  expect(await step.catchUp()).toBe(1);
  expect(await edges()).toHaveLength(1);
});

test('a step that was killed before it noted its progress counts nothing twice', async () => {
  await receive(5, 1, ['web:a', 'orders:b<a']);
  clock.advance(20_000);
  await step.catchUp();
  await store.execute('TRUNCATE TABLE span_steps');
  await step.catchUp();
  expect(await edges()).toEqual(['acme: web -> orders 1/0 at 0']);
  expect(await store.query('SELECT sum(calls) AS n FROM edge_hours')).toEqual([{ n: '1' }]);
});

interface Message {
  readonly service: string;
  readonly trace: string;
  readonly id: string;
  readonly parent?: string;
  /** `trace/id` of the producers that a consumer links to; without it the span is a producer. */
  readonly links?: readonly string[];
  readonly operation?: string;
}

/** Spans at a queue, received `receivedS` seconds after the start; they lasted 10 ms from `atS` on. */
async function receiveMessages(receivedS: number, atS: number, messages: readonly Message[]): Promise<void> {
  const rows = messages.map(({ links, parent = '', operation = '', ...one }) => ({
    ...one,
    parent,
    operation,
    kind: links === undefined ? 4 : 5,
    traces: (links ?? []).map((link) => link.split('/')[0]),
    ids: (links ?? []).map((link) => link.split('/')[1]),
  }));
  await store.execute(
    `INSERT INTO spans (organisation, service, trace_id, span_id, parent_id, kind, ts, received_at, duration_ns, attrs, links.trace_id, links.span_id, links.attrs)
     SELECT 'acme', service, toFixedString(trace, 16), toFixedString(id, 8), toFixedString(parent, 8), kind,
       fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({received:Int64}), 10000000,
       map('messaging.system', 'rabbitmq', 'messaging.destination.name', 'orders', 'messaging.operation.type', operation),
       arrayMap(x -> toFixedString(x, 16), traces), arrayMap(x -> toFixedString(x, 8), ids), arrayMap(x -> map(), traces)
     FROM format(JSONEachRow, 'service String, trace String, id String, parent String, kind UInt8, operation String, traces Array(String), ids Array(String)', {rows:String})`,
    {
      at: startMs + atS * 1000,
      received: startMs + receivedS * 1000,
      rows: rows.map((row) => JSON.stringify(row)).join('\n'),
    },
    { settings: { insert_deduplication_token: `test-${inserted++}` } },
  );
}

/** Producer, consumer, messages and how long they waited on average. */
const waits = (): Promise<unknown[]> =>
  store.query(
    `SELECT concat(caller, ' ~> ', callee, ' by ', peer) AS edge, toUInt32(sum(e.calls)) AS calls, round(sum(e.lag_ns) / sum(e.calls) / 1e6) AS waitedMs
     FROM edges AS e WHERE message = 1 GROUP BY caller, callee, peer ORDER BY edge`,
  );

test('a consumer that links to its producers in other traces is paired with each of them, whichever half comes late', async () => {
  await receiveMessages(5, 1, [
    { service: 'orders', trace: 't1', id: 'a' },
    { service: 'orders', trace: 't2', id: 'b' },
  ]);
  await receiveMessages(70, 2, [{ service: 'sync', trace: 't9', id: 'z', links: ['t1/a', 't2/b', 't3/c', 't1/a'] }]);
  clock.advance(3 * minuteMs);
  await step.catchUp();
  const once = [{ edge: 'orders ~> sync by rabbitmq/orders', calls: 2, waitedMs: 990 }];
  expect(await waits()).toEqual(once);
  await receiveMessages(190, 1.5, [{ service: 'till', trace: 't3', id: 'c' }]);
  clock.advance(10 * minuteMs);
  await step.catchUp();
  expect(await waits()).toEqual([...once, { edge: 'till ~> sync by rabbitmq/orders', calls: 1, waitedMs: 490 }]);
});

test('a consumer that is the child of the producer and links to it as well is counted once, and a receive not at all', async () => {
  await receiveMessages(5, 1, [{ service: 'orders', trace: 't1', id: 'a' }]);
  await receiveMessages(6, 2, [
    { service: 'sync', trace: 't1', id: 'z', parent: 'a', links: ['t1/a'] },
    { service: 'sync', trace: 't8', id: 'y', links: ['t1/a'], operation: 'receive' },
  ]);
  clock.advance(20_000);
  await step.catchUp();
  expect(await waits()).toEqual([{ edge: 'orders ~> sync by rabbitmq/orders', calls: 1, waitedMs: 990 }]);
});
