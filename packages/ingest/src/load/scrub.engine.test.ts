import type { TelemetryStore } from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScrubbableJson } from './scrubbable-json.ts';
import { goodKey, openTestStore, startBench, type IngestBench } from '../test-support/ingest-bench.ts';

let engine: Awaited<ReturnType<typeof openTestStore>>;
let store: TelemetryStore;
let bench: IngestBench;

beforeAll(async () => {
  engine = await openTestStore();
  store = engine.store;
  bench = await startBench(store, engine.folder);
});
afterAll(async () => {
  await bench.close();
  await engine.close();
});

async function scrub(text: string, by = 'scrub'): Promise<string | undefined> {
  const rows = await store.query<{ text: string }>(
    `SELECT ${by}({text:String})${by.includes('(') ? ')' : ''} AS text`,
    { text },
  );
  return rows[0]?.text;
}

describe('what is removed', () => {
  test.each([
    ['mail ann.lee+x@shop.example.com now', 'mail <email> now'],
    ['from 10.1.2.3:8080', 'from <ip>:8080'],
    ['192.0.0.1 8.8.0.0 10.0.7.0 1.255.0.255', '<ip> <ip> <ip> <ip>'],
    ['2001:db8::1 and fe80::1ff:fe23:4567:890a', '<ip> and <ip>'],
    ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '<ip>'],
    ['Authorization: Bearer abc.def-ghi', 'Authorization: Bearer <token>'],
    ['sk_live_abcdefghijkl ghp_abcdefghijklmnopqrstuvwxyz012345 AKIAIOSFODNN7EXAMPLE', '<token> <token> <token>'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_1', '<token>'],
    ['postgres://app:hun:ter2@db/x', 'postgres://app:<password>@db/x'],
    ['postgres://app:a"b@db/x', 'postgres://app:<password>@db/x'],
    ['password=hunter2&x=1', 'password=<secret>&x=1'],
    ['{"password":"hun ter2","x":1}', '{"password":"<secret>","x":1}'],
    ['{\\"api_key\\":\\"abc\\"}', '{\\"api_key\\":\\"<secret>\\"}'],
    ["pwd='x y' z", "pwd='<secret>' z"],
    ['card 4111 1111 1111 1111, order_4111111111111111', 'card <pan>, order_<pan>'],
    ['4111111111111111 5500000000000004', '<pan> <pan>'],
    ['3782-822463-10005', '<pan>'],
    // What no shop may keep after a payment was authorised (PCI DSS 3.3): codes, PINs, the card's tracks.
    ['cvv=123', 'cvv=<secret>'],
    ['card_cvc2: 1234', 'card_cvc2: <secret>'],
    ['{"cardPin":"0000","pin":"1234"}', '{"cardPin":"<secret>","pin":"<secret>"}'],
    ['pin_block=0412AC89ABCDEF67', 'pin_block=<secret>'],
    ['security-code: 123', 'security-code: <secret>'],
    ['swiped ;4111111111111111=25121010000012300000?', 'swiped ;<pan>?'],
    ['%B4111111111111111^DOE/JANE A^25121010000012300000?', '%B<pan>?'],
    ['GET /pay?token=abc123&x=1', 'GET /pay?token=<secret>&x=1'],
    ["to anna.o'neil@example.com", 'to <email>'],
    ["by='ann@example.com'", "by='<email>'"],
  ])('%s', async (text, expected) => {
    expect(await scrub(text)).toBe(expected);
    // What guards the rules lets each of these pass, alone too: a text may hold no more than one of them.
    for (const piece of text.split(/ (?:and )?(?=2001|fe80|ghp|AKIA|5500|order_)/)) {
      expect(await scrub(piece)).not.toBe(piece);
      expect(await scrub(piece, 'toString(may_hide')).toBe('1');
    }
  });
});

describe('what stays', () => {
  test.each([
    'order 4111111111111112 has no check digit',
    // The text of another field is no password of an address without one.
    '{"url":"http://host:8080","to":"bob@x"}',
    '{"url":"http://host","to":"a:b@x"}',
    '{"urls":["http://host:8080"],"port":"http://h:80","by":["bob@x"]}',
    'at 1732172345678000000 ns',
    'mac aa:bb:cc:dd:ee:ff at 12:34:56 in std::abc',
    'version 1.2.3 of 999.1.1.1',
    // The version of Chrome, as all of its kind tell it; no machine has such an address.
    'Chrome 142.0.0.0, HeadlessChrome/156.0.0.0 Safari/537.36, Edg/99.0.0.0. Listening on 0.0.0.0:8080',
    'passwordless login, secret sauce',
    'shipping: fast, mapping=on, unpin: all, spin: 3, PIN entered, tracking: 17, Unexpected token: x',
    '{"input_tokens":12,"trackId":"a","pinned":true}',
    '',
  ])('%s', async (text) => expect(await scrub(text)).toBe(text));
});

test.each([
  ['cvv', '123'],
  ['payment.card.cvc2', '123'],
  ['pin', '1234'],
  ['card_pin', '1234'],
  ['pinBlock', '0412'],
  ['track2', ';'],
  ['card.track_data', ';'],
  ['securityCode', '1'],
  ['token', 'x'],
  ['session_token', 'x'],
  ['csrfToken', 'x'],
  ['pwd', 'x'],
  ['passphrase', 'x'],
])('the value of %s is removed', async (name, value) => {
  const rows = await store.query('SELECT hide_secrets([{name:String}], [{value:String}])[1] AS value', { name, value });
  expect(rows).toEqual([{ value: '<secret>' }]);
});

test.each(['shipping', 'spin', 'trackId', 'track', 'gen_ai.usage.input_tokens', 'gen_ai.token.type', 'mapping'])(
  'the value of %s stays',
  async (name) => {
    const rows = await store.query(`SELECT hide_secrets([{name:String}], ['x'])[1] AS value`, { name });
    expect(rows).toEqual([{ value: 'x' }]);
  },
);

test('what is no text under the name of a secret leaves JSON as it is', async () => {
  const text = '{"password":null,"secret":{"a":1},"api_key":[1,2],"pwd":[],"n":1}';
  const json = ScrubbableJson.of(text).toString();
  expect(JSON.parse((await scrub(json, 'scrub_json')) ?? '')).toBeInstanceOf(Object);
});

/** Numbers that pass Luhn's test. */
function cards(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const digits = `41111${String(i).padStart(10, '0')}`;
    const sum = Array.from(digits).reduce((total, digit, at) => {
      const doubled = Number(digit) * (at % 2 === 0 ? 2 : 1);
      return total + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);
    return `${digits}${(10 - (sum % 10)) % 10}`;
  });
}

test('a text full of card numbers costs no pass for each', { timeout: 10_000 }, async () => {
  const many = cards(30_000).map((card) => `c_${card}`);
  expect(await scrub(many.join(' '))).toBe(many.map(() => 'c_<pan>').join(' '));
  expect(await scrub(cards(150).join(' '))).toBe(
    cards(150)
      .map(() => '<pan>')
      .join(' '),
  );
});

test('a JSON text stays JSON, and escapes do not hide what follows them', async () => {
  const value = {
    text: 'line one\nann@example.com\t4111111111111111 "quoted" back\\slash',
    password: 'a"b',
    deep: [{ url: 'https://u:p@h/' }],
    path: 'C:\\new\\table',
  };
  expect(JSON.parse((await scrub(JSON.stringify(value), 'scrub_json')) ?? '')).toEqual({
    text: 'line one\n<email>\t<pan> "quoted" back\\slash',
    password: '<secret>',
    deep: [{ url: 'https://u:<password>@h/' }],
    path: 'C:\\new\\table',
  });
});

test('an error event is scrubbed everywhere, counted by rule, and lands in its tables', async () => {
  const event = {
    event_id: 'ab'.repeat(16),
    timestamp: Date.now() / 1000,
    platform: 'node',
    level: 'error',
    tags: { 'store.id': 'STORE_009', contact: 'ann@example.com' },
    exception: { values: [{ type: 'PaymentError', value: 'card 4111111111111111 of ann@example.com\nfrom 10.1.2.3' }] },
    extra: { password: 12345, note: 'Bearer abcdefgh', number: 4111111111111111 },
  };
  const head = JSON.stringify({ event_id: event.event_id });
  const envelope = `${head}\n{"type":"event"}\n${JSON.stringify(event)}\n`;
  const answer = await fetch(`${bench.url}/api/7/envelope/?sentry_key=${goodKey}&sentry_version=7`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-sentry-envelope' },
    body: envelope,
  });
  expect(answer.status).toBe(200);
  const rows = await bench.rows<{ payload: string; message: string; type: string; project: number; site: string }>(
    'SELECT payload, message, type, project, site FROM errors',
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ type: 'PaymentError', project: 7, site: 'STORE_009' });
  const everything = JSON.stringify(rows);
  for (const secret of ['4111111111111111', 'ann@example.com', '10.1.2.3', 'abcdefgh', '12345']) {
    expect(everything).not.toContain(secret);
  }
  expect(() => JSON.parse(rows[0]?.payload ?? '') as unknown).not.toThrow();
  const rules = await store.query<{ rule: string }>(
    `SELECT DISTINCT rule FROM scrubbed WHERE signal = 'errors' ORDER BY rule`,
  );
  expect(rules.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['email', 'ip', 'pan']));
  expect(await store.query('SELECT toUInt32(sum(events)) AS events FROM issues')).toEqual([{ events: 1 }]);
});

test('times of breadcrumbs pass the scrubber whole, whatever their digits; links and events of spans keep their columns', async () => {
  // 4,111,111,111,115 ms would be a card by its digits; a crumb's clock may say anything.
  const crumbs = [4_111_111_111_115, Date.parse('2026-11-20T12:00:00.123Z'), 1.5].map((ms) => ({
    timestamp: ms / 1000,
    message: 'step',
  }));
  const id = 'cd'.repeat(16);
  const at = Date.now() / 1000;
  const error = { event_id: id, timestamp: at, message: 'crumbs', breadcrumbs: crumbs };
  const link = { trace_id: id, span_id: '12'.repeat(8), attributes: { by: 'ann@example.com' } };
  const retry = { name: 'retry of ann@example.com', timestamp: at, attributes: { host: '10.1.2.3' } };
  const transaction = {
    transaction: 'linked',
    start_timestamp: at,
    timestamp: at + 1,
    contexts: { trace: { trace_id: 'ef'.repeat(16), span_id: '34'.repeat(8), links: [link], events: [retry] } },
  };
  const body = `{"event_id":"${id}"}\n{"type":"event"}\n${JSON.stringify(error)}\n{"type":"transaction"}\n${JSON.stringify(transaction)}\n`;
  const answer = await fetch(`${bench.url}/api/7/envelope/?sentry_key=${goodKey}`, { method: 'POST', body });
  expect(answer.status).toBe(200);
  const [row] = await bench.rows<{ payload: string }>(`SELECT payload FROM errors WHERE event_id = '${id}'`);
  const payload = JSON.parse(row?.payload ?? '{}') as { breadcrumbs?: { at: string }[] };
  expect(payload.breadcrumbs?.map((crumb) => crumb.at)).toEqual([
    new Date(4_111_111_111_115).toISOString(),
    '2026-11-20T12:00:00.123Z',
    '1970-01-01T00:00:00.001Z',
  ]);
  expect(
    await store.query(
      `SELECT lower(hex(links.trace_id[1])) AS trace, lower(hex(links.span_id[1])) AS span, links.attrs AS links, events.name AS events,
         events.attrs AS event_attrs, abs(toUnixTimestamp64Milli(events.ts[1]) - {ms:Int64}) < 2 AS timed FROM spans WHERE name = 'linked'`,
      { ms: Math.round(at * 1000) },
    ),
  ).toEqual([
    {
      trace: id,
      span: '12'.repeat(8),
      links: [{ by: '<email>' }],
      events: ['retry of <email>'],
      event_attrs: [{ host: '<ip>' }],
      timed: 1,
    },
  ]);
});
