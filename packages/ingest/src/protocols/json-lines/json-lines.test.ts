import { describe, expect, test } from 'vitest';
import { levelOf, levelOfLine } from '../../logs/level.ts';
import type { Checked, ProtocolRequest } from '../../protocol.ts';
import { checkJsonLines } from '../../logs/json-lines.ts';
import { jsonLinesReply } from './json-lines.ts';
import { readLogObject } from '../../logs/read-log.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const scope = { organisation: 'acme', keyId: 'k1', site: '', device: '', service: '', environment: '' };

function check(body: string, contentType = 'application/x-ndjson'): Extract<Checked, { kind: 'accept' }> {
  const request: ProtocolRequest = {
    method: 'POST',
    params: {},
    query: new URLSearchParams(),
    headers: {},
    contentType,
    body: Buffer.from(body),
    scope,
    receivedAtMs: now,
  };
  const checked = checkJsonLines(request, 'json-lines');
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return checked;
}

const reply = (body: string, contentType?: string): { status: number; body: unknown } => {
  const answer = jsonLinesReply({ ...check(body, contentType), kind: 'stored' });
  return { status: answer.status, body: JSON.parse(String(answer.body)) };
};

describe('forms of a body', () => {
  test.each([
    ['lines', '{"msg":"a"}\n{"msg":"b"}\n', 2],
    ['blank lines between', '\n{"msg":"a"}\r\n\r\n{"msg":"b"}', 2],
    ['an array', '[{"msg":"a"},{"msg":"b"},"c"]', 3],
    ['one object', '{"msg":"a"}', 1],
    ['one object over several lines', '{\n "msg": "a",\n "b": {"c": 1}\n}', 1],
    ['nothing', '', 0],
  ])('%s', (_, body, records) =>
    expect(reply(body)).toEqual({ status: 200, body: { accepted: records, rejected: 0, errors: [] } }),
  );
  test('plain text lines', () =>
    expect(reply('hello\n{"msg":"x"}\nERROR: no paper\n', 'text/plain')).toMatchObject({
      body: { accepted: 3, rejected: 0 },
    }));
});

describe('bad lines', () => {
  test('are refused alone, with their number', () => {
    expect(reply('{"msg":"a"}\n{broken\n\n{"msg":"b","time":"soon"}\n{}\n[1]\n{"msg":"c"}')).toEqual({
      status: 200,
      body: {
        accepted: 2,
        rejected: 4,
        errors: [
          { line: 2, message: 'expected a JSON object, got "{broken"' },
          {
            line: 4,
            message:
              '"time": expected ISO 8601 or seconds, milliseconds, microseconds or nanoseconds since 1970, got "soon"',
          },
          { line: 5, message: 'the object is empty' },
          { line: 6, message: 'expected a JSON object, got "[1]"' },
        ],
      },
    });
  });
  test('one among ten thousand costs nobody else', () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => (i === 5000 ? 'oops' : `{"msg":"m${i}"}`));
    expect(reply(lines.join('\n'))).toMatchObject({
      status: 200,
      body: { accepted: 9999, rejected: 1, errors: [{ line: 5001 }] },
    });
  });
  test('many are named up to a hundred and counted', () => {
    const { status, body } = reply(Array.from({ length: 250 }, () => 'x').join('\n'));
    expect(status).toBe(400);
    expect(body).toMatchObject({ accepted: 0, rejected: 250 });
    expect((body as { errors: unknown[] }).errors).toHaveLength(101);
  });
  test.each([
    ['1970', '{"msg":"a","ts":1}', 'too-old'],
    ['2100', '{"msg":"a","ts":4102444800}', 'too-new'],
  ])('a time of %s', (_, body, reason) => expect(check(body).refused).toMatchObject([{ reason, records: 1 }]));
});

test('nesting without end is kept as far as it goes', () => {
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
  expect(reply(`{"msg":"m","x":${deep},"y":[${deep}]}\n${deep}`)).toMatchObject({ body: { accepted: 1 } });
});

/** The record of one object, as it goes to the builder. */
function read(value: object): Record<string, any> {
  const log = readLogObject(value as Record<string, unknown>, now);
  if (log.kind === 'refused') throw new Error(log.message);
  return { ...log.record, resource: log.resource };
}

describe('fields', () => {
  test.each([
    ['2026-11-20T11:00:00Z', 1795172400000000000n],
    ['2026-11-20T12:00:00.123456789+01:00', 1795172400123456789n],
    ['2026-11-20 11:00:00,5', 1795172400500000000n],
    [1795172400, 1795172400000000000n],
    [1795172400.25, 1795172400250000000n],
    [1795172400000, 1795172400000000000n],
    [1795172400000000, 1795172400000000000n],
    ['1795172400000000001', 1795172400000000001n],
  ])('time %s', (time, ns) => {
    for (const name of ['time', 'timestamp', 'ts', '@timestamp', 'dt'])
      expect(read({ [name]: time, msg: 'x' })['timeNs']).toBe(ns);
  });
  test.each([
    ['level', 30, 9],
    ['level', 55, 17],
    ['level', 30_000, 13],
    ['level', 45_000, 17],
    ['level', 300, 0],
    ['severity', 'WARNING', 13],
    ['lvl', 'err', 17],
    ['level', 'bunyan', 0],
    ['severity', 3, 17],
  ])('%s %s is severity %d', (name, value, number) =>
    expect(read({ [name]: value, msg: 'x' })['severityNumber']).toBe(number),
  );
  test.each(['message', 'msg', 'body', 'log'])('message from %s', (name) =>
    expect(read({ [name]: 'hello' })['body']).toBe('hello'),
  );
  test('ids and origin leave the attributes, the rest stays flat', () => {
    const record = read({
      msg: 'paid',
      trace_id: '0AF7651916CD43DD8448EB211C80319C',
      spanId: '00f067aa0ba902b7',
      requestId: 'r-7',
      storeId: 'STORE_047',
      service: 'orders',
      env: 'prod',
      hostname: 'till-3',
      order: { id: 7, lines: [1, 2], total: { usd: 12.5 } },
      empty: null,
    });
    expect(record).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: '00f067aa0ba902b7',
      resource: {
        'service.name': 'orders',
        'store.id': 'STORE_047',
        'device.id': 'till-3',
        'deployment.environment.name': 'prod',
      },
      attributes: { 'order.id': 7, 'order.lines': '[1,2]', 'order.total.usd': 12.5, 'correlation.id': 'r-7' },
    });
    expect(Object.keys(record['attributes'])).toHaveLength(4);
  });
  test('an id of the wrong form stays an attribute', () =>
    expect(read({ msg: 'x', trace_id: 'abc' })).toMatchObject({ traceId: '', attributes: { trace_id: 'abc' } }));
  test('an object without a message is its own', () => expect(read({ sku: 'W-88' })['body']).toBe('{"sku":"W-88"}'));
});

test.each([
  ['{"level":"warn","msg":"x"}', 13],
  ['{"level":50}', 17],
  ['ts=1 level=error msg=x', 17],
  ['[ERROR] printer', 17],
  ['2026-11-20 11:00:00 WARN low paper', 13],
  ['the errors are many', 0],
  ['', 0],
])('line %s has severity %d', (line, number) => expect(levelOfLine(line).number).toBe(number));

test('a level that is none stays unknown', () =>
  expect([levelOf(undefined), levelOf({}), levelOf(-3)].map((level) => level.number)).toEqual([0, 0, 0]));

test.each([
  ['Monolog', { message: 'x', level: 300, level_name: 'WARNING', channel: 'till' }, 13, undefined],
  ['log4js', { message: 'x', level: 30_000, level_name: 'WARN' }, 13, undefined],
  ['bunyan', { name: 'till', hostname: 'POS-1', pid: 7, level: 50, msg: 'x', v: 0 }, 17, 'till'],
  ['a name that is none of a program', { name: 'Jane', pid: 7, level: 30, msg: 'x' }, 9, undefined],
])('level and service as %s says them', (_, object, severity, service) => {
  const read = readLogObject(object, Date.now());
  if (read.kind !== 'log') throw new Error(read.message);
  expect([read.record.severityNumber, read.resource['service.name']]).toEqual([severity, service]);
});
