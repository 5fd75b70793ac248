import { accumulate, GroupReduction, KernelNotes, runKernelInto, type Grid } from '@sightline/query/promql';
import { describe, expect, test } from 'vitest';
import { appendChunk, encodeChunk } from '../chunk/chunk.ts';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { sampleCapacity } from './layout.ts';
import { VectorRates } from './vector-rates.ts';
import { Vectors } from './vectors.ts';

const vectors = Vectors.make();
if (!vectors) throw new Error('this machine has no vectors');

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

interface Samples {
  readonly count: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

const startMs = 1_764_460_800_000;

function samplesOf(count: number, next: (i: number) => number, gap: (i: number) => number = () => 15_000): Samples {
  let ms = startMs;
  const times = Float64Array.from({ length: count }, (_, i) => (ms += gap(i)));
  return { count, times, values: Float64Array.from({ length: count }, (_, i) => next(i)) };
}

const onGrid = (count: number, stepMs: number, late: (i: number) => number): Samples => ({
  ...samplesOf(count, (i) => i),
  times: Float64Array.from({ length: count }, (_, i) => startMs + i * stepMs + late(i)),
});

function read(samples: Samples, into: SampleBuffer, perChunk = 480): SampleBuffer {
  into.clear();
  for (let from = 0; from < samples.count; from += perChunk) {
    const chunk = encodeChunk(samples, from, Math.min(samples.count, from + perChunk));
    expect(appendChunk(chunk, into)).toBeUndefined();
  }
  return into;
}

const bitsOf = (column: Float64Array, count: number): Uint32Array => new Uint32Array(column.slice(0, count).buffer);

describe('chunks are unpacked to the same bits', () => {
  const random = randomOf(3);
  let value = 0;
  const growing = (by: () => number) => () => (value += by());
  test.each<[string, Samples]>([
    ...Array.from({ length: 31 }, (_, bits): [string, Samples] => [
      `differences of ${bits} bits`,
      samplesOf(
        500,
        growing(() => Math.floor(random() * 2 ** bits)),
      ),
    ]),
    ...Array.from({ length: 27 }, (_, bits): [string, Samples] => [
      `numbers of ${bits} bits`,
      samplesOf(300, () => 1e12 + Math.floor(random() * 2 ** bits)),
    ]),
    ...[1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 31, 33].map((count): [string, Samples] => [
      `${count} samples`,
      samplesOf(
        count,
        growing(() => Math.floor(random() * 20)),
        () => 15_000 + Math.floor(random() * 7),
      ),
    ]),
    [
      'two decimals',
      samplesOf(
        1000,
        growing(() => Math.round(random() * 40 - 20) / 100),
      ),
    ],
    [
      'a falling walk',
      samplesOf(
        1000,
        growing(() => Math.floor(random() * 9) - 7),
      ),
    ],
    [
      'patches',
      samplesOf(
        2000,
        growing(() => Math.floor(random() * 20) + (random() < 0.02 ? 1e9 : 0)),
      ),
    ],
    ['resets', samplesOf(2000, (i) => (i % 97) * 3 + Math.floor(random() * 3))],
    [
      'gaps',
      samplesOf(
        1000,
        () => 1,
        (i) => (i % 50 === 0 ? 3e7 : 15_000 + Math.floor(random() * 900)),
      ),
    ],
    ...[8, 9, 100, 479, 480, 1003].map((count): [string, Samples] => [
      `${count} times of a clock that strikes early or late`,
      onGrid(count, 15_000, () => Math.floor(random() * 7)),
    ]),
    ['… seldom much too late', onGrid(480, 15_000, (i) => Math.floor(random() * 7) + (i % 100 === 3 ? 900 : 0))],
    ['… every second month', onGrid(480, 5e9, () => Math.floor(random() * 9))],
    ['odd doubles', samplesOf(500, () => random() * 1e-7)],
    ['not a number now and then', samplesOf(800, (i) => (i % 90 === 5 ? Number.NaN : i))],
    ['more samples than there is room for', samplesOf(sampleCapacity + 700, (i) => i)],
  ])('%s', (_, samples) => {
    const plain = read(samples, new SampleBuffer(64));
    const vectored = read(samples, new SampleBuffer(64, vectors));
    expect(vectored.count).toBe(plain.count);
    expect(vectored.vectors === undefined).toBe(samples.count > sampleCapacity);
    expect([vectored.numbersAlone, vectored.rising]).toEqual([plain.numbersAlone, plain.rising]);
    for (const column of ['times', 'values'] as const)
      expect(bitsOf(vectored[column], plain.count)).toEqual(bitsOf(plain[column], plain.count));
  });

  test('damage is told in the same words', () => {
    const chunk = encodeChunk(
      samplesOf(
        480,
        growing(() => Math.floor(random() * 20)),
      ),
    );
    for (let at = 0; at < 40; at++) {
      for (const byte of [0, 1, 127, 255]) {
        const damaged = chunk.slice();
        damaged[at] = byte;
        const [plain, vectored] = [new SampleBuffer(64), new SampleBuffer(64, vectors)];
        plain.clear();
        vectored.clear();
        expect(appendChunk(damaged, vectored)).toBe(appendChunk(damaged, plain));
        expect(bitsOf(vectored.values, plain.count)).toEqual(bitsOf(plain.values, plain.count));
      }
    }
  });
});

describe('rates are the same numbers as those of the kernel', () => {
  const random = randomOf(5);
  let value = 0;
  const counter = (): number => (value += Math.floor(random() * 20));
  const jitter = (): number => 15_000 + Math.floor(random() * 7) - 3;
  const series: readonly [string, Samples][] = [
    ['steady', samplesOf(3000, counter, () => 15_000)],
    ['a little early or late', samplesOf(3000, counter, jitter)],
    ['at their own pace', samplesOf(3000, counter, () => 15_100)],
    ['far apart', samplesOf(300, counter, () => 170_000)],
    ['with gaps', samplesOf(2000, counter, () => (random() < 0.03 ? random() * 3e6 : jitter()))],
    ['at random', samplesOf(2000, counter, () => 1 + Math.floor(random() ** 4 * 300_000))],
    ['from zero', samplesOf(900, (i) => 3 * i, jitter)],
    ['constant', samplesOf(900, () => 7, jitter)],
    ['late', samplesOf(500, counter, (i) => (i === 0 ? 2e7 : jitter()))],
    ['of another day', samplesOf(500, counter, (i) => (i === 0 ? 9e8 : jitter()))],
    ['short', samplesOf(3, counter, jitter)],
    ['of one sample', samplesOf(1, counter)],
    ['of edges that are as far as 110 % of a gap', samplesOf(600, counter, (i) => (i % 2 === 0 ? 10_000 : 12_000))],
  ];
  const grids: readonly [string, Grid, number][] = [
    ['12 h by a minute', { startMs, stepMs: 60_000, count: 721 }, 300_000],
    ['an hour by 15 s', { startMs: startMs + 3_600_000, stepMs: 15_000, count: 240 }, 300_000],
    ['odd steps', { startMs: startMs - 12_345, stepMs: 1001, count: 4001 }, 5005],
    ['a window for each step', { startMs: startMs + 7, stepMs: 60_000, count: 500 }, 60_000],
    ['one step', { startMs: startMs + 4_000_000, stepMs: 60_000, count: 1 }, 3_600_000],
  ];

  describe.each(series)('%s', (_, samples) => {
    test.each(grids)('%s', (__, grid, rangeMs) => {
      for (const name of ['rate', 'increase', 'delta']) {
        const call = { name, rangeMs, parameters: [] };
        const rates = VectorRates.of(vectors, call, grid);
        if (!rates) throw new Error('no grid for vectors');
        const [plain, vectored] = [
          read(samples, new SampleBuffer(64), 240),
          read(samples, new SampleBuffer(64, vectors), 240),
        ];
        const [plainNotes, notes] = [new KernelNotes(), new KernelNotes()];
        plainNotes.metric = notes.metric = 'requests';
        const output = { values: new Float64Array(grid.count), present: new Uint8Array(grid.count) };
        const { from, to } = runKernelInto(call, plain, grid, plainNotes, output);
        expect(rates.suit(vectored)).toBe(true);
        rates.write(vectored, notes);
        expect(Array.from(rates.present)).toEqual(Array.from(output.present));
        for (let step = 0; step < grid.count; step++)
          if (output.present[step] === 1) expect(rates.values[step]).toBe(output.values[step]);
        expect(notes.annotations).toEqual(plainNotes.annotations);

        const reduction = new GroupReduction(
          { operator: 'sum', grouping: ['x'], without: false, dropName: true },
          grid.count,
        );
        const [plainGroup, group] = [reduction.groupOf({ x: 'plain' }), reduction.groupOf({ x: 'vectored' })];
        for (let times = 0; times < 3; times++) {
          accumulate('sum', plainGroup, output, from, to);
          rates.add(vectored, group, notes);
        }
        rates.settle();
        for (const column of ['values', 'counts', 'compensation'] as const)
          expect(group[column]).toEqual(plainGroup[column]);
      }
    });
  });

  test('of counters with resets, of marks and of other calls JavaScript computes', () => {
    const grid = { startMs, stepMs: 60_000, count: 10 };
    const rate = { name: 'rate', rangeMs: 300_000, parameters: [] };
    const suits = (samples: Samples, call = rate): boolean | undefined =>
      VectorRates.of(vectors, call, grid)?.suit(read(samples, new SampleBuffer(64, vectors)));
    expect(suits(samplesOf(100, (i) => i))).toBe(true);
    expect(suits(samplesOf(100, (i) => i % 50))).toBe(false);
    expect(
      suits(
        samplesOf(100, (i) => i % 50),
        { ...rate, name: 'delta' },
      ),
    ).toBe(true);
    expect(suits(samplesOf(100, (i) => (i === 50 ? Number.NaN : i)))).toBe(false);
    expect(suits(samplesOf(sampleCapacity + 1, (i) => i))).toBe(false);
    expect(VectorRates.of(vectors, { ...rate, name: 'irate' }, grid)).toBeUndefined();
    expect(VectorRates.of(vectors, { ...rate, rangeMs: 301_000 }, grid)).toBeUndefined();
    expect(VectorRates.of(vectors, rate, { ...grid, startMs: startMs + 0.5 })).toBeUndefined();
    expect(VectorRates.of(vectors, rate, { ...grid, count: 2 ** 15 })).toBeUndefined();
    expect(VectorRates.of(undefined, rate, grid)).toBeUndefined();
  });
});
