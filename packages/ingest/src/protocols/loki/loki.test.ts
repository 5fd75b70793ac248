import { compressSync } from 'snappy';
import { describe, expect, test } from 'vitest';
import { readFixture } from '../../../fixtures/read-fixture.ts';
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import type { Checked, ProtocolRequest } from '../../protocol.ts';
import { parseLabels } from './labels.ts';
import { checkPush, loki, lokiReply } from './loki.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const ns = `${now}000000`;
const scope = { organisation: 'acme', keyId: 'k1', site: '', device: '', service: '', environment: '' };
type Accepted = Extract<Checked, { kind: 'accept' }>;

function request(body: Buffer | string, contentType = 'application/json', receivedAtMs = now): ProtocolRequest {
  const headers = { 'content-type': contentType };
  return {
    method: 'POST',
    params: {},
    query: new URLSearchParams(),
    headers,
    contentType,
    body: Buffer.from(body),
    scope,
    receivedAtMs,
  };
}

function accepted(checked: Checked): Accepted {
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return checked;
}

/** The stored request as text, in which strings of the records can be looked for. */
function stored(checked: Checked): string {
  return Buffer.concat(accepted(checked).frames.map((frame) => Buffer.from(frame.bytes))).toString('latin1');
}

const streams = (...list: unknown[]): string => JSON.stringify({ streams: list });

describe('labels', () => {
  test.each([
    ['{}', {}],
    ['{a="b"}', { a: 'b' }],
    [' { a = "b" , c="d\\"e" , } ', { a: 'b', c: 'd"e' }],
    ['{a="line\\nbreak \\\\ \\u00e9 \\x41 \\101"}', { a: 'line\nbreak \\ é A A' }],
    ['{a=`raw \\n`}', { a: 'raw \\n' }],
    ['{service.name="x", k8s:pod="y"}', { 'service.name': 'x', 'k8s:pod': 'y' }],
    ['{a="}{,="}', { a: '}{,=' }],
  ])('%s', (text, labels) => expect(parseLabels(text)).toEqual({ ok: true, value: labels }));
  test.each([
    ['', 'labels: expected { at character 1'],
    ['{a}', 'labels: expected = at character 3'],
    ['{a=b}', 'labels: expected a quoted value at character 4'],
    ['{a="b" c="d"}', 'labels: expected a comma or } at character 8'],
    ['{a="b"} x', 'labels: expected the end at character 9'],
    ['{="b"}', 'labels: expected a label name at character 2'],
    ['{a="b', 'labels: expected a quoted value at character 4'],
  ])('%s is refused', (text, error) => expect(parseLabels(text)).toEqual({ ok: false, error }));
});

describe('a JSON push', () => {
  test('labels, structured metadata and level find their places', () => {
    const checked = accepted(
      checkPush(
        request(
          streams({
            stream: { app: 'till', store: 'STORE_047', env: 'prod' },
            values: [
              [ns, 'level=warn msg="low paper"', { traceID: '0af7651916cd43dd8448eb211c80319c', request_id: 'r-1' }],
            ],
          }),
        ),
      ),
    );
    expect(checked).toMatchObject({ refused: [], frames: [{ lane: 'otlp-logs', records: 1, signal: 'logs' }] });
    const text = stored(checked);
    for (const part of [
      'service.name',
      'till',
      'store.id',
      'STORE_047',
      'deployment.environment.name',
      'prod',
      'correlation.id',
      'r-1',
      '\x1a\x04warn',
    ])
      expect(text).toContain(part);
    expect(text).toContain(Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex').toString('latin1'));
  });
  test.each([
    ['no list', '{"streams":{}}'],
    ['no JSON', 'hello'],
    ['nothing', ''],
  ])('%s is refused whole', (_, body) =>
    expect(checkPush(request(body))).toMatchObject({ kind: 'refuse', status: 400, reason: 'malformed' }),
  );
  test.each([
    ['an entry that is no list', 'x', 'malformed'],
    ['a time that is none', ['soon', 'x'], 'malformed'],
    ['a line that is none', [ns, 7], 'malformed'],
    ['a time of 1970', ['1', 'x'], 'too-old'],
    ['a time of 2100', ['4102444800000000000', 'x'], 'too-new'],
    ['a line too long', [ns, 'x'.repeat(300_000)], 'too-large'],
  ])('%s is refused alone', (_, entry, reason) => {
    const checked = accepted(
      checkPush(request(streams({ stream: { a: 'b' }, values: [[ns, 'before'], entry, [ns, 'after']] }))),
    );
    expect(checked.frames.map((frame) => frame.records)).toEqual([2]);
    expect(checked.refused).toMatchObject([{ reason, records: 1 }]);
  });
  test.each<[string, string, readonly string[], readonly string[]]>([
    [
      'gives message, fields and ids',
      '{"level":50,"msg":"drawer open","correlationId":"c-7","traceId":"0af7651916cd43dd8448eb211c80319c","order":{"id":"O-1"}}',
      ['drawer open', 'correlation.id', 'c-7', 'order.id', 'O-1', '\x1a\x05error'],
      ['"msg"', 'traceId'],
    ],
    [
      'counts behind its labels',
      '{"msg":"cached","store":"redis","host":"till-3"}',
      ['STORE_047', 'till-3'],
      ['redis'],
    ],
    ['stays when it has no message', '{"order":42}', ['{"order":42}'], []],
    ['stays when it is broken', '{"msg":"cut of', ['{"msg":"cut of'], []],
    ['stays when its time is impossible', '{"msg":"x","time":"soon"}', ['{"msg":"x","time":"soon"}'], []],
    ['stays when it is long', `{"msg":"${'x'.repeat(70_000)}"}`, ['{"msg":"xx'], []],
  ])('a line that is JSON %s', (_, line, contained, absent) => {
    const text = stored(
      accepted(checkPush(request(streams({ stream: { app: 'till', store: 'STORE_047' }, values: [[ns, line]] })))),
    );
    for (const part of contained) expect(text).toContain(part);
    for (const part of absent) expect(text).not.toContain(part);
  });
  test('a stream without labels loses its entries only', () => {
    const checked = accepted(
      checkPush(
        request(
          streams(
            {
              stream: {},
              values: [
                [ns, 'a'],
                [ns, 'b'],
              ],
            },
            { stream: { a: 'b' }, values: [[ns, 'c']] },
          ),
        ),
      ),
    );
    expect([checked.frames[0]?.records, checked.refused[0]?.records]).toEqual([1, 2]);
  });
  test('the form before 2019 is read', () => {
    const body = streams({ labels: '{job="old"}', entries: [{ ts: '2026-11-20T11:59:59.5Z', line: 'hello' }] });
    expect(accepted(checkPush(request(body))).frames).toMatchObject([{ records: 1 }]);
  });
});

/** Loki's PushRequest. */
function protobufPush(labels: string, ...lines: string[]): Buffer {
  const writer = new ProtobufWriter();
  const stream = writer.open(1);
  writer.string(1, labels);
  for (const line of lines) {
    const entry = writer.open(2);
    const time = writer.open(1);
    writer.integer(1, Math.floor(now / 1000));
    writer.close(time);
    writer.string(2, line);
    const pair = writer.open(3);
    writer.string(1, 'span_id');
    writer.string(2, '00f067aa0ba902b7');
    writer.close(pair);
    writer.close(entry);
  }
  writer.close(stream);
  return writer.finish();
}

describe('a protobuf push', () => {
  const uncompress = loki.endpoints[0]?.uncompress;
  test('is unpacked by itself, with or without a word about it', async () => {
    const plain = protobufPush('{job="till"}', 'one', 'two');
    const bare = request(compressSync(plain), 'application/x-protobuf');
    const body = await uncompress?.(bare, 10_000);
    expect(body).toEqual(plain);
    expect(await uncompress?.({ ...bare, body: plain, headers: { 'content-encoding': 'snappy' } }, 10_000)).toEqual(
      plain,
    );
    const checked = accepted(checkPush({ ...bare, body: plain }));
    expect(checked.frames).toMatchObject([{ records: 2 }]);
    expect(stored(checked)).toContain(Buffer.from('00f067aa0ba902b7', 'hex').toString('latin1'));
  });
  test('a bomb and other bytes are refused before they are unpacked', async () => {
    const bare = request(compressSync(Buffer.alloc(1_000_000)), 'application/x-protobuf');
    await expect(uncompress?.(bare, 10_000)).rejects.toBeInstanceOf(RangeError);
    await expect(uncompress?.({ ...bare, body: Buffer.from('not snappy at all') }, 10_000)).rejects.toThrow(
      'not valid snappy',
    );
  });
  test('labels that cannot be read cost their stream', () => {
    const body = Buffer.concat([protobufPush('{job=', 'lost'), protobufPush('{job="x"}', 'kept')]);
    const checked = accepted(checkPush(request(body, 'application/x-protobuf')));
    expect([checked.frames[0]?.records, checked.refused]).toMatchObject([1, [{ reason: 'malformed', records: 1 }]]);
  });
  test('mutants end as a value', () => {
    const plain = protobufPush('{job="till"}', 'one', 'two');
    let seed = 3;
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 3000; round++) {
      const mutant = Buffer.from(plain.subarray(0, random(4) === 0 ? random(plain.length) : plain.length));
      if (mutant.length > 0) mutant[random(mutant.length)] = random(256);
      expect(['accept', 'refuse']).toContain(checkPush(request(mutant, 'application/x-protobuf')).kind);
    }
  });
});

describe('captured', () => {
  test.each([
    ['pino-loki', ['drawer opened', 'receipt failed', 'STORE_012', 'till']],
    ['winston-loki-json', ['stock is low', 'count failed', 'STORE_031', 'inventory']],
    ['winston-loki-protobuf', ['stock is low', 'count failed', 'STORE_031', 'inventory']],
  ])('%s', async (client, parts) => {
    for (const captured of readFixture(client)) {
      const asked = { ...captured, params: {}, scope };
      const endpoint = loki.endpoints.find((candidate) => candidate.path === captured.path);
      const body = (await endpoint?.uncompress?.(asked, 1_000_000)) ?? captured.body;
      const checked = accepted(checkPush({ ...asked, body }));
      expect(checked.refused).toEqual([]);
      expect(checked.frames).toMatchObject([{ records: 2 }]);
      for (const part of parts) expect(stored(checked)).toContain(part);
    }
  });
});

describe('answers', () => {
  const refused = [{ signal: 'logs', reason: 'too-old', records: 3, message: 'entry too old' }] as const;
  const frames = [{ lane: 'otlp-logs', bytes: Buffer.alloc(0), records: 1, signal: 'logs' }];
  test('all stored: 204', () => expect(lokiReply({ kind: 'stored', frames, refused: [] })).toEqual({ status: 204 }));
  test('a part stored: 204 that names the rest', () =>
    expect(lokiReply({ kind: 'stored', frames, refused })).toEqual({
      status: 204,
      headers: { 'x-sightline-refused': '3 entries refused: entry too old' },
    }));
  test('nothing stored: 400', () =>
    expect(lokiReply({ kind: 'stored', frames: [], refused })).toMatchObject({ status: 400, body: 'entry too old\n' }));
  test('limits keep their status', () =>
    expect(lokiReply({ kind: 'refused', status: 429, reason: 'rate-limited', message: 'slow down' })).toMatchObject({
      status: 429,
      body: 'slow down\n',
    }));
});
