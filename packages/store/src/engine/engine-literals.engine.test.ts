import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClickHouseLogLevel, createClient, TupleParam, type ClickHouseClient } from '@clickhouse/client';
import { Agent, get } from 'node:http';
import { Readable } from 'node:stream';
import type { EmbeddedStore } from '../embedded-store.ts';
import type { ParameterValue } from '../port/index.ts';
import { freshFolder, openStore, removeFolder } from '../testing.ts';

let store: EmbeddedStore;
let client: ClickHouseClient;
const folder = freshFolder();

beforeAll(async () => {
  store = await openStore(folder);
  const agent = new Agent({ keepAlive: true, socketPath: store.socketPath } as ConstructorParameters<typeof Agent>[0]);
  client = createClient({ url: 'http://engine:1', http_agent: agent, log: { level: ClickHouseLogLevel.OFF } });
});
afterAll(async () => {
  await client.close();
  await store.close();
  removeFolder(folder);
});

const hostile = [
  "'", "''", '\\', "\\'", "'; DROP TABLE victim; --", '\n\nDROP TABLE victim\n\n', '\r\n\r\n', 'a\0b', '\0', '/* */ -- # ', '{x:String}', '}', '{', '`"$$', '$a$', '\\N', 'NULL',
  '\t', '\b\f\v\u0007', 'é🚀\u2028', String.raw`\x27\x5c`, ' ', '', '%27', '+', '&a=b', String.raw`\\\'`, "x'||(SELECT 1)||'", 'a'.repeat(100_000),
]; // prettier-ignore

describe('text comes back as it went in', () => {
  test('as String', async () => {
    for (const text of hostile) expect(await roundTrip(text, 'String')).toBe(text);
  });
  test('in Array, Map and Nullable', async () => {
    expect(await roundTrip(hostile, 'Array(String)')).toEqual(hostile);
    const map = new Map<string, string>(hostile.map((text, i) => [`${i}${text}`, text]));
    expect(await roundTrip(map, 'Map(String, String)')).toEqual(Object.fromEntries(map));
    for (const text of hostile) if (text !== '\\N') expect(await roundTrip(text, 'Nullable(String)')).toBe(text);
    expect(await roundTrip(null, 'Nullable(String)')).toBeNull();
    expect(await roundTrip(hostile, 'Array(LowCardinality(String))')).toEqual(hostile);
  });
  test('as 2,000 random mixtures', async () => {
    for (let batch = 0; batch < 20; batch++) {
      const texts = Array.from({ length: 100 }, (_, i) => mixture(batch * 100 + i));
      expect(await roundTrip(texts, 'Array(String)')).toEqual(texts);
      expect(await roundTrip(texts.join('\n\n'), 'String')).toBe(texts.join('\n\n'));
    }
  });
  test('as a name of a column', async () => {
    for (const name of ["a'b", 'a`b', 'a"b', 'a\\b', 'a\nb', 'a b', '1; DROP TABLE x', 'é']) {
      await store.execute('CREATE OR REPLACE TABLE names ({name:Identifier} UInt8) ENGINE = Memory', { name });
      const rows = await store.query<{ name: string }>("SELECT name FROM system.columns WHERE table = 'names'");
      expect(rows).toEqual([{ name }]);
    }
  });
  test('and bytes that are not UTF-8 too', async () => {
    expect(await bareGet('/?query=SELECT+hex(%7Bx:String%7D)&param_x=%ff%00%c3(')).toBe('FF00C328\n');
  });
});

function mixture(seed: number): string {
  let state = seed * 2654435761 + 7;
  const next = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  const short = hostile.filter((text) => text.length < 100);
  return Array.from({ length: next(8) }, () => short[next(short.length)] ?? '').join('');
}

async function roundTrip(value: ParameterValue, type: string): Promise<unknown> {
  const rows = await store.query<{ v: unknown }>(`SELECT {v:${type}} AS v`, { v: value });
  return rows[0]?.v;
}

describe('every type is read by the engine itself', () => {
  test.each<[string, ParameterValue, string]>([
    ['UInt8', 255, '255'],
    ['Int64', -(2n ** 63n), '-9223372036854775808'],
    ['UInt64', 2n ** 64n - 1n, '18446744073709551615'],
    ['Int256', -(10n ** 70n), `-1${'0'.repeat(70)}`],
    ['Float64', Number.NaN, 'nan'],
    ['Float64', Number.NEGATIVE_INFINITY, '-inf'],
    ['Float64', 0.1, '0.1'],
    ['Float32', 1e-10, '1e-10'],
    ['Bool', true, 'true'],
    ['Date', '2026-11-21', '2026-11-21'],
    ['Date32', '1925-01-01', '1925-01-01'],
    ['DateTime', '2026-11-21 01:02:03', '2026-11-21 01:02:03'],
    ["DateTime64(9, 'UTC')", '2026-11-21 01:02:03.123456789', '2026-11-21 01:02:03.123456789'],
    ['DateTime64(3)', new Date('2026-11-21T01:02:03.004Z'), '2026-11-21 01:02:03.004'],
    ['DateTime64(3)', new Date(-1), '1969-12-31 23:59:59.999'],
    ['Array(DateTime64(3))', [new Date(-1), new Date(1500)], "['1969-12-31 23:59:59.999','1970-01-01 00:00:01.500']"],
    ['UUID', '61f0c404-5cb3-11e7-907b-a6006ad3dba0', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
    ['IPv4', '10.1.2.3', '10.1.2.3'],
    ['IPv6', '2001:db8::1', '2001:db8::1'],
    ['Decimal(18, 4)', '12.5000', '12.5'],
    ["Enum8('a' = 1, 'b\\'c' = 2)", "b'c", "b'c"],
    ['FixedString(3)', 'abc', 'abc'],
    ['Array(UInt64)', [1, 2n], '[1,2]'],
    ['Array(Array(Nullable(String)))', [['a', null]], "[['a',NULL]]"],
    ['Array(Bool)', [true, false], '[true,false]'],
    ['LowCardinality(String)', "it's", "it's"],
    ['Map(String, Array(UInt8))', new Map(), '{}'],
  ])('%s', async (type, value, text) => {
    const rows = await store.query<{ s: string; t: string }>(
      `SELECT toString({v:${type}}) AS s, toTypeName({v:${type}}) AS t`,
      { v: value },
    );
    expect(rows[0]).toEqual({ s: text, t: type });
  });

  test('Map in Map, through the client', async () => {
    const value = { "a:,'": { 'x)}': 1 }, b: {} };
    const rows = await client.query({
      query: 'SELECT {v:Map(String, Map(String, UInt8))} AS v',
      query_params: { v: value },
      format: 'JSONEachRow',
    });
    expect(await rows.json()).toEqual([{ v: value }]);
  });

  test('Tuple, through the client', async () => {
    const rows = await client.query({
      query: 'SELECT toString({v:Tuple(UInt8, String, Nullable(String))}) AS s',
      query_params: { v: new TupleParam([1, "it's", null]) },
      format: 'JSONEachRow',
    });
    expect(await rows.json()).toEqual([{ s: String.raw`(1,'it\'s',NULL)` }]);
  });

  test.each([
    ['UInt8', '1 OR 1'],
    ['UInt8', '(SELECT 1)'],
    ['DateTime', 'now()'],
    ['UUID', 'x'],
    ['Array(UInt8)', "['a']"],
    ['Array(UInt8)', '[1] OR 1'],
    ['IPv4', '1.2.3.4.5'],
    ['Bool', 'yes; DROP TABLE x'],
  ])('%s refuses %j', async (type, value) => {
    await expect(store.query(`SELECT {v:${type}} AS v`, { v: value })).rejects.toMatchObject({
      name: 'StoreError',
      kind: 'bad-data',
    });
  });

  test('parameters stand where ClickHouse takes constants', async () => {
    const rows = await store.query<{ n: string }>(
      'SELECT number AS n FROM numbers({count:UInt64}) WHERE number IN {some:Array(UInt64)} AND now() > now() - INTERVAL {s:UInt32} SECOND ORDER BY n LIMIT {n:UInt32} OFFSET {o:UInt32}',
      { count: 100, some: [1, 5, 7, 9], s: 60, n: 2, o: 1 },
    );
    expect(rows).toEqual([{ n: '5' }, { n: '7' }]);
  });
});

describe('data of an INSERT are never run', () => {
  beforeAll(async () => {
    await store.execute('CREATE TABLE victim (a Int32) ENGINE = MergeTree ORDER BY a');
    await store.execute('CREATE TABLE texts (s String) ENGINE = MergeTree ORDER BY tuple()');
  });

  test.each([
    ['JSONEachRow', '{"s":"x"}\n\nDROP TABLE sightline.victim\n'],
    ['TabSeparated', 'x\n\nDROP TABLE sightline.victim\n'],
    ['CSV', '"x"\n\n\nDROP TABLE sightline.victim;\n\n'],
    ['Values', "('x');\n\nDROP TABLE sightline.victim;"],
  ])('as %s', async (format, data) => {
    const answer = client.exec({ query: `INSERT INTO sightline.texts FORMAT ${format}`, values: asStream(data) });
    await answer.then((r) => r.stream.resume()).catch(() => undefined);
    await client.command({ query: `INSERT INTO sightline.texts FORMAT ${format} ${data}` }).catch(() => undefined);
    expect(await store.query('SELECT count() AS n FROM victim')).toEqual([{ n: '0' }]);
  });
});

function bareGet(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath: store.socketPath, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

function asStream(text: string): Readable {
  return Readable.from([Buffer.from(text)]);
}
