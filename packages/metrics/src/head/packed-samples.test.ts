import { describe, expect, test } from 'vitest';
import { packSamples, unpackSamples } from './packed-samples.ts';
import { decodeTransaction, encodeTransaction, SampleColumnsStage } from './transaction.ts';

const start = 1_795_222_800_000;
type Sample = readonly [sid: number, atMs: number, lo: number, hi: number];

const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);
function sample(sid: number, atMs: number, value: number): Sample {
  double[0] = value;
  return [sid, atMs, words[0] ?? 0, words[1] ?? 0];
}

function stageOf(samples: readonly Sample[]): SampleColumnsStage {
  const stage = new SampleColumnsStage();
  for (const one of samples) stage.push(...one);
  return stage;
}
const samplesOf = ({ count, sids, times, bits }: SampleColumnsStage): Sample[] =>
  Array.from({ length: count }, (_, i) => [sids[i] ?? 0, times[i] ?? 0, bits[2 * i] ?? 0, bits[2 * i + 1] ?? 0]);

/** What a transaction with the samples holds when it is read back, and how long it is. */
function there(samples: readonly Sample[]): { back: Sample[]; length: number } {
  const head = { seq: 7, consumed: [], definitions: [], rich: [], exemplars: [], totals: [] };
  const bytes = Buffer.concat(encodeTransaction(head, stageOf(samples)));
  const stage = new SampleColumnsStage();
  expect(decodeTransaction(bytes, stage)).toMatchObject({ seq: 7 });
  return { back: samplesOf(stage), length: bytes.length };
}

const odd = [
  0,
  -0,
  0.1,
  -0.01,
  1e-9,
  20.13,
  -20.13,
  1 / 3,
  2 ** 50,
  2 ** 53,
  2 ** 60,
  -(2 ** 51),
  1e300,
  Infinity,
  -Infinity,
];

describe('samples in the log', () => {
  test('come back bit by bit', () => {
    const plain = odd.map((value, i) => sample(i % 3, start + i * 15_000, value));
    const marks: Sample[] = [
      [5, start, 2, 0x7ff00000],
      [5, start + 1, 0xdeadbeef, 0xfff8dead],
      [4_000_000_000, 0, 1, 0x80000000],
      [0, -62_135_596_800_000, 0xffffffff, 0xffffffff],
    ];
    const all = [...plain, ...marks, ...plain.toReversed()];
    expect(there(all).back).toEqual(all);
    expect(there([]).back).toEqual([]);
    const uneven = [sample(1, start + 0.5, 3)];
    expect(there(uneven).back).toEqual(uneven);
  });

  test('any mixture of them', () => {
    let state = 11;
    const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
    const all = Array.from({ length: 5000 }, (_, i) => {
      const value = [Math.floor(random() * 1e6), random(), Math.round(random() * 1e4) / 100, odd[i % odd.length] ?? 0];
      return sample(
        Math.floor(random() * 20),
        start + Math.floor(random() * 1e7),
        value[Math.floor(random() * 4)] ?? 0,
      );
    });
    expect(there(all).back).toEqual(all);
  });

  test('take a tenth of their room when they are those of a collector', () => {
    const all = Array.from({ length: 100 }, (_, s) =>
      Array.from({ length: 40 }, (__, i) => sample(s, start + i * 15_000 + (i % 7), 100 * s + 3 * i)),
    ).flat();
    const { back, length } = there(all);
    expect(back).toEqual(all);
    expect(length).toBeLessThan(all.length * 3);
  });

  test('that were cut off or go on are refused', () => {
    const all = odd.map((value, i) => sample(i, start, value));
    const bytes = packSamples(stageOf(all), start)?.slice() ?? new Uint8Array(0);
    const into = stageOf(all);
    expect(() => unpackSamples(bytes.subarray(0, -1), 0, all.length, start, into)).toThrow(/too early/);
    expect(() => unpackSamples(Uint8Array.of(...bytes, 0), 0, all.length, start, into)).toThrow(/another length/);
    expect(() => unpackSamples(bytes, 0, all.length - 1, start, into)).toThrow(/another length|more samples/);
  });
});
