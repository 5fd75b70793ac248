import { describe, expect, test } from 'vitest';
import type { SpanRecord } from '../span-row.ts';
import { analyse } from './analyse-trace.ts';
import { compare } from './compare-traces.ts';
import { shortStatement, spoken } from './say.ts';

const begin = 1_795_000_000_000_000_000n;

/** `name@start-end<parent` in milliseconds, `!` for a failure, `#text` for a statement; the service is the name's first letter. */
function spans(...texts: string[]): SpanRecord[] {
  return texts.map((text) => {
    const [, name = '', from = '0', to = '0', parent = '', bang, statement] =
      /^(\w+)@(-?\d+)-(\d+)(?:<(\w+))?(!)?(?:#(.*))?$/.exec(text) ?? [];
    const [start, end] = [Number(from), Number(to)];
    return {
      traceId: 'ab'.repeat(16),
      spanId: name,
      parentId: parent,
      name: name.replace(/\d+$/, ''),
      service: name.slice(0, 1),
      site: '',
      device: '',
      kind: 'server',
      status: bang ? 'error' : 'ok',
      statusMessage: bang ? 'declined' : '',
      startNs: String(begin + BigInt(start) * 1_000_000n),
      at: 0,
      durationNs: (end - start) * 1e6,
      correlationId: '',
      release: '',
      environment: '',
      scopeName: '',
      attributes: statement ? { 'db.query.text': statement } : {},
      resource: {},
      events: [],
      links: [],
    };
  });
}

const path = (...texts: string[]): string =>
  analyse(spans(...texts))
    .criticalPath.map(({ spanId, startNs, durationNs }) => {
      const start = Number((BigInt(startNs) - begin) / 1_000_000n);
      return `${spanId}@${start}-${start + durationNs / 1e6}`;
    })
    .join(' ');

describe('critical path', () => {
  test.each<[string, string[], string]>([
    ['one span', ['a@0-10'], 'a@0-10'],
    ['nothing', [], ''],
    ['a child in the middle', ['a@0-10', 'b@2-7<a'], 'a@0-2 b@2-7 a@7-10'],
    ['one after another', ['a@0-10', 'b@0-4<a', 'c@5-9<a'], 'b@0-4 a@4-5 c@5-9 a@9-10'],
    ['side by side: the one that ends last', ['a@0-10', 'b@1-5<a', 'c@1-9<a'], 'a@0-1 c@1-9 a@9-10'],
    ['an overlap is not waited for', ['a@0-10', 'b@0-6<a', 'c@5-10<a'], 'a@0-5 c@5-10'],
    ['a child beyond its parent is cut', ['a@0-10', 'b@8-15<a'], 'a@0-8 b@8-10'],
    ['a child of a skewed clock is cut', ['b@-5-4<a', 'a@0-10'], 'b@0-4 a@4-10'],
    ['a child after its parent is not waited for', ['a@0-10', 'b@11-20<a'], 'a@0-10'],
    ['deep', ['a@0-10', 'b@1-9<a', 'c@2-8<b'], 'a@0-1 b@1-2 c@2-8 b@8-9 a@9-10'],
    ['of two roots the longer', ['a@0-4', 'b@5-20'], 'b@5-20'],
    ['a ring of parents is cut', ['a@0-10<b', 'b@1-9<a'], 'a@1-9'],
  ])('%s', (_, texts, expected) => expect(path(...texts)).toBe(expected));

  test('a chain of 10,000 spans', () => {
    const chain = Array.from({ length: 10_000 }, (_, n) => `a${n}@0-${20_000 - n}${n === 0 ? '' : `<a${n - 1}`}`);
    const found = analyse(spans(...chain));
    expect(found.criticalPath).toHaveLength(10_000);
    expect(found.criticalPath.reduce((sum, step) => sum + step.durationNs, 0)).toBe(20_000e6);
  });
});

test.each<[string, string[], string[]]>([
  [
    'before the first child, between children, not behind the last',
    ['a@0-100', 'b@20-40<a', 'c@60-70<a'],
    ['a: -b 20', 'a: b-c 20'],
  ],
  ['short ones are not told', ['a@0-100', 'b@1-40<a', 'c@42-100<a'], []],
  ['children side by side', ['a@0-100', 'b@0-50<a', 'c@10-30<a', 'd@90-95<a'], ['a: b-d 40']],
])('gaps: %s', (_, texts, expected) => {
  const gaps = analyse(spans(...texts)).gaps.map(
    ({ spanId, after, before, durationNs }) => `${spanId}: ${after}-${before} ${durationNs / 1e6}`,
  );
  expect(gaps).toEqual(expected);
});

test.each<[string, string[], string]>([
  ['nothing', [], ''],
  [
    'many queries',
    [
      'a@0-1000',
      ...Array.from(
        { length: 9 },
        (_, n) => `i${n}@${n * 100}-${n * 100 + 95}<a#SELECT qty FROM inventory WHERE sku = ${n}`,
      ),
    ],
    '86 % of 1.0 s in SELECT … FROM inventory (i), 9 calls',
  ],
  ['a failure deep below', ['a@0-10!', 'b@1-9<a!', 'c@2-3<b'], '70 % of 10 ms in b (b); failed in b (b): declined'],
  [
    'spread',
    ['a@0-100', 'b@0-20<a', 'c@20-40<a', 'd@40-60<a', 'e@60-80<a'],
    '100 ms spread widely: the most, 20 %, in a (a)',
  ],
])('diagnosis: %s', (_, texts, expected) => expect(analyse(spans(...texts)).diagnosis).toBe(expected));

test('operations: own time is without children, errors are counted', () => {
  const { operations, durationMs } = analyse(spans('a@0-10', 'b1@1-4<a', 'b2@3-8<a!'));
  expect(durationMs).toBe(10);
  expect(operations).toEqual([
    { service: 'b', operation: 'b', calls: 2, errors: 1, totalMs: 8, selfMs: 8, pathMs: 5 },
    { service: 'a', operation: 'a', calls: 1, errors: 0, totalMs: 10, selfMs: 3, pathMs: 5 },
  ]);
});

describe('comparison', () => {
  test('an operation more, one less, one slower', () => {
    const { operations, left, right, sentence } = compare(
      spans('a@0-10', 'b@1-4<a', 'c@5-6<a'),
      spans('a@0-2010', 'b1@1-1001<a', 'b2@1002-2002<a', 'd@2003-2004<a!'),
    );
    expect([left, right]).toEqual([
      { durationMs: 10, spans: 3, errors: 0 },
      { durationMs: 2010, spans: 4, errors: 1 },
    ]);
    expect(operations.map(({ operation, deltaMs }) => `${operation} ${deltaMs}`)).toEqual([
      'b 1997',
      'a 3',
      'c -1',
      'd 1',
    ]);
    expect(operations.find(({ operation }) => operation === 'd')?.left).toBeNull();
    expect(sentence).toBe('The right one is 2.0 s slower: +2.0 s in b (b), 2 calls instead of 1.');
  });
  test('of equals', () => expect(compare(spans('a@0-10'), spans('a@0-10')).sentence).toBe('Both took the same time.'));
});

test.each([
  ['SELECT  a,\n b FROM "public"."stock" s WHERE 1', 'SELECT … FROM public.stock'],
  ['with x as (select 1 from y) select * from z', 'SELECT … FROM y'],
  ['insert into orders values (1)', 'INSERT INTO orders'],
  ['UPDATE `stock` SET n = 1', 'UPDATE stock'],
  ['DELETE FROM carts WHERE id = 1', 'DELETE FROM carts'],
  ['GET user:1', 'GET user:1'],
  ['x'.repeat(80), `${'x'.repeat(59)}…`],
])('statement %s', (text, short) => expect(shortStatement(text)).toBe(short));

test.each([
  [0.25, '0.3 ms'],
  [41.3, '41 ms'],
  [2345, '2.3 s'],
  [65_000, '65 s'],
  [200_000, '3 min 20 s'],
])('%d ms', (ms, text) => expect(spoken(ms)).toBe(text));
