/** Contract: the documented features of `@clickhouse/client`, unchanged, against the embedded engine. */
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import {
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
  type ClickHouseClient,
  type DataFormat,
} from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EmbeddedStore } from '../embedded-store.ts';
import { freshFolder, openStore, removeFolder } from '../testing.ts';

let store: EmbeddedStore;
let client: ClickHouseClient;
const folder = freshFolder();

function connect(options: Parameters<typeof createClient>[0] = {}): ClickHouseClient {
  const agent = new Agent({ keepAlive: true, socketPath: store.socketPath } as ConstructorParameters<typeof Agent>[0]);
  return createClient({
    url: 'http://engine:1',
    http_agent: agent,
    database: 'shop',
    log: { level: ClickHouseLogLevel.OFF },
    ...options,
  });
}

beforeAll(async () => {
  store = await openStore(folder);
  await store.execute('CREATE DATABASE shop');
  client = connect();
});
afterAll(async () => {
  await client.close();
  await store.close();
  removeFolder(folder);
});
beforeEach(async () => {
  await client.command({
    query:
      'CREATE OR REPLACE TABLE sales (id UInt32, item String, price Float64 DEFAULT 1.5) ENGINE = MergeTree ORDER BY id',
  });
});

async function rowsOf(query: string): Promise<unknown[]> {
  const result = await client.query({ query, format: 'JSONEachRow' });
  return result.json();
}

test('ping, by handle and by SELECT', async () => {
  expect(await client.ping()).toEqual({ success: true });
  expect(await client.ping({ select: true })).toEqual({ success: true });
});

describe('insert', () => {
  const both = [
    { id: 1, item: "rum\n\n'x'", price: 2 },
    { id: 2, item: 'gin\\', price: 3 },
  ];
  test('objects, with a summary and a default for what is missing', async () => {
    const result = await client.insert({
      table: 'sales',
      values: [...both, { id: 3, item: 'ale' }],
      format: 'JSONEachRow',
    });
    expect(result.executed).toBe(true);
    expect(result.summary?.written_rows).toBe('3');
    expect(await rowsOf('SELECT * FROM sales ORDER BY id')).toEqual([...both, { id: 3, item: 'ale', price: 1.5 }]);
  });
  test('a stream of objects', async () => {
    const many = Readable.from(Array.from({ length: 20_000 }, (_, i) => ({ id: i, item: `item ${i}` })));
    await client.insert({ table: 'sales', values: many, format: 'JSONEachRow' });
    expect(await rowsOf('SELECT count() AS n, uniqExact(item) AS u FROM sales')).toEqual([{ n: 20000, u: 20000 }]);
  });
  test.each<[DataFormat, string]>([
    ['CSV', '1,"rum\n\n\'x\'",2\n2,gin\\,3\n'],
    ['TabSeparated', "1\trum\\n\\n'x'\t2\n2\tgin\\\\\t3\n"],
    ['CSVWithNames', 'item,id,price\n"rum\n\n\'x\'",1,2\ngin\\,2,3\n'],
  ])('a stream of %s', async (format, data) => {
    await client.insert({ table: 'sales', values: Readable.from([data], { objectMode: false }), format });
    expect(await rowsOf('SELECT * FROM sales ORDER BY id')).toEqual(both);
  });
  test('JSONCompactEachRow, columns named and excepted', async () => {
    await client.insert({
      table: 'sales',
      values: [['rum', 1]],
      format: 'JSONCompactEachRow',
      columns: ['item', 'id'],
    });
    await client.insert({
      table: 'sales',
      values: [{ id: 2, item: 'gin' }],
      format: 'JSONEachRow',
      columns: { except: ['price'] },
    });
    expect(await rowsOf('SELECT * FROM sales ORDER BY id')).toEqual([
      { id: 1, item: 'rum', price: 1.5 },
      { id: 2, item: 'gin', price: 1.5 },
    ]);
  });
  test('nothing at all', async () => {
    expect((await client.insert({ table: 'sales', values: [], format: 'JSONEachRow' })).executed).toBe(false);
  });
  test.each(['Parquet', 'RowBinary', 'Native', 'ArrowStream', 'Avro'])('%s bytes, out and in again', async (format) => {
    await client.insert({ table: 'sales', values: both, format: 'JSONEachRow' });
    const out = await client.exec({ query: `SELECT * FROM sales ORDER BY id FORMAT ${format}` });
    const bytes = await buffer(out.stream);
    await client.command({ query: 'TRUNCATE TABLE sales' });
    const back = await client.exec({ query: `INSERT INTO sales FORMAT ${format}`, values: Readable.from([bytes]) });
    await text(back.stream);
    expect(await rowsOf('SELECT * FROM sales ORDER BY id')).toEqual(both);
  });
  test('VALUES inside the statement, with expressions', async () => {
    await client.command({ query: "INSERT INTO sales (id, item) VALUES (1, upper('rum')), (1 + 1, 'a\n\nb')" });
    expect(await rowsOf('SELECT item FROM sales ORDER BY id')).toEqual([{ item: 'RUM' }, { item: 'a\n\nb' }]);
  });
  test('a bad row is an error with code and type, and stores nothing', async () => {
    const bad = client.insert({
      table: 'sales',
      values: Readable.from(['1,a,2\nx,b,3\n'], { objectMode: false }),
      format: 'CSV',
    });
    await expect(bad).rejects.toMatchObject({ code: '27', type: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED' });
    expect(await rowsOf('SELECT count() AS n FROM sales')).toEqual([{ n: 0 }]);
  });
});

describe('query', () => {
  test.each<[DataFormat, string]>([
    ['JSON', '"rows": 3'],
    ['JSONCompact', '"rows": 3'],
    ['JSONEachRow', '{"n":2}'],
    ['JSONCompactEachRow', '[2]'],
    ['CSV', '0\n1\n2\n'],
    ['CSVWithNames', '"n"\n0\n1\n2\n'],
    ['TabSeparated', '0\n1\n2\n'],
  ])('in %s', async (format, part) => {
    const result = await client.query({ query: 'SELECT number AS n FROM numbers(3)', format });
    expect(await result.text()).toContain(part);
    expect(result.response_headers['x-clickhouse-format']).toBe(format);
  });
  test('rows one by one, three million of them, in bounded memory', async () => {
    const result = await client.query({
      query: 'SELECT number AS n FROM numbers(3000000)',
      format: 'JSONCompactEachRow',
    });
    let rows = 0;
    for await (const some of result.stream()) rows += some.length;
    expect(rows).toBe(3_000_000);
  });
  test('the id of the caller comes back, or one is given', async () => {
    const own = await client.query({ query: 'SELECT 1', query_id: 'shop-17', format: 'JSON' });
    expect(own.query_id).toBe('shop-17');
    expect(own.response_headers['x-clickhouse-query-id']).toBe('shop-17');
    await own.text();
  });
  test('SHOW, DESCRIBE, EXISTS and EXPLAIN give rows too', async () => {
    expect(await rowsOf('SHOW TABLES')).toEqual([{ name: 'sales' }]);
    expect(await rowsOf('EXISTS TABLE sales')).toEqual([{ result: 1 }]);
    expect(await rowsOf('DESCRIBE TABLE sales')).toHaveLength(3);
    expect((await rowsOf('EXPLAIN SELECT 1')).length).toBeGreaterThan(0);
  });
  test('parameters too long for an address go through a multipart body', async () => {
    const ids = Array.from({ length: 200_000 }, (_, i) => i);
    const result = await client.query({
      query: 'SELECT length({ids:Array(UInt32)}) AS n, {s:String} AS s',
      query_params: { ids, s: 'a\r\n--b' },
      use_multipart_params_auto: true,
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ n: 200000, s: 'a\r\n--b' }]);
  });
});

describe('settings', () => {
  test('hold for one query and leak into none', async () => {
    const settings = { max_threads: 1, max_block_size: '777', max_execution_time: 7 } as const;
    const sql =
      "SELECT getSetting('max_threads') AS t, getSetting('max_block_size') AS b, getSetting('max_execution_time') AS e";
    const asked = await client.query({ query: sql, clickhouse_settings: settings, format: 'JSONEachRow' });
    expect(await asked.json()).toEqual([{ t: 1, b: 777, e: 7 }]);
    for (let i = 0; i < 8; i++) {
      const [row] = (await rowsOf(sql)) as [{ b: number; e: number }];
      expect(row.b).not.toBe(777);
      expect(row.e).toBe(0);
    }
  });
  test('also not after an error, a readonly query or SET and USE', async () => {
    const readonly = client.command({ query: 'DROP TABLE sales', clickhouse_settings: { readonly: '1' } });
    await expect(readonly).rejects.toMatchObject({ code: '164' });
    await client.command({ query: 'SET max_block_size = 778' });
    await client.command({ query: 'USE system' });
    await expect(
      client.command({ query: 'SELECT nope', clickhouse_settings: { max_block_size: '779' } }),
    ).rejects.toThrow();
    for (let i = 0; i < 8; i++) {
      const rows = await rowsOf(
        "SELECT getSetting('max_block_size') IN (778, 779) AS leaked, getSetting('readonly') AS r, currentDatabase() AS d",
      );
      expect(rows).toEqual([{ leaked: 0, r: 0, d: 'shop' }]);
    }
  });
  test('one that does not exist is refused by name', async () => {
    const bad = client.query({ query: 'SELECT 1', clickhouse_settings: { no_such_setting: 1 } });
    await expect(bad).rejects.toMatchObject({ code: '115', type: 'UNKNOWN_SETTING' });
  });
});

describe('errors', () => {
  test.each([
    ['SELECT nope', '47', 'UNKNOWN_IDENTIFIER'],
    ['SELECT * FROM nowhere', '60', 'UNKNOWN_TABLE'],
    ['SELEC 1', '62', 'SYNTAX_ERROR'],
    ['SELECT 1; SELECT 2', '62', 'SYNTAX_ERROR'],
    ['SELECT {x:UInt8}', '456', 'UNKNOWN_QUERY_PARAMETER'],
    ["SELECT throwIf(1, 'why')", '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
  ])('%s is code %s', async (query, code, type) => {
    const error: unknown = await client.query({ query }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ClickHouseError);
    expect(error).toMatchObject({ code, type });
  });
  test('in the middle of a stream reach the reader', async () => {
    const result = await client.query({
      query:
        'SELECT number, throwIf(number = 2000000) FROM numbers(5000000) SETTINGS max_block_size = 10000, max_threads = 1',
      format: 'JSONEachRow',
    });
    const reading = (async () => {
      for await (const _ of result.stream()) continue;
    })();
    await expect(reading).rejects.toMatchObject({ code: '395' });
  });
  test('sessions are refused clearly', async () => {
    await expect(client.query({ query: 'SELECT 1', session_id: 'x' })).rejects.toThrow(/sessions are not kept/);
  });
});

describe('cancelling', () => {
  test('by abort_signal ends the query in the engine', async () => {
    const abort = new AbortController();
    const long = client.query({
      query: 'SELECT sum(cityHash64(number)) FROM numbers(500000000000)',
      abort_signal: abort.signal,
      format: 'JSON',
    });
    const ended = expect(long).rejects.toThrow();
    await untilRunning('500000000000', 1);
    abort.abort();
    await ended;
    await untilRunning('500000000000', 0);
  });
  test('by leaving a stream ends the query in the engine', async () => {
    const result = await client.query({ query: 'SELECT number FROM numbers(400000000000)', format: 'JSONEachRow' });
    for await (const _ of result.stream()) break;
    result.close();
    await untilRunning('400000000000', 0);
  });
});

async function untilRunning(part: string, wanted: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const [row] = await store.query<{ n: number }>(
      "SELECT toUInt32(count()) AS n FROM system.processes WHERE position(query, {part:String}) > 0 AND query NOT LIKE '%system.processes%'",
      { part },
    );
    if (row?.n === wanted) return;
    await sleep(100);
  }
  throw new Error(`never ${wanted} running`);
}

describe('compression', () => {
  test.each([true, { codec: 'zstd' as const }])('of requests and responses (%j)', async (coding) => {
    const packed = connect({ compression: { request: coding, response: coding } });
    await packed.insert({ table: 'sales', values: [{ id: 1, item: 'rum' }], format: 'JSONEachRow' });
    const result = await packed.query({
      query: 'SELECT item, number FROM sales, numbers(100000) AS n',
      format: 'JSONEachRow',
    });
    expect(await result.json()).toHaveLength(100_000);
    await packed.close();
  });
  test('a body that is not what it says is an error, not a crash', async () => {
    const packed = connect({ http_headers: { 'Content-Encoding': 'gzip' } });
    const bad = packed.insert({
      table: 'sales',
      values: Readable.from([gzipSync('1,a,2\n').subarray(0, 12)]),
      format: 'CSV',
    });
    await expect(bad).rejects.toThrow();
    await packed.close();
    expect(await client.ping()).toEqual({ success: true });
  });
});
