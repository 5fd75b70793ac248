import { costGrowth, nearlyLinear } from '@sightline/base/testing';
import { describe, expect, it } from 'vitest';
import {
  findFunctions,
  flameRows,
  leftHeavy,
  threadSamples,
  timeOf,
  timeOrder,
  topFunctions,
  type ProfileFlame,
  type ThreadSamples,
} from './profile-flame.ts';

/** Samples of 10 µs each, `main pay` for a stack; `|` for 100 µs that nobody sampled. Functions of a capital letter are not the program's own. */
function thread(text: string, ownOnly = false): ThreadSamples {
  const names: string[] = [];
  const stacks: number[][] = [];
  const samples: [number, number, number, number][] = [];
  let at = 0;
  for (const one of text.split(',')) {
    const [stack = '', gap] = one.trim().split('|');
    const calls = stack.split(' ').filter((name) => name !== '');
    for (const name of calls) if (!names.includes(name)) names.push(name);
    samples.push([0, stacks.push(calls.map((name) => names.indexOf(name))) - 1, at, 10]);
    at += gap === undefined ? 10 : 110;
  }
  const frames = names.map((name) => ({
    function: name,
    file: `${name}.js`,
    module: '',
    line: 1,
    inApp: name.toLowerCase() === name,
    minified: '',
  }));
  samples.push([1, 0, 0, 1000]);
  return threadSamples({ frames, stacks, samples }, 0, ownOnly);
}

const drawn = (flame: ProfileFlame, { functions }: ThreadSamples, zoom?: number): string[] =>
  flameRows(flame, zoom).rows.map((row) =>
    row.map(({ node }) => `${functions[node.fn]?.name} ${node.startUs}+${node.totalUs} (${node.selfUs})`).join(', '),
  );

describe('a thread', () => {
  it.each<[string, string, boolean, string[]]>([
    ['calls that go on are one', 'a b, a b, a c, a', false, ['a 0+40 (10)', 'b 0+20 (20), c 20+10 (10)']],
    ['what comes again is another call', 'a b, a, a b', false, ['a 0+30 (10)', 'b 0+10 (10), b 20+10 (10)']],
    ['an empty stack ends all calls', 'a, , a', false, ['a 0+10 (10), a 20+10 (10)']],
    ['what nobody sampled is nobody’s', 'a|, a', false, ['a 0+10 (10), a 110+10 (10)']],
    ['what libraries did is their callers’', 'a L b, a L, L', true, ['a 0+20 (10)', 'b 0+10 (10)']],
    ['without samples', '', false, []],
  ])('in order of time: %s', (_, text, ownOnly, rows) => {
    const samples = thread(text, ownOnly);
    expect(drawn(timeOrder(samples), samples)).toEqual(rows);
  });

  it.each<[string, string, string[]]>([
    ['one path is one bar', 'a b, a c, a b, a b', ['a 0+40 (0)', 'b 0+30 (30), c 30+10 (10)']],
    ['the longest at the left', 'a, b, b c', ['b 0+20 (10), a 20+10 (10)', 'c 0+10 (10)']],
    ['recursion goes down', 'a a a', ['a 0+10 (0)', 'a 0+10 (0)', 'a 0+10 (10)']],
  ])('left-heavy: %s', (_, text, rows) => {
    const samples = thread(text);
    expect(drawn(leftHeavy(samples), samples)).toEqual(rows);
  });

  it('zooms to a call and what it called', () => {
    const samples = thread('a b c, a b, a d');
    const flame = leftHeavy(samples);
    const b = flame.nodes.find(({ fn }) => samples.functions[fn]?.name === 'b');
    expect(drawn(flame, samples, b?.id)).toEqual(['b 0+20 (10)', 'c 0+10 (10)']);
    expect(flameRows(flame, 99).rows).toHaveLength(3);
  });

  it('top functions: own time first, recursion once', () => {
    const samples = thread('a b a, a b, a');
    expect(topFunctions(samples).map(({ fn, ...time }) => ({ name: samples.functions[fn]?.name, ...time }))).toEqual([
      { name: 'a', selfUs: 20, totalUs: 30 },
      { name: 'b', selfUs: 10, totalUs: 20 },
    ]);
  });

  it('finds functions by name and file, and their time', () => {
    const samples = thread('a pay, a, pay query');
    const named = (text: string) =>
      [...findFunctions(samples.functions, text)].map((fn) => samples.functions[fn]?.name);
    expect(named('PAY')).toEqual(['pay']);
    expect(named('query.js')).toEqual(['query']);
    expect(named(' ')).toEqual([]);
    expect(timeOf(samples, findFunctions(samples.functions, 'pay'))).toBe(20);
  });

  it('lays out 50,000 samples 100 deep at a cost by their number', async () => {
    const frames = Array.from({ length: 500 }, (_, i) => ({
      function: `f${i}`,
      file: '',
      module: '',
      line: null,
      inApp: true,
      minified: '',
    }));
    const threadOf = (count: number): ThreadSamples => {
      const stacks = Array.from({ length: count / 50 }, (_, i) =>
        Array.from({ length: 100 }, (_d, d) => (d < 50 ? d : (i * d) % 500)),
      );
      const samples = Array.from({ length: count }, (_, i): [number, number, number, number] => [
        0,
        (i * 7) % stacks.length,
        i * 10,
        10,
      ]);
      return threadSamples({ frames, stacks, samples }, 0, false);
    };
    const growth = await costGrowth(50_000, threadOf, (one) => {
      expect(flameRows(leftHeavy(one)).rows).toHaveLength(100);
      topFunctions(one);
    });
    expect(growth).toBeLessThan(nearlyLinear);
    expect(topFunctions(threadOf(50_000)).length).toBeGreaterThan(100);
  });
});
