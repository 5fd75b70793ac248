import { describe, expect, test } from 'vitest';
import { readFixture } from '../../../fixtures/read-fixture.ts';
import { spansOf, type DecodedSpan } from '../../test-support/decode-traces.ts';
import { checkZipkin, zipkinReply } from './zipkin.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const check = (body: unknown, receivedAtMs = now) =>
  checkZipkin({ body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), receivedAtMs });
const good = { traceId: 'ab'.repeat(16), id: 'cd'.repeat(8), name: 'get', timestamp: now * 1000, duration: 1500 };
const one = (more: object): DecodedSpan => {
  const [span] = spansOf(check([{ ...good, ...more }]));
  if (!span) throw new Error('no span');
  return span;
};

describe('one span', () => {
  test.each<[string, object, Partial<DecodedSpan>]>([
    ['ids of 64 bits are filled up', { traceId: 'ABC' }, { traceId: 'abc'.padStart(32, '0') }],
    ['a parent', { parentId: '1f' }, { parentId: '1f'.padStart(16, '0') }],
    ['a kind', { kind: 'PRODUCER' }, { kind: 4 }],
    ['no kind', {}, { kind: 0 }],
    ['microseconds', {}, { startNs: BigInt(now) * 1_000_000n, durationNs: 1_500_000n }],
    [
      'endpoints',
      {
        localEndpoint: { serviceName: 'orders', ipv4: '10.0.0.1' },
        remoteEndpoint: { serviceName: 'db', ipv6: '::1', port: 5432 },
      },
      {
        resource: { 'service.name': 'orders', 'host.ip': '10.0.0.1' },
        attributes: { 'peer.service': 'db', 'network.peer.address': '::1', 'network.peer.port': 5432 },
      },
    ],
    [
      'an error tag',
      { tags: { error: 'boom' } },
      { status: { code: 2, message: 'boom' }, attributes: { error: 'boom' } },
    ],
    ['an error tag without words', { tags: { error: 'true' } }, { status: { code: 2, message: '' } }],
    ['an error tag that denies', { tags: { error: 'false' } }, { status: { code: 0, message: '' } }],
    ['a scope', { tags: { 'otel.scope.name': 'sdk' } }, { scope: 'sdk', attributes: {} }],
    ['a debug flag', { debug: true }, { attributes: { 'zipkin.debug': true } }],
    [
      'annotations in order',
      {
        annotations: [
          { timestamp: now * 1000 + 5, value: 'b' },
          { timestamp: now * 1000, value: 'a' },
          { value: 'no time' },
        ],
      },
      {
        events: [
          { name: 'a', attributes: {} },
          { name: 'b', attributes: {} },
        ],
      },
    ],
    ['no time: it ended when it came', { timestamp: undefined }, { startNs: BigInt(now) * 1_000_000n - 1_500_000n }],
  ])('%s', (_, more, expected) => expect(one(more)).toMatchObject(expected));
});

test.each<[string, object, string]>([
  ['no trace id', { traceId: '' }, 'malformed'],
  ['a trace id of zeros', { traceId: '0000' }, 'malformed'],
  ['an id that is no hexadecimal', { id: 'xyz' }, 'malformed'],
  ['a time of 1970', { timestamp: 5 }, 'too-old'],
  ['a time of 2100', { timestamp: 4_102_444_800_000_000 }, 'too-new'],
])('%s: refused alone', (_, more, reason) => {
  const checked = check([good, { ...good, ...more }, good]);
  expect(spansOf(checked)).toHaveLength(2);
  expect(checked).toMatchObject({ refused: [{ signal: 'spans', reason, records: 1 }] });
});

test.each([['{'], ['{}'], ['null'], ['"x"'], ['']])('%j is refused whole', (body) => {
  expect(check(body)).toMatchObject({ kind: 'refuse', status: 400, reason: 'malformed' });
});

test('zipkin-js: the server’s half of a shared span gets its own id, and what it called stands below it', () => {
  const [sent] = readFixture('zipkin-js');
  if (!sent) throw new Error('no fixture');
  const spans = spansOf(checkZipkin(sent));
  const named = (name: string): DecodedSpan => spans.find((span) => span.name === name) ?? one({ id: 'none' });
  const [root, call, served, query] = ['post /orders', 'post', 'place order', 'select'].map(named);
  expect(new Set(spans.map((span) => span.spanId)).size).toBe(4);
  expect(root).toMatchObject({ parentId: '', kind: 2, resource: { 'service.name': 'gateway', 'host.ip': '10.0.0.7' } });
  expect(call).toMatchObject({ parentId: root?.spanId, kind: 3, attributes: { 'peer.service': 'orders' } });
  expect(served).toMatchObject({ parentId: call?.spanId, kind: 2, resource: { 'service.name': 'orders' } });
  expect(query).toMatchObject({
    parentId: served?.spanId,
    status: { code: 2, message: 'lock timeout' },
    events: [{ name: 'waited for lock' }],
  });
});

test('OpenTelemetry’s exporter: status, resource and parent arrive', () => {
  const spans = readFixture('otel-zipkin').flatMap((sent) => spansOf(checkZipkin(sent)));
  expect(spans).toMatchObject([
    { name: 'authorise card', kind: 3, status: { code: 2, message: 'card declined' }, events: [{ name: 'declined' }] },
    {
      name: 'POST /charge',
      kind: 2,
      status: { code: 1 },
      resource: { 'service.name': 'payment' },
      attributes: { 'store.id': 'STORE_047' },
    },
  ]);
  expect(spans[0]?.parentId).toBe(spans[1]?.spanId);
});

test('replies', () => {
  const refused = [{ signal: 'spans', reason: 'malformed', records: 2, message: 'no id' }] as const;
  const frame = { lane: 'otlp-traces', bytes: Buffer.alloc(1), records: 1, signal: 'spans' };
  expect(zipkinReply({ kind: 'stored', frames: [frame], refused: [] })).toEqual({ status: 202 });
  expect(zipkinReply({ kind: 'stored', frames: [frame], refused })).toMatchObject({
    status: 202,
    headers: { 'x-sightline-refused': '2 spans refused: no id' },
  });
  expect(zipkinReply({ kind: 'stored', frames: [], refused }).status).toBe(400);
});
