import { expect, test } from 'vitest';
import { wrongKeySentence } from './wrong-key.ts';

test('a key of another server is told in one sentence', () =>
  expect(wrongKeySentence(2, new Map([['SHA256:a', 2]]))).toMatch(/^Nothing here was signed .* names SHA256:a: /));

test.each([
  ['no fault', 0, []],
  ['a single one', 1, [['SHA256:a', 1]]],
  [
    'two keys',
    2,
    [
      ['SHA256:a', 1],
      ['SHA256:b', 1],
    ],
  ],
  ['another fault among them', 3, [['SHA256:a', 2]]],
] as const)('%s is not', (_, faults, otherKeys) =>
  expect(wrongKeySentence(faults, new Map(otherKeys))).toBeUndefined(),
);
