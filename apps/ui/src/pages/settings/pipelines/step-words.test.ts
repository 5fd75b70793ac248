import { expect, test } from 'vitest';
import { type StepKind, begunWith, changesOf, freshStep, missingOf, stepNames, stepText } from './step-words.ts';

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

test.each([
  ['parse', 'a pattern'],
  ['rename', 'both names'],
  ['set', 'an attribute'],
  ['remove', 'an attribute'],
  ['take', 'an attribute to take from'],
  ['metric', "the metric's name"],
  ['drop', undefined],
  ['sample', undefined],
  ['cap', undefined],
  ['route', undefined],
] as const)('a new step of the kind %s needs %s', (kind, missing) => {
  expect(missingOf(freshStep(kind))).toBe(missing);
});

test('every kind is judged, and one that was told enough needs nothing', () => {
  for (const kind of Object.keys(stepNames) as StepKind[]) missingOf(freshStep(kind));
  expect(missingOf({ kind: 'parse', when: '', from: '', format: 'json', pattern: '', prefix: '' })).toBeUndefined();
  expect(
    missingOf({ kind: 'parse', when: '', from: '', format: 'grok', pattern: '%{IP:ip}', prefix: '' }),
  ).toBeUndefined();
  expect(missingOf({ kind: 'rename', when: '', from: 'a', to: 'b' })).toBeUndefined();
});
