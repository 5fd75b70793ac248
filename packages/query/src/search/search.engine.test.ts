import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedStore } from '@sightline/store';
import { matches, type PlainLog } from '../test-support/reference.ts';
import { endMs, fillLogs, fillTraces, hourMs, openSmallStore } from '../test-support/small-store.ts';
import type { Table } from './fields.ts';
import { parseSearch } from './parse.ts';
import { scopeCondition } from './scope.ts';
import { compileSearch } from './search.ts';

let store: EmbeddedStore;
let close: () => Promise<void>;
let logs: (PlainLog & { readonly row: string })[];

const scope = { organisation: 'acme', fromMs: endMs - 6 * hourMs, toMs: endMs, environment: '', site: '', service: '' };

beforeAll(async () => {
  ({ store, close } = await openSmallStore());
  await fillLogs(store, 'acme', 3000);
  await fillLogs(store, 'rival', 500);
  await fillTraces(store, 'acme', 200);
  await fillTraces(store, 'rival', 40);
  logs =
    await store.query(`SELECT site, device, environment, service, release, severity, event_name, body, correlation_id, attrs, res,
    toString(cityHash64(toString(ts), toString(id), severity)) AS row FROM logs WHERE organisation = 'acme'`);
});
afterAll(() => close());

async function found(table: Table, text: string): Promise<string[]> {
  const search = compileSearch(table, text);
  if (!search.ok) throw new Error(`${text}: ${search.error.message}`);
  const where = scopeCondition(scope);
  const id =
    table === 'logs'
      ? 'toString(cityHash64(toString(ts), toString(id), severity))'
      : 'toString(cityHash64(toString(ts), toString(span_id)))';
  const rows = await store.query<{ row: string; owner: string }>(
    `SELECT ${id} AS row, organisation AS owner FROM ${table} PREWHERE ${where.sql} AND ${search.value.sql}`,
    { ...where.parameters, ...search.value.parameters },
    { settings: { use_query_condition_cache: 0 } },
  );
  expect(rows.filter((row) => row.owner !== 'acme')).toEqual([]);
  return rows.map((row) => row.row).sort();
}

async function agrees(text: string): Promise<number> {
  const parsed = parseSearch(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`);
  const expected = logs
    .filter((log) => matches(parsed.value, log))
    .map((log) => log.row)
    .sort();
  expect(await found('logs', text), text).toEqual(expected);
  return expected.length;
}

const atoms = [
  'payment',
  'FAILED',
  'über',
  'ÜBER',
  'timeout',
  'pay',
  '"payment failed"',
  '"Failed Timeout"',
  'user=ann@shop',
  'ORD-10042',
  'corr-12',
  'ORD-10016',
  'pay*',
  '*timeout*',
  '*out',
  'p*d',
  '/api/v1/orders',
  '"***"',
  '100%',
  'of_orders',
  '"\\" and"',
  '/fail(ed)?:/',
  '/(?i)über/',
  '/^$/',
  'service:payment',
  'service:Payment',
  'service:inventory',
  'site:store_047',
  'site:STORE_*',
  'site:*',
  'exists:device',
  'device:""',
  'env:staging',
  'release:1.2.3',
  'service:/^(pay|ord)/',
  'service:(payment OR orders)',
  'site:(-STORE_047 store*)',
  'event:order.*',
  'correlation:corr-3',
  'correlation:corr-1*',
  'severity:error',
  'level:warn',
  'severity:>=error',
  'severity:<info',
  'severity:debug..warn',
  'severity:>warn',
  'severity:<=debug',
  'severity:*',
  'status:500',
  'status:>=400',
  'status:4*',
  'status:*',
  'amount:>100',
  'amount:<=3',
  'amount:[10 TO 20]',
  'amount:{10 TO 20}',
  'amount:10..20',
  'exists:amount',
  'order:ORD-10016',
  'order.id:ORD-100*',
  'note:"Card Declined"',
  'note:a%b_c',
  'note:a%*',
  'note:card*',
  'note:""',
  'note:/^a/',
  'host.name:nuc-1',
  'region:FL',
  'nothing:here',
  'exists:nothing',
  'exists:/^order\\./',
  'exists:/(?i)^AMO(unt|k)/',
  'exists:/^(a| )$/',
  'body:timeout',
  'message:"after 1.2 s"',
  'message:""',
  'body:/1\\.2/',
  'body:pay*',
  '*',
] as const;

describe('a search finds what the reference finds', () => {
  test.each(atoms)('%s', async (text) => {
    await agrees(text);
  });

  test('most operators find something and leave something out', async () => {
    const counts = await Promise.all(
      ['payment', 'service:Payment', 'pay*', 'amount:>100', 'status:>=400', 'ORD-10016', 'note:a%b_c'].map(agrees),
    );
    for (const count of counts) expect(count > 0 && count < logs.length).toBe(true);
  });

  test('random compositions', async () => {
    const random = generator(7);
    for (let i = 0; i < 60; i++) await agrees(compose(random, 3));
  }, 120_000);
});

describe('indexes prune', () => {
  test.each([
    ['logs', 'payment', 'ix_text'],
    ['logs', '"payment failed"', 'ix_text'],
    ['logs', 'pay*', 'ix_text'],
    ['logs', 'order.id:ORD-10016', 'ix_attrs'],
    ['logs', 'trace:01000000000000000000000000000000', 'ix_trace'],
    ['logs', 'correlation:corr-3', 'ix_correlation'],
    ['spans', 'http.status_code:502', 'ix_attrs'],
    ['errors', 'declined', 'ix_text'],
    ['errors', 'issue:000000000000000b', 'ix_issue'],
  ] as const)('%s: %s by %s', async (table, text, index) => {
    const search = compileSearch(table, text);
    if (!search.ok) throw new Error(search.error.message);
    const where = scopeCondition(scope);
    const plan = await store.query<{ explain: string }>(
      `EXPLAIN indexes = 1 SELECT ts FROM ${table} PREWHERE ${where.sql} AND ${search.value.sql}`,
      { ...where.parameters, ...search.value.parameters },
    );
    expect(plan.map((line) => line.explain).join('\n')).toContain(`Name: ${index}`);
  });
});

/** The failed spans of `fillTraces` that last a second or longer. */
const failedAndSlow = Array.from({ length: 50 }, (_, i) => (i * 4 * 7919) % 1000).filter((ms) => ms >= 100).length;

describe('spans and errors', () => {
  test.each([
    ['spans', 'kind:server', 800],
    ['spans', 'duration:>=1s status:error', failedAndSlow],
    ['spans', 'status:>=500', 250],
    ['spans', 'name:"authorise card" -status:error', 150],
    ['spans', 'authorise', 200],
    ['spans', '"declined by"', 50],
    ['spans', 'parent:""', 0],
    ['spans', '-exists:parent', 200],
    ['errors', 'PaymentError', 50],
    ['errors', 'type:paymenterror handled:true', 25],
    ['errors', 'amount:12.5 tag.processor:stripe', 50],
    ['errors', 'processor:strip*', 50],
    ['errors', 'order:ORD-10042 user:ann issue:000000000000000b', 50],
    ['errors', 'event3event', 0],
  ] as const)('%s: %s', async (table, text, expected) => {
    if (text === 'parent:""') return expect(compileSearch(table, text).ok).toBe(false);
    expect(await found(table, text)).toHaveLength(expected);
  });
});

test.each([
  '/[^a]{1000}/',
  '/(\\w{30}){33}/',
  '/.{1000}/',
  '/(a|b|c|d){500}/',
  '/(?i)[a-zß]{999}x/',
  '/((((a*)*)*)*)*$/',
])('the engine takes every expression that we let pass: %s', async (text) => {
  expect(await found('logs', text)).toBeDefined();
});

describe('hostile texts', () => {
  const values = [
    "' OR 1=1 --",
    "'; DROP TABLE logs; --",
    '{organisation:String}',
    '\\',
    "\\'",
    '%',
    '_',
    '\0',
    '\u{FFFF}',
    '`',
    '{q0:String}',
    ') OR (1',
    "x') UNION ALL SELECT * FROM logs --",
    '\n\n',
    '🙂',
  ];
  test.each(values)('%j stays in its organisation wherever it stands', async (value) => {
    const phrase = `"${value.replace(/["\\]/g, '\\$&')}"`;
    for (const table of ['logs', 'spans', 'errors'] as const) {
      for (const text of [
        phrase,
        `service:${phrase}`,
        `-body:${phrase}`,
        `foo:${phrase}`,
        `correlation:${phrase} OR *`,
        `message:${phrase}`,
      ])
        await found(table, text);
    }
  });

  test('random bytes never throw and never fail in the engine', async () => {
    const random = generator(11);
    const pieces = [
      '"',
      '(',
      ')',
      'a',
      'pay*',
      ' ',
      ' OR ',
      ' AND ',
      '-',
      'NOT ',
      ':',
      'service',
      'attrs.',
      '/',
      '\\',
      '[',
      '1',
      ' TO ',
      ']',
      '>',
      '=',
      '..',
      '*',
      "'",
      '{',
      '}',
      'ß',
      '\u{1F642}',
      '\0',
      'duration:>',
      'severity:',
      'x{2}',
      '^',
      '+',
      '?',
      '|',
      '(?i)',
      '.',
      '\\d',
      '\uD800',
    ];
    let ran = 0;
    for (let i = 0; i < 4000; i++) {
      const text = Array.from(
        { length: 1 + Math.floor(random() * 9) },
        () => pieces[Math.floor(random() * pieces.length)],
      ).join('');
      for (const table of ['logs', 'spans', 'errors'] as const) {
        const search = compileSearch(table, text);
        if (!search.ok) {
          expect(search.error.position.from).toBeGreaterThanOrEqual(0);
          expect(search.error.position.to).toBeLessThanOrEqual(text.length);
          expect(search.error.message).toMatch(/^expected/);
        } else if (i % 20 === 0) {
          await found(table, text);
          ran++;
        }
      }
    }
    expect(ran).toBeGreaterThan(100);
  }, 120_000);
});

function compose(random: () => number, depth: number): string {
  const atom = (): string => atoms[Math.floor(random() * atoms.length)] ?? '*';
  if (depth === 0) return atom();
  const part = (): string => compose(random, depth - 1);
  const kind = Math.floor(random() * 5);
  if (kind === 0) return `(${part()} OR ${part()})`;
  if (kind === 1) return `${part()} ${part()}`;
  if (kind === 2) return `-(${part()})`;
  if (kind === 3) return `NOT ${atom()} AND ${part()}`;
  return part();
}

/** A small seeded generator, so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
