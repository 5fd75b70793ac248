import { describe, expect, test } from 'vitest';
import type { Checked, ProtocolRequest } from '../../protocol.ts';
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import { FlatDocuments } from '../../protocols/elasticsearch/flat-documents.ts';
import { Lines } from '../../protocols/elasticsearch/lines.ts';
import { checkPush, checkPushAsObjects } from '../../protocols/loki/loki.ts';
import { FlatSyslog } from '../../syslog/flat-syslog.ts';
import { readSyslog } from '../../syslog/read-syslog.ts';
import { isObject, parseJson } from '../../errors/json-reader.ts';
import { LogBatch } from '../log-batch.ts';
import { readLogObject } from '../read-log.ts';

/** What is read from bytes must be what is read by way of objects, byte for byte; what differs would be stored otherwise. */
const now = Date.parse('2026-11-20T12:00:00Z');
const scope = { organisation: 'acme', keyId: 'k1', site: '', device: '', service: '', environment: '' };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = '00f067aa0ba902b7';

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
}

/** A byte replaced, taken out or put in, here and there. */
function mutant(bytes: Buffer, random: (below: number) => number): Buffer {
  const at = random(bytes.length);
  const others = '"\\{}[],: -<>=]\n\u00000123456789aeé';
  const byte = Buffer.from(others[random(others.length)] ?? ' ');
  const kind = random(3);
  return Buffer.concat([
    bytes.subarray(0, at),
    kind === 0 ? Buffer.alloc(0) : byte,
    bytes.subarray(kind === 1 ? at : at + 1),
  ]);
}

function mutantsOf(samples: readonly Buffer[], rounds: number): Buffer[] {
  const random = numbers(7);
  return Array.from({ length: rounds }, () => {
    let bytes = samples[random(samples.length)] ?? Buffer.alloc(0);
    for (let times = random(3); times >= 0 && bytes.length > 0; times--) bytes = mutant(bytes, random);
    return bytes;
  });
}

describe('documents', () => {
  const documents: readonly (readonly [name: string, text: string, isFlat: boolean])[] = [
    [
      'ECS',
      `{"@timestamp":"2026-11-20T11:59:59.123456Z","log.level":"warn","message":"low paper","service.name":"till","site.id":"STORE_047","trace.id":"${traceId}","span.id":"${spanId}","correlation.id":"c-1","http.response.status_code":200}`,
      true,
    ],
    [
      'nested',
      '{"message":"x","log":{"level":"error","origin":{"file":"a.ts"}},"service":{"name":"till","version":"2"},"empty":{}}',
      true,
    ],
    [
      'numbers and booleans',
      '{"msg":"x","level":30,"time":1795175999000,"ratio":0.25,"big":12e30,"on":true,"off":false,"n":0}',
      true,
    ],
    ['nothing said', '{"message":"x","a":"","b":null,"c":{"d":null}}', true],
    [
      'bunyan',
      '{"name":"till","hostname":"POS-1","pid":7,"level":50,"msg":"x","time":"2026-11-20T11:59:59.123Z","v":0}',
      true,
    ],
    ['log4js', '{"message":"x","level":30000,"level_name":"WARN","channel":"till"}', true],
    ['spaces', ' { "message" : "x" ,\t"a" : { "b" : 1 } } ', true],
    ['escapes', '{"message":"say \\"hello\\"\\n\\u00e9 \\ud83d","quo\\"ted":"\\\\"}', true],
    ['other letters', '{"message":"Grüße","naïve":"é"}', true],
    ['a zone', '{"message":"x","@timestamp":"2026-11-20T13:59:59.5+02:00"}', true],
    ['a time without a fraction', '{"message":"x","@timestamp":"2026-11-20T11:59:59"}', true],
    ['two fractions of a second', '{"message":"x","@timestamp":"2026-11-20T11:59:59.12345,6Z"}', false],
    ['a time of a day', '{"message":"x","@timestamp":"2026-11-20"}', false],
    ['a time in seconds as text', '{"message":"x","ts":"1795175999.5"}', false],
    ['a time long ago', '{"message":"x","@timestamp":"1999-11-20T11:59:59Z"}', false],
    ['no time', '{"message":"x","@timestamp":"soon"}', false],
    ['no message', '{"order":42}', false],
    ['a message that is a number', '{"message":42}', false],
    ['a list', '{"message":"x","tags":["a","b"]}', false],
    ['below zero', '{"message":"x","n":-1}', false],
    ['names twice', '{"message":"x","a":1,"a":2}', false],
    ['a nested name twice', '{"message":"x","a.b":1,"a":{"b":2}}', false],
    ['names that are numbers', '{"b":"1","message":"x","2":"2","1":"1"}', false],
    ['__proto__', '{"message":"x","__proto__":"y"}', false],
    ['ids that are none', '{"message":"x","trace.id":"0000","span.id":"zz"}', false],
    ['an id with dashes', '{"message":"x","trace.id":"0af76519-16cd-43dd-8448-eb211c80319c"}', false],
    ['our own attribute', '{"message":"x","elasticsearch.index":"mine"}', false],
    ['deeper than five', '{"message":"x","a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}}', false],
    ['a comma too many', '{"message":"x",}', false],
    ['a leading zero', '{"message":"x","n":01}', false],
    ['cut', '{"message":"x"', false],
    ['more behind', '{"message":"x"} 1', false],
    ['a control character', '{"message":"x\ty"}', false],
    ['a long origin', `{"message":"x","service":"${'s'.repeat(400)}"}`, true],
  ];

  function both(text: Buffer, id = ''): { flat: Buffer | undefined; byObjects: Buffer | undefined } {
    const batch = new LogBatch('elasticsearch');
    const lines = new Lines(text);
    const isFlat = lines.next() && new FlatDocuments(text, now).add(batch, lines, 'logs', id);
    const value = parseJson(lines.text());
    const other = new LogBatch('elasticsearch');
    const about = { 'elasticsearch.index': 'logs', ...(id === '' ? {} : { 'elasticsearch.id': id }) };
    if (isObject(value)) other.add(readLogObject(value, now, about));
    return {
      flat: isFlat ? Buffer.from(batch.finish().frames[0]!.bytes) : undefined,
      byObjects: other.records > 0 ? Buffer.from(other.finish().frames[0]!.bytes) : undefined,
    };
  }

  test.each(documents)('%s', (_, text, isFlat) => {
    const { flat, byObjects } = both(Buffer.from(text));
    expect(flat !== undefined).toBe(isFlat);
    if (isFlat) expect(flat).toEqual(byObjects);
    const named = both(Buffer.from(text), 'doc-1');
    if (isFlat) expect(named.flat).toEqual(named.byObjects);
  });

  test('mutants', () => {
    const samples = documents.filter(([name]) => name !== 'a long origin').map(([, text]) => Buffer.from(text));
    for (const text of mutantsOf(samples, 3000)) {
      const { flat, byObjects } = both(text);
      if (flat && !flat.equals(byObjects ?? Buffer.alloc(0))) expect([text.toString(), flat]).toEqual(['', byObjects]);
    }
  });

  test('records of one origin share its group, also where the long way comes between', () => {
    const texts = [
      '{"message":"1","site":"A"}',
      '{"message":"2","site":"A"}',
      '{"message":"3","site":"A","l":[1]}',
      '{"message":"4","site":"A"}',
      '{"message":"5","site":"B"}',
      '{"site":"B","message":"6"}',
    ];
    const [batch, other] = [new LogBatch('x'), new LogBatch('x')];
    for (const text of texts) {
      const lines = new Lines(Buffer.from(text));
      lines.next();
      const read = readLogObject(JSON.parse(text) as Record<string, unknown>, now);
      if (!new FlatDocuments(Buffer.from(text), now).add(batch, lines, '', '')) batch.add(read);
      other.add(read);
    }
    expect(batch.finish().frames).toEqual(other.finish().frames);
  });
});

describe('pushes', () => {
  const ns = `${now - 1000}000000`;
  const metadata = {
    level: 'warn',
    trace_id: traceId,
    span_id: spanId,
    request_id: 'r-1',
    store: 'STORE_1',
    terminal: 't-2',
  };
  const json: readonly (readonly [name: string, body: unknown])[] = [
    [
      'usual',
      {
        streams: [
          {
            stream: { app: 'till', env: 'prod' },
            values: [
              [ns, 'one', metadata],
              [ns, 'two', metadata],
            ],
          },
        ],
      },
    ],
    [
      'no metadata',
      {
        streams: [
          {
            stream: { app: 'till', level: 'info' },
            values: [
              [ns, 'one'],
              [ns, 'level=error two'],
            ],
          },
        ],
      },
    ],
    [
      'level in the line',
      {
        streams: [
          {
            stream: { app: 'till' },
            values: [
              [ns, 'level=error msg="x"'],
              [ns, 'plain'],
              [ns, '[WARN] x'],
              [ns, ''],
            ],
          },
        ],
      },
    ],
    [
      'odd levels',
      {
        streams: [
          {
            stream: { app: 'till', level: 'odd' },
            values: [
              [ns, 'x', { level: 'odder' }],
              [ns, 'x', { level: '' }],
              [ns, 'x'],
            ],
          },
        ],
      },
    ],
    [
      'lines of JSON',
      {
        streams: [
          {
            stream: { app: 'till' },
            values: [
              [ns, '{"msg":"x","a":1}'],
              [ns, 'y', {}],
            ],
          },
        ],
      },
    ],
    [
      'bad entries',
      {
        streams: [
          {
            stream: { app: 'till' },
            values: [
              ['1', 'x'],
              [ns, 'good'],
              [`${now + 1e9}000000`, 'x'],
            ],
          },
        ],
      },
    ],
    [
      'ids that are none',
      { streams: [{ stream: { app: 'till' }, values: [[ns, 'x', { trace_id: 'zz', site: '' }]] }] },
    ],
    [
      'names of ours',
      {
        streams: [
          { stream: { app: 'till' }, values: [[ns, 'x', { 'store.id': 'a', site: 'b', 'correlation.id': 'c' }]] },
        ],
      },
    ],
    ['correlation of the stream', { streams: [{ stream: { app: 'till', request_id: 'r' }, values: [[ns, 'x']] }] }],
    [
      'streams in turn',
      {
        streams: [
          { stream: { app: 'a' }, values: [] },
          { stream: { app: 'b' }, values: [[ns, 'é "q" \\']] },
          { stream: {}, values: [[ns, 'x']] },
        ],
      },
    ],
    ['none', { streams: [] }],
  ];

  const request = (body: Buffer, contentType: string): ProtocolRequest => ({
    method: 'POST',
    params: {},
    query: new URLSearchParams(),
    headers: { 'content-type': contentType },
    contentType,
    body,
    scope,
    receivedAtMs: now,
  });

  function protobuf(body: unknown): Buffer {
    const { streams } = body as {
      streams: { stream: Record<string, string>; values: [string, string, Record<string, string>?][] }[];
    };
    const writer = new ProtobufWriter();
    for (const { stream, values } of streams) {
      const opened = writer.open(1);
      writer.string(
        1,
        `{${Object.entries(stream)
          .map(([name, value]) => `${name}="${value}"`)
          .join(', ')}}`,
      );
      for (const [time, line, pairs] of values) {
        const entry = writer.open(2);
        const at = writer.open(1);
        writer.integer(1, BigInt(time) / 1_000_000_000n);
        writer.integer(2, BigInt(time) % 1_000_000_000n);
        writer.close(at);
        writer.string(2, line);
        for (const [name, value] of Object.entries(pairs ?? {})) {
          const pair = writer.open(3);
          writer.string(1, name);
          writer.string(2, value);
          writer.close(pair);
        }
        writer.close(entry);
      }
      writer.close(opened);
    }
    return writer.finish();
  }

  const plain = (checked: Checked): unknown =>
    checked.kind === 'accept'
      ? {
          ...checked,
          frames: checked.frames.map((frame) => ({ ...frame, bytes: Buffer.from(frame.bytes).toString('latin1') })),
        }
      : checked;
  const agree = (body: Buffer, contentType: string): void => {
    const asked = request(body, contentType);
    expect(plain(checkPush(asked))).toEqual(plain(checkPushAsObjects(asked)));
  };

  test.each(json)('%s, JSON', (_, body) => agree(Buffer.from(JSON.stringify(body)), 'application/json'));
  test.each(json)('%s, JSON on many lines', (_, body) =>
    agree(Buffer.from(JSON.stringify(body, undefined, 2)), 'application/json'),
  );
  test.each(json)('%s, protobuf', (_, body) => agree(protobuf(body), 'application/x-protobuf'));

  test('mutants', () => {
    for (const body of mutantsOf(
      json.map(([, sample]) => Buffer.from(JSON.stringify(sample))),
      1000,
    ))
      agree(body, 'application/json');
    for (const body of mutantsOf(
      json.map(([, sample]) => protobuf(sample)),
      1000,
    ))
      agree(body, 'application/x-protobuf');
  });
});

describe('syslog', () => {
  const messages: readonly (readonly [name: string, text: string, isFlat: boolean])[] = [
    [
      'usual',
      '<134>1 2026-11-20T11:59:59.123456Z till-3 payment 417 ID7 [store@32473 site.id="STORE_1" order="7"][o x="1"] declined',
      true,
    ],
    ['dashes', '<13>1 - - - - - - hello', true],
    ['a zone and a line feed', '<11>1 2026-11-20T13:59:59+02:00 h a - - - hello\n', true],
    ['other letters', '<134>1 - h a - - [x y="é"] naïve', true],
    ['fields of ours', '<134>1 - h a - - [sightline site="STORE_2" x="1"] hello', true],
    ['no space after the dash', '<134>1 - h a - - -hello', true],
    ['a key', '<134>1 - h a - - [sightline key="secret"] hello', false],
    ['an escape', '<134>1 - h a - - [x y="a\\"b"] hello', false],
    ['an empty value', '<134>1 - h a - - [x y=""] hello', false],
    ['no members', '<134>1 - h a - - [x] hello', false],
    ['a name twice', '<134>1 - h a - - [x y="1" y="2"] hello', false],
    ['an identity twice', '<134>1 - h a - - [x site="1"][y site="2"] hello', false],
    ['the header said again', '<134>1 - h a - - [x host="other"] hello', false],
    ['a mark of byte order', '<134>1 - h a - - - \ufeffhello', false],
    ['JSON', '<134>1 - h a - - - {"msg":"x"}', false],
    ['no message', '<134>1 - h a - - - ', false],
    ['version 2', '<134>2 - h a - - - hello', false],
    ['no priority', 'hello', false],
    ['a priority too high', '<192>1 - h a - - - hello', false],
    ['the older form', '<34>Nov 20 11:59:59 till-3 su: failed', false],
    ['a time that is none', '<134>1 soon h a - - - hello', false],
    ['a part too long', `<134>1 - h ${'a'.repeat(129)} - - - hello`, false],
    ['cut', '<134>1 - h a -', false],
  ];
  const flat = new FlatSyslog();

  function both(text: Buffer): { read: Buffer | undefined; byObjects: Buffer | undefined } {
    const [batch, other] = [new LogBatch('syslog'), new LogBatch('syslog')];
    const isFlat = flat.add(batch, text, now);
    const { read, key } = readSyslog(text.toString('utf8'), now);
    if (key === undefined) other.add(read);
    return {
      read: isFlat ? Buffer.from(batch.finish().frames[0]!.bytes) : undefined,
      byObjects: other.records > 0 ? Buffer.from(other.finish().frames[0]!.bytes) : undefined,
    };
  }

  test.each(messages)('%s', (_, text, isFlat) => {
    const { read, byObjects } = both(Buffer.from(text));
    expect(read !== undefined).toBe(isFlat);
    if (isFlat) expect(read).toEqual(byObjects);
  });

  test('mutants', () => {
    for (const text of mutantsOf(
      messages.map(([, sample]) => Buffer.from(sample)),
      3000,
    )) {
      const { read, byObjects } = both(text);
      if (read && !read.equals(byObjects ?? Buffer.alloc(0))) expect([text.toString(), read]).toEqual(['', byObjects]);
    }
  });
});
