import { expect, test } from 'vitest';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { mergeOverlap } from './merge-samples.ts';

type Sample = readonly [ms: number, value: number];

/** `more` put behind `samples`, and in order then: the samples, and whether it is known that values rise. */
function merged(samples: readonly Sample[], more: readonly Sample[]): { samples: Sample[]; rising: boolean } {
  const buffer = new SampleBuffer(1);
  buffer.clear();
  const append = (list: readonly Sample[]): void => {
    const columns = Float64Array.from([...list.map(([ms]) => ms), ...list.map(([, value]) => value)]);
    buffer.appendFloats(columns, 0, list.length, list.length);
  };
  append(samples);
  const { count, rising } = buffer;
  append(more);
  mergeOverlap(buffer, count, new SampleBuffer(1), rising);
  return {
    samples: Array.from({ length: buffer.count }, (_, i) => [buffer.times[i]!, buffer.values[i]!] as const),
    rising: buffer.rising,
  };
}

const upTo = (from: number, to: number): Sample[] =>
  Array.from({ length: to - from }, (_, i) => [from + i, 10 * (from + i)]);

test.each<[string, readonly Sample[], readonly Sample[], readonly Sample[], boolean]>([
  ['later ones', upTo(0, 3), upTo(3, 6), upTo(0, 6), true],
  ['the same', upTo(0, 5), upTo(0, 5), upTo(0, 5), true],
  ['the last ones again, and later ones', upTo(0, 5), upTo(2, 9), upTo(0, 9), true],
  ['the last one alone', upTo(0, 5), upTo(4, 5), upTo(0, 5), true],
  ['some of them again', upTo(0, 9), [upTo(0, 9)[2]!, upTo(0, 9)[6]!, [20, 200]], [...upTo(0, 9), [20, 200]], true],
  [
    'of one time another value, which does not count',
    upTo(0, 3),
    [
      [2, 7],
      [3, 30],
    ],
    upTo(0, 4),
    true,
  ],
  [
    'times between those there are',
    [
      [0, 0],
      [4, 40],
    ],
    upTo(1, 6),
    upTo(0, 6),
    true,
  ],
  ['earlier ones', upTo(4, 8), upTo(0, 4), upTo(0, 8), true],
  [
    'earlier ones that are higher',
    [
      [4, 4],
      [5, 5],
    ],
    [
      [0, 9],
      [1, 10],
    ],
    [
      [0, 9],
      [1, 10],
      [4, 4],
      [5, 5],
    ],
    false,
  ],
  ['a lower one behind the same', upTo(0, 3), [...upTo(1, 3), [3, 1]], [...upTo(0, 3), [3, 1]], false],
  ['none', upTo(0, 3), [], upTo(0, 3), true],
])('%s', (_, samples, more, wanted, rising) => {
  expect(merged(samples, more)).toEqual({ samples: wanted, rising });
});
