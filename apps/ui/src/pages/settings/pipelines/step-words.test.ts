import { expect, test } from 'vitest';
import { begunWith, changesOf, freshStep, stepNames, stepText, type StepKind } from './step-words.ts';

test('what a pipeline did to a line’s attributes', () => {
  expect(changesOf({ a: '1', b: '2', c: '3' }, { b: '2', c: '4', d: '5' })).toEqual([
    { name: 'a', how: 'removed', value: '1' },
    { name: 'c', how: 'changed', value: '4' },
    { name: 'd', how: 'added', value: '5' },
  ]);
});

test('every kind of step has words', () => {
  const kinds = Object.keys(stepNames) as StepKind[];
  expect(kinds.map((kind) => stepText(freshStep(kind))).filter((text) => text === '')).toEqual([]);
  expect(stepText({ kind: 'drop', when: 'path:/health' })).toBe('drop where path:/health');
  expect(stepText({ kind: 'sample', when: '', share: 0.125, by: 'trace' })).toBe('keep 12.5 % by trace');
});

test('a pipeline begins empty, or with the expression and filter that it was asked for with', () => {
  expect(begunWith('', '')).toMatchObject({ filter: '', steps: [freshStep('parse')] });
  expect(begunWith('^a (?<b>.*?)$', '"a"')).toMatchObject({
    enabled: true,
    filter: '"a"',
    steps: [{ kind: 'parse', format: 'regex', pattern: '^a (?<b>.*?)$' }],
  });
});
