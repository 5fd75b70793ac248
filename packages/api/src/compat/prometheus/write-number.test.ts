import { showSampleValue } from '@sightline/query/promql';
import { describe, expect, test } from 'vitest';
import { valueBytes, writeValue } from './write-number.ts';

const bytes = new Uint8Array(valueBytes + 1);

function written(value: number): string {
  const end = writeValue(bytes, 1, value);
  return Buffer.from(bytes.subarray(1, end)).toString('latin1');
}

/** Values whose text differs from that of `showSampleValue`. */
function wrong(values: Iterable<number>): number[] {
  return [...values].filter((value) => written(value) !== showSampleValue(value)).slice(0, 10);
}

/** Numbers from 0 to 1, the same each time (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The doubles around `value`, by their bits. */
function* around(value: number, reach: number): Generator<number> {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  for (let d = -reach; d <= reach; d++) {
    view.setBigUint64(0, bits + BigInt(d));
    yield view.getFloat64(0);
    yield -view.getFloat64(0);
  }
}

const random = randomOf(7);
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

describe('values are written digit by digit as alone', () => {
  test.each<[string, () => Iterable<number>]>([
    [
      'numbers that are none, and zeros',
      () => [Number.NaN, Infinity, -Infinity, 0, -0, 5e-324, 1.7976931348623157e308],
    ],
    ['rates', () => times(20_000, () => random() * 30 + random() * 2 ** -30)],
    [
      'sizes of all kinds',
      () => times(20_000, () => (random() - 0.5 + random() * 2 ** -32) * 10 ** (random() * 26 - 8)),
    ],
    ['decimals', () => times(20_000, () => Math.round(random() * 1e6) / 10 ** Math.floor(random() * 9))],
    ['whole numbers', () => times(20_000, () => Math.floor(random() * 10 ** (random() * 18)))],
    [
      'halves of the last digit, which lie between two',
      () => times(2000, () => 2 ** 49 + Math.floor(random() * 2 ** 48) + 0.25),
    ],
    [
      'around powers of ten and their multiples',
      function* () {
        for (let power = -7; power < 18; power++)
          for (let digit = 1; digit < 10; digit++) yield* around(Number(`${digit}e${power}`), 8);
      },
    ],
    [
      'around powers of two',
      function* () {
        for (let power = -20; power < 60; power++) yield* around(2 ** power, 20);
      },
    ],
  ])('%s', (_, values) => {
    expect(wrong(values())).toEqual([]);
  });
});
