import { deflateSync } from 'node:zlib';
import type { ErrorPayload } from '@sightline/record';
import { beforeAll, describe, expect, test } from 'vitest';
import { readFixture } from '../../../fixtures/read-fixture.ts';
import type { Checked, DecodedRows, DecodePorts, ProtocolRequest, Refusal } from '../../protocol.ts';
import { ScrubbableJson } from '../../load/scrubbable-json.ts';
import { checkEnvelope } from './check-envelope.ts';
import { keyOfDsn, sentryKey } from './credentials.ts';
import { decodeEnvelope } from './decode-envelope.ts';
import { parseEnvelope } from './envelope.ts';
import { sentryPixelReply, sentryReply } from './reply.ts';
import { checkDialog, checkReport, dialogKey, dialogProject, dialogReply } from './report-dialog.ts';
import { sentry } from './sentry.ts';
import { checkBrowserReports, checkStore, checkStoreQuery, storeBody } from './store-endpoint.ts';

const scope = { organisation: 'acme', keyId: 'k1', site: '', device: '', service: '', environment: '' };
const now = Date.parse('2026-11-20T12:00:00Z');
type Accepted = Extract<Checked, { kind: 'accept' }>;
type Row = Record<string, any>;

function request(body: Buffer | string, more: Partial<ProtocolRequest> = {}): ProtocolRequest {
  const query = new URLSearchParams();
  return {
    method: 'POST',
    params: { project: '7' },
    query,
    headers: {},
    contentType: '',
    body: Buffer.from(body),
    scope,
    receivedAtMs: now,
    ...more,
  };
}

function query(data: string): ProtocolRequest {
  // As URLSearchParams reads what a client forgot to escape.
  return request('', { method: 'GET', query: new URLSearchParams(`sentry_data=${data.replaceAll('%', '%25')}`) });
}

function accepted(checked: Checked): Accepted {
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return checked;
}

const kept = new Map<string, string>();
/** What was kept, by a name of the test's own. */
const ports: DecodePorts = {
  keepBlob: async (organisation, area, bytes) => {
    const name = `${organisation}/${area}/${kept.size}`;
    kept.set(name, Buffer.from(bytes).toString('latin1'));
    return name;
  },
};

/** Rows by table, and what check and decode refused. */
async function rowsOf(
  checked: Checked,
  receivedAtMs = now,
): Promise<{ rows: Record<string, Row[]>; refused: Refusal[] }> {
  const { frames, refused } = accepted(checked);
  const rows: Record<string, Row[]> = {};
  const all = [...refused];
  for (const frame of frames.filter((candidate) => candidate.lane.startsWith('sentry-'))) {
    const decoded = await decodeEnvelope(
      {
        scope,
        protocol: 'sentry',
        project: 7,
        receivedAtMs,
        records: frame.records,
        signal: frame.signal,
        bytes: Buffer.from(frame.bytes),
      },
      ports,
    );
    all.push(...decoded.refused);
    for (const { table, rows: made } of decoded.tables satisfies readonly DecodedRows[])
      rows[table] = [...(rows[table] ?? []), ...made.map(withJsonText)];
  }
  return { rows, refused: all };
}

function envelope(...items: [header: object | string, payload: unknown][]): string {
  const lines = items.flatMap(([header, payload]) => [
    typeof header === 'string' ? header : JSON.stringify(header),
    typeof payload === 'string' ? payload : JSON.stringify(payload),
  ]);
  return ['{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","dsn":"https://sl_ingest_abc@host/7"}', ...lines].join('\n');
}

/** A row with its payload as the text that is stored. */
function withJsonText(row: Row): Row {
  return row['payload'] instanceof ScrubbableJson ? { ...row, payload: row['payload'].toString() } : row;
}

const event = (more: object = {}): [object, object] => [{ type: 'event' }, { message: 'hello', ...more }];
const errorRow = async (more: object): Promise<Row> =>
  (await rowsOf(checkEnvelope(request(envelope(event(more)))))).rows['errors']?.[0] ?? {};
const payloadOf = (row: Row): ErrorPayload => JSON.parse(row['payload'] as string) as ErrorPayload;

describe('the envelope', () => {
  const types = (body: string | Buffer): string[] => {
    const parsed = parseEnvelope(Buffer.from(body));
    return parsed.ok
      ? parsed.value.items.map((item) => `${item.type}:${item.payload.toString('latin1')}`)
      : ['refused'];
  };
  test.each([
    ['header alone', '{}', []],
    ['header and line feed', '{}\n', []],
    ['told length', '{}\n{"type":"a","length":3}\nx\ny\n', ['a:x\ny']],
    [
      'length in bytes, not characters',
      '{}\n{"type":"a","length":2}\né\n{"type":"b"}\n1',
      ['a:é'.replace('é', 'Ã©'), 'b:1'],
    ],
    ['no line feed at the end', '{}\n{"type":"a","length":2}\n{}', ['a:{}']],
    ['untold length', '{}\n{"type":"a"}\n{}\n{"type":"b"}\n[]', ['a:{}', 'b:[]']],
    ['length null', '{}\n{"type":"a","length":null}\n{}', ['a:{}']],
    ['empty items', '{}\n{"type":"a","length":0}\n\n{"type":"b","length":0}\n', ['a:', 'b:']],
    ['an item header at the very end', '{}\n{"type":"a","length":0}', ['a:']],
    ['blank lines between', '{}\n{"type":"a"}\n{}\n\n\n{"type":"b"}\n{}\n\n', ['a:{}', 'b:{}']],
    ['CR LF', '{}\r\n{"type":"a","length":2}\r\n{}\r\n{"type":"b"}\r\n{}', ['a:{}', 'b:{}']],
    ['no header', 'nonsense', ['refused']],
    ['nothing', '', ['refused']],
    ['a broken item header', '{}\n{"type":\n{}\n{"type":"b"}\n{}', ['b:{}']],
    ['a length beyond the end', '{}\n{"type":"a","length":99}\n{}\n{"type":"b"}\n{}', ['b:{}']],
    ['a length too short', '{}\n{"type":"a","length":3}\n{"x":1}\n{"type":"b"}\n{}', ['b:{}']],
    [
      'a negative length',
      '{}\n{"type":"a","length":-1}\n{"type":"transaction","spans":[]}\n{"type":"b"}\n{}',
      ['b:{}'],
    ],
  ])('%s', (_, body, expected) => expect(types(body)).toEqual(expected));
});

describe('neighbours', () => {
  test('of a malformed event are kept, and it is named', async () => {
    const { rows, refused } = await rowsOf(
      checkEnvelope(
        request(
          envelope(
            [{ type: 'event' }, '{"message": '],
            [{ type: 'check_in' }, { monitor_slug: 'm', status: 'ok' }],
            event(),
          ),
        ),
      ),
    );
    expect([rows['errors']?.length, rows['checks']?.length]).toEqual([1, 1]);
    expect(refused).toEqual([
      { signal: 'errors', reason: 'malformed', records: 1, message: 'item "event": expected a JSON object' },
    ]);
  });
  test.each([
    ['metric_buckets', 'metrics', 4],
    ['something_new', 'other', 1],
    ['constructor', 'other', 1],
  ])('item type %s is counted as %s, never refused whole', (type, signal, records) => {
    const checked = accepted(
      checkEnvelope(request(envelope([{ type, ...(records > 1 ? { item_count: records } : {}) }, {}], event()))),
    );
    expect(checked.frames.map((frame) => frame.signal)).toEqual(['errors']);
    expect(checked.refused).toMatchObject([{ signal, reason: 'unsupported-type', records }]);
  });
  test('a client report counts what the client dropped, by its own reason', () => {
    const discarded = [
      { reason: 'sample_rate', category: 'transaction', quantity: 12 },
      { reason: 'ratelimit_backoff', category: 'error', quantity: 2 },
      { reason: 'x', category: 'log_byte', quantity: 900 },
      { reason: 'x', category: 'error', quantity: -1 },
    ];
    const checked = accepted(
      checkEnvelope(request(envelope([{ type: 'client_report' }, { discarded_events: discarded }]))),
    );
    expect(checked.frames).toEqual([]);
    expect(checked.refused).toEqual([
      { signal: 'spans', reason: 'client-report', records: 12, message: 'the client dropped transaction: sample_rate' },
      { signal: 'errors', reason: 'client-report', records: 2, message: 'the client dropped error: ratelimit_backoff' },
    ]);
  });
  test('the key never reaches the spool', () => {
    for (const frame of accepted(checkEnvelope(request(envelope(event())))).frames)
      expect(Buffer.from(frame.bytes).toString()).not.toContain('sl_ingest_abc');
  });
  test('mutations never throw, and damage in one item never costs an item that stands apart from it', async () => {
    const body = Buffer.from(
      `${envelope([{ type: 'event' }, { message: 'victim', extra: { a: [1, 2, 'x'] } }])}\n{"type":"check_in"}\n{"monitor_slug":"after","status":"ok"}\n`,
    );
    const from = body.indexOf(10) + 1;
    const to = body.indexOf('{"type":"check_in"}') - 1;
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 3000; round++) {
      const mutant = Buffer.from(body);
      for (let n = 0; n <= random(3); n++) mutant[from + random(to - from)] = random(256);
      const { rows } = await rowsOf(checkEnvelope(request(mutant)));
      expect(rows['checks'], mutant.toString('latin1')).toHaveLength(1);
      const cut = mutant.subarray(0, random(mutant.length));
      const checked = checkEnvelope(request(cut));
      if (checked.kind === 'accept') await rowsOf(checked);
    }
  });
});

describe('an error event', () => {
  test.each([
    [{ tags: { site: 'STORE_1' } }, 'STORE_1'],
    [{ tags: [['store_id', 'STORE_2']] }, 'STORE_2'],
    [{ tags: [{ key: 'storeId', value: 'STORE_3' }] }, 'STORE_3'],
    [{ contexts: { store: { id: 'STORE_4' } } }, 'STORE_4'],
    [{ contexts: { pos: { siteId: 'STORE_5' } } }, 'STORE_5'],
    [{ tags: { 'site.id': 'STORE_6' }, contexts: { store: { id: 'other' } } }, 'STORE_6'],
    [{ tags: 'nonsense', contexts: [] }, ''],
  ])('%j comes from site "%s"', async (more, site) => expect((await errorRow(more))['site']).toBe(site));
  test.each([
    [{ release: 'orders@1.2.0' }, 'orders'],
    [{ release: 'orders@1.2.0', tags: { service: 'billing' } }, 'billing'],
    [{ contexts: { service: { name: 'sync' } } }, 'sync'],
    [{ release: '1.2.0' }, 'project-7'],
  ])('%j is of service %s', async (more, service) => expect((await errorRow(more))['service']).toBe(service));
  test.each([
    [{ tags: { correlation_id: 'c-1' } }, 'c-1'],
    [{ request: { headers: { 'X-Correlation-ID': 'c-2' } } }, 'c-2'],
    [{ request: { headers: [['x-correlation-id', 'c-3']] } }, 'c-3'],
    [{ contexts: { request: { correlationId: 'c-4' } } }, 'c-4'],
  ])('%j has correlation id %s', async (more, id) => expect((await errorRow(more))['correlation_id']).toBe(id));
  test.each([
    [1763640000.5, now],
    ['2026-11-20T11:59:00Z', Date.parse('2026-11-20T11:59:00Z')],
    ['1970-01-01T00:00:00Z', now],
    [4102444800, now],
    ['never', now],
  ])('time %s is stored as %d or the moment of receipt', async (timestamp, ms) =>
    expect(Number(BigInt((await errorRow({ timestamp }))['ts'] as string) / 1_000_000n)).toBe(ms),
  );
  test('secrets by name are gone from everything that is stored', async () => {
    const secret = 'hunter2-S3cret';
    const row = await errorRow({
      request: {
        url: `https://h/x?token=${secret}&a=1`,
        cookies: secret,
        headers: { Authorization: secret, Cookie: secret },
        data: secret,
      },
      extra: { password: secret, nested: { apiKey: secret, list: [{ sessionId: secret }] } },
      contexts: { payment: { cvv: secret, method: 'visa' } },
      tags: { access_token: secret },
      breadcrumbs: [{ data: { authorization: secret }, message: `Bearer ${secret}abcdef` }],
      exception: {
        values: [
          {
            type: 'E',
            value: `https://u:${secret}@h/`,
            stacktrace: { frames: [{ function: 'f', vars: { password: secret } }] },
          },
        ],
      },
    });
    expect(JSON.stringify(row)).not.toContain(secret);
    expect(row['payload']).toContain('visa');
  });
  test('the thrown exception stands first, its innermost frame first', async () => {
    const values = [
      { type: 'Cause', value: 'c' },
      {
        type: 'Thrown',
        value: 't',
        mechanism: { type: 'onerror', handled: false },
        stacktrace: {
          frames: [
            { function: 'outer', lineno: 1 },
            { function: 'inner', filename: '/app/a.ts', lineno: 2, in_app: true },
          ],
        },
      },
    ];
    const row = await errorRow({ exception: { values } });
    const { exceptions } = payloadOf(row);
    expect([row['type'], row['message'], row['handled'], row['culprit']]).toEqual(['Thrown', 't', 0, 'inner (a.ts)']);
    expect(exceptions.map((exception) => exception.type)).toEqual(['Thrown', 'Cause']);
    expect(exceptions[0]?.frames.map((frame) => frame.function)).toEqual(['inner', 'outer']);
  });
  test('e-mails and addresses count people without naming them', async () => {
    expect((await errorRow({ user: { email: 'ana@example.com' } }))['user_id']).toMatch(/^email:[0-9a-f]{12}$/);
    expect((await errorRow({ user: { ip_address: '10.1.2.3' } }))['user_id']).toMatch(/^ip:[0-9a-f]{12}$/);
  });
  test('any JSON in any field becomes a row that can be written', async () => {
    const oddities = [
      null,
      1,
      -0.5,
      '',
      '\ud800',
      'x'.repeat(20_000),
      [],
      [null],
      {},
      { values: 3 },
      { values: [null, 1, {}] },
      true,
      { __proto__: { a: 1 } },
    ];
    const fields = [
      'exception',
      'message',
      'logentry',
      'tags',
      'contexts',
      'extra',
      'user',
      'request',
      'breadcrumbs',
      'fingerprint',
      'threads',
      'level',
      'timestamp',
      'release',
      'sdk',
      'debug_meta',
      'platform',
      'event_id',
    ];
    for (const field of fields) {
      for (const odd of oddities) {
        const row = await errorRow({ [field]: odd });
        expect(typeof row['payload'], `${field} ${JSON.stringify(odd)}`).toBe('string');
        expect(JSON.stringify(row).isWellFormed()).toBe(true);
        expect(JSON.stringify(row)).not.toContain('\\ud800');
      }
    }
  });
});

describe('captured from @sentry/node', () => {
  const requests = readFixture('sentry-node');
  let all: Awaited<ReturnType<typeof rowsOf>>[];
  beforeAll(async () => {
    all = await Promise.all(
      requests.map((captured) =>
        rowsOf(checkEnvelope(request(captured.body, { receivedAtMs: captured.receivedAtMs })), captured.receivedAtMs),
      ),
    );
  });
  const rows = (table: string): Row[] => all.flatMap((one) => one.rows[table] ?? []);
  test('nothing is lost but what the client dropped itself, and each key is found', () => {
    expect(all.flatMap((one) => one.refused).map(({ reason, message }) => [reason, message])).toEqual([
      ['client-report', 'the client dropped transaction: sample_rate'],
    ]);
    for (const captured of requests)
      expect(sentryKey({ ...request(captured.body), ...captured }), captured.name).toBe('sl_ingest_fixture0key');
  });
  test('the payment error has its six groups', () => {
    const row = rows('errors').find((candidate) => candidate['type'] === 'PaymentError');
    expect(row).toMatchObject({
      organisation: 'acme',
      project: 7,
      site: 'STORE_047',
      device: 'T-2',
      service: 'payment-service',
      environment: 'production',
      release: 'payment-service@2.4.1',
      severity: 17,
      correlation_id: 'c0ffee00-0000-4000-8000-000000000047',
      user_id: 'cashier-12',
      order_id: 'ORD-1881',
      amount: 129.95,
      tags: expect.objectContaining({ currency: 'USD' }),
      message: 'Card declined for order ORD-1881, attempt 2',
      culprit: 'charge (sentry-node.ts)',
    });
    expect(row?.['trace_id']).toMatch(/^[0-9a-f]{32}$/);
    const payload = payloadOf(row ?? {});
    expect(payload.groups.map((group) => group.name)).toEqual([
      'site',
      'terminal',
      'user',
      'transaction',
      'system',
      'request',
    ]);
    expect(payload.groups[3]?.fields).toEqual([
      { label: 'Order', value: 'ORD-1881' },
      { label: 'Amount', value: '129.95 USD' },
      { label: 'Method', value: 'visa' },
    ]);
    expect(payload.groups[5]?.fields).toContainEqual({ label: 'Attempt', value: '2' });
    expect(payload.exceptions.map((exception) => exception.value)).toEqual([
      'Card declined for order ORD-1881, attempt 2',
      'processor answered 503',
    ]);
    expect(payload.breadcrumbs.at(-1)).toMatchObject({ category: 'payment', message: 'authorising ORD-1881' });
    expect(payload.extra).toEqual({ password: '<redacted>' });
    expect(payload.grouping[0]).toBe('exception type PaymentError');
    expect(row?.['payload']).not.toContain('tok_secret"');
  });
  test('a message is no exception', () => {
    const row = rows('errors').find((candidate) => candidate['message'] === 'inventory is 3 minutes behind');
    expect(row).toMatchObject({ severity: 13, type: 'Message' });
    expect(payloadOf(row ?? {}).grouping).toEqual(['message "inventory is <n> minutes behind"']);
  });
  test('the transaction is a server span with a child', () => {
    expect(rows('spans').map(({ name, kind, status_code, site }) => ({ name, kind, status_code, site }))).toEqual([
      { name: 'POST /payments', kind: 2, status_code: 2, site: 'STORE_047' },
      { name: 'SELECT orders', kind: 3, status_code: expect.any(Number), site: 'STORE_047' },
    ]);
    const [root, child] = rows('spans');
    expect([child?.['parent_id'], child?.['trace_id']]).toEqual([root?.['span_id'], root?.['trace_id']]);
    expect(root?.['attrs']).toMatchObject({ 'http.response.status_code': '502', 'sentry.op': 'http.server' });
  });
  test('check-in, feedback, attachment and sessions', () => {
    expect(rows('checks')).toMatchObject([
      { monitor: 'nightly-sync', status: 'ok', duration_ms: 12_500, kind: 'cron', attrs: { schedule: '0 3 * * *' } },
    ]);
    expect(rows('feedback')).toMatchObject([{ message: 'the receipt printer hangs', name: 'Ana', site: 'STORE_047' }]);
    const attachment = rows('attachments')[0];
    expect([attachment?.['name'], kept.get(attachment?.['blob'] as string)]).toEqual(['till.log', 'one\ntwo\n']);
    expect(rows('sessions').map((session) => session['status'])).toContain('exited');
  });
  test('structured logs go to the lane of logs', () => {
    const frames = requests
      .flatMap(
        (captured) => accepted(checkEnvelope(request(captured.body, { receivedAtMs: captured.receivedAtMs }))).frames,
      )
      .filter((frame) => frame.lane === 'otlp-logs');
    expect(frames.map((frame) => frame.records)).toEqual([2]);
    const text = Buffer.from(frames[0]?.bytes ?? []).toString('latin1');
    for (const part of ['payment declined', 'retrying order ORD-1881', 'STORE_047', 'payment-service'])
      expect(text).toContain(part);
  });
});

test('captured from @sentry/browser: errors, spans of the second version, sessions, logs', async () => {
  const all = await Promise.all(
    readFixture('sentry-browser').map((captured) =>
      rowsOf(checkEnvelope(request(captured.body, { receivedAtMs: captured.receivedAtMs })), captured.receivedAtMs),
    ),
  );
  expect(all.flatMap((one) => one.refused)).toEqual([]);
  const errors = all.flatMap((one) => one.rows['errors'] ?? []);
  expect(errors.map(({ type, site, service, handled }) => ({ type, site, service, handled }))).toEqual([
    { type: 'TypeError', site: 'STORE_058', service: 'till-ui', handled: 0 },
    { type: 'Error', site: 'STORE_058', service: 'till-ui', handled: 0 },
  ]);
  const spans = all.flatMap((one) => one.rows['spans'] ?? []);
  expect(spans.length).toBeGreaterThan(5);
  expect(spans.find((span) => span['parent_id'] === '')).toMatchObject({ name: 'Pageload', service: 'till-ui' });
  expect(spans.every((span) => span['device'] === '')).toBe(true);
});

describe('the store endpoint', () => {
  const json = Buffer.from('{"message":"old client","event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}');
  test.each([
    ['plain', json],
    ['zlib', deflateSync(json)],
    ['base64 of zlib', Buffer.from(deflateSync(json).toString('base64'))],
    ['base64', Buffer.from(json.toString('base64'))],
  ])('%s', async (_, body) => {
    const unpacked = storeBody(request(body), 10_000);
    expect((await rowsOf(checkStore(request(unpacked)))).rows['errors']).toMatchObject([
      { message: 'old client', event_id: '9ec79c33ec9942ab8353589fcb2e04dc' },
    ]);
  });
  test.each([
    ['by itself', (event: object) => checkStore(request(JSON.stringify(event)))],
    ['within a URL', (event: object) => checkStoreQuery(query(JSON.stringify(event)))],
    [
      'zipped within a URL',
      (event: object) => checkStoreQuery(query(deflateSync(JSON.stringify(event)).toString('base64'))),
    ],
    [
      'within an envelope without an id',
      (event: object) => checkEnvelope(request(`{}\n{"type":"event"}\n${JSON.stringify(event)}`)),
    ],
  ])('an event without an id has one in reply and table, the same each time: %s', async (_, check) => {
    const [first, second] = [check({ message: 'm' }), check({ message: 'm' })].map(accepted);
    const replied = (checked: Accepted): unknown =>
      JSON.parse(String(sentryReply({ ...checked, kind: 'stored' }, request('{}')).body));
    const id = (await rowsOf(first as Accepted)).rows['errors']?.[0]?.['event_id'] as string;
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(replied(first as Accepted)).toEqual({ id });
    expect(replied(second as Accepted)).toEqual({ id });
    expect((await rowsOf(check({ message: 'other' }))).rows['errors']?.[0]?.['event_id']).not.toBe(id);
  });
  test.each([
    ['nothing', '', 400],
    ['no JSON', 'x', 400],
    ['broken zlib', Buffer.from([0x78, 1, 2, 3, 4, 5, 6, 7, 8, 9]).toString('base64'), 400],
    ['a bomb', deflateSync(Buffer.alloc(5_000_000)).toString('base64'), 413],
  ])('a URL with %s is refused', (_, data, status) =>
    expect(checkStoreQuery(query(data))).toMatchObject({ kind: 'refuse', status }),
  );
  test('who asks by URL is answered with a picture', () => {
    const checked = accepted(checkStoreQuery(query('{"message":"m"}')));
    const reply = sentryPixelReply({ ...checked, kind: 'stored' }, request(''));
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'image/gif' } });
    expect(Buffer.from(reply.body ?? '').toString('latin1', 0, 6)).toBe('GIF89a');
  });
  test('a bomb is refused by its bound, other bytes by the check', () => {
    expect(() => storeBody(request(deflateSync(Buffer.alloc(100_000))), 1000)).toThrow(RangeError);
    expect(checkStore(request('no json'))).toMatchObject({ kind: 'refuse', status: 400, reason: 'malformed' });
  });
  test('a policy report is an error event', async () => {
    const report = {
      'csp-report': {
        'effective-directive': 'script-src',
        'blocked-uri': 'https://evil.example/x.js',
        'document-uri': 'https://till.example/',
      },
    };
    expect((await rowsOf(checkBrowserReports(request(JSON.stringify(report))))).rows['errors']).toMatchObject([
      { type: 'csp', message: 'Blocked by script-src: https://evil.example/x.js', severity: 13 },
    ]);
  });
  test('reports of failed requests are error events at their own time; what is none costs nobody else', async () => {
    const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0';
    const nel = (body: object, more: object = {}) => ({
      type: 'network-error',
      url: 'https://shop.example/pay?card=1',
      user_agent: agent,
      body,
      ...more,
    });
    const reports = [
      nel({ type: 'tcp.refused', phase: 'connection', method: 'POST', elapsed_time: 12 }, { age: 60_000 }),
      nel({ type: 'http.error', phase: 'application', status_code: 502 }),
      nel({ type: 'ok', status_code: 200 }),
      { type: 'deprecation', url: 'https://shop.example/', body: { id: 'unload', message: 'Unload is deprecated.' } },
      { type: 'csp-violation', body: { effectiveDirective: 'img-src', blockedURL: 'https://cdn.example/a.png' } },
      { type: 'network-error', body: {} },
      { type: 'weather', body: {} },
      null,
    ];
    const sent = request(JSON.stringify(reports));
    const checked = checkBrowserReports(sent);
    expect(checked).toMatchObject({
      kind: 'accept',
      frames: [{ signal: 'errors', records: 4 }],
      refused: ['unsupported-type', 'malformed', 'malformed', 'malformed'].map((reason) => ({ reason, records: 1 })),
    });
    const errors = (await rowsOf(checked)).rows['errors'] ?? [];
    expect(errors).toMatchObject([
      {
        type: 'nel',
        message: 'tcp.refused: https://shop.example/pay?card=1',
        severity: 17,
        tags: { 'nel.type': 'tcp.refused', 'nel.phase': 'connection', browser: 'Firefox 127.0' },
        ts: `${BigInt(sent.receivedAtMs - 60_000) * 1_000_000n}`,
      },
      { message: 'http.error 502: https://shop.example/pay?card=1' },
      { type: 'deprecation', message: 'Unload is deprecated.' },
      { type: 'csp', message: 'Blocked by img-src: https://cdn.example/a.png' },
    ]);
    expect(new Set(errors.map(({ issue }) => issue)).size).toBe(4);
  });
  test.each(['{}', '[]', 'no json', '[{"type":"network-error","url":"https://a/","body":{}}]', '{"csp-report":{}}'])(
    '%s is no report',
    (body) =>
      expect(checkBrowserReports(request(body))).toMatchObject(body === '[]' ? { kind: 'accept' } : { status: 400 }),
  );
});

describe('answers', () => {
  const bare = request(envelope(event()));
  test('a stored envelope is answered with its id', () =>
    expect(
      sentryReply({ kind: 'stored', frames: accepted(checkEnvelope(bare)).frames, refused: [] }, bare),
    ).toMatchObject({ status: 200, body: '{"id":"9ec79c33ec9942ab8353589fcb2e04dc"}' }));
  test('a full spool is a rate limit', () => {
    const reply = sentryReply(
      { kind: 'refused', status: 503, reason: 'spool-full', message: 'full', retryAfterS: 7 },
      bare,
    );
    expect(reply).toMatchObject({
      status: 429,
      headers: { 'retry-after': '7', 'x-sentry-rate-limits': '7::organization:spool_full' },
    });
  });
  test('nothing readable is a 400 with its causes', () => {
    const checked = accepted(checkEnvelope(request(envelope([{ type: 'event' }, 'x']))));
    expect(sentryReply({ ...checked, kind: 'stored' }, bare)).toMatchObject({
      status: 400,
      body: expect.stringContaining('expected a JSON object'),
    });
  });
});

test('links and events of spans keep their ids, times and attributes; broken ones are left out', async () => {
  const link = { trace_id: 'ab'.repeat(16), span_id: 'cd'.repeat(8), sampled: true };
  const span = {
    span_id: '12'.repeat(8),
    start_timestamp: now / 1000,
    timestamp: now / 1000 + 1,
    links: [{ ...link, attributes: { 'sentry.link.type': 'previous_trace', password: 'p' } }, { trace_id: 'x' }, 7],
    events: [{ name: 'retry', timestamp: now / 1000 + 0.5, attributes: { n: 2 } }, { name: 'never' }, 'x'],
  };
  const transaction = {
    start_timestamp: now / 1000,
    timestamp: now / 1000 + 1,
    contexts: { trace: { trace_id: 'ef'.repeat(16), span_id: '34'.repeat(8), links: [link] } },
    spans: [span],
  };
  const { rows, refused } = await rowsOf(checkEnvelope(request(envelope([{ type: 'transaction' }, transaction]))));
  expect(refused).toEqual([]);
  expect(rows['spans']).toMatchObject([
    { 'links.span_id': ['cd'.repeat(8)], 'links.attrs': [{ 'sentry.sampled': 'true' }] },
    {
      'links.trace_id': ['ab'.repeat(16)],
      'links.attrs': [{ 'sentry.link.type': 'previous_trace', password: '<redacted>', 'sentry.sampled': 'true' }],
      'events.ts': [`${now + 500}000000`],
      'events.name': ['retry'],
      'events.attrs': [{ n: '2' }],
    },
  ]);
  expect(Object.keys(rows['spans']?.[0] ?? {})).not.toContain('events.ts');
});

const session = 'ab'.repeat(16);
test.each([
  ['what the form says', { feedback: { message: 'm', replay_id: session } }, session],
  ['what was recorded meanwhile', { feedback: { message: 'm' }, replay: { replay_id: session } }, session],
  ['no id', { feedback: { message: 'm', replay_id: "'; DROP" }, replay: { replay_id: 7 } }, ''],
])('the session in which feedback was written: %s', async (_, contexts, expected) => {
  const { rows } = await rowsOf(checkEnvelope(request(envelope([{ type: 'feedback' }, { contexts }]))));
  expect(rows['feedback']).toMatchObject([{ message: 'm', replay_id: expected }]);
});

test.each([
  ['its trace', { trace_id: session }, session],
  ['no id', { trace_id: "'; DROP" }, ''],
  ['nothing', undefined, ''],
])('the trace in which feedback was written, of a client that tells %s', async (_, trace, expected) => {
  const contexts = { feedback: { message: 'm' }, ...(trace && { trace }) };
  const { rows } = await rowsOf(checkEnvelope(request(envelope([{ type: 'feedback' }, { contexts }]))));
  expect(rows['feedback']).toMatchObject([{ message: 'm', trace_id: expected }]);
});

test('nesting without end ends as a value everywhere', async () => {
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  for (const type of [
    'event',
    'transaction',
    'span',
    'log',
    'session',
    'sessions',
    'check_in',
    'feedback',
    'user_report',
    'client_report',
  ]) {
    const body = `{"extra":${deep},"contexts":{"x":${deep}},"body":"b","attributes":{"x":${deep}},"items":[{"body":"b","attributes":{"x":${deep}}}],"started":1,"monitor_slug":"m","aggregates":[]}`;
    await rowsOf(checkEnvelope(request(envelope([{ type }, body]))));
  }
  await rowsOf(checkStore(request(`{"message":"m","extra":${deep}}`)));
  await rowsOf(checkBrowserReports(request(`{"csp-report":{"effective-directive":"d","x":${deep}}}`)));
});

test.each([
  ['https://abc@host/1', 'abc'],
  ['https://abc:secret@host:4600/path/1', 'abc'],
  ['nonsense', undefined],
])('the key of DSN %s is %s', (dsn, key) => expect(keyOfDsn(dsn)).toBe(key));

test.each([
  [
    'header',
    request('', {
      headers: { 'x-sentry-auth': 'Sentry sentry_version=7, sentry_client=raven/1, sentry_key=k1, sentry_secret=s' },
    }),
    'k1',
  ],
  ['authorization', request('', { headers: { authorization: 'Sentry sentry_key=k2' } }), 'k2'],
  ['query', request('', { query: new URLSearchParams('sentry_key=k3') }), 'k3'],
  ['envelope', request(envelope()), 'sl_ingest_abc'],
  ['another scheme', request('{}', { headers: { authorization: 'Bearer x' } }), undefined],
])('the key is read from the %s', (_, asked, key) => expect(sentryKey(asked)).toBe(key));

test('both spellings of each address are known, and browsers may ask', () => {
  const paths = sentry.endpoints.map((endpoint) => endpoint.path);
  expect(paths).toEqual(
    expect.arrayContaining([
      '/api/:project/envelope/',
      '/api/:project/envelope',
      '/api/:project/store/',
      '/api/:project/minidump/',
      '/api/:project/security/',
    ]),
  );
  expect(sentry.endpoints.every((endpoint) => endpoint.cors === true)).toBe(true);
});

describe('the crash report dialog', () => {
  const eventId = 'ab'.repeat(16);
  const asked = (
    body = '',
    more: Record<string, string> = {},
    headers: Record<string, string> = { origin: 'https://a' },
  ) =>
    request(body, {
      params: {},
      headers,
      query: new URLSearchParams({ dsn: 'https://sl_ingest_abc@sight.example/7', eventId, ...more }),
    });
  const replyTo = (checked: Checked) =>
    dialogReply(checked.kind === 'accept' ? { ...checked, kind: 'stored' } : { ...checked, kind: 'refused' }, asked());

  test('is a script in which nothing of the query stands, and keeps nothing', () => {
    const title = '</script><script>alert(1)//';
    const checked = accepted(checkDialog(asked('', { title })));
    expect([checked.frames, checked.refused]).toEqual([[], []]);
    const reply = replyTo(checked);
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/javascript; charset=utf-8', 'x-content-type-options': 'nosniff' },
    });
    expect(String(reply.body)).toContain('showModal');
    expect(String(reply.body)).not.toContain('alert(1)');
    // Nothing is fetched but the report's own address.
    expect(String(reply.body)).not.toMatch(/https?:\/\//);
  });

  test('keeps its form as a report about the event', async () => {
    const checked = checkReport(asked('name=Ana&email=ana%40shop.example&comments=It+froze%0Atwice&other=x'));
    expect((await rowsOf(checked)).rows['feedback']).toMatchObject([
      {
        event_id: eventId,
        associated_event_id: eventId,
        name: 'Ana',
        contact: 'ana@shop.example',
        message: 'It froze\ntwice',
      },
    ]);
    expect(replyTo(checked)).toMatchObject({ status: 200, body: '{}', headers: { vary: 'Origin' } });
    expect((await rowsOf(checkReport(asked('comments=no+name')))).rows['feedback']).toMatchObject([
      { name: '', contact: '' },
    ]);
  });

  test.each([
    ['comments', 'name=Ana&comments=+'],
    ['email', 'email=nobody&comments=x'],
    ['email', `email=${'e'.repeat(250)}@x&comments=x`],
    ['name', `name=${'n'.repeat(200)}&comments=x`],
    ['comments', '\0\x01{"comments":1}'],
  ])('names the field %s that is wrong in %s', (field, body) => {
    const reply = replyTo(checkReport(asked(body)));
    expect(reply.status).toBe(400);
    expect(Object.keys(JSON.parse(String(reply.body)).errors)).toEqual([field]);
  });

  test.each([checkDialog, checkReport])('refuses a request without an event or a page (%o)', (check) => {
    for (const id of ['', 'x', `${eventId}0`])
      expect(check(asked('comments=x', { eventId: id })), id).toMatchObject({ kind: 'refuse', status: 400 });
    expect(check(asked('comments=x', {}, {}))).toMatchObject({ kind: 'refuse', status: 403 });
    expect(check(asked('comments=x', {}, { referer: 'https://a/b' })).kind).toBe('accept');
  });

  test.each([
    ['https://abc@host/7', 'abc', 7],
    ['https://abc:secret@host/base/42', 'abc', 42],
    ['https://abc@host/99999999999', 'abc', 0],
    ['nonsense', undefined, 0],
  ])('reads key and project of the DSN %s', (dsn, key, project) => {
    const bare = asked('', { dsn });
    expect([dialogKey(bare), dialogProject(bare)]).toEqual([key, project]);
  });
});
