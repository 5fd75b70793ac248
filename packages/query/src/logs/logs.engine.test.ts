import { ManualClock, systemClock } from '@sightline/base';
import type { EmbeddedStore } from '@sightline/store';
import type { TelemetryReader } from '@sightline/store/port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endMs, fillLogs, hourMs, openSmallStore } from '../test-support/small-store.ts';
import { completeSearch, foundLogFields, logFacets } from './log-facets.ts';
import { logHistogram } from './log-histogram.ts';
import type { LogRecord } from './log-row.ts';
import { exportLogs, getLog, getLogContext, searchLogs, type LogSearch } from './search-logs.ts';
import { tailLogs } from './tail-logs.ts';

let store: EmbeddedStore;
let close: () => Promise<void>;
const rows = 3017;
const acme = { organisation: 'acme', fromMs: endMs - 6 * hourMs, toMs: endMs, environment: '', site: '', service: '' };

beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  await fillLogs(store, 'acme', 3000);
  await fillLogs(store, 'rival', 300);
});
afterAll(() => close());

async function everyPage(input: Partial<LogSearch>): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  let cursor = '';
  for (let pages = 0; pages < 1000; pages++) {
    const page = await searchLogs(store, { ...acme, q: '', order: 'newest', limit: 100, ...input, cursor });
    if (!page.ok) throw new Error(page.error.message);
    all.push(...page.value.rows);
    cursor = page.value.next;
    if (cursor === '') return all;
  }
  throw new Error('paging never ended');
}

const counted = (ids: readonly string[]): string[] => [...ids].sort();

describe('paging', () => {
  test.each([
    ['newest', 1000],
    ['newest', 97],
    ['newest', 7],
    ['oldest', 97],
    ['oldest', 5],
  ] as const)('%s first by %i: each record once, in order', async (order, limit) => {
    const narrow = limit < 50 ? { fromMs: acme.fromMs, toMs: acme.fromMs + hourMs } : {};
    const all = await everyPage({ order, limit, ...narrow });
    const whole = await store.query<{ id: string }>(
      `SELECT concat(toString(toUnixTimestamp64Nano(ts)), '-', leftPad(lower(hex(id)), 16, '0')) AS id FROM logs
       WHERE organisation = 'acme' AND ts < fromUnixTimestamp64Milli({to:Int64})`,
      { to: narrow.toMs ?? acme.toMs },
    );
    expect(counted(all.map((row) => row.id))).toEqual(counted(whole.map((row) => row.id)));
    const times = all.map((row) => BigInt(row.tsNs));
    expect(times).toEqual(times.toSorted((a, b) => Number(order === 'newest' ? b - a : a - b)));
  });

  test('records equal in everything are told apart by place', async () => {
    expect(await everyPage({ q: '"equal line"', limit: 3 })).toHaveLength(17);
    expect(await everyPage({ q: '"equal line"', limit: 3, order: 'oldest' })).toHaveLength(17);
  });

  test('records of one moment stand as they came, in every part of a page', async () => {
    const count = 40;
    await store.execute(
      `INSERT INTO logs (organisation, service, site, ts, received_at, severity, body)
       SELECT 'burst', 'orders', 'STORE_001', fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Nano({at:Int64} * 1000000 + toInt64(number)), 9,
         if(number % 5 = 4, 'again', concat('step ', toString(number))) FROM numbers({count:UInt32}) ORDER BY cityHash64(number)`,
      { at: endMs - hourMs, count },
    );
    const came = Array.from({ length: count }, (_, n) => (n % 5 === 4 ? 'again' : `step ${n}`));
    for (const limit of [1, 7, 100]) {
      const bodies = async (order: 'newest' | 'oldest'): Promise<string[]> =>
        (await everyPage({ organisation: 'burst', order, limit })).map(({ body }) => body);
      expect(await bodies('oldest')).toEqual(came);
      expect(await bodies('newest')).toEqual(came.toReversed());
    }
    const [row] = await everyPage({ organisation: 'burst', q: '"step 20"', limit: 3 });
    const context = await getLogContext(store, {
      organisation: 'burst',
      id: row?.id ?? '',
      lines: 3,
      side: 'both',
      cursor: '',
    });
    expect(context?.before.map(({ body }) => body)).toEqual(came.slice(17, 20));
    expect(context?.after.map(({ body }) => body)).toEqual(came.slice(21, 24));
  });

  test('what indexes lead to is not looked for in small steps', async () => {
    const statements = async (input: Partial<LogSearch>): Promise<number> => {
      let asked = 0;
      const counting: TelemetryReader = {
        query: (...given) => {
          asked++;
          return store.query(...given);
        },
        stream: (...given) => store.stream(...given),
      };
      const page = await searchLogs(counting, { ...acme, q: '', order: 'newest', limit: 100, cursor: '', ...input });
      if (!page.ok) throw new Error(page.error.message);
      return asked;
    };
    // Six hours are stretches of 15 minutes, of 135 and of 210.
    expect(await statements({ q: '"equal line"' })).toBe(2);
    expect(await statements({ q: '"equal line"', order: 'oldest', limit: 10 })).toBe(1);
    expect(await statements({ q: 'event:Order.Nowhere' })).toBe(3);
    expect(await statements({ q: 'timeout', limit: 1000 })).toBe(2);
    expect(await statements({ q: 'timeout', limit: 70 })).toBe(2);
  });

  test('a cursor of another kind is refused', async () => {
    const page = await searchLogs(store, {
      ...acme,
      q: '',
      order: 'newest',
      limit: 10,
      cursor: "1-0'; DROP TABLE logs",
    });
    expect(page).toMatchObject({ ok: false, error: { message: 'expected the cursor of a page before' } });
  });

  test('growing windows reach the oldest record, and the scope narrows', async () => {
    const oldest = await everyPage({ q: '"equal line" OR corr-0', limit: 1000 });
    expect(oldest.some((row) => row.body === 'equal line')).toBe(true);
    const scoped = await everyPage({ service: 'payment', site: 'STORE_047', environment: 'staging' });
    expect(scoped.length).toBeGreaterThan(0);
    for (const row of scoped)
      expect(row).toMatchObject({ service: 'payment', site: 'STORE_047', environment: 'staging' });
  });

  test('words to light up leave out what is negated', async () => {
    const page = await searchLogs(store, {
      ...acme,
      q: 'payment -timeout "after 1" body:pay* service:orders',
      order: 'newest',
      limit: 1,
      cursor: '',
    });
    expect(page).toMatchObject({ ok: true, value: { words: ['payment', 'after 1', 'pay'] } });
  });
});

describe('records of loads that overlap, many in a second', () => {
  const organisation = 'overlapping';
  const fromMs = endMs - 5 * hourMs;
  const step = 7_000_003;
  beforeAll(async () => {
    // Three loads, each with every third record of the same four seconds, within a load not in order of time either.
    for (const load of [0, 1, 2])
      await store.execute(
        `INSERT INTO logs (organisation, ts, received_at, body)
         SELECT {organisation:String}, fromUnixTimestamp64Nano(toInt64({fromMs:Int64}) * 1000000 + at * ${step}) AS t, t, toString(at)
         FROM (SELECT 3 * (number * 77 % 200) + {load:UInt8} AS at FROM numbers(200))`,
        { organisation, fromMs, load },
        { settings: { insert_deduplication_token: `overlapping-${load}` } },
      );
  });

  test.each([
    ['newest', 37],
    ['newest', 450],
    ['oldest', 150],
    ['oldest', 1000],
  ] as const)('an export of the %s %i is exact, in parts and merged', async (order, limit) => {
    const exported = async (): Promise<number[]> => {
      const found = exportLogs(store, { ...acme, organisation, q: '', order, limit });
      if (!found.ok) throw new Error(found.error.message);
      const bodies: number[] = [];
      for await (const row of found.value) bodies.push(Number(row.body));
      return bodies;
    };
    const all = Array.from({ length: 600 }, (_, at) => (order === 'newest' ? 599 - at : at));
    expect(await exported()).toEqual(all.slice(0, limit));
    if (limit === 1000) {
      await store.execute('OPTIMIZE TABLE logs FINAL');
      expect(await exported()).toEqual(all);
    }
  });

  test('nothing found is nothing, either way', async () => {
    for (const order of ['newest', 'oldest'] as const) {
      const found = exportLogs(store, { ...acme, organisation, q: 'nowhere', order, limit: 10 });
      if (!found.ok) throw new Error(found.error.message);
      for await (const row of found.value) expect.unreachable(row.body);
    }
  });
});

describe('histogram', () => {
  test.each([
    '',
    'severity:>=error',
    'service:payment -site:store_100',
    'payment',
    'amount:>100',
    'env:staging OR level:warn',
  ])('%j counts what the search finds', async (q) => {
    for (const [fromMs, toMs] of [
      [acme.fromMs, acme.toMs],
      [acme.fromMs + 12_345, acme.toMs - 98_765],
      [acme.toMs - 90_000, acme.toMs],
    ] as const) {
      const histogram = await logHistogram(store, { ...acme, fromMs, toMs, q, buckets: 60 });
      if (!histogram.ok) throw new Error(histogram.error.message);
      const all = await everyPage({ q, fromMs, toMs, limit: 1000 });
      expect(histogram.value.total).toBe(all.length);
      expect(histogram.value.buckets.length).toBeLessThanOrEqual(61);
      for (const bucket of histogram.value.buckets) {
        const inside = all.filter((row) => row.at >= bucket.at && row.at < bucket.at + histogram.value.stepMs);
        expect(Object.values(bucket.counts).reduce((sum, n) => sum + n, 0)).toBe(inside.length);
        expect(bucket.counts.error).toBe(inside.filter((row) => row.severity === 'error').length);
      }
    }
  });
});

describe('facets and completion', () => {
  test.each(['', 'payment'])('%j: counts by value, most frequent first', async (q) => {
    const facets = await logFacets(store, {
      ...acme,
      q,
      fields: ['severity', 'service', 'status', 'host.name', 'trace', 'body', 'nothing'],
    });
    if (!facets.ok) throw new Error(facets.error.message);
    const all = await everyPage({ q, limit: 1000 });
    const [severity, service, status] = facets.value;
    expect(severity?.values.find((value) => value.value === 'error')?.records).toBe(
      all.filter((row) => row.severity === 'error').length,
    );
    expect(service?.values.find((value) => value.value === 'payment')?.records).toBe(
      all.filter((row) => row.service === 'payment').length,
    );
    expect(status?.values.find((value) => value.value === '500')?.records).toBe(
      all.filter((row) => row.attributes['http.status_code'] === '500').length,
    );
    for (const facet of facets.value) {
      expect(facet.estimated).toBe(false);
      expect(facet.values.length).toBeLessThanOrEqual(10);
      expect(facet.values).toEqual(facet.values.toSorted((a, b) => b.records - a.records));
    }
    expect(facets.value.at(-1)).toEqual({ field: 'nothing', values: [], estimated: false });
  });

  test('a large range is estimated from a sample, and says so', async () => {
    const found = await logFacets(store, { ...acme, q: '', fields: ['host.name', 'service'], sampleRecords: 1000 });
    if (!found.ok) throw new Error(found.error.message);
    const [host, service] = found.value;
    // Dimensions of the volume view stay exact.
    expect(service?.estimated).toBe(false);
    expect(host?.estimated).toBe(true);
    const total = (host?.values ?? []).reduce((sum, value) => sum + value.records, 0);
    expect(total).toBeGreaterThan(2000);
    expect(total).toBeLessThan(4000);
  });

  test('as many values as asked for, at most 200', async () => {
    const [few, many] = [
      await logFacets(store, { ...acme, q: '', fields: ['correlation'], most: 3 }),
      await logFacets(store, { ...acme, q: '', fields: ['correlation'], most: 5000 }),
    ];
    if (!few.ok || !many.ok) throw new Error('refused');
    expect(few.value[0]?.values).toHaveLength(3);
    const distinct = new Set((await everyPage({ limit: 1000 })).map((row) => row.correlationId).filter(Boolean)).size;
    expect(many.value[0]?.values).toHaveLength(Math.min(200, distinct));
  });

  test.each(['', 'payment'])('%j: the attributes that the result has, with counts', async (q) => {
    const found = await foundLogFields(store, { ...acme, q });
    if (!found.ok) throw new Error(found.error.message);
    const all = await everyPage({ q, limit: 1000 });
    expect(found.value).toMatchObject({ records: all.length, estimated: false });
    const counts = new Map<string, number>();
    for (const row of all) {
      for (const name of Object.keys(row.attributes)) counts.set(`a ${name}`, (counts.get(`a ${name}`) ?? 0) + 1);
      for (const name of Object.keys(row.resource)) counts.set(`r ${name}`, (counts.get(`r ${name}`) ?? 0) + 1);
    }
    const got = found.value.fields.map(({ name, from, records }) => [
      `${from === 'attributes' ? 'a' : 'r'} ${name}`,
      records,
    ]);
    expect(Object.fromEntries(got)).toEqual(Object.fromEntries(counts));
    expect(found.value.fields).toEqual(found.value.fields.toSorted((a, b) => b.records - a.records));
  });

  test('the attributes of a large result are estimated, and said so', async () => {
    const found = await foundLogFields(store, { ...acme, q: '', sampleRecords: 1000 });
    if (!found.ok) throw new Error(found.error.message);
    expect(found.value.estimated).toBe(true);
    expect(found.value.records).toBeGreaterThan(2000);
    expect(found.value.records).toBeLessThan(4000);
    expect(await foundLogFields(store, { ...acme, q: 'service:' })).toMatchObject({ ok: false });
  });

  test('fields and values by prefix', async () => {
    const fields = await completeSearch(store, 'logs', { ...acme, field: '', prefix: '' });
    expect(fields.fields).toEqual(expect.arrayContaining(['service', 'severity', 'order.id', 'host.name']));
    expect(await completeSearch(store, 'logs', { ...acme, field: 'site', prefix: 'store_0' })).toMatchObject({
      values: expect.arrayContaining(['STORE_001', 'STORE_047']),
    });
    expect(await completeSearch(store, 'logs', { ...acme, field: 'note', prefix: 'a%' })).toEqual({
      fields: [],
      values: ['a%b_c'],
    });
    expect(await completeSearch(store, 'logs', { ...acme, field: 'severity', prefix: 'E' })).toEqual({
      fields: [],
      values: ['error'],
    });
    expect(await completeSearch(store, 'spans', { ...acme, field: 'name', prefix: '\\' })).toEqual({
      fields: [],
      values: [],
    });
  });
});

describe('one log', () => {
  test('context: neighbours of the same site, device and service, in order', async () => {
    const all = await everyPage({ limit: 1000, order: 'oldest' });
    const row = all[1500];
    if (!row) throw new Error('no row');
    const same = all.filter(
      (other) => other.site === row.site && other.device === row.device && other.service === row.service,
    );
    const place = same.findIndex((other) => other.id === row.id);
    const asked = { organisation: 'acme', id: row.id, lines: 5, side: 'both', cursor: '' } as const;
    const context = await getLogContext(store, asked);
    expect(context?.row.id).toBe(row.id);
    expect(context?.before.map((line) => line.id)).toEqual(
      same.slice(Math.max(0, place - 5), place).map((line) => line.id),
    );
    expect(context?.after.map((line) => line.id)).toEqual(same.slice(place + 1, place + 6).map((line) => line.id));
    // More on demand, side by side with what was given, until the source has no more within a day.
    const older = context?.before ?? [];
    for (let cursor = context?.moreBefore ?? ''; cursor !== '';) {
      const more = await getLogContext(store, { ...asked, lines: 40, side: 'before', cursor });
      expect(more).toMatchObject({ after: [], moreAfter: '' });
      older.unshift(...(more?.before ?? []));
      cursor = more?.moreBefore ?? '';
    }
    expect(older.map((line) => line.id)).toEqual(same.slice(0, place).map((line) => line.id));
    const newer = await getLogContext(store, { ...asked, side: 'after', cursor: context?.moreAfter ?? '' });
    expect(newer?.before).toEqual([]);
    expect(newer?.after.map((line) => line.id)).toEqual(same.slice(place + 6, place + 11).map((line) => line.id));
    expect(await getLogContext(store, { ...asked, organisation: 'rival' })).toBeUndefined();
  });

  test('context: lines that are equal in everything are each given once', async () => {
    const [row] = await everyPage({ q: '"equal line"', limit: 1 });
    const asked = { organisation: 'acme', id: row?.id ?? '', lines: 3, side: 'before' } as const;
    let found = 0;
    for (let cursor = '', pages = 0; pages < 100; pages++) {
      const more = await getLogContext(store, { ...asked, cursor });
      found += more?.before.filter((line) => line.body === 'equal line').length ?? 0;
      cursor = more?.moreBefore ?? '';
      if (cursor === '') break;
    }
    expect(found).toBe(16);
  });

  test('is found by its id, in its organisation only', async () => {
    const [row] = await everyPage({ q: 'payment', limit: 1000 });
    expect(await getLog(store, 'acme', row?.id ?? '')).toEqual(row);
    expect(await getLog(store, 'rival', row?.id ?? '')).toBeUndefined();
    for (const id of ['', 'x', '1-2', "1-0000000000000000' OR 1", '99999999999999999999-0000000000000000'])
      expect(await getLog(store, 'acme', id)).toBeUndefined();
  });
});

test('export streams all of it', async () => {
  const rowsOf = exportLogs(store, { ...acme, q: '', order: 'oldest', limit: 1_000_000 });
  if (!rowsOf.ok) throw new Error(rowsOf.error.message);
  let count = 0;
  for await (const row of rowsOf.value) {
    expect(row.id).toMatch(/^\d+-[0-9a-f]{16}$/);
    count++;
  }
  expect(count).toBe(rows);
});

describe('live tail', () => {
  test('gives what arrives once, in order, and counts what it drops', async () => {
    const nowMs = Date.now();
    const clock = new ManualClock(nowMs);
    const ending = new AbortController();
    const tail = tailLogs(
      store,
      clock,
      { ...acme, organisation: 'tailed', q: 'arrived', sinceReceivedMs: nowMs - 5000 },
      ending.signal,
    );
    if (!tail.ok) throw new Error(tail.error.message);
    const batches = tail.value[Symbol.asyncIterator]();
    const arrive = (from: number, count: number): Promise<void> =>
      store.execute(
        `INSERT INTO logs (organisation, service, ts, received_at, severity, body)
         SELECT 'tailed', 'orders', fromUnixTimestamp64Milli({now:Int64}), fromUnixTimestamp64Nano({now:Int64} * 1000000 + toInt64(number)), 9, concat('arrived ', toString(number)) FROM numbers({from:UInt32}, {count:UInt32})`,
        { now: nowMs, from, count },
        { settings: { insert_deduplication_token: `tail-${from}` } },
      );
    const nextBatch = async (): Promise<{ rows: string[]; dropped: number }> => {
      const next = batches.next();
      for (
        let i = 0;
        i < 40 && !(await Promise.race([next.then(() => true), systemClock.sleep(50).then(() => false)]));
        i++
      )
        clock.advance(1000);
      const { value } = (await next) as { value: { rows: LogRecord[]; dropped: number } };
      return { rows: value.rows.map((row) => row.body), dropped: value.dropped };
    };
    await arrive(0, 3);
    expect(await nextBatch()).toEqual({ rows: ['arrived 0', 'arrived 1', 'arrived 2'], dropped: 0 });
    await arrive(3, 1);
    expect(await nextBatch()).toEqual({ rows: ['arrived 3'], dropped: 0 });
    await arrive(1000, 5000);
    const burst = await nextBatch();
    expect([burst.rows.length, burst.rows[0], burst.rows.at(-1), burst.dropped]).toEqual([
      5000,
      'arrived 1000',
      'arrived 5999',
      0,
    ]);
    await arrive(10_000, 8000);
    const flood = await nextBatch();
    expect([flood.rows.length, flood.rows.at(-1), flood.dropped]).toEqual([6000, 'arrived 17999', 2000]);
    await store.execute(
      `INSERT INTO logs (organisation, service, ts, received_at, severity, body)
       SELECT 'tailed', 'orders', fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Nano({at:Int64} * 1000000 + toInt64(number)), 9, 'arrived again' FROM numbers(3)`,
      { at: clock.now() },
    );
    expect((await nextBatch()).rows, 'lines that say the same are not one').toEqual(Array(3).fill('arrived again'));
    ending.abort();
    expect(await batches.next()).toMatchObject({ done: true });
  });

  test('refuses a faulty search at once', () => {
    expect(
      tailLogs(store, systemClock, { ...acme, q: 'service:', sinceReceivedMs: 0 }, AbortSignal.abort()),
    ).toMatchObject({ ok: false });
  });
});

test('no read shows another organisation', async () => {
  const other = { ...acme, organisation: 'nobody' };
  expect(await everyPage({ organisation: 'nobody', q: '* OR organisation:acme' })).toEqual([]);
  expect(await logHistogram(store, { ...other, q: 'NOT nothing', buckets: 10 })).toMatchObject({
    ok: true,
    value: { total: 0 },
  });
  expect(await logHistogram(store, { ...other, q: '', buckets: 10 })).toMatchObject({ ok: true, value: { total: 0 } });
  expect(await logFacets(store, { ...other, q: '', fields: ['service', 'note'] })).toMatchObject({
    ok: true,
    value: [{ values: [] }, { values: [] }],
  });
  expect(await foundLogFields(store, { ...other, q: '* OR organisation:acme' })).toEqual({
    ok: true,
    value: { fields: [], records: 0, estimated: false },
  });
  expect((await completeSearch(store, 'logs', { ...other, field: 'site', prefix: '' })).values).toEqual([]);
});
