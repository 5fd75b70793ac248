import { ProtobufReader } from '@sightline/base/protobuf';
import { type FloatHistogram, isStaleMark, staleNaNBits } from '@sightline/record';
import { expect, test } from 'vitest';
import { ProtobufWriter } from '../otlp/protobuf-writer.ts';
import { readReadRequest, writeReadResponse } from './remote-read.ts';

interface Query {
  readonly start: number;
  readonly end: number;
  readonly matchers?: readonly (readonly [type: number, label: string, value: string])[];
}
/** As Prometheus writes it, with the hints and wanted forms that we pass over. */
function request(...queries: readonly Query[]): Buffer {
  const writer = new ProtobufWriter();
  for (const { start, end, matchers = [] } of queries) {
    const query = writer.open(1);
    writer.integer(1, start);
    writer.integer(2, end);
    for (const [type, label, value] of matchers) {
      const matcher = writer.open(3);
      writer.integer(1, type);
      writer.string(2, label);
      writer.string(3, value);
      writer.close(matcher);
    }
    const hints = writer.open(4);
    writer.integer(1, 15_000);
    writer.string(2, 'rate');
    writer.close(hints);
    writer.close(query);
  }
  writer.bytes(2, Uint8Array.of(1, 0));
  return writer.finish();
}

test('queries with matchers of every kind, times before 1970 too', () => {
  const read = readReadRequest(
    request(
      {
        start: -5,
        end: 7,
        matchers: [
          [0, '__name__', 'up'],
          [1, 'a', ''],
          [2, 'job', 'x|y'],
          [3, 'b.c', 'ü"'],
        ],
      },
      { start: 0, end: 0 },
    ),
  );
  expect(read).toEqual({
    ok: true,
    value: [
      {
        startMs: -5,
        endMs: 7,
        matchers: [
          { label: '__name__', operator: '=', value: 'up' },
          { label: 'a', operator: '!=', value: '' },
          { label: 'job', operator: '=~', value: 'x|y' },
          { label: 'b.c', operator: '!~', value: 'ü"' },
        ],
      },
      { startMs: 0, endMs: 0, matchers: [] },
    ],
  });
});

test.each([
  ['bytes that are cut', request({ start: 1, end: 2, matchers: [[0, 'a', 'b']] }).subarray(0, 9), 'cut or malformed'],
  ['no protobuf', Buffer.from('hello, world'), 'no prometheus.ReadRequest'],
  ['an end before its start', request({ start: 2, end: 1 }), 'ends (1) before it starts (2)'],
  ['an unknown matcher', request({ start: 1, end: 2, matchers: [[7, 'a', 'b']] }), 'the type 7'],
  ['a matcher without label', request({ start: 1, end: 2, matchers: [[0, '', 'b']] }), 'names no label'],
  ['too many queries', request(...Array.from({ length: 101 }, () => ({ start: 1, end: 2 }))), 'at most 100 queries'],
])('%s: says what was expected', (_, bytes, words) => {
  const read = readReadRequest(bytes);
  expect(read.ok ? '' : read.error).toContain(words);
});

test('samples keep their bits, staleness marks theirs, labels are in order', () => {
  const values = new Float64Array([0.1, 0, Number.NaN]);
  new BigUint64Array(values.buffer)[1] = staleNaNBits;
  const histogram: FloatHistogram = {
    counterResetHint: 3,
    schema: -1,
    zeroThreshold: 0.5,
    zeroCount: 1,
    count: 4,
    sum: 9,
    positiveSpans: [{ offset: -2, length: 1 }],
    negativeSpans: [],
    positiveBuckets: [3],
    negativeBuckets: [],
    customValues: [],
  };
  const series = {
    labels: { job: 'a', __name__: 'up', Zone: 'b' },
    floats: { times: Float64Array.of(-1, 0, 5), values },
    histograms: [{ atMs: 9, histogram }],
  };
  const found = readResponse(writeReadResponse([[series], []]));
  expect(found.results).toBe(2);
  expect(found.labels).toEqual(['Zone=b', '__name__=up', 'job=a']);
  expect(found.samples.map(([atMs]) => atMs)).toEqual([-1n, 0n, 5n]);
  expect(found.samples.map(([, bits]) => isStaleMark(bits))).toEqual([false, true, false]);
  expect(found.samples[0]?.[1]).toBe(new BigUint64Array(Float64Array.of(0.1).buffer)[0]);
  expect(found.histogramTimes).toEqual([9n]);
});

function readResponse(bytes: Buffer) {
  const found = {
    results: 0,
    labels: [] as string[],
    samples: [] as [bigint, bigint][],
    histogramTimes: [] as bigint[],
  };
  const response = new ProtobufReader(bytes);
  while (response.next()) {
    found.results++;
    const result = response.message();
    while (result.next()) {
      const series = result.message();
      while (series.next()) {
        const part = series.message();
        const texts: string[] = [];
        let [atMs, bits] = [0n, 0n];
        while (part.next()) {
          if (series.field === 1) texts.push(part.text());
          else if (series.field === 2 && part.field === 1) bits = bytes.readBigUInt64LE(part.start);
          else if (part.field === (series.field === 2 ? 2 : 15)) atMs = part.int64();
        }
        if (series.field === 1) found.labels.push(texts.join('='));
        if (series.field === 2) found.samples.push([atMs, bits]);
        if (series.field === 4) found.histogramTimes.push(atMs);
      }
    }
  }
  expect(response.bad).toBe(false);
  return found;
}
