import { describe, expect, test } from 'vitest';
import { SampleBuffer } from '../chunk/sample-buffer.ts';
import { HeadReader } from '../query/head-reader.ts';
import { HeadBlock } from './head-block.ts';
import { PieceList } from './piece-list.ts';
import { SampleSlab } from './sample-slab.ts';
import { SampleColumnsStage } from './transaction.ts';

const roomBytes = 1_000_000;

function bitsOf(value: number): [lo: number, hi: number] {
  const [lo = 0, hi = 0] = new Uint32Array(Float64Array.of(value).buffer);
  return [lo, hi];
}

function blockOn(slab: SampleSlab): HeadBlock {
  return new HeadBlock(0, slab, () => undefined);
}

/** Samples `from` to `to` (excluded) of series 0 to `series`: sample k of series s is `1000 s + k` at `1000 k`. */
function fill(block: HeadBlock, series: number, from: number, to: number): void {
  for (let k = from; k < to; k++)
    for (let sid = 0; sid < series; sid++) block.append(sid, 1000 * k, ...bitsOf(1000 * sid + k));
}

function told(block: HeadBlock, series: number, afterMs = -1, endMs = Infinity): PieceList {
  const list = new PieceList();
  for (; list.series < series; list.series++) expect(block.piecesOf(list.series, afterMs, endMs, list)).toBe(true);
  return list;
}

function read(list: PieceList, series: number, startMs = -1, endMs = Infinity): number[][] {
  const reader = new HeadReader(list.finish(), series, startMs, endMs);
  return Array.from({ length: series }, (_, s) => {
    const samples = new SampleBuffer(4);
    for (let p = reader.first(s); reader.isOf(p, s); p++) expect(reader.append(p, samples)).toBeUndefined();
    return [...samples.values.subarray(0, samples.count)];
  });
}

function gathered(block: HeadBlock, sid: number): number[] {
  const samples = new SampleBuffer(4);
  block.gather(sid, samples);
  return [...samples.values.subarray(0, samples.count)];
}

const counted = (sid: number, from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, k) => 1000 * sid + from + k);

describe('what a reader was told of the head', () => {
  test.each([1, 3, 4, 5, 63, 64, 65, 129, 500])('stays as it was after %d samples, whatever comes later', (count) => {
    const slab = new SampleSlab(roomBytes);
    const block = blockOn(slab);
    fill(block, 5, 0, count);
    const list = told(block, 5);
    const lease = slab.lease();
    fill(block, 5, count, count + 700);
    block.release();
    // Others take whatever room is free.
    fill(blockOn(slab), 7, 0, 300);
    expect(read(list, 5)).toEqual([0, 1, 2, 3, 4].map((sid) => counted(sid, 0, count)));
    slab.endLease(lease);
  });

  test('leaves out what lies beside the range', () => {
    const block = blockOn(new SampleSlab(roomBytes));
    fill(block, 1, 0, 220);
    // 192 of them are encoded, the rest is in the open piece.
    expect(read(told(block, 1, 194_500, 196_000), 1, 194_500, 196_000)).toEqual([[195, 196]]);
    expect(read(told(block, 1, 300_000), 1)).toEqual([[]]);
  });
});

test.each([
  ['in order', 700, (k: number) => k],
  ['with some late, some twice', 700, (k: number) => (k % 50 === 49 ? k - 20 : k % 70 === 69 ? k - 1 : k)],
  ['beyond the end of the block', 7_300, (k: number) => k],
])('samples in runs are taken as one by one: %s', (_, count, place) => {
  const stage = new SampleColumnsStage();
  const [ofRuns, ofSamples] = [blockOn(new SampleSlab(roomBytes)), blockOn(new SampleSlab(roomBytes))];
  for (let sid = 0; sid < 3; sid++)
    for (let k = 0; k < count; k++) stage.push(sid, 1000 * place(k), ...bitsOf(1000 * sid + k));
  for (let i = 0; i < stage.count;) {
    const next = ofRuns.appendRun(stage, i);
    for (let sample = i; sample < Math.max(next, i + 1); sample++) {
      const taken = [stage.sids[sample], stage.times[sample], ...stage.bits.subarray(sample * 2, sample * 2 + 2)];
      // What is beyond the block's end belongs to another block.
      if ((stage.times[sample] as number) < ofRuns.endMs) {
        ofSamples.append(...(taken as [number, number, number, number]));
        if (next === i) ofRuns.append(...(taken as [number, number, number, number]));
      } else expect(next).toBe(i);
    }
    i = Math.max(next, i + 1);
  }
  const gathered = (block: HeadBlock, sid: number): number[][] => {
    const into = new SampleBuffer(16);
    block.gather(sid, into);
    return [[...into.times.subarray(0, into.count)], [...into.values.subarray(0, into.count)]];
  };
  for (let sid = 0; sid < 3; sid++) expect(gathered(ofRuns, sid)).toEqual(gathered(ofSamples, sid));
  expect([ofRuns.samples, ofRuns.lateSamples, ofRuns.duplicates]).toEqual([
    ofSamples.samples,
    ofSamples.lateSamples,
    ofSamples.duplicates,
  ]);
});

describe('room of the head', () => {
  test('is taken again once the last lease that could see it has ended', () => {
    const slab = new SampleSlab(roomBytes);
    const [first, second] = [slab.lease(), slab.lease()];
    const block = blockOn(slab);
    fill(block, 50, 0, 100);
    const used = slab.usedBytes;
    block.release();
    expect(slab.usedBytes).toBe(used);
    slab.endLease(second);
    expect(slab.usedBytes).toBe(used);
    slab.endLease(first);
    slab.endLease(first);
    expect(slab.usedBytes).toBe(0);
  });

  test('large pieces are split where small ones are wanted', () => {
    const slab = new SampleSlab(0);
    const taken: number[] = [];
    for (let ref = slab.take(4); ref !== 0; ref = slab.take(4)) taken.push(ref);
    let rest = 0;
    while (slab.take(0) !== 0) rest++;
    expect(rest).toBeLessThan(16);
    slab.give(taken[0] ?? 0, 4);
    const small = Array.from({ length: 16 }, () => slab.take(0));
    expect(new Set(small).size).toBe(16);
    expect(small).toEqual(small.filter((ref) => ref >= (taken[0] ?? 0) && ref < (taken[0] ?? 0) + 128));
    expect(slab.take(0)).toBe(0);
  });

  test('without any left no sample is lost, late ones included', () => {
    const slab = new SampleSlab(0);
    const block = blockOn(slab);
    const lease = slab.lease();
    fill(block, 20, 0, 400);
    block.append(3, 500, ...bitsOf(-1));
    for (let sid = 0; sid < 20; sid++) {
      const late = sid === 3 ? [-1] : [];
      expect(gathered(block, sid).sort((a, b) => a - b)).toEqual([...late, ...counted(sid, 0, 400)]);
    }
    expect(block.samples).toBe(20 * 400 + 1);
    slab.endLease(lease);
  });
});
