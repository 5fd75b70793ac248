import { expect, test } from 'vitest';
import type { ParameterValue } from '../port/index.ts';
import { formatParameter } from './parameters.ts';

test.each<[string, ParameterValue, string]>([
  ['NULL', null, '\\N'],
  ['a text that looks like NULL', '\\N', '\\\\N'],
  ['a text', "a'b\tc\nd\\e", "a\\'b\\tc\\nd\\\\e"],
  ['a NUL', '\0', '\\0'],
  ['true', true, '1'],
  ['a big integer', 2n ** 64n - 1n, '18446744073709551615'],
  ['not a number', Number.NaN, 'nan'],
  ['infinity', Number.NEGATIVE_INFINITY, '-inf'],
  ['minus zero', -0, '-0'],
  ['a moment', new Date('2026-11-21T01:02:03.004Z'), '1795222923.004'],
  ['a moment before 1970', new Date(-1), '1969-12-31 23:59:59.999'],
  ['a list', ['a', null, true, 1], "['a',NULL,true,1]"],
  ['a map', new Map([["k'", 'v']]), "{'k\\'':'v'}"],
])('%s', (_, value, text) => expect(formatParameter(value)).toBe(text));
