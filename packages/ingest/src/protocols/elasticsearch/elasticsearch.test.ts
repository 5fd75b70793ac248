import { describe, expect, test } from 'vitest';
import type { Checked } from '../../protocol.ts';
import { logsOf, requestOf, testNow } from '../../test-support/decode-logs.ts';
import { checkBulk, checkDocument } from './bulk.ts';
import { elasticKey, elasticsearch } from './elasticsearch.ts';
import { GivenIds } from './given-ids.ts';
import { filterPaths } from './replies.ts';
import { ResentDocuments } from './resent-documents.ts';

const at = new Date(testNow).toISOString();
const ndjson = (...lines: (object | string)[]): string =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
const create = { create: { _index: 'logs-app-default' } };

interface Item {
  readonly status: number;
  readonly _index: string;
  readonly _id: string | null;
  readonly result?: string;
  readonly error?: { readonly type: string; readonly reason: string };
}
interface BulkAnswer {
  readonly errors: boolean;
  readonly items: readonly Record<string, Item>[];
}

function bulk(body: string, index?: string): { checked: Extract<Checked, { kind: 'accept' }>; answer: BulkAnswer } {
  const checked = checkBulk(requestOf(body, index === undefined ? {} : { params: { index } }));
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return { checked, answer: JSON.parse(checked.body ?? '') as BulkAnswer };
}

describe('a request that was refused in part and is sent again', () => {
  const lines = (...messages: string[]): string =>
    messages.map((message) => ndjson(create, message === 'bad' ? 'no object' : { '@timestamp': at, message })).join('');
  const send = (resent: ResentDocuments, body: string, { stored = true, laterMs = 0, keyId = 'key' } = {}): string => {
    const request = requestOf(body);
    const checked = checkBulk(
      { ...request, receivedAtMs: request.receivedAtMs + laterMs, scope: { ...request.scope, keyId } },
      resent,
    );
    if (checked.kind !== 'accept') throw new Error(checked.message);
    if (stored) resent.stored(checked.frames);
    const again = checked.refused
      .filter(({ reason }) => reason === 'duplicate')
      .reduce((n, { records }) => n + records, 0);
    const kept = checked.frames.reduce((n, { records }) => n + records, 0);
    const created = (JSON.parse(checked.body ?? '') as BulkAnswer).items.filter(
      (item) => item['create']?.status === 201,
    );
    return `${kept} kept, ${again} again, ${created.length} created`;
  };

  test('stores its good documents once, as often as it comes', () => {
    const resent = new ResentDocuments();
    expect(send(resent, lines('a', 'b', 'b', 'bad'))).toBe('3 kept, 0 again, 3 created');
    expect(send(resent, lines('a', 'b', 'b', 'bad'))).toBe('0 kept, 3 again, 3 created');
    expect(send(resent, lines('a', 'b', 'b', 'c', 'bad'))).toBe('1 kept, 3 again, 4 created');
    expect(send(resent, lines('a', 'b', 'b', 'c')), 'mended').toBe('0 kept, 4 again, 4 created');
    expect(send(resent, lines('a', 'b', 'b', 'c')), 'from now on it is news').toBe('4 kept, 0 again, 4 created');
  });
  test('lines alike in requests that were taken whole are records of their own', () => {
    const resent = new ResentDocuments();
    expect(send(resent, lines('a', 'a'))).toBe('2 kept, 0 again, 2 created');
    expect(send(resent, lines('a', 'a'))).toBe('2 kept, 0 again, 2 created');
  });
  test('what was not stored, is long ago, or of another key is taken', () => {
    const resent = new ResentDocuments();
    expect(send(resent, lines('a', 'bad'), { stored: false })).toBe('1 kept, 0 again, 1 created');
    expect(send(resent, lines('a', 'bad'))).toBe('1 kept, 0 again, 1 created');
    expect(send(resent, lines('a'), { keyId: 'other' })).toBe('1 kept, 0 again, 1 created');
    expect(send(resent, lines('a'), { stored: false })).toBe('0 kept, 1 again, 1 created');
    expect(send(resent, lines('a'), { laterMs: 600_001 })).toBe('1 kept, 0 again, 1 created');
  });
});

describe('_bulk', () => {
  test('an ECS document finds its places', () => {
    const { checked, answer } = bulk(
      ndjson(create, {
        '@timestamp': at,
        message: 'card declined',
        'log.level': 'error',
        log: { logger: 'till' },
        service: { name: 'orders', version: '4.2', environment: 'prod' },
        trace: { id: '0af7651916cd43dd8448eb211c80319c' },
        'span.id': '00f067aa0ba902b7',
        host: { name: 'till-3' },
        labels: { site: 'STORE_047', correlation_id: 'c-1' },
        order: { total: 12.5 },
      }),
    );
    expect(answer).toMatchObject({ errors: false, items: [{ create: { _index: 'logs-app-default', status: 201 } }] });
    expect(logsOf(checked)).toEqual([
      {
        resource: {
          'service.name': 'orders',
          'store.id': 'STORE_047',
          'device.id': 'till-3',
          'deployment.environment.name': 'prod',
          'service.version': '4.2',
        },
        timeNs: BigInt(testNow) * 1_000_000n,
        severity: 17,
        level: 'error',
        body: 'card declined',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: '00f067aa0ba902b7',
        eventName: '',
        attributes: {
          'log.logger': 'till',
          'order.total': 12.5,
          'correlation.id': 'c-1',
          'elasticsearch.index': 'logs-app-default',
        },
      },
    ]);
  });

  test.each<[string, object]>([
    [
      'winston-elasticsearch',
      { message: 'm', severity: 'warn', fields: { site: 'S1', service: 'till', traceId: 'ab'.repeat(16) } },
    ],
    [
      'Fluentd behind Kubernetes',
      { log: 'm', level: 'warning', kubernetes: { labels: { app: 'till', site: 'S1' } }, trace_id: 'ab'.repeat(16) },
    ],
    [
      'Filebeat',
      {
        message: 'm',
        log: { level: 'WARN' },
        fields: { site: 'S1' },
        service: { name: 'till' },
        trace: { id: 'ab'.repeat(16) },
      },
    ],
  ])('what %s sends has its origin', (_, document) => {
    expect(logsOf(bulk(ndjson(create, document)).checked)).toMatchObject([
      { body: 'm', severity: 13, traceId: 'ab'.repeat(16), resource: { 'service.name': 'till', 'store.id': 'S1' } },
    ]);
  });

  test.each<[string, string, string, object]>([
    [
      'a document that is no JSON',
      '{broken',
      'malformed',
      { status: 400, error: { type: 'document_parsing_exception' } },
    ],
    ['a document that is a list', '[1]', 'malformed', { status: 400 }],
    ['an empty document', '{}', 'no-value', { status: 400 }],
    ['a time that is none', '{"message":"x","@timestamp":"soon"}', 'malformed', { status: 400 }],
    ['a time of 1970', '{"message":"x","@timestamp":1}', 'too-old', { status: 400 }],
    ['a time of 2100', '{"message":"x","@timestamp":4102444800}', 'too-new', { status: 400 }],
    ['a document too long', JSON.stringify({ message: 'x'.repeat(1_048_577) }), 'too-large', { status: 413 }],
  ])('%s is refused alone, in its place', (_, document, reason, item) => {
    const { checked, answer } = bulk(ndjson(create, { message: 'a' }, create, document, create, { message: 'b' }));
    expect(answer).toMatchObject({
      errors: true,
      items: [{ create: { status: 201 } }, { create: item }, { create: { status: 201 } }],
    });
    expect(checked.refused).toMatchObject([{ reason, records: 1 }]);
    expect(logsOf(checked).map(({ body }) => body)).toEqual(['a', 'b']);
  });

  test.each<[string, object[], string, number, string[]]>([
    ['index with an id', [{ index: { _index: 'i', _id: '7' } }, { message: 'x' }], 'index', 201, ['x']],
    [
      'update of what is not there',
      [{ update: { _index: 'i', _id: '7' } }, { doc: { message: 'x' } }],
      'update',
      404,
      [],
    ],
    [
      'update that may insert',
      [{ update: { _index: 'i', _id: '7' } }, { doc: { message: 'x' }, doc_as_upsert: true }],
      'update',
      201,
      ['x'],
    ],
    [
      'update with an upsert',
      [{ update: { _index: 'i', _id: '7' } }, { script: {}, upsert: { message: 'y' } }],
      'update',
      201,
      ['y'],
    ],
    ['delete', [{ delete: { _index: 'i', _id: '7' } }], 'delete', 404, []],
  ])('%s', (_, lines, action, status, bodies) => {
    const { checked, answer } = bulk(ndjson(...lines, create, { message: 'after' }));
    expect(answer.items).toMatchObject([{ [action]: { _index: 'i', _id: '7', status } }, { create: { status: 201 } }]);
    expect(logsOf(checked).map(({ body }) => body)).toEqual([...bodies, 'after']);
    // A delete of nothing is no error.
    expect(answer.errors).toBe(action !== 'delete' && status !== 201);
  });

  test('a broken action costs itself; the next one is found again', () => {
    const { checked, answer } = bulk(ndjson(create, { message: 'a' }, '{"creat":{}}', create, { message: 'b' }));
    expect(answer.items.map((item) => Object.values(item)[0]?.status)).toEqual([201, 400, 201]);
    expect(checked.refused).toMatchObject([{ reason: 'malformed', records: 1 }]);
    expect(logsOf(checked).map(({ body }) => body)).toEqual(['a', 'b']);
  });

  test('the index of the path serves actions that name none; what stands beside an action is let pass', () => {
    const { answer } = bulk(ndjson({ index: {}, attempts: 0 }, { message: 'a' }), 'from-path');
    expect(answer.items).toMatchObject([{ index: { _index: 'from-path', status: 201 } }]);
  });

  test.each([
    ['no action at all', 'hello\nworld\n'],
    ['a document first', '{"message":"x"}\n'],
  ])('%s is refused whole', (_, body) =>
    expect(checkBulk(requestOf(body))).toMatchObject({ kind: 'refuse', status: 400, reason: 'malformed' }),
  );

  test('a document that was cut off is told', () => {
    const { answer, checked } = bulk(ndjson(create, { message: 'a' }, create));
    expect(answer.items.map((item) => item['create']?.status)).toEqual([201, 400]);
    expect(checked.refused).toHaveLength(1);
  });
});

describe('documents that their client names', () => {
  const named = (action: 'create' | 'index', id: string, message: string, index = 'i'): string =>
    ndjson({ [action]: { _index: index, _id: id } }, { '@timestamp': at, message });
  /** Sends a body; how each document was answered, and how many were kept. */
  const send = (
    given: GivenIds,
    body: string,
    { stored = true, laterMs = 0, organisation = 'acme', resent = new ResentDocuments() } = {},
  ): string => {
    const request = requestOf(body);
    const scope = { ...request.scope, organisation };
    const checked = checkBulk({ ...request, receivedAtMs: request.receivedAtMs + laterMs, scope }, resent, given);
    if (checked.kind !== 'accept') throw new Error(checked.message);
    if (stored) {
      given.stored(checked.frames);
      resent.stored(checked.frames);
    }
    const { items, errors } = JSON.parse(checked.body ?? '') as BulkAnswer;
    const kept = checked.frames.reduce((n, { records }) => n + records, 0);
    return `${items.map((item) => Object.values(item)[0]?.status).join(' ')}, ${kept} kept${errors ? ', errors' : ''}`;
  };

  test('keep their id as an attribute, on either way of reading', () => {
    const deep = ndjson(
      { index: { _index: 'i', _id: 'b' } },
      { message: 'y', a: { b: { c: { d: { e: { f: 1 } } } } } },
    );
    const { checked, answer } = bulk(named('create', 'a', 'x') + deep + ndjson(create, { message: 'z' }));
    expect(logsOf(checked).map(({ attributes }) => attributes['elasticsearch.id'])).toEqual(['a', 'b', undefined]);
    expect(answer.items.map((item) => Object.values(item)[0]?._id?.length)).toEqual([1, 1, 20]);
  });

  test.each([
    ['create', 'the same', '409, 0 kept, errors'],
    ['create', 'another', '409, 0 kept, errors'],
    ['index', 'the same', '200, 0 kept'],
    ['index', 'another', '200, 1 kept'],
  ] as const)('%s of a known id with %s document: %s', (action, which, answered) => {
    const given = new GivenIds();
    expect(send(given, named(action, 'a', 'the same'))).toBe('201, 1 kept');
    expect(send(given, named(action, 'a', which))).toBe(answered);
  });

  test('are told apart within one request too', () => {
    const body =
      named('create', 'a', '1') + named('create', 'a', '2') + named('index', 'b', '1') + named('index', 'b', '1');
    expect(send(new GivenIds(), body)).toBe('201 409 201 200, 2 kept, errors');
  });

  test('are not known where nothing was stored, in another index, another organisation, or after ten minutes', () => {
    const given = new GivenIds();
    expect(send(given, named('create', 'a', 'x'), { stored: false })).toBe('201, 1 kept');
    expect(send(given, named('create', 'a', 'x'))).toBe('201, 1 kept');
    expect(send(given, named('create', 'a', 'x', 'other'))).toBe('201, 1 kept');
    expect(send(given, named('create', 'a', 'x'), { organisation: 'rival' })).toBe('201, 1 kept');
    expect(send(given, named('create', 'a', 'x'), { laterMs: 600_001 })).toBe('201, 1 kept');
  });

  test('sent again after a refusal in part are no conflict; a conflict makes no request one that is sent again', () => {
    const [given, resent] = [new GivenIds(), new ResentDocuments()];
    const body = named('create', 'a', 'x') + ndjson({ create: { _index: 'i', _id: 'b' } }, 'no object');
    expect(send(given, body, { resent })).toBe('201 400, 1 kept, errors');
    expect(send(given, body, { resent })).toBe('201 400, 0 kept, errors');
    const plain = ndjson(create, { '@timestamp': at, message: 'plain' });
    const fresh = { resent: new ResentDocuments() };
    expect(send(given, named('create', 'a', 'x') + plain, fresh)).toBe('409 201, 1 kept, errors');
    expect(send(given, plain, fresh), 'two lines alike').toBe('201, 1 kept');
  });

  test('one by one: created, updated, in conflict', () => {
    const given = new GivenIds();
    const put = (creates: boolean, message = 'x') => {
      const request = requestOf(JSON.stringify({ '@timestamp': at, message }), { params: { index: 'i', id: '7' } });
      const checked = checkDocument(request, given, creates);
      if (checked.kind === 'accept') given.stored(checked.frames);
      return checked.kind === 'refuse'
        ? checked.status
        : [(JSON.parse(checked.body ?? '') as { result: string }).result, checked.frames.length];
    };
    expect(put(true)).toEqual(['created', 1]);
    expect(put(true)).toBe(409);
    expect(put(false)).toEqual(['updated', 0]);
    expect(put(false, 'y')).toEqual(['updated', 1]);
  });
});

test('a single document', () => {
  const good = checkDocument(requestOf('{"message":"x"}', { params: { index: 'i', id: '7' } }));
  expect(logsOf(good)).toMatchObject([{ body: 'x' }]);
  expect(JSON.parse(good.kind === 'accept' ? (good.body ?? '') : '')).toMatchObject({
    _index: 'i',
    _id: '7',
    result: 'created',
  });
  for (const body of ['', 'x', '[]', '{"message":"x","time":"soon"}'])
    expect(checkDocument(requestOf(body))).toMatchObject({ kind: 'refuse', status: 400 });
});

test.each([
  [`ApiKey ${Buffer.from('id:sl_ingest_1').toString('base64')}`, 'sl_ingest_1'],
  ['ApiKey sl_ingest_1', 'sl_ingest_1'],
  ['Bearer sl_ingest_1', 'sl_ingest_1'],
  [`Basic ${Buffer.from('elastic:sl_ingest_1').toString('base64')}`, 'sl_ingest_1'],
  ['', undefined],
])('the key of "%s"', (authorization, key) =>
  expect(elasticKey(requestOf('', { headers: { authorization } }))).toBe(key),
);

test('filter_path', () => {
  const answer = {
    took: 1,
    errors: true,
    items: [{ index: { status: 201, _id: 'a' } }, { index: { status: 400, error: { type: 't' } } }],
  };
  expect(filterPaths(answer, ['errors', 'items.*.error', 'items.*.status'])).toEqual({
    errors: true,
    items: [{ index: { status: 201 } }, { index: { status: 400, error: { type: 't' } } }],
  });
  expect(filterPaths(answer, ['**.type'])).toEqual({ items: [{ index: { error: { type: 't' } } }] });
  expect(filterPaths(answer, ['toa*', 'err*s'])).toEqual({ errors: true });
  expect(filterPaths(answer, ['nothing'])).toBeUndefined();
});

test('the handshake: each answer carries the product header, and what is refused is told in the same form', () => {
  const got = elasticsearch.endpoints.filter(({ method }) => method === 'GET');
  expect(got.length).toBeGreaterThan(12);
  for (const { reply, path } of got) {
    const request = requestOf('', { params: { name: 'n', index: 'i' }, headers: { host: 'h:1' } });
    const { status, headers, body } = reply({ kind: 'stored', frames: [], refused: [] }, request);
    expect([path, status, headers?.['x-elastic-product']]).toEqual([path, 200, 'Elasticsearch']);
    expect(JSON.parse(String(body))).toBeTypeOf('object');
    const refused = reply({ kind: 'refused', status: 401, reason: 'unauthorised', message: 'no' }, request);
    expect(JSON.parse(String(refused.body))).toMatchObject({
      status: 401,
      error: { type: 'security_exception', reason: 'no' },
    });
  }
});
