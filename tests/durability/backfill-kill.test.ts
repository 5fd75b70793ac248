/**
 * The server is killed three times while what is stored is scrubbed. Whoever follows goes on: each row is scrubbed, none is lost or doubled,
 * each find is counted once, and nothing of the run is left.
 */
import path from 'node:path';
import { systemClock } from '@sightline/base';
import { connectStore, type TelemetryStore } from '@sightline/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AsOwner, signInOwner } from '../support/owner.ts';
import { eventually, headless, type Product, startProduct } from '../support/product.ts';

const dayMs = 86_400_000;
const logsOfDay = 60_000;
const spansOfDay = 20_000;
/** After a batch was counted: while the next one is worked out, noted or written. */
const killsAfterMs = [50, 200, 400];
const email = 'bob@shop.example';
const pan = '4111111111111111';
const days = [3, 2, 1].map((back) => new Date(Date.now() - back * dayMs).toISOString().slice(0, 10));

let product: Product;
let owner: AsOwner;
let organisation: string;

beforeAll(async () => {
  product = await startProduct({ env: headless });
  owner = await signInOwner(product);
  organisation = (await owner<{ organisation: { id: string } }>('GET', '/api/v1/session')).organisation.id;
}, 300_000);
afterAll(() => product?.close());

/** Works on the engine of the product as it runs now. */
async function inEngine<T>(work: (store: TelemetryStore) => Promise<T>): Promise<T> {
  const socketPath = path.join(product.dataFolder, 'run/engine.sock');
  const store = await connectStore({ url: 'http://engine', socketPath, clock: systemClock });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Records as they came before there was a rule: each with an address and a card, but for every tenth. */
const fill = (): Promise<void> =>
  inEngine(async (store) => {
    for (const day of days) {
      const input = { organisation, at: `${day} 00:00:00`, logs: logsOfDay, spans: spansOfDay };
      const token = (of: string) => ({ settings: { insert_deduplication_token: `${of}-${day}` } });
      await store.execute(
        `INSERT INTO logs (organisation, site, service, ts, received_at, severity, body)
         SELECT {organisation:String}, concat('STORE_', toString(number % 5)), 'pos', toDateTime64({at:String}, 9) + toIntervalSecond(number % 86400) AS t, t, 9,
           if(number % 10 = 0, concat('plain ', toString(number)), concat('paid ', toString(number), ' by ${email} with ${pan}')) FROM numbers({logs:UInt32})`,
        input,
        token('logs'),
      );
      await store.execute(
        `INSERT INTO spans (organisation, site, service, ts, received_at, duration_ns, trace_id, span_id, name, kind)
         SELECT {organisation:String}, 'STORE_1', 'pos', toDateTime64({at:String}, 9) + toIntervalSecond(number % 86400) AS t, t, 1000000,
           toFixedString(unhex(hex(sipHash128(number))), 16), toFixedString(unhex(hex(cityHash64(number))), 8), if(number % 10 = 0, 'GET /', 'mail to ${email}'), 2 FROM numbers({spans:UInt32})`,
        input,
        token('spans'),
      );
    }
  });

interface Counts {
  readonly logs: number;
  readonly spans: number;
  readonly sums: number;
  readonly bodies: number;
  readonly found: number;
}
/** What there is, and how much of it still holds what was planted. */
const counts = (): Promise<Counts> =>
  inEngine(async (store) => {
    const holds = (column: string): string => `multiSearchAny(${column}, ['${email}', '${pan}'])`;
    const [row] = await store.query<Counts>(
      `SELECT (SELECT toFloat64(count()) FROM logs WHERE organisation = {organisation:String} AND service = 'pos') AS logs,
         (SELECT toFloat64(count()) FROM spans WHERE organisation = {organisation:String} AND service = 'pos') AS spans,
         (SELECT toFloat64(sum(calls)) FROM operations WHERE organisation = {organisation:String} AND service = 'pos') AS sums,
         (SELECT toFloat64(uniqExact(extract(body, '^[a-z]+ [0-9]+'))) FROM logs WHERE organisation = {organisation:String} AND service = 'pos') AS bodies,
         (SELECT toFloat64(countIf(${holds('body')})) FROM logs) + (SELECT toFloat64(countIf(${holds('name')})) FROM spans)
           + (SELECT toFloat64(countIf(${holds('name')})) FROM operations) + (SELECT toFloat64(countIf(${holds('name')})) FROM operation_hours) AS found`,
      { organisation },
      { timeoutMs: 60_000 },
    );
    return row!;
  });

interface Run {
  readonly id: string;
  readonly state: string;
  readonly detail: string;
  readonly rowsSeen: number;
  readonly rowsChanged: number;
  readonly counts: readonly { signal: string; rule: string; removed: number }[];
}
const newest = async (): Promise<Run | undefined> =>
  (await owner<{ backfills: Run[] }>('GET', '/api/v1/personal-data/backfills')).backfills[0];

test('a run that is killed again and again ends as one that was not', { timeout: 900_000 }, async () => {
  await fill();
  const before = await counts();
  expect(before).toMatchObject({ logs: 3 * logsOfDay, spans: 3 * spansOfDay, sums: 3 * spansOfDay });
  expect(before.found).toBeGreaterThan(0);
  const asked = { fromDay: days[0], toDay: days[2] };
  await owner('POST', '/api/v1/personal-data/backfills', { kind: 'run', ...asked });
  const killed: number[] = [];
  for (const afterMs of killsAfterMs) {
    // Tables of the one who died are still there, and its claim ends after a minute: only progress says that another one is at work.
    const seen = killed.at(-1) ?? 0;
    await eventually(newest, (run) => run?.state === 'done' || (run?.rowsSeen ?? 0) > seen, 240_000, 20);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const run = await newest();
    if (run?.state !== 'running') break;
    killed.push(run.rowsSeen);
    await product.kill();
    await product.start();
    owner = await signInOwner(product);
  }
  expect(killed.length, `killed at ${killed.join(', ')} rows`).toBeGreaterThanOrEqual(2);
  expect(killed).toEqual([...new Set(killed)]);
  const done = await eventually(newest, (run) => run?.state === 'done' || run?.state === 'failed', 400_000, 500);
  expect(done, `killed at ${killed.join(', ')} rows`).toMatchObject({ state: 'done', detail: '' });

  expect(await counts()).toEqual({ ...before, found: 0 });
  const changedLogs = (3 * logsOfDay * 9) / 10;
  const changedSpans = (3 * spansOfDay * 9) / 10;
  const removed = (signal: string) =>
    Object.fromEntries(
      Object.entries(Object.groupBy(done?.counts.filter((one) => one.signal === signal) ?? [], ({ rule }) => rule)).map(
        ([rule, all]) => [rule, all?.reduce((sum, one) => sum + one.removed, 0)],
      ),
    );
  expect(removed('logs')).toEqual({ email: changedLogs, pan: changedLogs });
  expect(removed('spans')).toEqual({ email: changedSpans });
  // The report has each once, and no table of the run is left.
  const rest = await inEngine(async (store) => ({
    reported: await store.query<{ signal: string; rule: string; n: number }>(
      `SELECT signal, rule, toFloat64(sum(removed)) AS n FROM scrubbed WHERE organisation = {organisation:String} AND endsWith(signal, '(backfill)') GROUP BY signal, rule ORDER BY signal, rule`,
      { organisation },
    ),
    stages: await store.query(`SELECT name FROM system.tables WHERE startsWith(name, 'scrub_stage_')`),
  }));
  expect(rest).toEqual({
    reported: [
      { signal: 'logs (backfill)', rule: 'email', n: changedLogs },
      { signal: 'logs (backfill)', rule: 'pan', n: changedLogs },
      { signal: 'spans (backfill)', rule: 'email', n: changedSpans },
    ],
    stages: [],
  });
  await owner('POST', '/api/v1/personal-data/backfills', { kind: 'run', ...asked });
  const again = await eventually(newest, (run) => run?.state === 'done' && run.id !== done?.id, 200_000, 500);
  expect(again).toMatchObject({ state: 'done', rowsChanged: 0, counts: [] });
});
