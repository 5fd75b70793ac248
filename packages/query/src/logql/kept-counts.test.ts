import { describe, expect, test } from 'vitest';
import type { BucketRow } from './bucket-sql.ts';
import { KeptCounts, type BucketSpan } from './kept-counts.ts';
import type { LargePart } from './large-parts.ts';

/** A part with lines of the buckets `first` to `last`, a bucket a second. */
const part = (id: string, first: number, last: number): LargePart => ({
  name: `of ${id}`,
  id,
  fromMs: first * 1000,
  toMs: last * 1000 + 999,
});
const bucketOf = (ms: number): number => Math.floor(ms / 1000);
const row = (group: string, ks: number[], n = 1): BucketRow => ({
  g0: group,
  ks,
  ns: ks.map(() => n),
  vs: ks.map(() => n),
});
const span = (first: number, end: number): BucketSpan => ({ first, end });

/** Asks `asked` of `parts` over a span; `held` is what the parts hold. Answers which parts were read over which spans. */
function ask(
  counts: KeptCounts,
  asked: string,
  parts: readonly LargePart[],
  over: BucketSpan,
  held: ReadonlyMap<string, readonly BucketRow[]> = new Map(),
): string[] {
  const plan = counts.plan(asked, parts, over, bucketOf, 8);
  counts.keep(asked, plan, over, held);
  return [
    ...plan.fresh.map(({ id }) => id),
    ...plan.edges.map(({ part: { id }, span: own }) => `${id} ${own.first}-${own.end}`),
  ];
}

describe('what is read of a question', () => {
  const old = part('old', 0, 49);
  const young = part('young', 50, 130);
  test('all at first, none when it is asked again', () => {
    const counts = new KeptCounts();
    expect(ask(counts, 'q', [old, young], span(0, 100))).toEqual(['old', 'young']);
    expect(ask(counts, 'q', [old, young], span(0, 100))).toEqual([]);
  });
  test('of a range that moved on its new end, of parts that have lines there', () => {
    const counts = new KeptCounts();
    ask(counts, 'q', [old, young], span(0, 100));
    expect(ask(counts, 'q', [old, young], span(10, 110))).toEqual(['young 100-110']);
    expect(ask(counts, 'q', [old, young], span(5, 105))).toEqual(['old 5-10']);
  });
  test('all again of a range that moved far', () => {
    const counts = new KeptCounts();
    ask(counts, 'q', [old], span(0, 100));
    expect(ask(counts, 'q', [old], span(60, 160))).toEqual(['old']);
  });
  test('another question and a part that is new', () => {
    const counts = new KeptCounts();
    ask(counts, 'q', [old], span(0, 100));
    expect(ask(counts, 'other', [old], span(0, 100))).toEqual(['old']);
    expect(ask(counts, 'q', [part('merged', 0, 49)], span(0, 100))).toEqual(['merged']);
    // The part that it was made of is forgotten.
    expect(ask(counts, 'q', [old], span(0, 100))).toEqual(['old']);
  });
  test('some new parts at a time', () => {
    const counts = new KeptCounts();
    const many = Array.from({ length: 20 }, (_, n) => part(`p${n}`, 0, 10));
    const read = [1, 2, 3, 4].map(() => ask(counts, 'q', many, span(0, 100)).length);
    expect(read).toEqual([8, 8, 4, 0]);
  });
});

describe('what is kept', () => {
  test('rows of a group as one, without what the range left behind', () => {
    const counts = new KeptCounts();
    const one = part('one', 0, 200);
    ask(counts, 'q', [one], span(0, 100), new Map([['one', [row('a', [0, 5, 99]), row('b', [3])]]]));
    ask(counts, 'q', [one], span(4, 104), new Map([['one', [row('a', [100, 103], 2), row('c', [101])]]]));
    const { kept } = counts.plan('q', [one], span(4, 104), bucketOf, 8);
    expect(kept.get('one')).toEqual([
      { g0: 'a', ks: [5, 99, 100, 103], ns: [1, 1, 2, 2], vs: [1, 1, 2, 2] },
      row('c', [101]),
    ]);
  });
  test('no part that takes too much', () => {
    const counts = new KeptCounts();
    const wide = Array.from({ length: 6000 }, (_, n) => row(`group ${n}`, [1]));
    ask(counts, 'q', [part('one', 0, 9)], span(0, 10), new Map([['one', wide]]));
    expect(ask(counts, 'q', [part('one', 0, 9)], span(0, 10))).toEqual(['one']);
  });
  test('of many questions those asked last', () => {
    const counts = new KeptCounts();
    const half = Array.from({ length: 2000 }, (_, n) => row(`group ${n}`, [1]));
    const one = part('one', 0, 9);
    const held = new Map([['one', half]]);
    for (let n = 0; n < 200; n++) ask(counts, `q${n}`, [one], span(0, 10), held);
    expect(ask(counts, 'q199', [one], span(0, 10))).toEqual([]);
    expect(ask(counts, 'q0', [one], span(0, 10))).toEqual(['one']);
  });
});
