import { createHmac } from 'node:crypto';
import { silentLogger } from '@sightline/base';
import { untouchedScrubRules, type ScrubRules } from '@sightline/record';
import type { TelemetryStore } from '@sightline/store';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { goodKey, openTestStore, startBench, type IngestBench } from '../../test-support/ingest-bench.ts';
import { jsonLeaves } from './json-leaves.ts';
import { insertDecoded } from '../tables.ts';
import { ownScrub, ownStatement } from './own-scrub.ts';
import { CachedScrubBook, firstRulesAfterMs, type ScrubSetting } from './scrub-book.ts';

const salt = 'pepper';
const hashed = (text: string): string =>
  createHmac('sha256', salt)
    .update(text)
    .digest('hex')
    .slice(0, 16)
    .replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '');
const withRules = (rules: Partial<ScrubRules>): ScrubRules => ({ ...untouchedScrubRules, ...rules });
const hashing = { ...untouchedScrubRules.userIds, hash: true };

let engine: Awaited<ReturnType<typeof openTestStore>>;
let bench: IngestBench;
let settings: ScrubSetting[] = [];
let nowMs = 1_800_000_000_000;
/** So often the store is gone when all of a segment is stored and its ledger is not. */
let deaths = 0;

beforeAll(async () => {
  engine = await openTestStore();
  const clock = { now: () => nowMs, sleep: async (): Promise<void> => undefined };
  const scrubbing = new CachedScrubBook(async () => settings, engine.store, clock, silentLogger);
  const { store } = engine;
  const dying: TelemetryStore = {
    query: (...asked) => store.query(...asked),
    stream: (...asked) => store.stream(...asked),
    healthy: () => store.healthy(),
    close: () => store.close(),
    execute: (sql, parameters, limits) => {
      const token = limits?.settings?.['insert_deduplication_token'];
      if (deaths > 0 && typeof token === 'string' && token.endsWith('-ledger')) {
        deaths--;
        return Promise.reject(Object.assign(new Error('gone'), { kind: 'unavailable' }));
      }
      return store.execute(sql, parameters, limits);
    },
  };
  bench = await startBench(dying, engine.folder, { scrubbing });
});
afterAll(async () => {
  await bench.close();
  await engine.close();
});
beforeEach(() => {
  settings = [];
  nowMs += 60_000;
});

async function scrubbed(
  rules: Partial<ScrubRules>,
  fields: Record<string, string>,
  stored = false,
): Promise<Record<string, string>> {
  const own = ownScrub(withRules(rules), salt, { stored });
  const [row] = await engine.store.query<{ texts: string[] }>(
    `WITH ${own.functions} SELECT own_texts({fields:Array(String)}, {texts:Array(String)}) AS texts`,
    { ...own.parameters, fields: Object.keys(fields), texts: Object.values(fields) },
  );
  return Object.fromEntries(Object.keys(fields).map((field, i) => [field, row?.texts[i] ?? '']));
}

describe('what was scrubbed before', () => {
  const hashes = { name: 'word', pattern: '[a-z]{4,}', fields: [], replacement: 'hash' } as const;
  test.each<[string, Partial<ScrubRules>, Record<string, string>, Record<string, string>]>([
    [
      'markers are no text to rules; what stands beside them is',
      { custom: [hashes] },
      { body: `paid <email> <rule:word:${'a'.repeat(16)}> <pan>` },
      { body: `<rule:word:${hashed('paid')}> <email> <rule:word:${'a'.repeat(16)}> <pan>` },
    ],
    [
      'a find may take a marker with it',
      { custom: [{ name: 'name', pattern: 'name=.*;', fields: [], replacement: 'mask' }] },
      { body: 'name=Bob <email>; then <ip>' },
      { body: '<rule:name> then <ip>' },
    ],
    [
      'a user id of which nothing is left but a marker is not hashed',
      { userIds: hashing },
      { 'user.id': '<email>', 'enduser.id': 'ann' },
      { 'user.id': '<email>', 'enduser.id': `<user:${hashed('ann')}>` },
    ],
    [
      'a pattern that finds a marker whole leaves it where it would hash it',
      { custom: [{ ...hashes, pattern: '\\S+' }] },
      { body: '<email> x' },
      { body: `<email> <rule:word:${hashed('x')}>` },
    ],
    [
      'the beginning of a text is its own, not that of what stands behind a marker',
      { custom: [{ name: 'first', pattern: '^\\d', fields: [], replacement: 'mask' }] },
      { body: '<rule:first>234' },
      { body: '<rule:first>234' },
    ],
  ])('%s', async (_, rules, fields, expected) => {
    const once = await scrubbed(rules, fields, true);
    expect(once).toEqual(expected);
    expect(await scrubbed(rules, once, true)).toEqual(expected);
  });
});

test('what a person gave to be answered: rules see it, detectors do not; without rules it stays', async () => {
  const contact = 'ann@shop.example, order ORD-1';
  const own = ownScrub(
    withRules({ custom: [{ name: 'order-no', pattern: 'ORD-\\d+', fields: [], replacement: 'mask' }] }),
    salt,
  );
  const stored = insertDecoded('feedback', true);
  const of = (sql: string): string => /(?:own_)?scrub_given\('contact', row\.`contact`\)/.exec(sql)?.[0] ?? '';
  const asked = async (sql: string, parameters = {}): Promise<unknown> =>
    (await engine.store.query(sql.replace('row.`contact`', '{contact:String}'), { ...parameters, contact }))[0];
  expect(await asked(`SELECT ${of(stored)} AS kept`)).toEqual({ kept: contact });
  expect(await asked(`WITH ${own.functions} SELECT ${of(ownStatement(stored, own))} AS kept`, own.parameters)).toEqual({
    kept: 'ann@shop.example, order <rule:order-no>',
  });
});

const order = { name: 'order-no', pattern: 'ORD-\\d+', fields: [], replacement: 'mask' } as const;

describe('rules of an organisation', () => {
  test.each<[string, Partial<ScrubRules>, Record<string, string>, Record<string, string>]>([
    [
      'no rule: the usual scrub',
      {},
      { body: 'a@b.example from 10.0.0.1 card 4111111111111111', password: 'x', other: 'plain' },
      { body: '<email> from <ip> card <pan>', password: '<secret>', other: 'plain' },
    ],
    [
      'a detector switched off; cards and tokens cannot be',
      { off: ['ip', 'email'] },
      { body: 'a@b.example from 10.0.0.1 card 4111111111111111 Bearer abcdefgh' },
      { body: 'a@b.example from 10.0.0.1 card <pan> Bearer <token>' },
    ],
    [
      'fields that keep addresses, each its own',
      {
        allow: [
          { field: 'Client.Address', detectors: ['ip'] },
          { field: 'contact', detectors: ['email', 'ip'] },
        ],
      },
      { 'client.address': '10.0.0.1 a@b.example', contact: '10.0.0.1 a@b.example 4111111111111111', body: '10.0.0.1' },
      { 'client.address': '10.0.0.1 <email>', contact: '10.0.0.1 a@b.example <pan>', body: '<ip>' },
    ],
    ['a mask', { custom: [order] }, { body: 'ORD-1 and ORD-22' }, { body: '<rule:order-no> and <rule:order-no>' }],
    [
      'a removal takes the whole value',
      { custom: [{ ...order, replacement: 'remove' }] },
      { body: 'for ORD-1 please', x: 'kept' },
      { body: '<removed:order-no>', x: 'kept' },
    ],
    [
      'a hash, with groups and letters of either case',
      { custom: [{ ...order, pattern: '(?i)ord-(\\d)(\\d)?', replacement: 'hash' }] },
      { body: 'ORD-1, ord-22 ORD-1' },
      {
        body: `<rule:order-no:${hashed('ORD-1')}>, <rule:order-no:${hashed('ord-22')}> <rule:order-no:${hashed('ORD-1')}>`,
      },
    ],
    [
      'a rule for some fields sees what the detectors would take',
      { custom: [{ name: 'mail', pattern: '\\S+@\\S+', fields: ['customer'], replacement: 'hash' }] },
      { customer: 'a@b.example', body: 'a@b.example' },
      { customer: `<rule:mail:${hashed('a@b.example')}>`, body: '<email>' },
    ],
    [
      'user ids are hashed whole, once',
      { userIds: hashing },
      { 'user.id': 'ann@shop.example', 'enduser.id': `<user:${hashed('x')}>`, user_id: '', body: 'ann' },
      {
        'user.id': `<user:${hashed('ann@shop.example')}>`,
        'enduser.id': `<user:${hashed('x')}>`,
        user_id: '',
        body: 'ann',
      },
    ],
    [
      'a rule cannot reach across fields, nor free a secret',
      {
        custom: [{ name: 'all', pattern: '[^q]+', fields: [], replacement: 'mask' }],
        allow: [{ field: 'token', detectors: ['ip', 'email'] }],
      },
      { a: 'one', b: 'two', q: 'q', api_key: 'abc' },
      { a: '<rule:all>', b: '<rule:all>', q: 'q', api_key: '<secret>' },
    ],
  ])('%s', async (_, rules, fields, expected) => expect(await scrubbed(rules, fields)).toEqual(expected));

  test('forty rules are one statement still', async () => {
    const custom = Array.from({ length: 40 }, (_, i) => ({
      name: `r${i}`,
      pattern: `secret${i}x`,
      fields: i % 2 ? ['body', 'x'] : [],
      replacement: (['mask', 'remove', 'hash'] as const)[i % 3] ?? 'mask',
    }));
    expect(await scrubbed({ custom, userIds: hashing }, { body: 'secret33x secret2x' })).toEqual({
      body: `<rule:r33> <rule:r2:${hashed('secret2x')}>`,
    });
  });

  test('JSON is scrubbed leaf by leaf and stays JSON', async () => {
    const own = ownScrub(withRules({ custom: [{ ...order, pattern: '["0-9]{5}' }], userIds: hashing }), salt);
    const value = {
      user: { id: 7, username: 'ann', email: 'ann@shop.example' },
      tags: { 'user.id': 'ann', 'ann@shop.example': '10.0.0.1' },
      extra: {
        password: 12,
        ok: true,
        none: null,
        list: [1, 'Bearer abcdefgh', {}, []],
        big: 12345,
        card: 4111111111111111,
        pwd: 'x',
      },
      text: 'say "1234" at\n10.0.0.1\u0000',
    };
    const j = jsonLeaves(JSON.stringify(value));
    const [row] = await engine.store.query<{ text: string }>(
      `WITH ${own.functions} SELECT own_scrub_json(CAST(({pieces:Array(String)}, {fields:Array(String)}, {quoted:Array(UInt8)}, {texts:Array(String)}),
        'Tuple(pieces Array(String), fields Array(String), quoted Array(UInt8), texts Array(String))')) AS text`,
      { ...own.parameters, ...j, quoted: j.quoted.map(Number) },
    );
    expect(JSON.parse(row?.text ?? '')).toEqual({
      user: { id: `<user:${hashed('7')}>`, username: `<user:${hashed('ann')}>`, email: '<email>' },
      tags: { 'user.id': `<user:${hashed('ann')}>`, '<email>': '<ip>' },
      extra: {
        password: '<secret>',
        ok: true,
        none: null,
        list: [1, 'Bearer <token>', {}, []],
        big: '<rule:order-no>',
        card: '<rule:order-no><rule:order-no><rule:order-no>1',
        pwd: '<secret>',
      },
      text: 'say <rule:order-no>" at\n<ip> ',
    });
  });
});

const otlp = (name: string) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'enduser.id', value: { stringValue: 'ann' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: 'ab'.repeat(16),
              spanId: 'cd'.repeat(8),
              name,
              startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
              endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
              attributes: [{ key: 'client.address', value: { stringValue: '10.0.0.1' } }],
              events: [{ name: 'saw ORD-7', attributes: [{ key: 'user.id', value: { stringValue: 'ann' } }] }],
            },
          ],
        },
      ],
    },
  ],
});
const otlpLogs = (body: string) => ({
  resourceLogs: [
    {
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
              body: { stringValue: body },
              attributes: [
                { key: 'client.address', value: { stringValue: '10.0.0.1' } },
                { key: 'user.id', value: { stringValue: 'ann' } },
              ],
            },
          ],
        },
      ],
    },
  ],
});

async function send(path: string, body: unknown): Promise<void> {
  const json = typeof body !== 'string';
  const answer = await fetch(`${bench.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${goodKey}`, 'content-type': json ? 'application/json' : 'text/plain' },
    body: json ? JSON.stringify(body) : body,
  });
  expect(answer.status).toBe(200);
}

test('logs, spans and errors of an organisation with rules are stored as its rules say; from the moment they count', async () => {
  const rules = withRules({
    custom: [order],
    allow: [{ field: 'client.address', detectors: ['ip'] }],
    userIds: hashing,
  });
  const ownSinceMs = Date.now() - 1000;
  settings = [
    { organisation: 'org-1', rules, salt, ownSinceMs },
    { organisation: 'org-2', rules, salt, ownSinceMs },
  ];
  const ann = `<user:${hashed('ann')}>`;
  await send('/v1/logs', otlpLogs('paid ORD-1 by a@b.example'));
  await send('/v1/traces', otlp('GET ORD-2'));
  const event = {
    event_id: 'ef'.repeat(16),
    message: 'no ORD-3',
    user: { id: 'ann', ip_address: '10.0.0.1' },
    extra: { 'client.address': '10.0.0.2' },
  };
  await send(
    `/api/7/envelope/?sentry_key=${goodKey}`,
    `{"event_id":"${event.event_id}"}\n{"type":"event"}\n${JSON.stringify(event)}\n`,
  );
  expect(await bench.rows('SELECT body, attrs FROM logs')).toEqual([
    { body: 'paid <rule:order-no> by <email>', attrs: { 'client.address': '10.0.0.1', 'user.id': ann } },
  ]);
  expect(
    await bench.rows('SELECT name, attrs, res, events.name AS events, events.attrs AS event_attrs FROM spans'),
  ).toEqual([
    {
      name: 'GET <rule:order-no>',
      attrs: { 'client.address': '10.0.0.1' },
      res: { 'enduser.id': ann },
      events: ['saw <rule:order-no>'],
      event_attrs: [{ 'user.id': ann }],
    },
  ]);
  const [error] = await bench.rows<{ message: string; user_id: string; payload: string }>(
    'SELECT message, user_id, payload FROM errors',
  );
  expect(error).toMatchObject({ message: 'no <rule:order-no>', user_id: ann });
  expect(JSON.stringify(JSON.parse(error?.payload ?? ''))).toContain(ann);
  expect(error?.payload).toContain('10.0.0.2');
  expect(error?.payload).toContain('"name":"user"');
  for (const secret of ['ORD-3', '"ann"', '10.0.0.1']) expect(error?.payload).not.toContain(secret);

  const counted = await bench.rows(
    `SELECT toString(signal) AS signal, toString(rule) AS rule, toString(site) AS site, toUInt32(sum(removed)) AS n FROM scrubbed WHERE rule IN ('order-no', 'user', 'email') GROUP BY ALL ORDER BY ALL`,
  );
  expect(counted).toEqual([
    { signal: 'errors', rule: 'user', site: 'STORE_001', n: 1 },
    { signal: 'logs', rule: 'email', site: 'STORE_001', n: 1 },
    { signal: 'logs', rule: 'order-no', site: 'STORE_001', n: 1 },
    { signal: 'logs', rule: 'user', site: 'STORE_001', n: 1 },
    { signal: 'spans', rule: 'order-no', site: 'STORE_001', n: 1 },
  ]);

  // Until rules count, and for organisations without any, the usual statements serve.
  settings = [{ organisation: 'org-1', rules, salt, ownSinceMs: Date.now() + 3_600_000 }];
  nowMs += 60_000;
  await send('/v1/logs', otlpLogs('paid ORD-9'));
  expect(await bench.rows(`SELECT body FROM logs WHERE body LIKE '%ORD-9%'`)).toHaveLength(1);
});

test('rules that the engine refuses hold nobody up, and leave every detector on', async () => {
  const rules = withRules({ custom: [{ ...order, pattern: '(' }], off: ['email'], userIds: hashing });
  settings = [{ organisation: 'org-1', rules, salt, ownSinceMs: 0 }];
  await send('/v1/logs', otlpLogs('broken a@b.example'));
  expect(await bench.rows(`SELECT body, attrs['user.id'] AS user FROM logs WHERE body LIKE 'broken%'`)).toEqual([
    { body: 'broken <email>', user: `<user:${hashed('ann')}>` },
  ]);
});

test('a segment that is tried again after rules came, or changed, is stored once', async () => {
  const rules = withRules({ custom: [order] });
  const stored = (): Promise<{ body: string }[]> =>
    bench.rows(`SELECT body FROM logs WHERE body LIKE 'again%' ORDER BY body`);
  deaths = 1;
  await send('/v1/logs', otlpLogs('again 1 ORD-1'));
  await bench.loader.drain().catch(() => undefined);
  // First rules, as they are saved: they apply to what comes from fifteen seconds later on.
  settings = [{ organisation: 'org-1', rules, salt, ownSinceMs: Date.now() + firstRulesAfterMs }];
  nowMs += 60_000;
  await expect.poll(stored).toEqual([{ body: 'again 1 ORD-1' }]);

  settings = [{ organisation: 'org-1', rules, salt, ownSinceMs: 0 }];
  nowMs += 60_000;
  deaths = 1;
  await send('/v1/logs', otlpLogs('again 2 ORD-2'));
  await bench.loader.drain().catch(() => undefined);
  settings = [{ organisation: 'org-1', rules: withRules({ off: ['ip'] }), salt, ownSinceMs: 0 }];
  nowMs += 60_000;
  await expect.poll(stored).toEqual([{ body: 'again 1 ORD-1' }, { body: 'again 2 <rule:order-no>' }]);
  expect(deaths).toBe(0);
});
