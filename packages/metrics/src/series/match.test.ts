import type { MatchOperator } from '@sightline/query/promql';
import { describe, expect, test } from 'vitest';
import { RE2JS } from 're2js';
import { valueTest } from './match.ts';

const values = [
  '',
  'a',
  'b',
  'ab',
  'abc',
  'GET',
  'i17',
  'i117',
  'i1x7',
  'i1',
  'STORE_007',
  'STORE_\n7',
  'a.c',
  'a|b',
  '(a)',
  'ä',
  'aXbXc',
  'aa',
];

describe('a regular expression says of each value what RE2 says', () => {
  test.each([
    '',
    'a',
    'a|b',
    '(a|b)',
    '(?:a|b|)',
    'i1.*7',
    'i1.+7',
    '.*',
    '.+',
    'STORE_0.*',
    'STORE_.*',
    '.*7',
    'a.c',
    'a\\.c',
    'a.*b.*c',
    'a.*a',
    'a.+a',
    '[ab]+',
    'a{2}',
    '(?i)get',
    'a.*|GET',
    '.*a.*',
    '.+b.+',
    'ab?c',
    'a\\|b',
    '\\(a\\)',
    '^a$',
    'a|',
    '.*b|.*c',
  ])('%s', (expression) => {
    const expected = RE2JS.compile(`^(?s:${expression})$`);
    for (const [operator, wanted] of [
      ['=~', true],
      ['!~', false],
    ] as [MatchOperator, boolean][]) {
      const matches = valueTest({ operator, value: expression });
      expect(values.filter((value) => matches(value))).toEqual(
        values.filter((value) => expected.matches(value) === wanted),
      );
    }
  });
});

test('one that is none is told', () =>
  expect(() => valueTest({ operator: '=~', value: 'a(' })).toThrow(/missing closing/));
