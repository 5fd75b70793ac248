/** What the smaller log protocols make of good and bad records. */
import { gzipSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import type { Checked, ProtocolRequest } from '../protocol.ts';
import { logsOf, requestOf, testNow } from '../test-support/decode-logs.ts';
import { betterStack, checkBetterStack } from './better-stack/better-stack.ts';
import { checkCloudEvents, cloudEvents } from './cloudevents/cloudevents.ts';
import { checkFirehose, firehose } from './firehose/firehose.ts';
import { checkGelf, gelf } from './gelf/gelf.ts';
import { readGelf } from '../logs/read-gelf.ts';
import { checkJournal } from './journald/journald.ts';
import { readExport } from './journald/read-export.ts';

const at = new Date(testNow).toISOString();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const timeNs = BigInt(testNow) * 1_000_000n;
const bodies = (checked: Checked): string[] => logsOf(checked).map(({ body }) => body);
const refusals = (checked: Checked): string[] =>
  checked.kind === 'accept' ? checked.refused.map(({ reason }) => reason) : [`whole: ${checked.reason}`];

describe('Better Stack', () => {
  const record = {
    dt: at,
    message: 'm',
    level: 'warn',
    site: 'S1',
    context: { runtime: { file: 'a.js' } },
    trace_id: traceId,
  };
  const packed = (value: unknown): ProtocolRequest =>
    requestOf(Buffer.from(encode(value)), { contentType: 'application/msgpack' });

  test.each<[string, ProtocolRequest]>([
    ['a JSON object', requestOf(JSON.stringify(record))],
    ['a JSON list', requestOf(JSON.stringify([record]))],
    ['NDJSON', requestOf(`${JSON.stringify(record)}\n`, { contentType: 'application/x-ndjson' })],
    ['MessagePack', packed(record)],
    ['a list as MessagePack', packed([record])],
    ['MessagePack with its own time', packed([{ ...record, dt: new Date(testNow) }])],
  ])('%s', (_, request) =>
    expect(logsOf(checkBetterStack(request))).toMatchObject([
      {
        timeNs,
        severity: 13,
        body: 'm',
        traceId,
        resource: { 'store.id': 'S1' },
        attributes: { 'context.runtime.file': 'a.js' },
      },
    ]),
  );
  test.each<[string, unknown[], string[]]>([
    ['a number', [{ message: 'a' }, 7, { message: 'b' }], ['malformed']],
    ['a time that is none', [{ message: 'a' }, { message: 'x', dt: 'soon' }, { message: 'b' }], ['malformed']],
    ['nothing', [{ message: 'a' }, {}, { message: 'b' }], ['no-value']],
    ['a time of 1970', [{ message: 'a' }, { message: 'x', dt: new Date(1000) }, { message: 'b' }], ['too-old']],
  ])('%s among good records is refused alone', (_, list, reasons) => {
    for (const request of [packed(list), requestOf(JSON.stringify(list))]) {
      const checked = checkBetterStack(request);
      expect([bodies(checked), refusals(checked)]).toEqual([['a', 'b'], reasons]);
    }
  });
  test.each<[string, ProtocolRequest]>([
    ['no MessagePack', requestOf(Buffer.from([0xc1]), { contentType: 'application/msgpack' })],
    [
      'MessagePack that is cut',
      packed([{ message: 'abc' }]) &&
        requestOf(Buffer.from(encode([{ message: 'abc' }])).subarray(0, 8), { contentType: 'application/msgpack' }),
    ],
    [
      'a length without bytes',
      requestOf(Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), { contentType: 'application/msgpack' }),
    ],
    ['no JSON', requestOf('hello')],
  ])('%s is refused whole', (_, request) =>
    expect(checkBetterStack(request)).toMatchObject({ kind: 'refuse', status: 406, reason: 'malformed' }),
  );
  test('its answers', () => {
    const reply = betterStack.endpoints[0]!.reply;
    const stored = { kind: 'stored', frames: [] } as const;
    const request = requestOf('');
    expect(reply({ ...stored, refused: [] }, request)).toEqual({ status: 202 });
    expect(
      reply({ ...stored, refused: [{ signal: 'logs', reason: 'malformed', records: 2, message: 'why' }] }, request),
    ).toMatchObject({ status: 202, body: '{"refused":2,"error":"why"}' });
  });
});

describe('GELF', () => {
  const message = (more: object): string =>
    JSON.stringify({ version: '1.1', host: 'till-3', short_message: 'm', ...more });

  test('fields find their places, the key goes no further', () => {
    const { read, key } = readGelf(
      message({
        timestamp: testNow / 1000 + 0.25,
        level: 3,
        full_message: 'm\nat charge',
        _site: 'S1',
        _trace_id: traceId,
        _service: 'orders',
        _correlation_id: 'c-1',
        _sightline_key: 'sl_ingest_secret',
        _total: 7,
        facility: 'old',
      }),
      testNow,
    );
    expect(key).toBe('sl_ingest_secret');
    expect(
      JSON.stringify(read, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('secret');
    expect(read).toMatchObject({
      resource: { 'service.name': 'orders', 'store.id': 'S1', 'device.id': 'till-3' },
      record: {
        timeNs: timeNs + 250_000_000n,
        severityNumber: 17,
        body: 'm',
        traceId,
        attributes: { full_message: 'm\nat charge', 'correlation.id': 'c-1', total: 7, facility: 'old' },
      },
    });
  });
  test.each([
    ['till-app', 'till-app'],
    ['local0', undefined],
    ['GELF', undefined],
    ['gelf-rb', undefined],
  ])('the facility %s is the service %s where nothing says better', (facility, service) => {
    const { read } = readGelf(message({ facility }), testNow);
    expect(read.kind === 'log' ? read.resource['service.name'] : 'refused').toBe(service);
  });
  test.each<[string, string, string]>([
    ['no JSON', 'hello', 'malformed'],
    ['a list', '[1]', 'malformed'],
    ['no message', '{"version":"1.1","host":"a"}', 'no-value'],
    ['a time that is none', '{"short_message":"x","timestamp":"soon"}', 'malformed'],
    ['a time of 2100', '{"short_message":"x","timestamp":4102444800}', 'too-new'],
  ])('%s is refused', (_, text, reason) =>
    expect(readGelf(text, testNow).read).toMatchObject({ kind: 'refused', reason }),
  );
  test('several over HTTP, one of them broken', () => {
    const lines = [message({ short_message: 'a' }), '{broken', message({ short_message: 'b' })];
    const checked = checkGelf(requestOf(lines.join('\n')));
    expect([bodies(checked), refusals(checked)]).toEqual([['a', 'b'], ['malformed']]);
    expect(checkGelf(requestOf('hello'))).toMatchObject({ kind: 'refuse', status: 400 });
  });
  test.each([
    [{}, '{"_key":"k1","short_message":"x"}', 'k1'],
    [{ authorization: 'Bearer k2' }, '{"_key":"k1"}', 'k2'],
    [{}, '{"short_message":"x"}', undefined],
  ])('its key: %j %s', (headers, body, key) =>
    expect(gelf.endpoints[0]?.key?.(requestOf(body, { headers }))).toBe(key),
  );
});

describe('Firehose', () => {
  const logEvents = [
    { id: '1', timestamp: testNow, message: '[ERROR] card declined\n' },
    { id: '2', timestamp: testNow, message: `{"level":"warn","message":"slow","trace_id":"${traceId}"}` },
  ];
  const data = (more: object = {}): object => ({
    messageType: 'DATA_MESSAGE',
    owner: '123456789012',
    logGroup: '/aws/lambda/charge',
    logStream: 's',
    logEvents,
    ...more,
  });
  const zipped = (value: unknown): { data: string } => ({ data: gzipSync(JSON.stringify(value)).toString('base64') });
  const delivery = (...records: unknown[]): ProtocolRequest =>
    requestOf(JSON.stringify({ requestId: 'r-1', timestamp: testNow, records }), {
      headers: {
        'x-amz-firehose-request-id': 'r-1',
        'x-amz-firehose-access-key': 'sl_ingest_1',
        'x-amz-firehose-common-attributes': '{"commonAttributes":{"site":"S1"}}',
      },
    });

  test('a batch of a subscription', () => {
    const resource = { 'service.name': 'charge', 'store.id': 'S1' };
    const attributes = {
      'aws.log.group.name': '/aws/lambda/charge',
      'aws.log.stream.name': 's',
      'cloud.account.id': '123456789012',
    };
    expect(logsOf(checkFirehose(delivery(zipped(data()))))).toMatchObject([
      { timeNs, severity: 17, body: '[ERROR] card declined', resource, attributes },
      { timeNs, severity: 13, body: 'slow', traceId, resource, attributes },
    ]);
  });
  test('a control message holds no record; what is not zipped or no subscription is read too', () => {
    expect(bodies(checkFirehose(delivery(zipped(data({ messageType: 'CONTROL_MESSAGE' })))))).toEqual([]);
    const plain = { data: Buffer.from('{"message":"a"}\nhello\n').toString('base64') };
    expect(bodies(checkFirehose(delivery(plain)))).toEqual(['a', 'hello']);
  });
  test.each<[string, unknown]>([
    ['no object', 7],
    ['no data', {}],
    ['broken gzip', { data: gzipSync('x').subarray(0, 12).toString('base64') }],
    ['an event without a time', zipped(data({ logEvents: [{ message: 'x' }] }))],
  ])('%s among good records is refused alone', (_, record) => {
    const good = zipped(data({ logEvents: [{ timestamp: testNow, message: 'good' }] }));
    const checked = checkFirehose(delivery(good, record, good));
    expect([bodies(checked), refusals(checked)]).toEqual([['good', 'good'], ['malformed']]);
  });
  test('a bomb within a record is refused before it goes off', () => {
    const bomb = { data: gzipSync(Buffer.alloc(33 * 1024 * 1024, 0x20)).toString('base64') };
    expect(refusals(checkFirehose(delivery(bomb, zipped(data()))))).toEqual(['malformed']);
  });
  test('no list is refused whole; answers name the request', () => {
    expect(checkFirehose(requestOf('{}'))).toMatchObject({ kind: 'refuse', status: 400 });
    const { reply, key } = firehose.endpoints[0]!;
    expect(key?.(delivery())).toBe('sl_ingest_1');
    expect(JSON.parse(String(reply({ kind: 'stored', frames: [], refused: [] }, delivery()).body))).toEqual({
      requestId: 'r-1',
      timestamp: testNow,
    });
    const refused = reply({ kind: 'refused', status: 401, reason: 'unauthorised', message: 'no' }, delivery());
    expect([refused.status, JSON.parse(String(refused.body))]).toEqual([
      401,
      { requestId: 'r-1', timestamp: testNow, errorMessage: 'no' },
    ]);
  });
});

describe('CloudEvents', () => {
  const event = (more: object = {}): object => ({
    specversion: '1.0',
    id: 'e-1',
    source: '/tills',
    type: 'com.example.declined',
    time: at,
    site: 'S1',
    traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    data: { message: 'm', level: 'error', order: 7 },
    ...more,
  });
  const expected = {
    timeNs,
    severity: 17,
    body: 'm',
    traceId,
    spanId: '00f067aa0ba902b7',
    eventName: 'com.example.declined',
    resource: { 'store.id': 'S1' },
    attributes: { 'cloudevents.event_id': 'e-1', 'cloudevents.event_source': '/tills', order: 7 },
  };
  const binary = {
    'ce-specversion': '1.0',
    'ce-id': 'e-1',
    'ce-source': '/tills',
    'ce-type': 'com.example.declined',
    'ce-time': at,
    'ce-site': 'S1',
    'ce-traceparent': `00-${traceId}-00f067aa0ba902b7-01`,
  };

  test.each<[string, ProtocolRequest]>([
    ['structured', requestOf(JSON.stringify(event()), { contentType: 'application/cloudevents+json' })],
    ['batched', requestOf(JSON.stringify([event()]), { contentType: 'application/cloudevents-batch+json' })],
    ['binary', requestOf('{"message":"m","level":"error","order":7}', { headers: binary })],
    [
      'in base64',
      requestOf(
        JSON.stringify(
          event({
            data: undefined,
            data_base64: Buffer.from('{"message":"m","level":"error","order":7}').toString('base64'),
          }),
        ),
        { contentType: 'application/cloudevents+json' },
      ),
    ],
  ])('%s', (_, request) => expect(logsOf(checkCloudEvents(request))).toMatchObject([expected]));

  test('an event without a message is told by its type', () =>
    expect(bodies(checkCloudEvents(requestOf('', { headers: binary })))).toEqual(['com.example.declined']));

  test.each<[string, unknown, string]>([
    ['no object', 7, 'malformed'],
    ['no id', event({ id: undefined }), 'malformed'],
    ['another version', event({ specversion: '0.3' }), 'unsupported-type'],
    ['a time that is none', event({ time: 'soon' }), 'malformed'],
  ])('%s in a batch is refused alone', (_, bad, reason) => {
    const checked = checkCloudEvents(
      requestOf(JSON.stringify([event(), bad, event()]), { contentType: 'application/cloudevents-batch+json' }),
    );
    expect([bodies(checked), refusals(checked)]).toEqual([['m', 'm'], [reason]]);
    const alone = requestOf(JSON.stringify(bad), { contentType: 'application/cloudevents+json' });
    expect(checkCloudEvents(alone)).toMatchObject({ kind: 'refuse', status: 400, reason });
  });
  test('its answers', () => {
    const { reply } = cloudEvents.endpoints[0]!;
    const refused = [{ signal: 'logs', reason: 'malformed', records: 1, message: 'why' }] as const;
    expect(reply({ kind: 'stored', frames: [], refused: [] }, requestOf(''))).toEqual({ status: 204 });
    expect(reply({ kind: 'stored', frames: [], refused }, requestOf('')).status).toBe(400);
  });
});

describe('journald', () => {
  const length = (value: string): Buffer => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(Buffer.byteLength(value)));
    return size;
  };
  const binary = (name: string, value: string): Buffer =>
    Buffer.concat([Buffer.from(`${name}\n`), length(value), Buffer.from(`${value}\n`)]);
  const entry = (message: string): string =>
    `__CURSOR=s=1\n__REALTIME_TIMESTAMP=${testNow}000\nPRIORITY=4\n_HOSTNAME=till-3\nSYSLOG_IDENTIFIER=orders\nSITE=S1\nTRACE_ID=${traceId}\n_PID=77\nMESSAGE=${message}\n\n`;

  test('an entry, and one with a binary field', () => {
    const expected = {
      timeNs,
      severity: 13,
      traceId,
      resource: { 'service.name': 'orders', 'store.id': 'S1', 'device.id': 'till-3' },
      attributes: { pid: '77' },
    };
    expect(logsOf(checkJournal(requestOf(entry('one line'))))).toMatchObject([{ ...expected, body: 'one line' }]);
    const lines = Buffer.concat([
      Buffer.from(entry('x').replace('MESSAGE=x\n\n', '')),
      binary('MESSAGE', 'two\nlines\n\nand more'),
      Buffer.from('\n'),
    ]);
    expect(logsOf(checkJournal(requestOf(lines)))).toMatchObject([{ ...expected, body: 'two\nlines\n\nand more' }]);
  });
  test.each<[string, string | Buffer, string]>([
    ['a line that is no field', 'hello world\nMESSAGE=x\n\n', 'malformed'],
    ['a name that is none', 'message=x\n\n', 'malformed'],
    ['no message', 'PRIORITY=3\n\n', 'no-value'],
    ['a message too long', `MESSAGE=${'x'.repeat(1_048_577)}\n\n`, 'malformed'],
    ['a time of 1970', '__REALTIME_TIMESTAMP=1000000\nMESSAGE=x\n\n', 'too-old'],
    [
      'a length beyond the end',
      Buffer.concat([Buffer.from('MESSAGE\n'), Buffer.alloc(8, 0xff), Buffer.from('\n\n')]),
      'malformed',
    ],
  ])('%s is refused alone', (_, bad, reason) => {
    const checked = checkJournal(
      requestOf(Buffer.concat([Buffer.from(entry('a')), Buffer.from(bad), Buffer.from(entry('b'))])),
    );
    expect([bodies(checked), refusals(checked)]).toEqual([['a', 'b'], [reason]]);
  });
  test('bytes of any kind end as values', () => {
    const good = Buffer.concat([Buffer.from(entry('a')), binary('MESSAGE', 'b'), Buffer.from('\n')]);
    for (let n = 0; n < 2000; n++) {
      const bytes = Buffer.from(good.subarray(0, (n * 31) % good.length));
      if (bytes.length > 0) bytes[(n * 7919) % bytes.length] = (n * 131) % 256;
      expect([...readExport(bytes)].length).toBeLessThan(10);
    }
  });
});
