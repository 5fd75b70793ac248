import type { FloatHistogram, ReceivedSeries } from '@sightline/record';
import { describe, expect, test } from 'vitest';
import { writeRw2Request } from '../../metric-formats/index.ts';
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts';
import type { Checked, ProtocolRequest } from '../../protocol.ts';
import { checkRemoteWrite, remoteWriteReply } from './prometheus-remote-write.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const contentType = 'application/x-protobuf';

function request(body: Buffer): ProtocolRequest {
  return {
    method: 'POST',
    params: {},
    query: new URLSearchParams(),
    headers: { 'content-type': `${contentType};proto=io.prometheus.write.v2.Request` },
    contentType,
    body,
    scope: { organisation: 'acme', keyId: 'k', site: '', device: '', service: '', environment: '' },
    receivedAtMs: now,
  };
}

function accepted(checked: Checked): Extract<Checked, { kind: 'accept' }> {
  if (checked.kind !== 'accept') throw new Error(checked.message);
  return checked;
}

const histogram: FloatHistogram = {
  counterResetHint: 0,
  schema: 3,
  zeroThreshold: 1e-128,
  zeroCount: 1,
  count: 7,
  sum: 12,
  positiveSpans: [{ offset: -2, length: 2 }],
  negativeSpans: [{ offset: 1, length: 1 }],
  positiveBuckets: [1, 2],
  negativeBuckets: [3],
  customValues: [],
};

function series(labels: readonly string[], more: Partial<ReceivedSeries> = {}): ReceivedSeries {
  return {
    labels,
    type: 'counter',
    unit: 'seconds',
    help: 'what it is',
    delta: false,
    times: [now],
    values: [1],
    ...more,
  };
}

const up = series(['__name__', 'up', 'job', 'till'], {
  times: [now - 1000, now],
  values: [1, 0],
  stale: [1],
  startTimes: [now - 9000, now - 9000],
  exemplars: [{ labels: ['trace_id', 'abc'], value: 1, atMs: now }],
});
const native = series(['__name__', 'lat'], { histograms: [histogram] });

/** A series by its fields; symbols: '', __name__, x, job, a broken text, a long one. */
const symbols = ['', '__name__', 'x', 'job', '\uFFFF', 'y'];
function raw(...write: ((writer: ProtobufWriter) => void)[]): Buffer {
  const writer = new ProtobufWriter();
  for (const symbol of symbols) writer.stringAlways(4, symbol);
  const good = (references: number[]) => (one: ProtobufWriter) => {
    one.bytes(1, Buffer.from(references));
    const sample = one.open(2);
    one.double(1, 1);
    one.integer(2, now);
    one.close(sample);
  };
  for (const one of [good([1, 2]), ...write, good([1, 2, 3, 2])]) {
    const opened = writer.open(5);
    one(writer);
    writer.close(opened);
  }
  const bytes = writer.finish();
  bytes[bytes.indexOf('\uFFFF')] = 0xff;
  return bytes;
}
const sampleAt = (atMs: number) => (writer: ProtobufWriter) => {
  const sample = writer.open(2);
  writer.double(1, 1);
  writer.integer(2, atMs);
  writer.close(sample);
};
const both =
  (references: readonly number[], ...rest: ((writer: ProtobufWriter) => void)[]) =>
  (writer: ProtobufWriter): void => {
    writer.bytes(1, Buffer.from(references));
    for (const one of rest) one(writer);
  };

test('a good request is kept byte by byte and counted in the headers', () => {
  const body = writeRw2Request([up, native]);
  const checked = accepted(checkRemoteWrite(request(body)));
  expect(checked).toMatchObject({
    refused: [],
    frames: [{ lane: 'metrics-rw2', records: 3, signal: 'metrics' }],
    headers: {
      'x-prometheus-remote-write-samples-written': '2',
      'x-prometheus-remote-write-histograms-written': '1',
      'x-prometheus-remote-write-exemplars-written': '1',
    },
  });
  expect(Buffer.from(checked.frames[0]?.bytes ?? [])).toEqual(body);
  const reply = remoteWriteReply({ ...checked, kind: 'stored' }, request(body));
  expect(reply).toMatchObject({ status: 204, headers: checked.headers ?? {} });
});

describe('refused alone', () => {
  test.each<[what: string, bad: (writer: ProtobufWriter) => void, reason: string, records: number]>([
    ['a reference beyond the symbols', both([1, 9], sampleAt(now)), 'malformed', 1],
    ['references in no pairs', both([1, 2, 3], sampleAt(now)), 'malformed', 1],
    ['no name', both([3, 2], sampleAt(now), sampleAt(now)), 'malformed', 2],
    ['an empty name', both([1, 0], sampleAt(now)), 'malformed', 1],
    ['a label without a name', both([1, 2, 0, 2], sampleAt(now)), 'malformed', 1],
    ['a label that is no UTF-8', both([1, 2, 3, 4], sampleAt(now)), 'malformed', 1],
    ['a label twice', both([1, 2, 3, 2, 3, 5], sampleAt(now)), 'malformed', 1],
    ['neither samples nor histograms', both([1, 2]), 'malformed', 1],
    ['a sample of 1970', both([1, 2], sampleAt(1)), 'too-old', 1],
    ['a sample of 2100', both([1, 2], sampleAt(4_102_444_800_000)), 'too-new', 1],
    [
      'help beyond the symbols',
      both([1, 2], sampleAt(now), (w) => w.bytes(5, Buffer.from([0x18, 99]))),
      'malformed',
      1,
    ],
  ])('%s', (_, bad, reason, records) => {
    const checked = accepted(checkRemoteWrite(request(raw(bad))));
    expect(Buffer.from(checked.frames[0]?.bytes ?? [])).toEqual(raw());
    expect(checked).toMatchObject({ frames: [{ records: 2 }], refused: [{ reason, records }] });
    const { status, body, headers } = remoteWriteReply({ ...checked, kind: 'stored' }, request(raw(bad)));
    expect(status).toBe(400);
    expect(body).toContain(`${records} refused`);
    expect(headers).toMatchObject({ 'x-prometheus-remote-write-samples-written': '2' });
  });

  test('one sample among others', () => {
    const checked = accepted(
      checkRemoteWrite(request(raw(both([1, 2], sampleAt(now), sampleAt(1), sampleAt(now + 1))))),
    );
    expect(Buffer.from(checked.frames[0]?.bytes ?? [])).toEqual(raw(both([1, 2], sampleAt(now), sampleAt(now + 1))));
    expect(checked).toMatchObject({ frames: [{ records: 4 }], refused: [{ reason: 'too-old', records: 1 }] });
  });

  test('an exemplar whose labels are none leaves its series', () => {
    const exemplar = (writer: ProtobufWriter): void => writer.bytes(4, Buffer.from([0x0a, 2, 1, 77]));
    const checked = accepted(checkRemoteWrite(request(raw(both([1, 2], sampleAt(now), exemplar)))));
    expect(Buffer.from(checked.frames[0]?.bytes ?? [])).toEqual(raw(both([1, 2], sampleAt(now))));
    expect(checked).toMatchObject({ frames: [{ records: 3 }], refused: [{ records: 1 }] });
  });

  test.each<[what: string, bad: Partial<FloatHistogram>]>([
    ['an unknown schema', { schema: 9 }],
    ['spans that do not fit', { positiveSpans: [{ offset: 0, length: 3 }] }],
    [
      'spans that overlap',
      {
        positiveSpans: [
          { offset: 4, length: 1 },
          { offset: -1, length: 1 },
        ],
      },
    ],
    ['a count below 0', { positiveBuckets: [1, -2] }],
    ['bounds without custom buckets', { customValues: [1, 2] }],
    [
      'bounds that do not ascend',
      { schema: -53, negativeSpans: [], negativeBuckets: [], zeroCount: 0, customValues: [2, 1] },
    ],
    [
      'more buckets than bounds',
      { schema: -53, negativeSpans: [], negativeBuckets: [], zeroCount: 0, customValues: [] },
    ],
    ['custom buckets beside a zero bucket', { schema: -53, negativeSpans: [], negativeBuckets: [], customValues: [1] }],
  ])('a native histogram with %s', (_, bad) => {
    const body = writeRw2Request([native, series(['__name__', 'b'], { histograms: [{ ...histogram, ...bad }] }), up]);
    const checked = accepted(checkRemoteWrite(request(body)));
    expect(checked).toMatchObject({ frames: [{ records: 3 }], refused: [{ reason: 'malformed', records: 1 }] });
  });
});

test.each([
  ['text', Buffer.from('hello there')],
  ['a cut message', writeRw2Request([up]).subarray(0, -3)],
  ['a message of version 1.0', Buffer.from([0x0a, 2, 0x0a, 0])],
])('refused whole: %s', (_, body) =>
  expect(checkRemoteWrite(request(body))).toMatchObject({ kind: 'refuse', status: 400, reason: 'malformed' }),
);

test('the headers stand on refusals too', () =>
  expect(
    remoteWriteReply({ kind: 'refused', status: 401, reason: 'unauthorised', message: 'no' }, request(Buffer.alloc(0))),
  ).toMatchObject({ status: 401, headers: { 'x-prometheus-remote-write-samples-written': '0' } }));

test('mutants end as a value, and what passes can be walked again without a loss', () => {
  const good = writeRw2Request([up, native, series(['__name__', 'x', 'site', 'STORE_1'])]);
  let seed = 11;
  const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 5000; round++) {
    const mutant = Buffer.from(good);
    mutant[random(mutant.length)] = random(256);
    const checked = checkRemoteWrite(request(mutant));
    if (checked.kind === 'refuse' || checked.frames.length === 0) continue;
    const again = accepted(checkRemoteWrite(request(Buffer.from(checked.frames[0]?.bytes ?? []))));
    expect(again).toMatchObject({ refused: [], frames: [{ records: checked.frames[0]?.records }] });
  }
});
