import type { FloatHistogram, SampleColumns } from '@sightline/query/promql';
import { describe, expect, test } from 'vitest';
import { appendChunk, encodeChunk } from './chunk.ts';
import { SampleBuffer } from './sample-buffer.ts';

/** A small generator with a seed: a failure can be repeated. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const hour = 3_600_000;
const every15s = (count: number, jitter = (): number => 0): number[] =>
  Array.from({ length: count }, (_, i) => 1_795_222_800_000 + i * 15_000 + jitter());

function columns(times: readonly number[], values: readonly number[] | Float64Array): SampleColumns {
  return { count: times.length, times: Float64Array.from(times), values: Float64Array.from(values) };
}

const bits = (column: Float64Array, count: number): BigUint64Array =>
  new BigUint64Array(column.buffer.slice(column.byteOffset, column.byteOffset + 8 * count));

function there(samples: SampleColumns): { buffer: SampleBuffer; bytes: Uint8Array } {
  const bytes = encodeChunk(samples);
  const buffer = new SampleBuffer(4);
  expect(appendChunk(bytes, buffer)).toBeUndefined();
  return { buffer, bytes };
}

function expectSame(samples: SampleColumns): Uint8Array {
  const { buffer, bytes } = there(samples);
  expect(buffer.count).toBe(samples.count);
  expect(bits(buffer.times, samples.count)).toEqual(bits(samples.times, samples.count));
  expect(bits(buffer.values, samples.count)).toEqual(bits(samples.values, samples.count));
  return bytes;
}

const stale = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer);
const strangeNaN = new Float64Array(new BigUint64Array([0xfff8dead0000beefn]).buffer);

describe('every sample comes back bit by bit', () => {
  const random = randomOf(7);
  const walk = (count: number, step: () => number): number[] => {
    let v = 0;
    return Array.from({ length: count }, () => (v += step()));
  };
  test.each<[string, number[], number[], number]>([
    ['one sample', [17], [42], 8],
    ['one of 1970', [0], [0], 8],
    ['a constant', every15s(480), Array.from({ length: 480 }, () => 1), 24],
    [
      'a counter with jitter',
      every15s(480, () => Math.floor(random() * 7)),
      walk(480, () => Math.floor(random() * 19)),
      510,
    ],
    [
      'a clock that strikes early or late by minutes',
      Array.from({ length: 100 }, (_, i) => 1e12 + i * 1e9 + Math.floor(random() * 2 ** 27)),
      every15s(100),
      700,
    ],
    [
      'a clock that strikes by days, early or late by weeks',
      Array.from({ length: 100 }, (_, i) => 1e12 + i * 1e11 + Math.floor(random() * 2 ** 35)),
      every15s(100),
      700,
    ],
    ['a counter that was reset', every15s(480), walk(480, () => 5).map((v, i) => (i > 200 ? v - 1005 : v)), 60],
    ['bytes', every15s(480), walk(480, () => Math.floor(random() * 3e11)), 3000],
    ['pages', every15s(480), walk(480, () => 4096 * Math.round(random() * 100 - 50)).map((v) => 4e9 + v), 520],
    ['multiples of 2^32', every15s(480), walk(480, () => 2 ** 40 * Math.floor(random() * 3)), 700],
    ['pages, one alone', [17], [-4096], 9],
    ['two decimals', every15s(480), walk(480, () => Math.round(random() * 200 - 100)).map((v) => v / 100), 520],
    ['noise of 32 bits', every15s(480), Array.from({ length: 480 }, random), 2400],
    ['noise of full precision', every15s(480), Array.from({ length: 480 }, () => random() * Math.PI), 3700],
    [
      'a double that seldom changes',
      every15s(480),
      Array.from({ length: 480 }, (_, i) => Math.sqrt(Math.floor(i / 40))),
      300,
    ],
    ['huge numbers', every15s(20), Array.from({ length: 20 }, (_, i) => 2 ** (50 + i)), 200],
    ['tiny numbers', every15s(20), Array.from({ length: 20 }, (_, i) => 2 ** -(1000 + i)), 400],
    [
      'alternating extremes',
      every15s(9),
      [Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, 0, -0, 1, 2 ** 53, -(2 ** 53), 1],
      200,
    ],
    ['infinities', every15s(9), [1, 2, Infinity, 3, -Infinity, 4, 5, 6, 7], 200],
    ['minus zero', every15s(9), [0, -0, 0, -0, 1, 1, 1, 1, 1], 200],
    ['times out of range', [-8.64e15, -1, 0, 8.64e15, 2 ** 53], [1, 2, 3, 4, 5], 200],
    ['times between milliseconds', [0.5, 1.25, 7.125], [1, 2, 3], 200],
    ['gaps of years', [0, 1000, 1_795_222_800_000, 1_795_222_815_000], [1, 2, 3, 4], 200],
  ])('%s', (_, times, values, mostBytes) => {
    expect(expectSame(columns(times, values)).length).toBeLessThanOrEqual(mostBytes);
  });

  test.each([
    ['staleness marks', stale],
    ['a NaN with a payload', strangeNaN],
  ])('%s, in front, in the middle, at the end, alone', (_, mark) => {
    for (const at of [[0], [3], [9], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
      for (const value of [7, 0.1, Math.PI]) {
        const values = new Float64Array(10).fill(value);
        for (const i of at) values.set(mark, i);
        expectSame({ count: 10, times: Float64Array.from(every15s(10)), values });
      }
    }
  });

  test('any mixture of five hundred kinds', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const next = randomOf(seed);
      const count = 1 + Math.floor(next() ** 3 * 700);
      const words = new Uint32Array(2 * count);
      const values = new Float64Array(words.buffer);
      const times = new Float64Array(count);
      const kinds = [
        () => Math.floor(next() * 10),
        () => Math.floor(next() * 2 ** 40) - 2 ** 39,
        () => 2 ** 12 * (Math.floor(next() * 1000) - 300),
        () => -(2 ** 31) * Math.floor(next() * 1000),
        () => Math.floor(next() * 1e6) / 1000,
        () => next(),
        () => Infinity,
        () => -0,
      ];
      const chosen = kinds.filter(() => next() < 0.4);
      let t = Math.floor((next() - 0.5) * 2 ** 52);
      for (let i = 0; i < count; i++) {
        t += Math.floor(next() < 0.02 ? next() * 1e12 : next() * 30_000);
        times[i] = t;
        const kind = chosen[Math.floor(next() * chosen.length)];
        if (kind && next() < 0.97) values[i] = kind();
        else words.set([Math.floor(next() * 2 ** 32), Math.floor(next() * 2 ** 32)], 2 * i);
      }
      expectSame({ count, times, values });
    }
  });
});

test('a chunk that was written before there were grids and zero bits is read', () => {
  const hex = '01030c43809af0b9bf68acea01070ee0c001005180c0018040000000400000010003000800140030007000000140020005';
  const buffer = new SampleBuffer(4);
  expect(appendChunk(new Uint8Array(Buffer.from(hex, 'hex')), buffer)).toBeUndefined();
  const written = columns(
    every15s(12).map((t, i) => t + ((i * 5) % 7)),
    Array.from({ length: 12 }, (_, i) => 4096 * (i * i + 3)),
  );
  expect([...buffer.times.subarray(0, buffer.count)]).toEqual([...written.times]);
  expect([...buffer.values.subarray(0, buffer.count)]).toEqual([...written.values]);
  expect(encodeChunk(written).length).toBeLessThan(hex.length / 2);
});

test('what is known of the values', () => {
  const known = (...parts: readonly number[][]): [boolean, boolean] => {
    const buffer = new SampleBuffer(4);
    buffer.clear();
    for (const values of parts) {
      const chunk = encodeChunk(columns(every15s(values.length), values));
      expect(appendChunk(chunk, buffer)).toBeUndefined();
    }
    return [buffer.numbersAlone, buffer.rising];
  };
  const rising = Array.from({ length: 40 }, (_, i) => 3 * i);
  expect(known(rising)).toEqual([true, true]);
  expect(known(rising, [200, 203, 206, 209])).toEqual([true, true]);
  expect(known(rising, rising)).toEqual([true, false]);
  expect(known(rising.with(20, 1))).toEqual([true, false]);
  expect(known(rising.with(20, Number.NaN))).toEqual([false, false]);
  expect(known(rising.map((v) => v * Math.PI))).toEqual([false, false]);
  const open = new SampleBuffer(4);
  open.clear();
  open.appendFloats(Float64Array.of(1, 2, 3, 4, 5, 6), 0, 3, 3);
  expect([open.numbersAlone, open.rising]).toEqual([true, true]);
  open.appendFloats(Float64Array.of(7, 8, Number.NaN, 6), 0, 2, 2);
  expect([open.numbersAlone, open.rising]).toEqual([false, false]);
});

test('chunks of one series are put behind each other, start times where there are some', () => {
  const first = { ...columns(every15s(3), [1, 2, 3]), startTimes: new Float64Array([5, 5, 0]) };
  const buffer = new SampleBuffer(2);
  expect(appendChunk(encodeChunk(columns([1], [9])), buffer)).toBeUndefined();
  expect(appendChunk(encodeChunk(first), buffer)).toBeUndefined();
  expect(appendChunk(encodeChunk(columns([1], [9])), buffer)).toBeUndefined();
  expect([...buffer.values.subarray(0, 5)]).toEqual([9, 1, 2, 3, 9]);
  expect([...(buffer.startTimes?.subarray(0, 5) ?? [])]).toEqual([0, 5, 5, 0, 0]);
  buffer.clear();
  expect(buffer.startTimes).toBeUndefined();
});

test('a part of longer columns', () => {
  const samples = columns(
    every15s(100),
    Array.from({ length: 100 }, (_, i) => i / 10),
  );
  const buffer = new SampleBuffer();
  appendChunk(encodeChunk(samples, 20, 30), buffer);
  expect([...buffer.times.subarray(0, buffer.count)]).toEqual([...samples.times.subarray(20, 30)]);
});

function histogram(count: number, buckets: readonly number[], more: Partial<FloatHistogram> = {}): FloatHistogram {
  return {
    counterResetHint: 0,
    schema: 3,
    zeroThreshold: 2 ** -128,
    zeroCount: 1,
    count,
    sum: count * 0.7,
    positiveSpans: [{ offset: -4, length: buckets.length }],
    negativeSpans: [],
    positiveBuckets: buckets,
    negativeBuckets: [],
    customValues: [],
    ...more,
  };
}

test('native histograms among floats and staleness marks, layouts that change, counts that are not whole', () => {
  const histograms = [
    histogram(10, [4, 3, 2]),
    histogram(15, [6, 5, 3]),
    undefined,
    histogram(20, [6, 5, 3, 5], { counterResetHint: 1 }),
    histogram(0.5, [0.25, 0.125, -0, Number.NaN], { counterResetHint: 3, sum: Number.NaN }),
    histogram(7, [4, 2], {
      schema: -53,
      customValues: [0.1, 5],
      negativeSpans: [{ offset: 0, length: 1 }],
      negativeBuckets: [1],
    }),
    undefined,
  ];
  const values = new Float64Array(7);
  values.set(stale, 6);
  values[2] = 3;
  const samples = { count: 7, times: Float64Array.from(every15s(7)), values, histograms };
  const { buffer } = there(samples);
  expect(buffer.histograms).toEqual(histograms);
  expect(bits(buffer.values, 7)).toEqual(bits(values, 7));
  expect(appendChunk(encodeChunk(columns([1], [2])), buffer)).toBeUndefined();
  expect(appendChunk(encodeChunk(samples), buffer)).toBeUndefined();
  expect(buffer.histograms).toEqual([...histograms, undefined, ...histograms]);
});

describe('damage', () => {
  const random = randomOf(3);
  const samples: SampleColumns[] = [
    columns(
      every15s(100).map((t, i) => t + ((i * 5) % 7) + (i === 50 ? 4000 : 0)),
      every15s(100).map((t) => 4096 * (t % 13)),
    ),
    columns(
      every15s(200, () => Math.floor(random() * 7)),
      Array.from({ length: 200 }, (_, i) => i * 7 + (i === 90 ? 1e9 : 0)),
    ),
    columns(
      every15s(50),
      Array.from({ length: 50 }, () => random() * Math.PI),
    ),
    columns(
      every15s(50),
      Array.from({ length: 50 }, (_, i) => Math.sqrt(Math.floor(i / 9))),
    ),
    {
      ...columns(every15s(3), [1, 2, Infinity]),
      histograms: [histogram(10, [4, 3, 2]), histogram(15, [6, 5, 3])],
      startTimes: new Float64Array(3).fill(hour),
    },
  ];
  test('a chunk that is cut anywhere is refused and leaves the buffer as it was', () => {
    for (const sample of samples) {
      const bytes = encodeChunk(sample);
      for (let length = 0; length < bytes.length; length++) {
        const buffer = new SampleBuffer();
        expect(appendChunk(bytes.subarray(0, length), buffer)).toMatch(/^A chunk of samples is damaged: /);
        expect(buffer.count).toBe(0);
      }
    }
  });
  test('bytes that were changed never hang, never throw, never grow without bound', () => {
    for (const sample of samples) {
      const bytes = encodeChunk(sample);
      for (let round = 0; round < 3000; round++) {
        const broken = bytes.slice();
        for (let k = 0; k < 1 + (round % 4); k++)
          broken[Math.floor(random() ** 2 * broken.length)] = Math.floor(random() * 256);
        const buffer = new SampleBuffer(16);
        const fault = appendChunk(broken, buffer);
        if (fault !== undefined) expect(buffer.count).toBe(0);
        expect(buffer.times.length).toBeLessThanOrEqual(1_000_000);
      }
    }
  });
  test.each([
    ['a version of the future', [9, 0, 1]],
    ['a form of the future', [1, 64, 1]],
    ['no samples', [1, 0, 0]],
    ['too many samples', [1, 1, 255, 255, 255, 127]],
    ['nothing', []],
  ])('%s', (_, bytes) => {
    expect(appendChunk(Uint8Array.from(bytes), new SampleBuffer())).toMatch(/damaged/);
  });
});
