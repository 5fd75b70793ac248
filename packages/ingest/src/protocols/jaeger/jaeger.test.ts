import { describe, expect, test } from 'vitest';
import { readFixture } from '../../../fixtures/read-fixture.ts';
import { spansOf, type DecodedSpan } from '../../test-support/decode-traces.ts';
import { postSpans, type SentSpan, thriftBatch } from '../../test-support/jaeger-messages.ts';
import { checkJaeger } from './jaeger.ts';
import { readPostSpans } from './read-protobuf.ts';
import { readThriftBatch } from './read-thrift.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const thrift = (body: Buffer, receivedAtMs = now) => checkJaeger(readThriftBatch, { body, receivedAtMs });
const protobuf = (body: Buffer, receivedAtMs = now) => checkJaeger(readPostSpans, { body, receivedAtMs });
const good: SentSpan = {
  traceId: 'ab'.repeat(16),
  spanId: 'cd'.repeat(8),
  name: 'get',
  startMs: now,
  durationUs: 1500,
};
const other = { traceId: '12'.repeat(16), spanId: '34'.repeat(8) };

describe.each([
  ['Thrift', (span: SentSpan) => thrift(thriftBatch([span], { 'store.id': 'STORE_1', weight: 2.5 }))],
  ['protobuf', (span: SentSpan) => protobuf(postSpans([span], { 'store.id': 'STORE_1', weight: 2.5 }))],
])('%s', (_, send) => {
  test.each<[string, Partial<SentSpan>, Partial<DecodedSpan>]>([
    [
      'ids, times, process',
      {},
      {
        traceId: 'ab'.repeat(16),
        spanId: 'cd'.repeat(8),
        parentId: '',
        startNs: BigInt(now) * 1_000_000n,
        durationNs: 1_500_000n,
        resource: { 'store.id': 'STORE_1', weight: 2.5, 'service.name': 'orders' },
      },
    ],
    [
      'a trace id of 64 bits',
      { traceId: `${'0'.repeat(16)}${'9a'.repeat(8)}` },
      { traceId: `${'0'.repeat(16)}${'9a'.repeat(8)}` },
    ],
    [
      'tags of all types',
      { tags: { text: 'a', number: 1.5, whole: 7n, yes: true, bytes: Buffer.from('hi') } },
      { attributes: { text: 'a', number: 1.5, whole: 7, yes: true, bytes: 'base64:aGk=' } },
    ],
    ['a kind', { tags: { 'span.kind': 'consumer' } }, { kind: 5, attributes: {} }],
    ['an error', { tags: { error: true } }, { status: { code: 2, message: '' } }],
    [
      'a status of OpenTelemetry',
      { tags: { 'otel.status_code': 'ERROR', 'otel.status_description': 'no', 'otel.scope.name': 'sdk' } },
      { status: { code: 2, message: 'no' }, scope: 'sdk', attributes: {} },
    ],
    [
      'a parent by reference',
      { references: [{ traceId: good.traceId, spanId: '56'.repeat(8) }] },
      { parentId: '56'.repeat(8), links: [] },
    ],
    [
      'a parent that is only followed stays a link too',
      { references: [{ traceId: good.traceId, spanId: '56'.repeat(8), followsFrom: true }] },
      {
        parentId: '56'.repeat(8),
        links: [
          { traceId: good.traceId, spanId: '56'.repeat(8), attributes: { 'opentracing.ref_type': 'follows_from' } },
        ],
      },
    ],
    [
      'another trace is a link',
      { references: [other] },
      { parentId: '', links: [{ ...other, attributes: { 'opentracing.ref_type': 'child_of' } }] },
    ],
    [
      'logs',
      { logs: [{ event: 'retry', attempt: 2n }, { message: 'said' }, { a: 'b' }] },
      {
        events: [
          { name: 'retry', attributes: { attempt: 2 } },
          { name: 'said', attributes: {} },
          { name: 'log', attributes: { a: 'b' } },
        ],
      },
    ],
  ])('%s', (__, more, expected) => expect(spansOf(send({ ...good, ...more }))).toMatchObject([expected]));
});

describe.each([
  ['Thrift', (spans: SentSpan[]) => thrift(thriftBatch(spans, {}))],
  ['protobuf', (spans: SentSpan[]) => protobuf(postSpans(spans, {}))],
])('%s: one bad span is refused alone', (_, send) => {
  test.each<[string, Partial<SentSpan>, string]>([
    ['no trace id', { traceId: '00'.repeat(16) }, 'malformed'],
    ['no span id', { spanId: '00'.repeat(8) }, 'malformed'],
    ['no time', { startMs: 0 }, 'malformed'],
    ['1970', { startMs: 1000 }, 'too-old'],
    ['2100', { startMs: 4_102_444_800_000 }, 'too-new'],
  ])('%s', (__, more, reason) => {
    const checked = send([good, { ...good, ...more }, good]);
    expect(spansOf(checked)).toHaveLength(2);
    expect(checked).toMatchObject({ refused: [{ signal: 'spans', reason, records: 1 }] });
  });
});

test('every prefix of a Thrift batch and every changed byte ends well or as a refusal', () => {
  const whole = thriftBatch([{ ...good, tags: { a: 'b', n: 1n }, logs: [{ event: 'x' }], references: [other] }], {
    p: 'q',
  });
  for (let size = 0; size < whole.length - 1; size++) expect(thrift(whole.subarray(0, size)).kind).toBe('refuse');
  for (let at = 0; at < whole.length; at++) {
    for (const byte of [0, 0x7f, 0xff]) {
      const bent = Buffer.from(whole);
      bent[at] = byte;
      expect(['accept', 'refuse']).toContain(thrift(bent).kind);
    }
  }
});

test('a Thrift list that claims two thousand million elements is refused at once', () => {
  const lie = Buffer.from('0f00020c7fffffff00', 'hex');
  expect(thrift(lie)).toMatchObject({ kind: 'refuse', status: 400 });
});

test('a protobuf span that is broken inside costs no neighbour', () => {
  const body = postSpans([good, good], {}, Buffer.from('0a10ff', 'hex'));
  const checked = protobuf(body);
  expect(spansOf(checked)).toHaveLength(2);
  expect(checked).toMatchObject({ refused: [{ reason: 'malformed', records: 1 }] });
});

test('jaeger-client for Node arrives with tags, logs, references and process', () => {
  const [sent] = readFixture('jaeger-client');
  if (!sent) throw new Error('no fixture');
  const spans = spansOf(thrift(sent.body, sent.receivedAtMs));
  const [child, later, parent] = spans;
  expect(spans).toHaveLength(3);
  expect(parent).toMatchObject({
    name: 'reserve stock',
    kind: 2,
    resource: { 'service.name': 'inventory', 'store.id': 'STORE_031', weight: 2.5 },
    attributes: { 'http.status_code': 200, cached: false },
  });
  expect(child).toMatchObject({
    name: 'select',
    kind: 3,
    parentId: parent?.spanId,
    status: { code: 2 },
    events: [{ name: 'error', attributes: { message: 'lock timeout', attempt: 2 } }],
  });
  expect(later).toMatchObject({
    name: 'notify',
    parentId: parent?.spanId,
    links: [{ spanId: parent?.spanId, attributes: { 'opentracing.ref_type': 'follows_from' } }],
  });
});
