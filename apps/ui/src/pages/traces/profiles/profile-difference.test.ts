import { expect, test } from 'vitest';
import { changeOf, changeText, differenceOf, strengthOf } from './profile-difference.ts';
import { threadSamples, type ThreadSamples } from './profile-flame.ts';

/** `main pay 30, main wait 10`: stacks and how long each ran, in microseconds. */
function thread(text: string): ThreadSamples {
  const names: string[] = [];
  const stacks: number[][] = [];
  const samples: [number, number, number, number][] = [];
  let at = 0;
  for (const one of text.split(',')) {
    const words = one.trim().split(' ');
    const length = Number(words.pop());
    for (const name of words) if (!names.includes(name)) names.push(name);
    samples.push([0, stacks.push(words.map((name) => names.indexOf(name))) - 1, at, length]);
    at += length;
  }
  const frames = names.map((name) => ({
    function: name,
    file: 'a.js',
    module: '',
    line: 1,
    inApp: true,
    minified: '',
  }));
  return threadSamples({ frames, stacks, samples }, 0, false);
}

const tell = (here: string, there: string) => {
  const { flame, functions, shares, changes } = differenceOf(thread(here), thread(there));
  const percent = (share: number | undefined) => Math.round((share ?? 0) * 100);
  return {
    bars: flame.nodes.map(
      ({ id, fn, totalUs }) =>
        `${functions[fn]?.name} ${Math.round(totalUs / 10_000)}: ${percent(shares[id]?.here)} ${percent(shares[id]?.there)}`,
    ),
    changes: changes.map(({ fn, self }) => `${functions[fn]?.name} ${percent(changeOf(self))}`),
  };
};

test('calls of both profiles, in shares of the time of each', () => {
  expect(tell('main pay 30, main wait 10', 'main wait 800, main pay 200')).toEqual({
    bars: ['main 100: 100 100', 'pay 48: 75 20', 'wait 53: 25 80'],
    changes: ['pay 55', 'wait -55', 'main 0'],
  });
});

test('a call that only one of them made', () => {
  expect(tell('main 10', 'main 5, main audit 5')).toEqual({
    bars: ['main 100: 100 100', 'audit 25: 0 50'],
    changes: ['main 50', 'audit -50'],
  });
});

test('nothing was sampled in the other', () => {
  expect(tell('main 10', 'main 0').bars).toEqual(['main 50: 100 0']);
});

test.each([
  [{ here: 0.5, there: 0 }, 1],
  [{ here: 0, there: 0.2 }, -1],
  [{ here: 0.2, there: 0.1 }, 0.5],
  [{ here: 0.2005, there: 0.2 }, 0],
])('a bar of %j has the strength %d', (shares, strength) => expect(strengthOf(shares)).toBe(strength));

test.each([
  [{ here: 0.61, there: 0.3 }, '+31 %'],
  [{ here: 0.1, there: 0.145 }, '−4.5 %'],
  [{ here: 0.9999999999, there: 1 }, '±0 %'],
])('a change of %j is written %s', (shares, text) => expect(changeText(shares)).toBe(text));
